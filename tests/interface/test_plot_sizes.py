"""Figures at the widths of a column, a screen and a page: nothing is cut off, collides, or is named and not drawn."""

import itertools

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

import athermal as at
from athermal import plot
from athermal.accounting import Measured, StandardErrors
from tests.unit import sweeps

WIDTHS = (3.4, 5.5, 7.0)


def bath(name, temperature, frequency):
    return at.ContinuumBath(name, temperature, at.densities.FlatBand(0.2, frequency - 0.6, frequency + 0.6), 6)


@pytest.fixture(scope="module")
def ledgers():
    """Few cycles, many (past the recurrence of the bath), long names, and a measured one in joule."""
    engine = at.library.two_oscillator(T_hot=2.4, modes=12)
    correlated = at.CorrelatedMarginals([at.Correlation(("hot", "cold"), phase=np.pi / 2)], strength=0.99)
    long_names = at.Machine(
        [at.Oscillator("left oscillator of the pair", 2.0), at.Oscillator("right", 1.0)],
        [bath("a very long name of the hot bath", 3.0, 2.0), bath("bath at the cold stage", 0.8, 1.0), bath("third", 1.5, 1.0)],
        [
            at.Exchange(("left oscillator of the pair", "a very long name of the hot bath")),
            at.Exchange(("right", "bath at the cold stage")),
            at.Exchange(("right", "third")),
            at.Exchange(("left oscillator of the pair", "right"), at.drives.Rotating(0.15, 1.0)),
        ],
        2 * np.pi,
    )
    heats = {"hot": np.cumsum([0, -1, -0.9, -0.8]) * 1e-21, "cold": np.cumsum([0, 0.35, 0.6, 0.5]) * 1e-21}
    temperatures = {"hot": 2e-21, "cold": 1e-21}
    numbers = Measured(
        np.arange(4.0), heats=heats, energies={"atom": 0.0}, entropies={"atom": 0.0},
        errors=StandardErrors(heats={"hot": 5e-23, "cold": 5e-23}), units={"energy": "J", "temperature": "J"},
    )  # fmt: skip
    with pytest.warns(at.errors.RecurrenceWarning):
        long_run = at.run(engine, cycles=45)
    return {
        "showcase": at.run(engine, cycles=8, initial=correlated, samples_per_cycle=2),
        "long run": long_run,
        "long names": at.run(long_names, cycles=3),
        "measured": at.account(numbers, temperatures),
    }


@pytest.fixture(scope="module")
def drawings(ledgers):
    """What draws each figure on axes."""
    functions = (plot.efficiency, plot.resources, plot.flows, plot.correlations, plot.energy_entropy)
    found = {
        f"{function.__name__}, {name}": lambda ax, function=function, ledger=ledger: function(ledger, ax)
        for name, ledger in ledgers.items()
        for function in (functions if name == "showcase" else functions[:3])
    }
    swaps = sweeps.synthetic(
        {"T_hot": [2.0, 3.0], "swap_angle": [0.5, 1.0]}, lambda **p: 0.1 * p["T_hot"] + 0.2 * p["swap_angle"], carnot=0.5
    )
    found["heat_map"] = lambda ax: plot.heat_map(swaps, ax=ax)
    found["mode_map"] = lambda ax: plot.mode_map(swaps, ax=ax)
    found["pareto_front"] = lambda ax: plot.pareto_front(swaps, ax=ax)
    found["lasting"] = lambda ax: plot.lasting(swaps, at={"T_hot": 2.0}, ax=ax)
    return found


def texts(figure):
    """Return what is written; matplotlib keeps labels of ticks beyond the limits, and does not draw them."""
    ticks = [tick for ax in figure.findobj(mpl.axes.Axes) for axis in (ax.xaxis, ax.yaxis) for tick in axis.get_major_ticks()]
    unseen = {id(label) for tick in ticks if not in_view(tick) for label in (tick.label1, tick.label2)}
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip() and id(text) not in unseen]


def in_view(tick):
    axis = tick.axes.xaxis if isinstance(tick, mpl.axis.XTick) else tick.axes.yaxis
    low, high = sorted(axis.get_view_interval())
    room = 1e-9 * (high - low)
    return low - room <= tick.get_loc() <= high + room


def faults(figure):
    """Return what is wrong with a drawn figure, in words."""
    figure.canvas.draw()
    page, wrong = figure.bbox.padded(1.5), []
    for text in texts(figure):
        box = text.get_window_extent()
        if not (page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1):
            wrong.append(f"{text.get_text()!r} is cut off")
    area = figure.bbox.width * figure.bbox.height
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            labels = [tick.label1 for tick in axis.get_major_ticks() if in_view(tick) and tick.label1.get_visible()]
            boxes = [label.get_window_extent() for label in labels if label.get_text()]
            if any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2)):
                wrong.append(f"ticks collide: {[label.get_text() for label in labels]}")
        if not ax.has_data() and not ax.images:
            wrong.append("an empty panel")
        if legend := ax.get_legend():
            box = legend.get_window_extent()
            if box.width * box.height > area / 3:
                wrong.append("the legend takes a third")
            wrong += [f"{name!r} is in the legend and not in the figure" for name in absent(ax, legend)]
    return wrong


def absent(ax, legend):
    """Return the names in a legend whose markers are not in the axes."""
    drawn = {str(line.get_marker()) for line in ax.lines if len(line.get_xdata())}
    drawn |= {path.vertices.tobytes() for marks in ax.collections for path in marks.get_paths()}
    for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True):
        marker = handle.get_marker() if hasattr(handle, "get_marker") else None
        if marker not in (None, "None", "", " ") and str(marker) not in drawn:
            yield text.get_text()


@pytest.mark.parametrize("width", WIDTHS)
def test_on_plain_axes(width, drawings):
    wrong = {}
    for name, draw in drawings.items():
        if width > 3.4 and not name.endswith(("showcase", "map", "lasting")):
            continue
        figure, ax = plt.subplots(figsize=(width, 0.72 * width))
        draw(ax)
        wrong[name] = faults(figure)
        plt.close(figure)
    assert not {name: found for name, found in wrong.items() if found}


@pytest.mark.parametrize("style", ["screen", "column", "double"])
def test_in_each_style(style, drawings):
    wrong = {}
    with plot.style(style) as chosen:
        for name in ("efficiency, showcase", "resources, long names", "energy_entropy, showcase", "heat_map", "lasting"):
            figure = drawings[name](None).figure
            assert figure.get_figwidth() == chosen.width
            wrong[name] = faults(figure)
            plt.close(figure)
    assert not {name: found for name, found in wrong.items() if found}


@pytest.mark.parametrize("width", WIDTHS)
def test_summaries(width, ledgers):
    heat = at.run(at.library.heat_reversal(), cycles=3)
    wrong = {}
    ledgers = {**ledgers, "heat reversal": heat}
    for name in ledgers if width < 5.0 else ("showcase", "heat reversal"):
        ledger = ledgers[name]
        figure = plot.summary(ledger, plt.figure(figsize=(width, 0.75 * width)))
        wrong[name] = faults(figure)
        plt.close(figure)
    assert not {name: found for name, found in wrong.items() if found}


def test_definitions(ledgers):
    found = at.compare_definitions(ledgers["showcase"])
    for style in ("screen", "column", "double"):
        with plot.style(style):
            assert not faults(plot.definitions(found)[0].figure)
    plt.close("all")


def test_a_style_lasts_until_the_next_or_the_end_of_its_block(ledgers):
    def width():
        figure = plot.flows(ledgers["measured"]).figure
        plt.close(figure)
        return figure.get_figwidth()

    with plot.style("column"):
        assert width() == 3.4
        with plot.style("double"):
            assert width() == 7.0
        assert width() == 3.4
    assert width() == 5.5
    plot.style("double")
    assert width() == 7.0
    plot.style("screen")
    with pytest.raises(at.errors.StudyError, match="'screen', 'column', 'double', but is 'colum'"):
        plot.style("colum")


def test_cycles_past_the_recurrence_are_shaded_and_units_are_on_axes(ledgers):
    ledger = ledgers["long run"]
    past = ledger.cycles["is_past_recurrence"].values
    assert past.any()
    assert not past[0]
    ax = plot.flows(ledger)
    (shade,) = [patch for patch in ax.patches if patch.get_label() == "past recurrence"]
    assert shade.get_x() == np.flatnonzero(past)[0] + 0.5
    assert plot.flows(ledgers["measured"]).get_ylabel().replace("\n", " ") == "energy per cycle ($10^{-21}$ J)"
    plt.close("all")
