"""Correlations of the modes of two parts one by one."""

import numpy as np
import pytest
import qutip
import scipy.linalg

import athermal as at
from athermal.files import build_machine_file
from athermal.machine.initial import AnyInitialState
from athermal.machine.spec import from_spec, to_spec
from athermal.maths.gaussian import entropy
from athermal.maths.symplectic import mode_indices, symplectic_form

HOT, COLD = (0.7, 1.1, 1.6), (0.9, 1.0, 1.3)
GIVEN = (HOT, 2.0), (COLD, 0.8)
HALF = 8  # modes: two oscillators, three of each bath
FEW = at.Star(block_modes=2, entropy_modes=0)


def machine(hot=HOT, cold=COLD):
    return at.Machine(
        [at.Oscillator("a", 1.2), at.Oscillator("b", 0.9)],
        [at.Bath("hot", 2.0, hot, (0.1,) * len(hot)), at.Bath("cold", 0.8, cold, (0.1,) * len(cold))],
        [at.Exchange(("a", "b"), at.drives.Harmonic(0.05, 4.0)), at.Exchange(("a", "hot")), at.Position(("b", "cold"))],
        period=np.pi / 2.0,
    )


def paired(strength=1.0, pattern="two_mode_squeezing", start=None, **more):
    found = at.Correlation(("hot", "cold"), pattern, modes="paired", **more)
    return at.CorrelatedMarginals([found], strength, at.ProductThermal() if start is None else start)


def room(pattern):
    """Return the largest |<a B>| or |<a B^dag>| of each pair of thermal modes in closed form."""
    a, b = (0.5 / np.tanh(np.array(w) / (2.0 * T)) for w, T in GIVEN)
    if pattern == "exchange":
        return np.sqrt((a - 0.5) * (b - 0.5))
    return 0.5 * np.sqrt((a + b) ** 2 - (1.0 + np.abs(a - b)) ** 2)


def covariance_of(initial, backend):
    solver = backend.bind(machine())
    state = solver.prepare(initial)
    if isinstance(backend, at.Dense):
        return state.covariance
    unit = np.eye(HALF, dtype=complex)
    return state.start.covariance(np.concatenate([unit, 1j * unit]))


@pytest.mark.parametrize("backend", [at.Dense(), at.Star(), FEW])
@pytest.mark.parametrize("pattern", ["two_mode_squeezing", "exchange"])
def test_the_pair_with_least_room_decides(pattern, backend):
    """Marginals stay; at strength 1 the lowest eigenvalue of sigma + i Omega/2 is zero, above it is negative."""
    sigma, thermal = (covariance_of(initial, backend) for initial in (paired(pattern=pattern, phase=0.4), at.ProductThermal()))
    hot, cold = np.arange(2, 5), np.arange(5, 8)
    xx, pp, xp, px = (sigma[np.ix_(hot + i, cold + j)] for i, j in ((0, 0), (HALF, HALF), (0, HALF), (HALF, 0)))
    moment = 0.5 * (xx - pp + 1j * (xp + px)) if pattern == "two_mode_squeezing" else 0.5 * (xx + pp + 1j * (px - xp))
    assert moment == pytest.approx(np.exp(0.4j) * np.min(room(pattern)) * np.eye(3), abs=1e-13)
    for modes in (hot, cold):
        rows = mode_indices(modes, HALF)
        assert sigma[np.ix_(rows, rows)] == pytest.approx(thermal[np.ix_(rows, rows)], abs=1e-13)
    omega = 0.5j * symplectic_form(HALF)
    assert np.linalg.eigvalsh(sigma + omega)[0] == pytest.approx(0.0, abs=1e-13)
    assert np.linalg.eigvalsh(thermal + 1.001 * (sigma - thermal) + omega)[0] < -1e-5


@pytest.mark.parametrize("backend", [at.Dense(), at.Star(), FEW])
def test_the_reservoirs_correlation_is_the_sum_over_the_pairs(backend):
    """With weights in proportion to the room of each pair, all of them are as correlated as they can be at once."""
    largest = room("two_mode_squeezing")
    solver = backend.bind(machine())
    snapshot = solver.snapshot(solver.prepare(paired(0.9, weights=largest / np.min(largest))), 0.0)
    expected = 0.0
    for k, c in enumerate(0.9 * largest):
        nu = np.array([0.5 / np.tanh(w[k] / (2.0 * T)) for w, T in GIVEN])
        pair = np.diag(np.tile(nu, 2)) + c * np.kron(np.diag([1.0, -1.0]), [[0.0, 1.0], [1.0, 0.0]])
        expected += sum(entropy(one * np.eye(2)) for one in nu) - entropy(pair)
    assert expected > 1.0
    assert np.sum(snapshot.reservoir_entropies) - snapshot.reservoirs_entropy == pytest.approx(expected, abs=1e-10)


def test_star_and_dense_give_one_ledger():
    """On top of a squeezed bath, with a second correlation beside the pairs, and after charging."""
    squeezed = at.Squeezed("hot", 0.3, start=at.Gibbs(0.9, ("a", "b")))
    pairs = at.Correlation(("hot", "cold"), "exchange", 1.1, modes="paired", weights=(1.0, 0.0, 0.3))
    initial = at.Charged(1, at.CorrelatedMarginals([pairs, at.Correlation(("a", "hot"), weight=0.4)], 0.8, squeezed))
    one, two = (at.run(machine(), 2, initial=initial, backend=backend) for backend in (at.Dense(), at.Star()))
    for name in ("work", "heat", "reservoir_correlation", "mutual_information", "athermality"):
        assert one.cycles[name].values == pytest.approx(two.cycles[name].values, abs=1e-9), name
    assert one.violations() == []


def test_dense_agrees_with_density_matrices():
    """The Gaussian state of <a_k B_k^dag> = c is exp(-sum K_ij a_i^dag a_j)/Z, 1/(e^K - 1) the matrix of <a_i^dag a_j>."""
    levels, hot, cold = 4, (1.0, 1.3), (0.9, 1.1)
    subject = at.Machine(
        [at.Oscillator("a", 1.2)],
        [at.Bath("hot", 0.2, hot, (0.3, 0.2)), at.Bath("cold", 0.18, cold, (0.2, 0.3))],
        [at.Exchange(("a", "hot"), at.drives.Strokes((0.5, 1.0), (1.0, 0.0))), at.Exchange(("a", "cold"))],
        period=1.5,
    )
    dense = at.run(subject, 2, initial=paired(0.9, "exchange", phase=0.7), backend=at.Dense())
    n = np.array([1.0 / np.expm1(w / T) for ws, T in ((hot, 0.2), (cold, 0.18)) for w in ws])
    c = 0.9 * np.min(np.sqrt(n[:2] * n[2:])) * np.exp(0.7j)  # <a_k B_k^dag> = <B_k^dag a_k>
    occupied = np.diag(n).astype(complex)
    occupied[[2, 3], [0, 1]], occupied[[0, 1], [2, 3]] = c, np.conj(c)  # [i, j]: <a_i^dag a_j>
    kernel = scipy.linalg.logm(np.linalg.inv(occupied.T) + np.eye(4))
    lower = [qutip.tensor([qutip.destroy(levels) if k == m else qutip.qeye(levels) for m in range(4)]) for k in range(4)]
    exponent = sum(-kernel[i, j] * lower[i].dag() * lower[j] for i in range(4) for j in range(4))
    rho = exponent.expm()
    given = at.GivenState(rho / rho.tr(), ("hot", "cold"))
    cut = at.run(subject, 2, initial=given, backend=at.DensityMatrix(levels=levels))
    for name in ("work", "heat", "reservoir_correlation"):  # the cut leaves out e^-18 .. e^-20
        assert cut.cycles[name].values == pytest.approx(dense.cycles[name].values, abs=2e-5), name
    assert np.max(np.abs(dense.cycles["heat"])) > 5e-4


@pytest.mark.parametrize("pattern", ["two_mode_squeezing", "exchange"])
def test_sites_of_spin_baths(pattern):
    """Operators of n equal pairs add up to a lowest eigenvalue -n: each pair reaches sqrt(p_0 p_1 p'_0 p'_1)/n."""
    spins = at.Machine(
        [at.Qubit("a", 1.0)],
        [at.SpinBath("hot", 2.0, (0.7, 1.1)), at.SpinBath("cold", 0.8, (0.9, 1.3))],
        [at.Exchange(("a", "hot"), 0.1)],
        period=1.0,
    )
    solver = at.DensityMatrix().bind(spins)
    found, plain = (
        factor @ factor.conj().T
        for factor in (solver.prepare(paired(pattern=pattern, phase=0.5)).factor, solver.prepare(at.ProductThermal()).factor)
    )
    rho, product = (qutip.Qobj(one, dims=[[2] * 5] * 2).ptrace([1, 2, 3, 4]) for one in (found, plain))
    p = [1.0 / (np.exp(w / T) + 1.0) for w, T in ((0.7, 2.0), (1.1, 2.0), (0.9, 0.8), (1.3, 0.8))]
    low = [qutip.tensor([qutip.sigmam() if k == m else qutip.qeye(2) for m in range(4)]) for k in range(4)]
    for i in range(2):
        for j in range(2):
            other = low[2 + j].dag() if pattern == "exchange" else low[2 + j]
            largest = 0.5 * np.sqrt(p[i] * (1.0 - p[i]) * p[2 + j] * (1.0 - p[2 + j])) * np.exp(0.5j)
            assert (rho * low[i] * other).tr() == pytest.approx(largest if i == j else 0.0, abs=1e-14)
    assert rho.ptrace([0, 1]).full() == pytest.approx(product.ptrace([0, 1]).full(), abs=1e-14)
    assert rho.ptrace([2, 3]).full() == pytest.approx(product.ptrace([2, 3]).full(), abs=1e-14)
    assert rho.eigenenergies()[0] == pytest.approx(0.0, abs=1e-14)
    assert (product + 1.01 * (rho - product)).eigenenergies()[0] < -1e-5


@pytest.mark.filterwarnings("ignore::athermal.errors.TruncationWarning")  # two solvers of one cut machine
def test_truncated_baths_and_state_vectors():
    cut = at.Machine(
        [at.Qubit("a", 1.0)],
        [at.TruncatedBath("hot", 0.5, (0.7, 1.1), (0.1, 0.1), 2), at.TruncatedBath("cold", 0.3, (0.9, 1.3), (0.1, 0.1), 2)],
        [at.Exchange(("a", "hot")), at.Exchange(("a", "cold"), at.drives.Harmonic(0.5, 2.0 * np.pi))],
        period=1.0,
        initial=paired(0.7),
    )
    whole, vectors = (at.run(cut, 1, backend=backend) for backend in (at.DensityMatrix(), at.StateVectors(max_columns=32)))
    for name in ("work", "heat", "reservoir_correlation"):
        assert whole.cycles[name].values == pytest.approx(vectors.cycles[name].values, abs=1e-9), name


def test_files():
    """As tables of a machine file, and back from the plain form of a machine."""
    entry = {"between": ["hot bath", "cold bath"], "modes": "paired", "weights": [1.0, 0.5, 0.0]}
    tables = {
        "machine": {"library": "two_oscillator", "modes": 3},
        "initial": {"kind": "correlated_marginals", "correlations": [entry], "strength": 0.4},
    }
    plan = build_machine_file(tables)
    (found,) = plan.initial.correlations
    assert found == at.Correlation(("hot bath", "cold bath"), modes="paired", weights=(1.0, 0.5, 0.0))
    assert from_spec(AnyInitialState, to_spec(plan.initial, AnyInitialState), "it") == plan.initial


@pytest.mark.parametrize(
    ("correlation", "message"),
    [
        (lambda: at.Correlation(("hot", "cold"), modes="pairs"), "`modes` of a correlation must be one of 'contact', 'paired'"),
        (lambda: at.Correlation(("hot", "cold"), modes="paired", site=1), "`site` of a correlation must be left out"),
    ],
)
def test_refused_descriptions(correlation, message):
    with pytest.raises(at.errors.MachineError, match=message):
        correlation()


def test_refused_pairs():
    with pytest.raises(at.errors.MachineError, match="'hot' has 2 and 'cold' has 3. Give both as many"):
        at.run(machine(hot=HOT[:2]), 1, initial=paired())
    with pytest.raises(at.errors.MachineError, match="'hot' has 2 and 'cold' has 3. Give both as many"):
        at.run(machine(hot=HOT[:2]), 1, initial=paired(), backend=at.Star())
    with pytest.raises(at.errors.MachineError, match="`weights` of The correlation between 'hot' and 'cold' must .*3"):
        at.run(machine(), 1, initial=paired(weights=(1.0, 2.0)))
    with pytest.raises(at.errors.StateError, match="give modes that are in their ground states the weight zero"):
        at.run(machine(), 1, initial=paired(start=at.ProductThermal({"cold": 0.0})))
    beside = [*paired().correlations, at.Correlation(("a", "hot"))]
    with pytest.raises(at.errors.MachineError, match=r"at most `block_modes` = 2 modes .* but has 3. Use Dense\(\)"):
        at.run(machine(), 1, initial=at.CorrelatedMarginals(beside, 0.5), backend=FEW)


def test_many_pairs_are_held_in_groups_of_two():
    """A band of 150 modes on either side: the same energies as on Dense at a fraction of the cost."""
    density = at.densities.FlatBand(0.2, 0.5, 1.5)
    baths = [at.ContinuumBath(name, T, density, 150) for name, T in (("hot", 2.0), ("cold", 1.0))]
    wide = at.Machine([at.Oscillator("a", 1.0)], baths, [at.Exchange(("a", "hot")), at.Exchange(("a", "cold"))], period=2.0)
    start = at.Star().bind(wide).prepare(paired(0.5)).start
    assert sorted(len(modes) for modes, _ in start.groups) == [1] + [2] * 150
    one, two = (at.run(wide, 1, initial=paired(0.5), backend=backend) for backend in (at.Star(), at.Dense()))
    for name in ("heat", "reservoir_correlation"):
        assert one.cycles[name].values == pytest.approx(two.cycles[name].values, abs=1e-8), name


def test_modes_that_the_run_chooses_cannot_be_paired():
    baths = [at.ContinuumBath(name, 1.0, at.densities.FlatBand(0.2, 0.5, 1.5)) for name in ("hot", "cold")]
    auto = at.Machine([at.Oscillator("a", 1.0)], baths, [at.Exchange(("a", "hot")), at.Exchange(("a", "cold"))], period=2.0)
    with pytest.raises(at.errors.MachineError, match="Give it a number of modes"):
        at.run(auto, 1, initial=paired(0.5))
