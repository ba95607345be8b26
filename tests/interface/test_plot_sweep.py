"""Figures of sweeps: what they show is what the data set holds."""

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection, PatchCollection, QuadMesh

import athermal as at
from athermal import plot
from athermal.errors import StudyError
from athermal.plot import cells
from athermal.plot.heat_map import ATHERMAL
from athermal.plot.mode_map import _LOOKS
from athermal.thermodynamics import modes
from tests.unit import sweeps


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def engine(T_hot=2.4, modes=12):
    return at.library.two_oscillator(T_hot=T_hot, modes=modes, squeezing=0.01)


def correlated(**point):
    return at.CorrelatedMarginals([at.Correlation(("hot", "cold"), phase=np.pi / 2)], strength=point["initial.strength"])


@pytest.fixture(scope="module")
def showcase():
    """Temperatures by strengths of the initial correlation; one point failed."""
    axes = {"T_hot": [1.2, 1.8, 2.1, 2.4, 3.0], "initial.strength": [0.0, 0.5, 0.99]}
    return sweeps.grid(engine, axes, cycles=4, initial=correlated, fails=(4,))


@pytest.fixture(scope="module")
def charged():
    axes = {"initial.cycles": [1, 2, 3, 5]}
    return sweeps.grid(
        lambda: at.library.two_oscillator(modes=12), axes, cycles=8, initial=lambda **point: at.Charged(point["initial.cycles"])
    )


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def line(ax, label):
    return next(entry for entry in ax.lines if str(entry.get_label()).startswith(label))


def only(ax, kind, label=None):
    (found,) = [entry for entry in ax.collections if isinstance(entry, kind) and label in {None, entry.get_label()}]
    return found


def cells_of(patches):
    """The centres of filled cells."""
    return sorted(tuple(np.round(path.vertices[:4].mean(axis=0), 9).tolist()) for path in patches.get_paths())


def drawn(ax):
    stream = io.BytesIO()
    ax.figure.savefig(stream, format="png")
    return stream.getvalue().startswith(b"\x89PNG")


FIGURES = [plot.heat_map, plot.mode_map, plot.pareto_front]


class TestEveryFigure:
    @pytest.mark.parametrize("form", [lambda data: data, sweeps.listed])
    @pytest.mark.parametrize("function", FIGURES)
    def test_draws_grids_and_lists_on_axes_of_its_own(self, function, form, showcase):
        ax = function(form(showcase))
        assert drawn(ax)
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        ax.figure.draw_without_rendering()
        assert ax.get_legend().get_window_extent().y0 >= ax.get_window_extent().y1 - 0.5  # half a pixel for rounding

    @pytest.mark.parametrize("form", [lambda data: data, sweeps.listed])
    @pytest.mark.parametrize("function", FIGURES)
    def test_one_parameter(self, function, form, showcase):
        assert drawn(function(form(showcase), at={"T_hot": 2.4}))

    @pytest.mark.parametrize("function", [*FIGURES, plot.lasting])
    def test_one_point(self, function, charged):
        assert drawn(function(charged.isel({"initial.cycles": [1]})))

    @pytest.mark.parametrize("function", [*FIGURES, plot.lasting])
    def test_uses_the_axes_it_is_given_and_leaves_settings_alone(self, function, charged):
        before = dict(mpl.rcParams)
        _, (left, right) = plt.subplots(1, 2)
        assert function(charged, ax=right) is right
        assert not left.has_data()
        assert dict(mpl.rcParams) == before

    def test_names_of_the_command_line(self):
        figures = {"heat-map": plot.heat_map, "mode-map": plot.mode_map, "pareto": plot.pareto_front, "lasting": plot.lasting}
        assert figures == plot.SWEEP_FIGURES


class TestHeatMap:
    def test_colours_are_the_efficiency_over_carnot(self, showcase):
        ax = plot.heat_map(showcase)
        first = showcase.isel(cycle=0).transpose("initial.strength", "T_hot", ...)
        expected = np.where(first.work < 0.0, first.efficiency / first.carnot_efficiency, np.nan)
        np.testing.assert_array_equal(only(ax, QuadMesh).get_array().filled(np.nan), expected)
        assert (ax.get_xlabel(), ax.get_ylabel()) == (r"$T_\mathrm{hot}$", "initial.strength")
        assert ax.figure.axes[1].get_ylabel() == r"$\eta/\eta_\mathrm{C}$ (cycle 1)"

    def test_carnot_is_the_white_centre(self):
        data = sweeps.synthetic({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0]}, lambda a, b: 0.5 * a * b / 3.0, carnot=0.5)
        mesh = only(plot.heat_map(data), QuadMesh)
        np.testing.assert_allclose(mesh.get_array(), [[1 / 3, 2 / 3, 1.0], [2 / 3, 4 / 3, 2.0]], rtol=1e-14)
        assert mesh.norm.vcenter == 1.0
        red, _, blue, _ = np.moveaxis(mesh.cmap(mesh.norm([0.5, 1.0, 1.5])), -1, 0)
        assert blue[0] > red[0] + 0.3  # below Carnot
        assert min(red[1], blue[1]) > 0.95  # white
        assert red[2] > blue[2] + 0.3  # beyond

    def test_the_outline_encloses_the_athermal_cells_only(self):
        axes = {"a": [1.0, 2.0, 3.0], "b": [0.0, 1.0, 2.0]}
        inside = np.zeros((3, 3), dtype=bool)
        inside[1, 1] = inside[2, 1] = True
        ax = plot.heat_map(sweeps.synthetic(axes, 0.3, athermal=inside))
        segments = {tuple(map(tuple, segment)) for segment in only(ax, LineCollection, ATHERMAL).get_segments()}
        # The rectangle 1.5 < a < 3.5, 0.5 < b < 1.5, in sides of cells.
        assert segments == {
            ((1.5, 0.5), (1.5, 1.5)),
            ((3.5, 0.5), (3.5, 1.5)),
            ((1.5, 0.5), (2.5, 0.5)),
            ((2.5, 0.5), (3.5, 0.5)),
            ((1.5, 1.5), (2.5, 1.5)),
            ((2.5, 1.5), (3.5, 1.5)),
        }
        assert labels(ax) == [ATHERMAL]
        without = plot.heat_map(sweeps.synthetic(axes, 0.3, athermal=inside), outline=False)
        assert not [entry for entry in without.collections if isinstance(entry, LineCollection)]

    def test_failed_and_idle_points_are_named(self):
        axes = {"a": [1.0, 2.0, 3.0], "b": [0.0, 1.0]}
        data = sweeps.synthetic(
            axes,
            0.3,
            mode=lambda a, b: np.where((a == 1) & (b == 0), "heater", "engine"),
            status=lambda a, b: np.select([(a == 2) & (b == 1), (a == 3) & (b == 1)], ["failed", "missing"], "complete"),
        )
        ax = plot.heat_map(data)
        assert labels(ax) == ["no work output", "failed", "not finished"]
        filled = [entry for entry in ax.collections if isinstance(entry, PatchCollection)]
        assert [cells_of(entry) for entry in filled] == [[(1.0, 0.0)], [(2.0, 1.0)], [(3.0, 1.0)]]

    def test_other_columns_are_shown_as_they_are(self, showcase):
        mesh = only(plot.heat_map(showcase, "power", cycle=2), QuadMesh)
        np.testing.assert_array_equal(mesh.get_array().filled(np.nan), showcase.power.values[:, :, 1].T)
        assert mesh.norm.vcenter == 0.0
        ax = plot.heat_map(showcase, "heat[hot bath]", x="cycle", at={"initial.strength": 0.99})
        np.testing.assert_array_equal(
            only(ax, QuadMesh).get_array(), showcase.heat.sel({"initial.strength": 0.99, "reservoir": "hot bath"}).values
        )
        assert ax.figure.axes[1].get_ylabel() == "heat $Q$, hot bath (each cycle)"

    def test_columns_since_the_start(self, showcase):
        ax = plot.heat_map(showcase, "cumulative_efficiency")
        last = showcase.isel(cycle=-1)
        expected = np.where(last.cumulative_work < 0.0, last.cumulative_efficiency / last.carnot_efficiency, np.nan).T
        np.testing.assert_array_equal(only(ax, QuadMesh).get_array().filled(np.nan), expected)

    def test_equal_temperatures_are_beyond_the_end_of_the_bar(self):
        data = sweeps.synthetic({"a": [1.0, 2.0], "b": [0.0, 1.0]}, 0.3, carnot=lambda a, b: 0.5 * (a - 1.0))
        ax = plot.heat_map(data)
        mesh = only(ax, QuadMesh)
        assert np.all(mesh.norm(mesh.get_array()[:, 0]) > 1.0)
        assert ax.figure.axes[1]._colorbar.extend == "max"

    def test_values_in_any_order_are_sorted_and_ratios_logarithmic(self):
        data = sweeps.synthetic({"a": [4.0, 1.0, 2.0, 8.0], "kind": ["late", "early"]}, lambda a, kind: a / 10.0)
        ax = plot.heat_map(data)
        np.testing.assert_allclose(only(ax, QuadMesh).get_array()[0], [0.2, 0.4, 0.8, 1.6], rtol=1e-14)
        assert ax.get_xscale() == "log"
        assert [text.get_text() for text in ax.get_yticklabels()] == ["late", "early"]

    def test_one_parameter_is_a_line(self, showcase):
        data = showcase.sel(T_hot=2.1, drop=True).assign_attrs(parameters=["initial.strength"])
        ax = plot.heat_map(data)
        first = data.isel(cycle=0)
        expected = np.where(first.work < 0.0, first.efficiency / first.carnot_efficiency, np.nan)
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), expected)
        np.testing.assert_array_equal(line(ax, "no work").get_xdata(), first["initial.strength"].values[first.work > 0.0])
        assert set(line(ax, "Carnot").get_ydata()) == {1.0}

    def test_lists_of_points_are_dots(self, showcase):
        ax = plot.heat_map(sweeps.listed(showcase))
        first = showcase.isel(cycle=0)
        engines = int(np.count_nonzero(first.work < 0.0))
        assert sum(len(entry.get_offsets()) for entry in ax.collections) == engines
        assert len(line(ax, "no work").get_xdata()) == int(np.count_nonzero(first.work > 0.0))
        assert len(line(ax, "failed").get_xdata()) == 1

    def test_nothing_to_draw_is_an_error(self, showcase):
        data = sweeps.synthetic({"a": [1.0, 2.0], "b": [0.0, 1.0]}, 0.3, mode="heater")
        with pytest.raises(
            StudyError, match="No point of the sweep has a value of 'efficiency' .cycle 1.: there is nothing to draw"
        ):
            plot.heat_map(data)


class TestModeMap:
    def test_every_cell_has_its_mode(self):
        axes = {"a": [1.0, 2.0, 3.0], "b": [0.0, 1.0]}
        data = sweeps.synthetic(
            axes,
            0.3,
            mode=lambda a, b: np.select([a == 1.0, a == 2.0], ["refrigerator", "engine"], "heater"),
            athermal=lambda a, b: b == 1.0,
            status=lambda a, b: np.where((a == 3.0) & (b == 1.0), "failed", "complete"),
        )
        ax = plot.mode_map(data)
        assert labels(ax) == ["athermal engine", "thermal engine", "refrigerator", "heater", "failed"]
        assert ax.get_legend().get_title().get_text() == "cycle 1"
        assert [cells_of(entry) for entry in ax.collections] == [
            [(2.0, 1.0)],
            [(2.0, 0.0)],
            [(1.0, 0.0), (1.0, 1.0)],
            [(3.0, 0.0)],
            [(3.0, 1.0)],
        ]

    def test_cells_are_told_apart(self):
        kinds = {modes.kind(mode, is_athermal=is_athermal) for mode in modes.MODES for is_athermal in (True, False)}
        assert set(_LOOKS) == kinds - {"thermal engine (discharge)"}  # without heat only stored resources give work
        assert len({(colour, hatch) for colour, _, hatch, _ in _LOOKS.values()}) == len(_LOOKS)
        assert len({marker for *_, marker in _LOOKS.values()}) == len(_LOOKS)

    def test_one_parameter_is_drawn_over_the_cycles(self, showcase):
        ax = plot.mode_map(showcase, at={"initial.strength": 0.99})
        assert (ax.get_xlabel(), ax.get_ylabel()) == (r"$T_\mathrm{hot}$", "cycle")
        # As in the showcase of two oscillators: an athermal engine in the first cycle, a thermal one afterwards.
        # The cell of T_hot = 2.4 reaches from 2.25 to 2.7.
        assert (2.475, 1.0) in cells_of(only(ax, PatchCollection, "athermal engine"))
        assert {(2.475, n) for n in (2.0, 3.0, 4.0)} <= set(cells_of(only(ax, PatchCollection, "thermal engine")))

    def test_of_all_cycles_together(self, showcase):
        ax = plot.mode_map(showcase, cumulative=True)
        n_engines = int(np.count_nonzero(showcase.isel(cycle=-1).cumulative_mode == "engine"))
        shown = [entry for entry in ax.collections if "engine" in entry.get_label() and "reverse" not in entry.get_label()]
        assert sum(len(entry.get_paths()) for entry in shown) == n_engines


class TestParetoFront:
    def test_of_a_quarter_circle(self):
        angle = np.linspace(0.1, 1.4, 6)
        data = sweeps.synthetic(
            {"angle": angle, "radius": [0.5, 1.0]},
            lambda angle, radius: radius * np.sin(angle),
            power=lambda angle, radius: radius * np.cos(angle),
            carnot=0.9,
            athermal=lambda angle, radius: angle > 1.2,
        )
        ax = plot.pareto_front(data)
        front = line(ax, "Pareto front")
        np.testing.assert_allclose(front.get_xydata(), np.stack([np.cos(angle), np.sin(angle)], axis=-1)[::-1], rtol=1e-14)
        assert front.get_drawstyle() == "steps-pre"
        assert len(line(ax, "other points").get_xdata()) == 6
        np.testing.assert_allclose(line(ax, "athermal engine").get_ydata(), [np.sin(1.4)], rtol=1e-14)
        assert r"Carnot $\eta_\mathrm{C} = 0.900$" in labels(ax)

    def test_less_may_be_better(self):
        data = sweeps.synthetic({"a": [1.0, 2.0, 3.0]}, lambda a: 0.1 * a, power=lambda a: a)
        ax = plot.pareto_front(data, maximise=(False, True))
        assert line(ax, "Pareto front").get_drawstyle() == "steps-post"
        assert len(line(ax, "Pareto front").get_xdata()) == 3
        assert len(line(plot.pareto_front(data), "Pareto front").get_xdata()) == 1

    def test_points_left_out_are_counted(self, showcase):
        ax = plot.pareto_front(showcase)
        idle = int(np.count_nonzero(showcase.isel(cycle=0).work > 0.0))
        assert labels(ax)[-1] == f"not shown: {idle} without work output, 1 failed"

    def test_no_front_is_an_error(self):
        data = sweeps.synthetic({"a": [1.0, 2.0]}, 0.3, mode="heater")
        with pytest.raises(StudyError, match="No point of the sweep has both 'power' and 'efficiency'"):
            plot.pareto_front(data)


class TestLasting:
    def test_lines_and_last_cycles(self, charged):
        ax = plot.lasting(charged)
        for index, (m, n) in enumerate([(1, 1), (2, 3), (3, 5), (5, 8)]):
            shown = next(entry for entry in ax.lines if str(entry.get_label()).startswith(f"{m}: "))
            values = charged.isel({"initial.cycles": index})
            expected = np.where(values.cumulative_work < 0.0, values.cumulative_efficiency, np.nan)
            # At 2m cycles everything is undone, and what is left is rounding.
            defined = np.arange(1, 9) != 2 * m
            np.testing.assert_array_equal(shown.get_ydata()[defined], expected[defined])
            assert str(shown.get_label()) == f"{m}: {'at least ' if m == 5 else ''}{n} cycle{'s' if n > 1 else ''}"
        marks = [entry for entry in ax.lines if entry.get_marker() == "D"]
        assert [mark.get_xdata()[0] for mark in marks] == [1, 3, 5, 8]
        assert [mpl.colors.same_color(mark.get_markerfacecolor(), "white") for mark in marks] == [False, False, False, True]
        assert set(line(ax, "Carnot").get_ydata()) == {1.0 - 1.0 / 1.5}

    def test_over_carnot_where_that_varies(self, showcase):
        ax = plot.lasting(showcase, at={"initial.strength": 0.99})
        assert set(line(ax, "Carnot").get_ydata()) == {1.0}
        values = showcase.sel({"initial.strength": 0.99, "T_hot": 2.4})
        np.testing.assert_allclose(
            line(ax, "2.4: ").get_ydata(), values.cumulative_efficiency / values.carnot_efficiency, rtol=1e-14
        )
        assert "2.4: 2 cycles" in labels(ax)

    def test_many_lines_have_a_bar_of_colours(self, charged):
        many = sweeps.synthetic({"a": np.linspace(0.1, 0.9, 10)}, lambda a: a, carnot=0.5)
        ax = plot.lasting(many)
        assert ax.figure.axes[1].get_ylabel() == "a"
        # every charge that lasts does so to the end: a mark that is not drawn has no entry
        assert labels(ax) == ["beyond Carnot to the end", r"Carnot $\eta_\mathrm{C} = 0.500$"]

    def test_failed_points_are_counted(self, showcase):
        ax = plot.lasting(showcase, at={"initial.strength": 0.5})
        assert labels(ax)[-1] == "not shown: 1 failed or not run"

    @pytest.mark.parametrize(
        ("form", "message"),
        [
            (lambda data: data, "One parameter may vary from line to line, but 'T_hot', 'initial.strength' do"),
            (sweeps.listed, "no grid"),
        ],
    )
    def test_errors(self, showcase, form, message):
        with pytest.raises(StudyError, match=message):
            plot.lasting(form(showcase))


class TestCells:
    def test_edges_are_half_way(self):
        np.testing.assert_allclose(cells.cell_axis("a", [0.0, 1.0, 3.0]).edges, [-0.5, 0.5, 2.0, 4.0])
        np.testing.assert_allclose(cells.cell_axis("a", [1.0, 4.0, 16.0]).edges, [0.5, 2.0, 8.0, 32.0])
        np.testing.assert_allclose(cells.cell_axis("a", [7.0]).edges, [6.5, 7.5])

    def test_borders_enclose_the_area(self):
        inside = np.random.default_rng(3).random((6, 7)) < 0.5
        segments = cells.borders(inside, np.arange(8.0), np.arange(7.0))
        # Every cell has four sides, and each side that two cells of the area share is no border.
        shared = np.count_nonzero(inside[1:] & inside[:-1]) + np.count_nonzero(inside[:, 1:] & inside[:, :-1])
        assert len(segments) == 4 * np.count_nonzero(inside) - 2 * shared


def test_a_column_that_differs_by_rounding_only_is_not_blown_up():
    """The efficiency of the swap engine is 1 - omega_cold/omega_hot at every temperature: 1/2."""
    sweep = at.sweep("two_qubit_swap", {"T_hot": [2.2, 2.6, 3.0]}, cycles=1, workers=1)
    low, high = plot.pareto_front(sweep, "work_output").get_ylim()
    assert low < 0.46
    assert high > 0.54
