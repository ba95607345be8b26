"""Figures: what they show is what the ledger holds, and they leave matplotlib as they found it."""

import dataclasses
import io
import itertools

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

import athermal as at
from athermal import plot
from athermal.narrative import PLAIN, Facts, headline, sentences
from athermal.narrative.facts import payers_of

SINGLE = (plot.efficiency, plot.resources, plot.flows, plot.correlations, plot.energy_entropy)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def showcase():
    machine = at.library.two_oscillator(T_hot=2.4, modes=12, squeezing=0.01)
    initial = at.CorrelatedMarginals([at.Correlation(("hot", "cold"), phase=np.pi / 2)], strength=0.99)
    return at.run(machine, cycles=8, initial=initial, samples_per_cycle=2)


@pytest.fixture(scope="module")
def charged():
    return at.run(at.library.two_oscillator(modes=12), cycles=6, initial=at.Charged(3))


@pytest.fixture(scope="module")
def refrigerator():
    return at.run(at.library.two_oscillator(T_hot=1.2, modes=12), cycles=4)


@pytest.fixture(scope="module")
def unknown(showcase):
    """As from a solver that never sees the baths' states."""
    hidden = ("reservoir_entropies", "reservoirs_entropy", "total_entropy")
    blanks = {name: np.full_like(getattr(showcase.snapshots, name), np.nan) for name in hidden}
    return dataclasses.replace(showcase, snapshots=dataclasses.replace(showcase.snapshots, **blanks))


@pytest.fixture(scope="module")
def three_reservoirs():
    def bath(name, temperature, frequency):
        return at.ContinuumBath(name, temperature, at.densities.FlatBand(0.2, frequency - 0.6, frequency + 0.6), 8)

    machine = at.Machine(
        subsystems=[at.Oscillator("a_1", 2.0), at.Oscillator("b", 1.0)],
        reservoirs=[bath("hot", 3.0, 2.0), bath("cold", 0.8, 1.0), bath("$middle_x", 1.5, 1.0)],
        couplings=[
            at.Exchange(("a_1", "hot")),
            at.Exchange(("b", "cold")),
            at.Exchange(("b", "$middle_x")),
            at.Exchange(("a_1", "b"), at.drives.Rotating(0.15, 1.0)),
        ],
        period=2 * np.pi,
    )
    return at.run(machine, cycles=3)


@pytest.fixture(scope="module")
def one_reservoir():
    machine = at.Machine(
        subsystems=[at.Oscillator("a", 2.0), at.Oscillator("b", 1.0)],
        reservoirs=[at.ContinuumBath("bath", 1.0, at.densities.FlatBand(0.2, 0.4, 1.6), 8)],
        couplings=[at.Exchange(("b", "bath")), at.Exchange(("a", "b"), at.drives.Rotating(0.15, 1.0))],
        period=2 * np.pi,
    )
    return at.run(machine, cycles=3, initial=at.Charged(3))


@pytest.fixture(scope="module")
def long_run():
    return at.run(at.library.three_oscillators(), cycles=200)


@pytest.fixture(
    params=["showcase", "charged", "refrigerator", "unknown", "three_reservoirs", "one_reservoir", "long_run", "one_cycle"]
)
def any_ledger(request):
    if request.param == "one_cycle":
        return at.run(at.library.two_oscillator(modes=12), cycles=1)
    return request.getfixturevalue(request.param)


def line(ax, label):
    return next(entry for entry in ax.lines if str(entry.get_label()).startswith(label))


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def png(figure):
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


class TestEveryFigure:
    @pytest.mark.parametrize("function", SINGLE)
    def test_draws_any_ledger_on_axes_of_its_own(self, function, any_ledger):
        ax = function(any_ledger)
        # Warnings are errors: no missing glyphs, no failed layout.
        assert png(ax.figure).startswith(b"\x89PNG")
        assert ax.get_xlabel()
        assert ax.get_ylabel()

    @pytest.mark.parametrize("function", SINGLE)
    def test_returns_the_axes_it_was_given(self, function, showcase):
        _, (left, right) = plt.subplots(1, 2)
        assert function(showcase, ax=right) is right
        assert not left.has_data()

    @pytest.mark.parametrize("function", SINGLE)
    def test_legend_is_outside_the_data(self, function, showcase):
        ax = function(showcase)
        ax.figure.draw_without_rendering()
        # Half a pixel for rounding.
        assert ax.get_legend().get_window_extent().y0 >= ax.get_window_extent().y1 - 0.5

    @pytest.mark.parametrize("function", [*SINGLE, plot.summary])
    def test_leaves_the_settings_alone(self, function, showcase):
        before = dict(mpl.rcParams)
        function(showcase)
        assert dict(mpl.rcParams) == before

    def test_summary_draws_any_ledger(self, any_ledger):
        figure = plot.summary(any_ledger)
        assert png(figure).startswith(b"\x89PNG")

    @pytest.mark.parametrize("kind", ["pdf", "svg"])
    def test_vector_formats(self, kind, showcase):
        stream = io.BytesIO()
        plot.summary(showcase).savefig(stream, format=kind)
        assert stream.tell() > 0


class TestEfficiency:
    def test_lines_are_the_ledger(self, showcase):
        ax = plot.efficiency(showcase)
        np.testing.assert_array_equal(line(ax, "each cycle").get_ydata(), showcase.efficiency.values)
        np.testing.assert_array_equal(line(ax, "since the start").get_ydata(), showcase.cumulative.efficiency.values)
        np.testing.assert_array_equal(line(ax, "each cycle").get_xdata(), showcase.cycles.cycle.values)
        assert set(line(ax, "Carnot").get_ydata()) == {showcase.carnot_efficiency}

    def test_carnot_is_labelled_with_its_value(self, showcase):
        assert r"Carnot $\eta_\mathrm{C} = 0.583$" in labels(plot.efficiency(showcase))

    def test_athermal_engines_are_marked(self, showcase):
        np.testing.assert_array_equal(line(plot.efficiency(showcase), "athermal engine").get_xdata(), [1])

    def test_cycles_without_work_are_crosses_at_the_axis(self, charged):
        ax = plot.efficiency(charged)
        np.testing.assert_array_equal(line(ax, "no work output").get_xydata(), [[4, 0], [5, 0], [6, 0]])
        np.testing.assert_array_equal(np.isnan(line(ax, "each cycle").get_ydata()), [False] * 3 + [True] * 3)

    def test_the_region_above_carnot_is_named(self, showcase):
        ax = plot.efficiency(showcase)
        assert [text.get_text() for text in ax.texts] == ["beyond Carnot"]
        (region,) = ax.patches
        assert region.get_y() == showcase.carnot_efficiency
        assert region.get_y() + region.get_height() == pytest.approx(ax.get_ylim()[1])

    def test_a_refrigerator_has_no_efficiency(self, refrigerator):
        ax = plot.efficiency(refrigerator)
        assert len(labels(ax)) == 2
        assert "no cycle gives work" in [text.get_text() for text in ax.texts]

    def test_one_reservoir_has_carnot_zero(self, one_reservoir):
        assert set(line(plot.efficiency(one_reservoir), "Carnot").get_ydata()) == {0.0}


class TestResources:
    @staticmethod
    def sums(ax):
        return np.sum([[bar.get_height() for bar in bars] for bars in ax.containers], axis=0)

    def test_bars_sum_to_the_work_output(self, any_ledger):
        ax = plot.resources(any_ledger)
        size = np.nansum(np.abs(any_ledger.work_by_resource.values), axis=-1)
        # The law (S18) holds to the run's own residual tolerance, relative to the terms.
        np.testing.assert_allclose(self.sums(ax), any_ledger.work_output.values, atol=1e-9 * np.max(size))
        np.testing.assert_array_equal(line(ax, "work output").get_ydata(), any_ledger.work_output.values)

    def test_stacks_do_not_overlap(self, showcase):
        ax = plot.resources(showcase)
        for cycle in range(showcase.n_cycles):
            bars = [bars[cycle] for bars in ax.containers]
            spans = sorted(sorted((bar.get_y(), bar.get_y() + bar.get_height())) for bar in bars)
            # Heights add up in floating point.
            assert all(lower[1] <= upper[0] + 1e-12 for lower, upper in itertools.pairwise(spans))

    def test_a_group_is_the_sum_of_its_terms(self, showcase):
        ax = plot.resources(showcase)
        bars = next(bars for bars in ax.containers if bars.get_label() == "$D$")
        expected = -showcase.work_by_resource.sel(resource=["D[hot bath]", "D[cold bath]"]).sum("resource").values
        np.testing.assert_allclose([bar.get_height() for bar in bars], expected, rtol=1e-14)

    def test_names_and_unit(self, showcase):
        ax = plot.resources(showcase)
        assert labels(ax) == ["work output $-W$", "heat", "$C(S)$", "$I(S,R)$", "$C(R)$", "$D$", "$F$"]
        assert "energy" in ax.get_ylabel()
        assert r"\hbar" in ax.get_ylabel()

    def test_unknown_terms_are_named_and_only_their_sum_drawn(self, unknown, showcase):
        ax = plot.resources(unknown)
        assert labels(ax) == ["work output $-W$", "heat", "$C(S)$", "$F$", "unknown: $I(S,R)$, $C(R)$, $D$ (their sum)"]
        rest = showcase.work_by_resource.sel(resource=["I(S,R)", "C(R)", "D[hot bath]", "D[cold bath]"]).sum("resource")
        # The second law links the two ways to the sum, to the run's residual tolerance.
        np.testing.assert_allclose([bar.get_height() for bar in ax.containers[-1]], -rest.values, atol=1e-9)

    def test_terms_that_cannot_be_are_left_out(self, one_reservoir):
        assert labels(plot.resources(one_reservoir)) == ["work output $-W$", "$C(S)$", "$I(S,R)$", "$D$", "$F$"]


class TestFlows:
    def test_lines_are_the_ledger_and_obey_the_first_law(self, three_reservoirs):
        ax = plot.flows(three_reservoirs)
        heats = np.array([line(ax, f"heat from {name}").get_ydata() for name in ("hot", "cold", r"\$middle_x")])
        np.testing.assert_array_equal(heats.T, -three_reservoirs.heat.values)
        stored = line(ax, "stored").get_ydata()
        # First law, to the run's residual tolerance.
        np.testing.assert_allclose(line(ax, "work output").get_ydata(), heats.sum(axis=0) - stored, atol=1e-9)
        assert "energy" in ax.get_ylabel()


class TestCorrelations:
    def test_lines_are_the_ledger(self, showcase):
        ax = plot.correlations(showcase)
        data = showcase.instants
        np.testing.assert_array_equal(line(ax, "$I(S,R)$").get_ydata(), data.mutual_information.values)
        np.testing.assert_array_equal(line(ax, "$C(S)$").get_ydata(), data.system_correlation.values)
        np.testing.assert_array_equal(line(ax, "$C(R)$").get_ydata(), data.reservoir_correlation.values)
        np.testing.assert_array_equal(line(ax, r"$\Sigma$").get_ydata(), data.sigma_total.values)
        cold = data.athermality.sel(reservoir="cold bath").values
        np.testing.assert_array_equal(line(ax, "$D$ of cold bath").get_ydata(), cold)

    def test_time_is_in_cycles(self, showcase):
        ax = plot.correlations(showcase)
        np.testing.assert_allclose(line(ax, "$I(S,R)$").get_xdata(), np.arange(17) / 2, rtol=1e-12)
        assert "cycles" in ax.get_xlabel()
        assert "nat" in ax.get_ylabel()

    def test_what_is_unknown_is_named(self, unknown):
        assert labels(plot.correlations(unknown)) == ["$C(S)$", r"unknown: $\Sigma$, $I(S,R)$, $C(R)$, $D$"]


class TestEnergyEntropy:
    def test_paths_are_the_ledger(self, showcase):
        ax = plot.energy_entropy(showcase)
        paths = [entry for entry in ax.collections if isinstance(entry, LineCollection)]
        assert len(paths) == 2
        for name, path in zip(("hot", "cold"), paths, strict=True):
            data = showcase.instants.sel(subsystem=name)
            points = np.column_stack([data.subsystem_entropy.values, data.subsystem_energy.values])
            segments = path.get_segments()
            np.testing.assert_array_equal([segment[0] for segment in segments], points[:-1])
            np.testing.assert_array_equal([segment[-1] for segment in segments], points[1:])
            np.testing.assert_array_equal(path.get_array(), np.repeat(np.arange(1, 9), 2))

    def test_labels(self, showcase):
        ax = plot.energy_entropy(showcase)
        assert labels(ax) == ["subsystem hot", "subsystem cold", "start"]
        assert "nat" in ax.get_xlabel()
        assert "energy" in ax.get_ylabel()

    def test_unknown_entropy_is_named(self, showcase):
        entropies = showcase.snapshots.subsystem_entropies.copy()
        entropies[:, 1] = np.nan
        snapshots = dataclasses.replace(showcase.snapshots, subsystem_entropies=entropies)
        ax = plot.energy_entropy(dataclasses.replace(showcase, snapshots=snapshots))
        assert labels(ax) == ["unknown: $S$ of cold", "subsystem hot", "start"]


class TestSummary:
    def test_panels_share_the_cycle_axis(self, showcase):
        figure = plot.summary(showcase)
        upper, lower = figure.axes
        assert upper.get_xlim() == lower.get_xlim()
        np.testing.assert_array_equal(line(upper, "each cycle").get_ydata(), showcase.efficiency.values)
        np.testing.assert_allclose(TestResources.sums(lower), showcase.work_output.values, atol=1e-9)

    def test_tells_the_story_of_the_showcase(self, showcase):
        figure = plot.summary(showcase)
        title = figure.get_suptitle().replace("\n", " ")
        assert title == "two_oscillator: beyond the Carnot limit in cycle 1, an ordinary heat engine afterwards"
        told = figure.axes[0].get_title(loc="left").replace("\n", " ")
        assert told.startswith("Cycle 1: athermal engine, efficiency 0.82, 71% of the work from stored resources, mostly $C(S)$.")
        assert "cycle 1: athermal engine,\npaid by $C(S)$" in [text.get_text() for text in figure.axes[0].texts]

    def test_late_small_cycles_are_enlarged(self, showcase):
        (inset,) = plot.summary(showcase).axes[1].child_axes
        assert inset.get_title() == "cycles 4\N{EN DASH}8, enlarged"

    def test_words_do_not_overlap(self, any_ledger):
        figure = plot.summary(any_ledger)
        figure.draw_without_rendering()
        for ax in figure.axes:
            boxes = [text.get_window_extent() for text in ax.texts] + [ax.get_legend().get_window_extent()]
            assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])

    def test_words_stay_on_the_page(self, any_ledger):
        figure = plot.summary(any_ledger)
        figure.draw_without_rendering()
        page = figure.bbox
        upper, lower = figure.axes
        texts = [
            figure._suptitle,
            upper._left_title,
            *upper.texts,
            *upper.get_legend().get_texts(),
            *lower.get_legend().get_texts(),
        ]
        for box in (text.get_window_extent() for text in texts):
            assert 0 <= box.x0 <= box.x1 <= page.width
            assert 0 <= box.y0 <= box.y1 <= page.height

    def test_draws_on_a_figure_that_it_is_given(self, showcase):
        figure = Figure(figsize=(7, 5))
        assert plot.summary(showcase, figure) is figure
        assert not plt.get_fignums()


class TestWords:
    def test_headlines(self, showcase, charged, refrigerator, long_run):
        assert headline(Facts.of(charged)) == "beyond the Carnot limit in cycles 1-3"
        assert headline(Facts.of(refrigerator)) == "no work comes out in any of 4 cycles"
        assert headline(Facts.of(long_run)) == "below the Carnot limit in every cycle that gives work"
        assert "ordinary heat engine afterwards" in headline(Facts.of(showcase))

    def test_a_refrigerator_is_told_with_its_performance(self, refrigerator):
        (told,) = sentences(Facts.of(refrigerator))
        data = refrigerator.cycles
        performance = -float(data.heat.sel(reservoir="cold bath").sum() / data.work.sum())
        assert told.startswith("Cycles 1-4: refrigerator")
        assert told.endswith(f"COP {performance:.2f} (Carnot 5.00).")

    def test_at_most_three_kinds_are_told(self, one_reservoir, long_run):
        assert all(len(sentences(Facts.of(ledger))) <= 3 for ledger in (one_reservoir, long_run))

    def test_who_paid_is_not_guessed(self, unknown):
        assert payers_of(unknown, [0]) == ()
        assert "of unknown kind" in sentences(Facts.of(unknown))[0]

    def test_many_ranges_become_a_count(self):
        assert PLAIN.cycles([1, 3, 5, 7, 9]) == "5 cycles between 1 and 9"
