"""State vectors: exact where the start is nearly pure, an honest average where it is not."""

import numpy as np
import pytest

import athermal as at
from athermal.backends.finite import state_vectors

PERIOD = 6.0


def machine(spins=2, *, temperature=1.5, counters=()):
    return at.Machine(
        subsystems=[at.Qubit("a", 2.0), at.Qubit("b", 1.0)],
        reservoirs=[
            at.SpinBath("hot", temperature, np.linspace(1.8, 2.2, spins), [0.3] * spins),
            at.SpinBath("cold", 0.8 * temperature / 1.5, np.linspace(0.8, 1.2, spins), [0.3] * spins),
        ],
        couplings=[
            at.Exchange(("a", "hot")),
            at.OperatorCoupling(("b", "cold"), ("sigmax", "sigmax"), at.drives.Strokes((2.0, 4.0), (1.0, 0.2))),
            at.Exchange(("a", "b"), at.drives.Rotating(0.3, 2.0 * np.pi / PERIOD, 0.4), share=(0.3, 0.7)),
        ],
        period=PERIOD,
        counters=counters,
    )


def pure_start(found, seed=1):
    rng = np.random.default_rng(seed)
    psi = rng.normal(size=found.dimension) + 1j * rng.normal(size=found.dimension)
    return at.GivenState(psi / np.linalg.norm(psi))


def low_rank_start(found, seed=2):
    """The qubits in a mixed state, the baths in their ground states: rank four of sixty-four."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    rho = a @ a.conj().T
    baths = found.dimension // 4
    ground = np.zeros((baths, baths))
    ground[-1, -1] = 1.0
    return at.GivenState(np.kron(rho / np.trace(rho).real, ground))


def numeric(ledger):
    return {
        n: v
        for n, v in ledger.cycles.data_vars.items()
        if v.dtype.kind == "f" and not str(n).startswith(("residual", "tolerance"))
    }


COUNTER = at.Counter("flips", [at.OperatorCoupling(("a",), ("sigmay",), at.drives.Harmonic(1.0, 2.0 * np.pi / PERIOD))])


@pytest.mark.parametrize("start", [pure_start, low_rank_start])
@pytest.mark.parametrize("counters", [(), (COUNTER,)])
def test_a_nearly_pure_start_has_every_column_of_the_density_matrix(start, counters):
    found = machine(counters=counters)
    exact = at.run(found, 2, start(found), samples_per_cycle=2)
    vectors = at.run(found, 2, start(found), samples_per_cycle=2, backend=at.StateVectors())
    assert not vectors.confidence.has_errors
    assert not vectors.errors
    assert vectors.violations() == []
    for name, values in numeric(exact).items():
        # two different integrators at double precision, entropies of eigenvalues near zero included
        assert np.allclose(values, vectors.cycles[name], rtol=1e-9, atol=1e-10, equal_nan=True), name


def test_a_driven_counter_on_a_machine_that_is_not():
    """A qubit that precesses alone: integral of cos(t) <sigma_x> with <sigma_x> = cos(w t)."""
    w = 0.5
    lonely = at.Machine(
        [at.Qubit("a", w)],
        [at.SpinBath("bath", 1.0, (1.0,))],
        [],
        period=2.0 * np.pi,
        counters=[at.Counter("turned", [at.OperatorCoupling(("a",), ("sigmax",), at.drives.Harmonic(1.0, 1.0))])],
    )
    start = at.GivenState(np.array([1.0, 1.0]) / np.sqrt(2.0), parts=("a",))
    t = 2.0 * np.pi
    expected = 0.5 * (np.sin((1 + w) * t) / (1 + w) + np.sin((1 - w) * t) / (1 - w))
    for backend in (at.DensityMatrix(), at.StateVectors(max_columns=2)):
        ledger = at.run(lonely, 1, start, backend=backend)
        assert float(ledger.counts[0, 0]) == pytest.approx(expected, abs=1e-12)  # Gauss quadrature of an entire function
        assert abs(float(ledger.work[0])) < 1e-15


def test_a_charged_pure_start():
    found = machine()
    start = at.Charged(2, start=pure_start(found))
    exact, vectors = at.run(found, 1, start), at.run(found, 1, start, backend=at.StateVectors())
    for name in ("work", "heat", "mutual_information", "athermality", "entropy_change"):
        assert np.allclose(exact.cycles[name], vectors.cycles[name], rtol=0.0, atol=1e-10), name


@pytest.mark.parametrize("sampling", ["random", "eigenstates"])
@pytest.mark.parametrize("initial", [at.ProductThermal(), at.Charged(1), at.Gibbs(1.0, parts=("a", "hot"))])
def test_an_average_is_within_its_error_bars(sampling, initial):
    found = machine(1)
    exact = at.run(found, 1, initial)
    sampled = at.run(found, 1, initial, backend=at.StateVectors(samples=400, sampling=sampling, seed=5, max_columns=1))
    assert sampled.violations() == []
    names = ("work", "heat", "energy_change", "entropy_change", "sigma_total_change", "system_correlation")
    for name in (*names, "system_correlation_coherence", "ergotropy"):
        error = sampled.errors[name].values
        # four standard errors, of some ten numbers in six runs of a fixed seed
        assert np.all(
            np.abs(sampled.cycles[name].values - exact.cycles[name].values)
            < 4.0 * error + 1e-3 * np.abs(exact.cycles[name].values)
        ), name


def test_error_bars_are_those_of_repeated_runs():
    """The jackknife's error of one run is the scatter of independent runs."""
    found = machine(1)
    runs = [at.run(found, 1, backend=at.StateVectors(samples=24, seed=seed, max_columns=1)) for seed in range(40)]
    for name in ("work", "sigma_total_change"):
        scatter = np.std([float(run.cycles[name][0]) for run in runs], ddof=1)
        told = np.sqrt(np.mean([float(run.errors[name][0]) ** 2 for run in runs]))
        assert told == pytest.approx(scatter, rel=0.35)  # a standard deviation of 40 numbers is known to 11 %, three of these


def test_random_vectors_beat_drawn_eigenstates_and_improve_with_samples():
    found = machine()
    few, many = (at.run(found, 1, backend=at.StateVectors(samples=n, seed=1)) for n in (16, 256))
    ratio = float(few.errors.work[0] / many.errors.work[0])
    assert 2.0 < ratio < 8.0  # 1/sqrt(n): a factor of 4, known to 1/sqrt(2 * 15) = 18 % from 16 samples
    drawn = at.run(found, 1, backend=at.StateVectors(samples=256, seed=1, sampling="eigenstates"))
    assert float(drawn.errors.work[0]) > float(many.errors.work[0])


def test_what_cannot_be_had_is_unknown():
    ledger = at.run(machine(), 1, backend=at.StateVectors(samples=4))
    unknown = ("mutual_information", "reservoir_correlation", "athermality", "mutual_information_coherence")
    for name in (*unknown, "mutual_information_change", "reservoir_correlation_coherence"):
        assert np.all(np.isnan(ledger.cycles[name])), name
    for name in (
        "work",
        "heat",
        "energy_change",
        "entropy_change",
        "sigma_total_change",
        "entropic_work",
        "system_correlation",
        "ergotropy",
    ):
        assert np.all(np.isfinite(ledger.cycles[name])), name
    assert "unknown" in str(ledger)
    assert "±" in str(ledger)
    first = ledger.work.values - (ledger.heat.values.sum(axis=-1) + ledger.energy_change.values.sum(axis=-1))
    assert np.all(np.abs(first) < 1e-12)  # the first law holds in every sample, not only on average


def test_the_entropy_of_the_whole_is_known_of_a_product_start():
    found = machine()
    ledger = at.run(found, 1, backend=at.StateVectors(samples=4))
    expected = at.run(found, 1).instants.total_entropy
    assert np.allclose(ledger.instants.total_entropy, expected, rtol=0.0, atol=1e-11)  # sums of logarithms


def test_a_sampled_gibbs_state_of_the_whole(monkeypatch):
    """e^{-H/2T} on random vectors, against the exact Gibbs state of the same machine."""
    monkeypatch.setattr(state_vectors, "_LARGEST_GIBBS", 8)  # small enough here to be compared with
    found = machine(2)
    solver = at.StateVectors(samples=100, seed=3).bind(found)
    state = solver.prepare(at.Gibbs(0.7))
    seen = solver.snapshot(state, 0.0)
    replicates, _ = solver.replicates(state, 0.0)
    hamiltonian = solver.hamiltonian.whole.at(0.0).toarray()
    energies, vectors = np.linalg.eigh(hamiltonian)
    p = np.exp(-(energies - energies[0]) / 0.7)
    p /= p.sum()
    exact = solver.observer.reservoir_energies((vectors * np.sqrt(p)).astype(complex)).sum(axis=1)
    spread = np.sqrt(99 * np.var(replicates.reservoir_energies, axis=0))
    assert np.all(np.abs(seen.reservoir_energies - exact) < 4.0 * spread)
    assert np.all(spread < 0.1)
    assert np.isnan(seen.total_entropy)


def test_seeds_repeat_runs_and_files_keep_error_bars(tmp_path):
    found, backend = machine(), at.StateVectors(samples=4, seed=9)
    one, two = at.run(found, 2, backend=backend), at.run(found, 2, backend=backend)
    assert one.cycles.equals(two.cycles)
    assert not one.cycles.equals(at.run(found, 2, backend=at.StateVectors(samples=4, seed=10)).cycles)
    back = at.load(one.save(tmp_path / "sampled.nc"))
    assert back.errors.equals(one.errors)
    assert back.cumulative_errors.equals(one.cumulative_errors)
    assert back.provenance["backend"]["seed"] == 9


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: at.StateVectors(samples=1),
            "`samples` of the state-vector backend must be a whole number of at least 2, but is 1",
        ),
        (lambda: at.StateVectors(sampling="randm"), "`sampling` .* Did you mean 'random'"),
        (lambda: at.StateVectors().bind(at.library.two_oscillator(modes=3)), "this one is of oscillators. Use Dense"),
        (lambda: at.StateVectors(max_memory=1e-4).bind(machine(4)), "would need about .* GiB, but `max_memory`"),
        (
            lambda: at.StateVectors(sampling="eigenstates").bind(machine(5)).prepare(at.Gibbs(1.0)),
            "must be 'random' for a Gibbs state",
        ),
        (
            lambda: at.StateVectors(max_memory=1.0).bind(machine(5)).prepare(at.Gibbs(1.0, parts=("a", "b", "hot", "cold"))),
            "The Gibbs state of 'a', 'b', 'hot', 'cold' is a matrix of dimension 4096",
        ),
        (
            lambda: at.run(
                machine(), 1, at.CorrelatedMarginals([at.Correlation(("a", "b"))], start=at.Charged(1)), backend=at.StateVectors()
            ),
            "Put Charged outermost",
        ),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(at.errors.MachineError, match=message):
        make()


def test_a_bath_of_forty_spins_is_refused_before_anything_is_made():
    large = at.Machine(
        [at.Qubit("a", 1.0)],
        [at.SpinBath("sea", 1.0, [1.0] * 40)],
        [at.Exchange(("a", "sea"), 0.1), at.OperatorCoupling(("a", "sea"), ("sigmaz", "sigmaz"), 0.1)],
        period=1.0,
    )
    for backend in (at.DensityMatrix(), at.StateVectors()):
        with pytest.raises(at.errors.MachineError, match=r"dimension 2199023255552 and would need about .* GiB"):
            backend.bind(large)
