"""The best initial correlations against closed forms, brute force, and bounds worked out independently of the solver."""

import itertools

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize

import athermal as at
from athermal.backends.gaussian.state import GaussianState
from athermal.maths.semidefinite import Programme, minimise
from athermal.optimisation.correlations_finite import FiniteCorrelations
from athermal.optimisation.correlations_gaussian import GaussianCorrelations

W_A, W_B, T_A, T_B = 2.0, 1.0, 1.3, 0.9
OCCUPATION_A, OCCUPATION_B = 1.0 / np.expm1(W_A / T_A), 1.0 / np.expm1(W_B / T_B)
EVERY_TIME = lambda z, value, bound: value - bound < 1e-10 * abs(value)  # noqa: E731


def gate(kind, angle, **options):
    """Two oscillators, idle for a stroke, then mixed or squeezed by an angle in the frame that rotates with them."""
    stroke = 2.0 * np.pi
    window = at.drives.Strokes((stroke, stroke), (0.0, angle / stroke))
    rotation = W_A - W_B if kind is at.Exchange else W_A + W_B
    return at.Machine(
        [at.Oscillator("a", W_A), at.Oscillator("b", W_B)],
        [at.Bath("bath", T_A, [1.0], [0.1])],
        [kind(("a", "b"), window * at.drives.Rotating(1.0, rotation))],
        period=2.0 * stroke,
        initial=at.ProductThermal({"b": T_B}),
    )


@pytest.fixture(scope="module")
def driven():
    """One oscillator, whose frequency and contact are switched, and one bath mode."""
    return at.Machine(
        [at.Oscillator("a", at.drives.Strokes((1.5, 1.5), (1.0, 2.0)))],
        [at.Bath("bath", 2.0, [1.3], [0.3])],
        [at.Position(("a", "bath"), at.drives.Strokes((1.5, 1.5), (0.2, 1.0)))],
        period=3.0,
    )


# --- closed forms ------------------------------------------------------------------------------------------------------


def closed_form(kind, angle):
    """Largest work output of a gate: N_a and N_b change by the gate and by twice Re of the largest <a b^dag> or <a b>.

    Averaging over opposite (equal) phases of a and b leaves the work and removes the other correlation, so that the optimum has
    one pattern alone; its largest size is sqrt(N_a N_b), or sqrt(N_< (N_> + 1)) for squeezing.
    """
    small, large = sorted((OCCUPATION_A, OCCUPATION_B))
    if kind is at.Exchange:
        gain = np.sin(angle) ** 2 * (OCCUPATION_B - OCCUPATION_A)
        return -(W_A - W_B) * gain + (W_A - W_B) * abs(np.sin(2 * angle)) * np.sqrt(small * large)
    gain = np.sinh(angle) ** 2 * (OCCUPATION_A + OCCUPATION_B + 1.0)
    return (W_A + W_B) * (np.sinh(2 * angle) * np.sqrt(small * (large + 1.0)) - gain)


@pytest.mark.parametrize("kind", [at.Exchange, at.TwoModeSqueezing])
@pytest.mark.parametrize("angle", [0.3, 0.7])
def test_gates_between_two_oscillators(kind, angle):
    machine = gate(kind, angle)
    best = at.best_correlations(machine, among=("a", "b"), initial=machine.initial)
    exact = closed_form(kind, angle)
    assert best.value == pytest.approx(exact, rel=2e-8)  # the accuracy asked for
    assert best.value - 1e-12 <= exact <= best.bound + 1e-12
    # the gap of the value, and drives known to 1e-12
    assert float(best.ledger.work_output[0]) == pytest.approx(best.value, rel=1e-9)


@pytest.mark.filterwarnings("ignore::athermal.errors.TruncationWarning")
def test_cut_oscillators_reach_the_gaussian_optimum():
    """A Gaussian start of thermal marginals is the best of all states, so that density matrices reach it up to the cut."""
    start = at.ProductThermal({"a": 0.45, "b": 0.25})
    machine = at.Machine(
        [at.Oscillator("a", W_A), at.Oscillator("b", W_B)],
        [at.Bath("bath", 0.3, [1.0], [0.1])],
        [at.TwoModeSqueezing(("a", "b"), at.drives.Strokes((1.0, 1.0), (0.0, 0.15)))],  # sudden: exact at little cost
        period=2.0,
    )
    best = at.best_correlations(machine, among=("a", "b"), initial=start)
    missed = []
    for levels in (2, 3, 4):
        cut = at.best_correlations(machine, among=("a", "b"), initial=start, backend=at.DensityMatrix(levels=levels))
        missed.append(abs(cut.value / best.value - 1.0))
    # of n levels the populations e^{-n w/T} are cut off, w/T = 4 and more, and their roots enter the correlations; the gate moves
    # population up as well
    assert missed[2] < 1e-3
    assert missed[2] < 0.2 * missed[1] < 0.04 * missed[0]


@pytest.mark.parametrize("n", [2, 3])
def test_work_from_correlated_qubits(n):
    """M. Perarnau-Llobet et al., Phys. Rev. X 5, 041011 (2015): n qubits of thermal marginals give n E_b, E_b = w f(w, T), no more.

    The cycle is the unitary that takes their best state, sqrt(1 - f)|0..0> + sqrt(f)|1..1>, to the ground state: all qubits but the
    first are flipped if that is excited, then it is rotated. An idle stroke comes first: no coupling has energy at the start.
    """
    frequency, temperature = 1.0, 0.8
    excited = 1.0 / (np.exp(frequency / temperature) + 1.0)
    stroke = 2.0 * np.pi / frequency
    names = [f"q{k}" for k in range(n)]
    flips = at.drives.Strokes((stroke,) * 3, (0.0, 0.5 * np.pi / stroke, 0.0)) * at.drives.Rotating(1.0, -frequency)
    angle = np.arctan2(np.sqrt(excited), np.sqrt(1.0 - excited))
    turn = at.drives.Strokes((stroke,) * 3, (0.0, 0.0, angle / stroke)) * at.drives.Rotating(
        1.0, -frequency, phase=-0.5 * np.pi * n
    )
    couplings = [at.OperatorCoupling((names[0], q), ("|0><0|", "sigmap"), flips, plus_conjugate=True) for q in names[1:]]
    couplings.append(at.OperatorCoupling((names[0],), ("sigmap",), turn, plus_conjugate=True))
    machine = at.Machine(
        [at.Qubit(q, frequency) for q in names], [at.SpinBath("bath", temperature, [frequency])], couplings, 3.0 * stroke
    )
    best = at.best_correlations(machine, among=names)
    exact = n * frequency * excited
    assert best.value <= exact + 1e-12 <= best.bound + 2e-12  # rounding of propagators
    assert best.bound - exact < 1e-7
    assert exact - best.value < 1e-7
    assert float(best.ledger.work_output[0]) == pytest.approx(best.value, rel=1e-9)
    # nothing is left to be drawn beyond it: the start is pure up to the gap, whose root its small populations may have
    assert best.ergotropy == pytest.approx(exact, abs=1e-3)
    state = best.initial.state.matrix.toarray()
    ends = np.zeros(2**n)
    ends[0], ends[-1] = np.sqrt(excited), np.sqrt(1.0 - excited)
    assert np.real(ends @ state @ ends) == pytest.approx(1.0, abs=1e-3)


def test_the_library_machine_of_correlated_qubits_has_the_best_start():
    machine = at.library.correlated_qubits(2)
    best = at.best_correlations(machine, among=("qubit 1", "qubit 2"))
    assert best.bound == pytest.approx(float(at.run(machine).work_output[0]), abs=1e-7)


def test_showcase():
    """The best correlations of the two oscillators against those chosen by hand, <a b> = i s, s = 0.99 of the largest."""
    machine = at.library.two_oscillator(T_hot=2.4, squeezing=0.01, modes=12, rule="equal")
    chosen = at.CorrelatedMarginals([at.Correlation(("hot", "cold"), phase=np.pi / 2)], strength=0.99)
    by_hand = float(at.run(machine, initial=chosen).efficiency[0])
    work = at.best_correlations(machine, among=("hot", "cold"))
    efficiency = at.best_correlations(machine, among=("hot", "cold"), objective="efficiency")
    assert work.value > float(at.run(machine, initial=chosen).work_output[0])
    assert efficiency.value > by_hand > machine.carnot_efficiency
    # the first law lets no efficiency exceed one; here every part can give energy at once
    assert efficiency.value == pytest.approx(1.0, abs=1e-8)
    assert efficiency.bound == 1.0
    assert bool(efficiency.ledger.is_athermal[0])


# --- brute force -------------------------------------------------------------------------------------------------------


class BruteForce:
    """Every covariance with given local blocks by direction and size, from runs of the machine alone."""

    def __init__(self, machine, names, cycles):
        self.machine, self.cycles = machine, cycles
        self.modes = [[*machine.subsystem_names, *machine.reservoir_names].index(name) for name in names]  # one mode each
        solver = at.Dense().bind(machine)
        self.local = solver.prepare(at.ProductThermal()).covariance
        self.n_modes = len(self.local) // 2
        rows = [np.array([k, k + self.n_modes]) for k in self.modes]
        self.entries = [(i, j) for i in rows[0] for j in rows[1]]
        form = np.kron([[0.0, 1.0], [-1.0, 0.0]], np.eye(self.n_modes))
        self.uncertain = self.local + 0.5j * form
        self.offset = self.changes(np.zeros(4))
        small = 0.2 * self.largest(np.eye(4)[0])
        self.slopes = np.stack([(self.changes(small * unit) - self.offset) / small for unit in np.eye(4)], axis=1)

    def pattern(self, block):
        matrix = np.zeros_like(self.local)
        for (i, j), value in zip(self.entries, block, strict=True):
            matrix[i, j] = matrix[j, i] = value
        return matrix

    def largest(self, direction):
        """Return the largest c with sigma + c X + i Omega/2 >= 0."""
        lowest = scipy.linalg.eigh(self.pattern(direction), self.uncertain, eigvals_only=True)[0]
        return -1.0 / lowest

    def changes(self, block):
        covariance = self.local + self.pattern(block)
        total = at.run(self.machine, self.cycles, at.GaussianMoments(covariance)).cumulative.isel(cycle=-1)
        return np.concatenate([total.energy_change.values, total.heat.values])

    def work_output(self, block):
        return -float(np.sum(self.offset + self.slopes @ block))

    def efficiency(self, block):
        changes = self.offset + self.slopes @ block
        return -float(np.sum(changes)) / max(-float(np.sum(np.minimum(changes, 0.0))), 1e-12)

    def best(self, objective, seed=1):
        """Search all directions and sizes by differential evolution, which knows nothing of convexity."""

        def cost(z):
            size = float(np.linalg.norm(z[:4]))
            direction = z[:4] / size if size > 0.0 else np.eye(4)[0]
            return -objective(z[4] * self.largest(direction) * direction)

        limits = [(-1.0, 1.0)] * 4 + [(0.0, 1.0)]
        found = scipy.optimize.differential_evolution(cost, limits, seed=seed, tol=1e-12, maxiter=250, popsize=10, polish=False)
        options = {"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000}
        polished = scipy.optimize.minimize(cost, found.x, method="Nelder-Mead", bounds=limits, options=options)
        return -min(found.fun, polished.fun)


@pytest.mark.parametrize("cycles", [1, 3])
def test_brute_force_of_an_oscillator_and_a_bath_mode(driven, cycles):
    brute = BruteForce(driven, ("a", "bath"), cycles)
    best = at.best_correlations(driven, cycles)
    found = brute.best(brute.work_output)
    # slopes from differences of runs are known to 1e-12 or so; the search ends within 1e-9 of its optimum
    assert found == pytest.approx(best.value, rel=1e-6)
    assert found <= best.bound + 1e-9


@pytest.mark.parametrize("objective", ["work_output", "efficiency"])
@pytest.mark.parametrize("among", [("hot", "hot bath"), ("hot", "cold")])
def test_brute_force_of_the_two_oscillator_engine(objective, among):
    machine = at.Machine(
        [at.Oscillator("hot", 2.0), at.Oscillator("cold", 1.0)],
        [at.Bath("hot bath", 2.4, [1.9], [0.2]), at.Bath("cold bath", 1.0, [1.1], [0.2])],
        [
            at.Exchange(("hot", "hot bath")),
            at.Exchange(("cold", "cold bath")),
            at.Exchange(("hot", "cold"), at.drives.Rotating(0.15, 1.0)),
            at.TwoModeSqueezing(("hot", "cold"), at.drives.Rotating(0.01, 3.0)),
        ],
        period=2.0 * np.pi,
    )
    brute = BruteForce(machine, among, 1)
    best = at.best_correlations(machine, objective=objective, among=among)
    found = brute.best(getattr(brute, objective))
    # two oscillators can all give energy at once, oscillator and bath cannot
    assert objective == "work_output" or (best.value > 1.0 - 1e-8) == (among == ("hot", "cold"))
    assert found == pytest.approx(best.value, rel=1e-6)
    assert found <= best.bound + 1e-9


def test_brute_force_of_the_efficiency_at_a_required_work_output(driven):
    most = at.best_correlations(driven)
    least = 0.999 * most.value
    best = at.best_correlations(driven, objective="efficiency", work_output_at_least=least)
    brute = BruteForce(driven, ("a", "bath"), 1)
    found = brute.best(lambda block: brute.efficiency(block) - 1e3 * max(0.0, least - brute.work_output(block)))
    assert most.ledger.efficiency[0] < best.value < 1.0
    assert found == pytest.approx(best.value, rel=1e-6)
    assert found <= best.bound + 1e-9
    assert float(best.ledger.work_output[0]) >= least * (1.0 - 1e-12)


# --- bounds that do not know the solver -----------------------------------------------------------------------------------


def test_bound_is_the_ground_energy_of_the_work_operator_with_prices():
    """tr(M sigma)/2 >= sum_k d_k(M + Y)/2 - tr(Y sigma)/2 for local Y, with M from a propagator of its own."""
    machine = at.library.two_oscillator(T_hot=2.4, squeezing=0.01, modes=3, rule="equal")
    solver = at.Dense().bind(machine)
    names = (*machine.subsystem_names, *machine.reservoir_names)
    space = GaussianCorrelations(solver, at.ProductThermal(), names, 1)
    cost = space.slopes.sum(axis=0)
    best = minimise(Programme.unconstrained(space.span, cost, space.reach), np.zeros(len(cost)), EVERY_TIME)
    offset = float(space.offsets.sum())
    # M = U^T h U - h at the ends of a cycle
    size = 2 * machine.n_modes
    identity = GaussianState(np.zeros(size), np.eye(size), np.full(machine.n_modes, 0.5))
    u = solver.advance(identity, 0.0, machine.period)[0].factor
    h = machine.hamiltonian.form(0.0)
    m = u.T @ h @ u - h
    inverse = np.linalg.inv(space._frame)
    priced = 2.0 * np.real(inverse.conj().T @ best.dual @ inverse)
    prices = np.zeros_like(m)
    for modes in machine.hamiltonian.part_modes.values():
        rows = np.concatenate([modes, modes + machine.n_modes])
        prices[np.ix_(rows, rows)] = (priced - m)[np.ix_(rows, rows)]
    values = np.linalg.eigvals(1j * np.kron([[0, 1], [-1, 0]], np.eye(machine.n_modes)) @ (m + prices)).real
    bound = 0.25 * np.sum(np.abs(values)) - 0.5 * np.vdot(prices, space.start.covariance)
    # a general eigenvalue solver of a matrix that is singular up to the gap: its root of rounding
    assert bound == pytest.approx(offset + best.bound, abs=2e-7)
    assert np.max(np.abs(priced - m - prices)) < 1e-9
    assert offset + best.value == pytest.approx(offset + best.bound, abs=1e-9)


def test_bound_is_the_lowest_eigenvalue_of_the_work_operator_with_prices():
    """Tr(M rho) >= lambda_min(M - sum_p Y_p) + sum_p Tr(Y_p rho_p)."""
    machine = at.library.two_qubit_swap()
    solver = at.DensityMatrix().bind(machine)
    names = (*machine.subsystem_names, *machine.reservoir_names)
    space = FiniteCorrelations(solver, at.ProductThermal(), names, 1)
    cost = space.slopes.sum(axis=0)
    best = minimise(Programme.unconstrained(space.span, cost, space.reach), np.zeros(len(cost)), EVERY_TIME)
    factor = type(solver.prepare(at.ProductThermal())).at_start(np.eye(16, dtype=complex), machine.hamiltonian.n_integrals)
    u = solver.advance(factor, 0.0, machine.period)[0].factor
    h = machine.hamiltonian.whole.at(0.0).toarray()
    m = u.conj().T @ h @ u - h
    root = np.array([[1.0]])
    for name in names:
        root = np.kron(root, space.roots[name])
    inverse = np.linalg.inv(root)
    rest = m - inverse.conj().T @ best.dual @ inverse
    # what is left is a sum of operators of one part each: no product of two or more Pauli matrices is in it
    paulis = [np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])]
    for choice in itertools.product(range(4), repeat=4):
        if sum(k > 0 for k in choice) > 1:
            product = np.array([[1.0]])
            for k in choice:
                product = np.kron(product, paulis[k])
            assert abs(np.trace(rest @ product)) < 1e-9
    product_state = root @ root.conj().T
    bound = np.linalg.eigvalsh(m - rest)[0] + np.trace(rest @ product_state).real
    assert bound == pytest.approx(float(space.offsets.sum()) + best.bound, abs=1e-8)
