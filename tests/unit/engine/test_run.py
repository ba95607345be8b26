import dataclasses
import math
import warnings

import numpy as np
import pytest

import athermal as at
from athermal.machine.initial import AnyInitialState
from athermal.machine.spec import from_spec
from athermal.testing.harmonic.cases import CASES
from unit.backends.test_dense_solver import unstable

TAU = 2.0 * np.pi


def engine(**changes):
    return at.library.two_oscillator(modes=12, **changes)


def test_progress_is_called_before_each_instant_and_at_the_end():
    calls = []
    at.run(engine(), cycles=2, samples_per_cycle=3, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(k, 7) for k in range(1, 8)]


def test_a_run_starts_where_the_machine_says_or_where_it_is_told():
    hot = at.ProductThermal({"hot": 9.0})
    own = at.run(engine(initial=hot))
    told = at.run(engine(), initial=hot)
    plain = at.run(engine())
    assert np.array_equal(own.works, told.works)
    assert not np.array_equal(own.works, plain.works)
    assert own.provenance["initial"]["temperatures"] == {"hot": 9.0}


def test_samples_do_not_change_the_cycles():
    one, five = (at.run(engine(squeezing=0.01), cycles=3, samples_per_cycle=n) for n in (1, 5))
    for name in ("work", "heat", "entropy_change", "sigma_total_change", "efficiency"):
        # five propagators instead of one: rounding of each
        assert np.allclose(one.cycles[name].values, five.cycles[name].values, rtol=0.0, atol=1e-10, equal_nan=True), name
    assert five.instants.sizes["instant"] == 16
    assert np.allclose(five.instants.time.values, np.arange(16) * TAU / 5, rtol=1e-14)  # rounding


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"machine": "engine"}, "`machine` of a run must be a Machine, but is 'engine'"),
        ({"cycles": 0}, "`cycles` of a run must be a whole number of at least 1, but is 0"),
        ({"cycles": 2.0}, "`cycles` of a run must be a whole number"),
        ({"samples_per_cycle": 0}, "`samples_per_cycle` of a run must be a whole number of at least 1"),
        ({"initial": "thermal"}, "`initial` of a run must be an initial state such as ProductThermal"),
        ({"backend": "dense"}, "`backend` of a run must be a backend such as Dense.., or \"auto\", but is 'dense'"),
        ({"initial": at.Squeezed("warm", 0.1)}, "names a part that is not there"),
    ],
)
def test_bad_runs_are_refused(arguments, message):
    with pytest.raises(at.errors.MachineError, match=message):
        at.run(**{"machine": engine(), **arguments})


# --- stopped runs -------------------------------------------------------------------------------------------------------------


def test_an_interrupted_run_keeps_the_finished_cycles():
    whole = at.run(engine(), cycles=3, samples_per_cycle=2)

    def stop(done, total):
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(at.errors.RunInterrupted, match=r"interrupted after 2 of 5 cycles; `\.ledger`") as caught:
        at.run(engine(), cycles=5, samples_per_cycle=2, progress=stop)
    kept = caught.value.ledger
    assert kept.n_cycles == 2
    assert np.array_equal(kept.work.values, whole.work.values[:2])
    assert kept.samples.sizes["instant"] == 4
    assert kept.status == "interrupted after 2 of 5 cycles"
    assert kept.violations() == []
    assert "Status: interrupted" in str(kept)


def test_a_run_interrupted_in_its_first_cycle_has_nothing_to_keep():
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(at.errors.RunInterrupted, match="after 0 of 5 cycles") as caught:
        at.run(engine(), cycles=5, progress=stop)
    assert caught.value.ledger is None


def test_an_unstable_run_keeps_the_finished_cycles_and_says_when():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", at.errors.RecurrenceWarning)
        with pytest.raises(at.errors.InstabilityError, match="parametrically unstable: at t = ") as caught:
            at.run(unstable(0.4), cycles=50)
    ledger = caught.value.ledger
    assert 2 < ledger.n_cycles < 20
    # the cycle after the last finished one
    assert f"at t = {(ledger.n_cycles + 1) * TAU:.6g} " in str(caught.value)
    assert ledger.status.startswith(f"stopped after {ledger.n_cycles} of 50 cycles: The machine is parametrically unstable")
    assert ledger.work.values[-1] > 100.0 * ledger.work.values[0] > 0.0


@pytest.mark.parametrize("growth", [0.02, 0.1, 0.2])
def test_a_slowly_unstable_run_ends_as_unstable_and_not_as_unphysical(growth):
    """The squeezed variance falls as the other grows: the state must stay readable until growth is called what it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", at.errors.RecurrenceWarning)
        with pytest.raises(at.errors.InstabilityError):
            at.run(unstable(growth), cycles=300)


@pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning")
def test_a_run_that_cannot_start_has_no_ledger():
    stiff = at.Machine(
        [at.Oscillator("a", 1.0)],
        [at.Bath("hot", 1.0, (1.0, 1e7), (0.1, 0.1))],
        [at.Exchange(("a", "hot"), at.drives.Harmonic(1.0, 1.0))],
        TAU,
    )
    with pytest.raises(at.errors.ConvergenceError) as caught:
        at.run(stiff)
    assert caught.value.ledger is None


# --- warnings -------------------------------------------------------------------------------------------------------------------


def test_a_run_past_the_recurrence_time_warns():
    """12 modes over 1.2: spacing 1.2/11, so 2 pi / spacing = 57.6 = 9.17 cycles."""
    with pytest.warns(at.errors.RecurrenceWarning) as caught:
        at.run(engine(), cycles=10)
    assert len(caught) == 2
    text = str(caught[0].message)
    assert text.startswith(
        "The run lasts 62.8319, longer than the recurrence time 57.5959 of reservoir 'hot bath': from cycle 10 on"
    )
    assert "Use more modes" in text
    assert caught[0].filename == __file__
    at.run(engine(), cycles=9)


def test_charging_past_the_recurrence_time_warns():
    with pytest.warns(at.errors.RecurrenceWarning, match="The run lasts 62.8"):
        at.run(engine(), cycles=1, initial=at.Charged(10))


def test_a_missed_law_warns():
    """A backend that lies about the work is caught by the first law."""

    @dataclasses.dataclass(frozen=True)
    class Liar(at.Dense):
        def bind(self, machine):
            solver = super().bind(machine)
            honest = solver.advance
            solver.advance = lambda state, start, stop: (honest(state, start, stop)[0], 0.1)
            return solver

    with pytest.warns(
        at.errors.ResidualWarning,
        match=r"The laws are missed by more than their tolerance. Cycle 1: W - .* more. See .*violations",
    ):
        ledger = at.run(engine(), backend=Liar())
    assert ledger.is_violated.values.all()


# --- provenance --------------------------------------------------------------------------------------------------------------------


def rerun(ledger):
    record = ledger.provenance
    machine = from_spec(at.Machine, record["machine"], "the machine")
    initial = from_spec(AnyInitialState, record["initial"], "the initial state")
    backend = from_spec(at.Dense, record["backend"], "the backend")
    return machine, at.run(machine, record["cycles"], initial, backend=backend, samples_per_cycle=ledger.samples_per_cycle)


MACHINES = [
    engine(squeezing=0.02),
    engine(
        damping="position",
        density_hot=at.densities.Ohmic(0.1, 4.0, cutoff_shape="drude"),
        density_cold=at.densities.Ohmic(0.1, 4.0),
        rule="tan",
    ),
    at.library.otto(modes=6, contact_time=12.0, switching_time=2.0, stroke_time=1.0, hot_squeezing=0.3),
    at.library.three_oscillators(),
    *(case.machine for case in CASES if case.name != "ramps and functions"),
]
INITIAL = [
    at.ProductThermal({"hot": 3.0}),
    at.Gibbs(0.9, parts=("cold", "cold bath")),
    at.Charged(2, start=at.Squeezed("hot bath", 0.1, 0.2)),
    at.CorrelatedMarginals([at.Correlation(("hot", "cold"), phase=0.3), at.Correlation(("hot", "cold bath"), weight=0.2)], 0.7),
    at.Displaced("cold bath", x=[0.1] * 12, p=0.2),
    at.GaussianMoments(np.diag(np.linspace(0.6, 2.0, 52)), np.linspace(-1.0, 1.0, 52)),
]


@pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning")
@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_a_ledger_can_be_run_again_bit_for_bit(machine):
    ledger = at.run(machine, cycles=2, samples_per_cycle=2)
    again, twin = rerun(ledger)
    assert again == machine
    assert twin.works.tobytes() == ledger.works.tobytes()
    assert twin.cycles.identical(ledger.cycles)
    assert twin.provenance == ledger.provenance


@pytest.mark.parametrize("initial", INITIAL, ids=lambda initial: initial.kind)
def test_initial_states_are_kept_in_the_provenance(initial):
    ledger = at.run(engine(), initial=initial, backend=at.Dense(tolerance=1e-11))
    _, twin = rerun(ledger)
    assert twin.works.tobytes() == ledger.works.tobytes()
    assert ledger.provenance["backend"]["tolerance"] == 1e-11


def test_numbers_of_numpy_do_not_lose_the_provenance():
    machine = at.Machine(
        [at.Oscillator("a", np.float64(1.0))],
        [at.Ring("ring", np.float32(1.0), np.int64(4), 1.0, 0.1)],
        [at.Exchange(("a", "ring"), np.float64(0.1), site=np.int64(2))],
        np.float64(3.0),
    )
    ledger = at.run(machine, initial=at.Charged(np.int64(1)), cycles=np.int64(1))
    assert ledger.provenance["machine"]["couplings"][0]["site"] == 2
    assert ledger.provenance["initial"]["cycles"] == 1
    assert ledger.provenance["cycles"] == 1


def test_a_machine_with_a_python_function_has_no_plain_form():
    drive = at.drives.Function(lambda t: 0.1 + 0.05 * math.cos(t), period=TAU)
    machine = at.Machine([at.Oscillator("a", 1.0)], [at.Bath("b", 1.0, (1.0,))], [at.Exchange(("a", "b"), drive)], TAU)
    provenance = at.run(machine).provenance
    assert provenance["machine"] is None
    assert provenance["initial"] == {"temperatures": {}, "kind": "product_thermal"}
    density = at.densities.FunctionDensity(lambda w: w, 0.5, 1.5)
    bath = at.ContinuumBath("b", 1.0, density, 3)
    assert at.run(at.Machine([at.Oscillator("a", 1.0)], [bath], [at.Exchange(("a", "b"))], 1.0)).provenance["machine"] is None


def test_provenance_says_what_made_it_and_how_well():
    ledger = at.run(engine())
    provenance = ledger.provenance
    assert ledger.status == "complete"
    assert set(provenance["versions"]) == {"python", "athermal", "numpy", "scipy", "xarray"}
    assert provenance["versions"]["numpy"] == np.__version__
    assert ledger.accuracy["symplectic_defect"] < 1e-12  # rounding


@pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning")  # it is a bath of a few modes
def test_charging_an_unstable_machine_says_so():
    with pytest.raises(at.errors.InstabilityError, match="parametrically unstable: going backwards to charge it"):
        at.run(unstable(0.4), cycles=1, initial=at.Charged(400))


def test_charging_inside_another_state_counts_towards_recurrence():
    nested = at.Squeezed("hot bath", 0.1, start=at.Charged(60))
    with pytest.warns(at.errors.RecurrenceWarning, match="The run lasts 376"):
        at.run(engine(), cycles=1, initial=nested)


def test_a_static_machine_that_is_not_bounded_below_is_not_called_parametric():
    pair = [at.Oscillator("a", 1.0), at.Oscillator("b", 1.0)]
    bath = at.Bath("bath", 1.0, (1.0,), (0.01,))
    machine = at.Machine(pair, [bath], [at.Position(("a", "b"), 1.5), at.Exchange(("a", "bath"))], 6.0)
    with pytest.raises(at.errors.InstabilityError, match="its Hamiltonian not bounded below .*lowest curvature -0.5"):
        at.run(machine, cycles=20)
