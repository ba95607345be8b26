"""FloquetMarkov: QuTiP's `fmmesolve`, the exact limit cycle of a driven oscillator, the weak-drive maser, and the laws."""

from __future__ import annotations

import contextlib
import itertools

import numpy as np
import pytest
import qutip
import scipy.linalg
import scipy.special

import athermal as at
from athermal.backends.open import FloquetMarkov, Lindblad

OMEGA = 1.1
TAU = 2.0 * np.pi / OMEGA
HARMONIC = at.drives.Harmonic(0.6, frequency=OMEGA)
STEPS = at.drives.Strokes((2.0, TAU - 2.0), (0.2, -0.5))


def ohmic(name, temperature, friction=0.02):
    return at.ContinuumBath(name, temperature, at.densities.Ohmic(friction=friction, cutoff=8.0))


HOT_COLD = [ohmic("hot", 1.2), ohmic("cold", 0.4)]


def qubit(drive, baths=HOT_COLD, contact=1.0):
    contacts = [at.OperatorCoupling(("q", bath.name), ("sigmax", "position"), contact) for bath in baths]
    return at.Machine([at.Qubit("q", 1.0)], baths, [*contacts, at.OperatorCoupling("q", "sigmax", drive)], period=TAU)


def named(*, is_broken):
    """Expect the ledger to name a broken second law, or not to."""
    if not is_broken:
        return contextlib.nullcontext()
    return pytest.warns(at.errors.ResidualWarning, match="The second law is broken")


def run(machine, backend=None, cycles=3, **options):
    return at.run(machine, cycles=cycles, backend=backend or FloquetMarkov(), **options)


# --- against others ---------------------------------------------------------------------------------------------------------


def test_qutip_fmmesolve():
    """Quasi-energies, and states from a mixture of Floquet modes; QuTiP leaves a part of the dephasing of coherences out."""
    machine = qubit(HARMONIC, [ohmic("bath", 0.7)])
    solver = FloquetMarkov().bind(machine)
    modes = solver.rates.modes
    rho = qutip.Qobj(modes.start @ np.diag([0.9, 0.1]) @ modes.start.conj().T)
    h = qutip.QobjEvo(lambda t: qutip.Qobj(solver.hamiltonian.own(("q",), t).toarray()))
    precise = {"rtol": 1e-11, "atol": 1e-13}
    basis = qutip.FloquetBasis(h, machine.period, options=precise)
    own, theirs = (np.sort(np.mod(e, OMEGA)) for e in (modes.quasi_energies, basis.e_quasi))
    assert own == pytest.approx(theirs, abs=1e-9)  # QuTiP's integrator
    times = np.linspace(0.0, 3.0 * machine.period, 8)
    (bath,) = solver.system.baths
    # of X = sqrt 2 L
    spectra = [lambda w: 0.5 * bath.rates(w) / (2.0 * np.pi)]
    found = qutip.fmmesolve(basis, rho, times, [qutip.sigmax()], spectra_cb=spectra, T=machine.period, options=precise)
    state = solver.prepare(at.GivenState(rho, parts=("q",)))
    for k, (start, stop) in enumerate(itertools.pairwise(times)):
        state, _ = solver.advance(state, start, stop)
        # QuTiP keeps five harmonics
        assert solver.density(state.vector) == pytest.approx(found.states[k + 1].full(), abs=1e-7)
    assert abs(solver.density(state.vector)[0, 0] - rho[0, 0]) > 0.05


@pytest.mark.parametrize("period", [TAU, 2.0 * np.pi])
def test_an_undriven_machine_is_that_of_lindblad(period):
    """Two coupled qubits, also with a period after which levels of the uncoupled ones turn alike."""
    machine = at.Machine(
        [at.Qubit("a", 1.0), at.Qubit("b", 2.0)],
        HOT_COLD,
        [
            at.OperatorCoupling(("a", "hot"), ("sigmax", "position")),
            at.OperatorCoupling(("b", "cold"), ("sigmam", "create"), plus_conjugate=True),
            at.OperatorCoupling(("a", "b"), ("sigmax", "sigmax"), 0.3 if period == TAU else 1e-6),
        ],
        period=period,
    )
    start = at.GivenState(qutip.tensor(qutip.basis(2, 0) + qutip.basis(2, 1), qutip.basis(2, 0)).unit(), parts=("a", "b"))
    one, other = (run(machine, backend, initial=start).cycles for backend in (FloquetMarkov(), Lindblad()))
    for name in ("heat", "work", "energy_change", "entropy_change"):
        assert one[name].values == pytest.approx(other[name].values, abs=1e-7)  # Lindblad's integrator
    assert one.bath_quanta.values == pytest.approx(one.heat.values, abs=1e-13)
    assert np.max(np.abs(one.heat.values)) > 1e-2


def test_the_exact_limit_cycle_of_a_modulated_oscillator():
    """Heats and work of Gaussian dynamics with the baths' own energies, up to the order of the friction.

    The heat by each dissipator would be off by an eighth, and its work is zero: a mixture of Floquet modes does none.
    """
    w, friction = 3.1, 0.005
    machine = at.Machine(
        [at.Oscillator("o", 1.0 + at.drives.Harmonic(0.15, frequency=w))],
        [ohmic("hot", 0.8, friction), ohmic("cold", 0.4, friction)],
        [at.Position(("o", "hot")), at.Position(("o", "cold"))],
        period=2.0 * np.pi / w,
    )
    exact = at.limit_cycle(machine).ledger
    heats, works = exact.heat.values[0], float(exact.work[0])

    def last_cycle(heat):
        solver = FloquetMarkov(levels=16, heat=heat).bind(machine)
        state = solver.prepare(at.ProductThermal())
        for k in range(1200):  # e^-12 of the start is left
            before = state.sums
            state, work = solver.advance(state, k * machine.period, (k + 1) * machine.period)
        return work, (state.sums - before)[1:3]

    work, taken = last_cycle("quanta")
    assert taken == pytest.approx(heats, rel=0.01)  # the friction, and levels that are left out
    assert work == pytest.approx(works, rel=0.01)  # as above
    work, taken = last_cycle("dissipator")
    assert np.all(np.abs(taken / heats - 1.0) > 0.06)
    assert abs(work) < 1e-3 * works


@pytest.mark.parametrize(("cold", "is_engine"), [(0.3, True), (0.9, False)])
def test_the_minimal_heat_machine(cold, is_engine):
    """D. Gelbwaser-Klimovsky, R. Alicki, G. Kurizki, PRE 87, 012140 (2013): a modulated qubit whose baths see one sideband each.

    eta = 1 - w_-/w_+ with w_+- = w_0 +- Omega, an engine if T_c/T_h < w_-/w_+, else a refrigerator; the weights of the sidebands
    are Bessel functions. The heat by each dissipator would flow from cold to hot there without work, and the ledger says so.
    """
    w_0, depth, rate, hot = 2.0, 1.0, 0.02, 1.2
    high, low = w_0 + OMEGA, w_0 - OMEGA
    baths = [
        at.ContinuumBath("hot", hot, at.densities.FlatBand(rate=rate, low=high - 0.2, high=high + 0.2, convention="J")),
        at.ContinuumBath("cold", cold, at.densities.FlatBand(rate=rate, low=low - 0.2, high=low + 0.2, convention="J")),
    ]
    contacts = [at.OperatorCoupling(("q", bath.name), ("sigmax", "position")) for bath in baths]
    drive = at.drives.Harmonic(0.5 * depth * OMEGA, frequency=OMEGA)
    machine = at.Machine([at.Qubit("q", w_0)], baths, [*contacts, at.OperatorCoupling("q", "sigmaz", drive)], period=TAU)
    ledger = run(machine, cycles=250)
    last = ledger.cycles.isel(cycle=-1)
    assert float(last.heat[1] / last.heat[0]) == pytest.approx(-low / high, rel=1e-9)  # e^-20 of the start is left
    assert (float(last.work) < 0.0) == is_engine
    # the populations of two Poisson processes
    number_h, number_c = (1.0 / np.expm1(w / t) for w, t in ((high, hot), (low, cold)))
    strength = 2.0 * rate * scipy.special.jv(1, depth) ** 2
    excited = (number_h + number_c) / (2.0 * (number_h + number_c + 1.0))
    flow = strength * ((number_h + 1.0) * excited - number_h * (1.0 - excited))
    assert float(last.heat[0]) == pytest.approx(high * flow * TAU, rel=1e-9)  # as above
    assert not ledger.violations()
    with named(is_broken=not is_engine):
        other = run(machine, FloquetMarkov(heat="dissipator"), cycles=250).cycles.isel(cycle=-1)
    assert other.heat.values == pytest.approx(w_0 * flow * TAU * np.array([1.0, -1.0]), rel=1e-6)  # as above
    assert (float(other.sigma_total_change) > 0.0) == is_engine


def test_row_22_the_weakly_driven_maser():
    """Scovil and Schulz-DuBois 1959: eta = 1 - w_c/w_h, for a field weaker than the rates, its dressed states taken as one.

    The heats are those of QuTiP's steady state in the frame of the field.
    """
    w_c, w_h, field, rate, hot, cold = 1.0, 2.5, 0.03, 0.1, 3.0, 0.5
    band = at.densities.FlatBand(rate=rate, low=0.3, high=4.0)
    machine = at.Machine(
        [at.Qudit("maser", [0.0, w_c, w_h])],
        [at.ContinuumBath("hot", hot, band), at.ContinuumBath("cold", cold, band)],
        [
            at.OperatorCoupling(("maser", "hot"), ("|0><2|", "create"), plus_conjugate=True),
            at.OperatorCoupling(("maser", "cold"), ("|0><1|", "create"), plus_conjugate=True),
            at.OperatorCoupling("maser", "|1><2|", at.drives.Rotating(field, w_h - w_c), plus_conjugate=True),
        ],
        period=2.0 * np.pi / (w_h - w_c),
    )
    last = run(machine, FloquetMarkov(grouping=0.2), cycles=150).cycles.isel(cycle=-1)
    assert float(last.efficiency) == pytest.approx(1.0 - w_c / w_h, abs=1e-9)  # relaxed to e^-15 or so
    zero, one, two = (qutip.basis(3, k) for k in range(3))
    jumps = []
    for level, w, temperature in ((two, w_h, hot), (one, w_c, cold)):
        n = 1.0 / np.expm1(w / temperature)
        jumps += [np.sqrt(rate * (n + 1.0)) * zero * level.dag(), np.sqrt(rate * n) * level * zero.dag()]
    rho = qutip.steadystate(field * (one * two.dag() + two * one.dag()), jumps)
    flow = sum(qutip.lindblad_dissipator(c, c) for c in jumps[:2])(rho)
    taken = w_h * float(np.real(flow[2, 2])) * machine.period
    assert float(last.heat[0]) == pytest.approx(-taken, rel=1e-6)  # the bands vary by field^2 about w_h


# --- the laws ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heat", ["quanta", "dissipator"])
@pytest.mark.parametrize("drive", [HARMONIC, STEPS])
def test_first_law_and_second_law_of_the_quanta(drive, heat):
    machine = qubit(drive)
    start = at.GivenState((qutip.basis(2, 0) + 1j * qutip.basis(2, 1)).unit(), parts=("q",))
    with named(is_broken=heat == "dissipator"):
        ledger = run(machine, FloquetMarkov(heat=heat), samples_per_cycle=5, initial=start)
    s, cumulative = ledger.snapshots, ledger.cumulative
    work = np.concatenate([[0.0], np.cumsum(ledger.works)])
    balance = work - np.sum(s.reservoir_energies, axis=-1) - (s.subsystem_energies - s.subsystem_energies[0])[:, 0]
    assert np.max(np.abs(balance)) < 1e-12  # rounding of Gauss rules and exponentials
    entropy = s.system_entropy + s.extras["bath_quanta"] @ (1.0 / ledger.reference.temperatures)
    assert np.all(np.diff(entropy) > 0.0)
    assert np.max(np.abs(work)) > 0.01
    solver = FloquetMarkov(heat=heat).bind(machine)
    state = solver.prepare(start)
    for k in range(3):
        state, _ = solver.advance(state, k * TAU, (k + 1) * TAU)
        whole = [cumulative[name].values[k] for name in ("heat", "bath_quanta")]
        assert [state.sums[1:3], state.sums[5:]] == [pytest.approx(values, abs=1e-12) for values in whole]  # as above
        assert state.sums[0] == pytest.approx(float(cumulative.work[k]), abs=1e-12)  # as above


def test_sudden_quenches():
    """The propagator of a period is a product of two exponentials; <H> jumps in it are work."""
    machine = qubit(STEPS)
    solver = FloquetMarkov().bind(machine)
    first, second = (solver.hamiltonian.own(("q",), time).toarray() for time in (1.0, 3.0))
    period = scipy.linalg.expm(-1j * (TAU - 2.0) * second) @ scipy.linalg.expm(-2j * first)
    modes = solver.rates.modes
    turned = modes.start * np.exp(-1j * modes.quasi_energies * TAU)
    assert period @ modes.start == pytest.approx(turned, abs=1e-13)  # rounding
    weak = FloquetMarkov(heat="dissipator").bind(qubit(STEPS, [ohmic("bath", 1.0, 1e-12)]))
    state = weak.prepare(at.GivenState(qutip.basis(2, 0), parts=("q",)))
    before = state.vector[0].real
    state, work = weak.advance(state, 0.0, 2.0)
    rho = scipy.linalg.expm(-2j * first) @ np.diag([before, 1.0 - before]) @ scipy.linalg.expm(2j * first)
    assert work == pytest.approx(float(np.real(np.trace((second - first) @ rho))), abs=1e-11)  # the friction


def test_a_weak_drive_does_little():
    """Heats of a populated state differ from those of the undriven machine by the square of a drive of sigma_x."""
    still = run(qubit(0.0)).cumulative.heat.values
    small, twice = (run(qubit(at.drives.Harmonic(a, frequency=OMEGA))).cumulative.heat.values - still for a in (1e-3, 2e-3))
    assert 1e-7 < np.max(np.abs(small)) < 1e-3
    assert twice == pytest.approx(4.0 * small, rel=0.01)  # the fourth power, over the detuning of 0.1


def test_a_driven_contact():
    """f(t) of a contact belongs to what is periodic: a constant f = 1/2 is a quarter of the friction; cos^2 has a mean rate."""
    baths, weaker = [ohmic("bath", 0.7)], [ohmic("bath", 0.7, 0.005)]
    one = run(qubit(HARMONIC, baths, contact=0.5)).cycles.heat.values
    assert one == pytest.approx(run(qubit(HARMONIC, weaker)).cycles.heat.values, rel=1e-12)
    solver = FloquetMarkov().bind(qubit(0.0, baths, contact=at.drives.Harmonic(1.0, frequency=OMEGA)))
    (bath,) = solver.system.baths
    down = 0.125 * np.sum(bath.rates(np.array([1.0 + OMEGA, 1.0 - OMEGA])))
    up = 0.125 * np.sum(bath.rates(np.array([-1.0 + OMEGA, -1.0 - OMEGA])))
    (gone,) = {
        round(float(x), 12)
        for x in -np.linalg.eigvals(solver.rates.generator.toarray()).real
        if x > 1e-9 and x > 0.9 * (down + up)
    }
    assert gone == pytest.approx(down + up, abs=1e-11)


# --- what is refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heat": "quantum"}, "`heat` of the FloquetMarkov backend must be one of 'quanta', 'dissipator', but is 'quantum'"),
        ({"harmonics": -1}, "`harmonics` of the FloquetMarkov backend must be a whole number of at least 0, but is -1"),
        ({"grouping": -0.1}, "`grouping` of the FloquetMarkov backend must be zero or positive"),
        ({"tolerance": 0.0}, "`tolerance` of the FloquetMarkov backend must be positive"),
        ({"levels": 1}, "`levels` of the FloquetMarkov backend"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(at.errors.MachineError, match=message):
        FloquetMarkov(**options)


def test_machines_that_it_cannot_hold():
    with pytest.raises(at.errors.MachineError, match="`levels` of the backend must be left out"):
        FloquetMarkov(levels=4).bind(qubit(HARMONIC))
    with pytest.raises(at.errors.MachineError, match="`grouping` of the FloquetMarkov backend must be small enough"):
        FloquetMarkov(grouping=5.0).bind(qubit(HARMONIC))
    drude = at.ContinuumBath("bath", 0.7, at.densities.Ohmic(friction=0.02, cutoff=8.0, cutoff_shape="drude"))
    sudden = qubit(0.0, [drude], contact=at.drives.Strokes((2.0, TAU - 2.0), (0.0, 1.0)))
    with pytest.raises(at.errors.ConvergenceError, match="512 harmonics of the drive must hold all but 1e-08 of the rates"):
        FloquetMarkov().bind(sudden)
    assert 0.0 < FloquetMarkov(harmonics=64).bind(sudden).rates.left_out < 0.01
    with pytest.raises(at.errors.MachineError, match="must repeat a whole number of times in the machine's period"):
        qubit(at.drives.Harmonic(0.1, frequency=1.3))


def test_late_cycles_share_the_maps_of_the_first_ones():
    """Neither what a cycle asks for nor what is held for it grows with its number, though late times are rounded."""
    solver = FloquetMarkov(harmonics=8).bind(qubit(HARMONIC))
    period, state = solver.machine.period, solver.prepare(at.ProductThermal())
    keys = set()
    for cycle in (1, 10**4, 10**6, 10**6 + 17):
        start, stop = cycle * period, (cycle + 1) * period
        edges, _ = solver.system.edges(start, stop)
        assert edges == [start, stop]
        keys |= {tuple(round(value, 6) for value in solver.system.phase_of(start, stop)[1])}
        carriers = [solver.flow(start, stop) for _ in range(2)]
        assert carriers[0] is carriers[1]
    assert keys == {(0.0, 1.0)}
    assert solver.flow(10**6 * period, (10**6 + 1) * period) is solver.flow((10**6 + 5) * period, (10**6 + 6) * period)
    assert state.vector.shape == (4,)
