"""Lindblad and Bloch-Redfield: against QuTiP's solvers, closed forms, and the laws."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import qutip

import athermal as at

DRUDE = at.densities.Ohmic(friction=0.05, cutoff=5.0, cutoff_shape="drude")


def position(subsystem, bath, operator="sigmax", strength=1.0):
    return at.OperatorCoupling((subsystem, bath), (operator, "position"), strength)


def exchange(subsystem, bath, lowering):
    return at.OperatorCoupling((subsystem, bath), (lowering, "create"), plus_conjugate=True)


def two_qubits(t_hot=2.0, t_cold=0.5, *, w_hot=1.2, w_cold=1.0, g=0.2, density=DRUDE, period=20.0):
    return at.Machine(
        [at.Qubit("a", w_hot), at.Qubit("b", w_cold)],
        [at.ContinuumBath("hot", t_hot, density), at.ContinuumBath("cold", t_cold, density)],
        [at.Exchange(("a", "b"), g), position("a", "hot"), position("b", "cold")],
        period=period,
    )


def spectrum(temperature):
    """QuTiP's spectrum of the same bath: J of a coupling X (x) sum g_k x_k is QuTiP's own."""
    bath = qutip.DrudeLorentzEnvironment(temperature, lam=0.5 * DRUDE.friction * DRUDE.cutoff, gamma=DRUDE.cutoff)
    return bath.power_spectrum


def two_qubit_hamiltonian(g=0.2):
    z, one, lower = qutip.sigmaz(), qutip.qeye(2), qutip.sigmam()
    swap = qutip.tensor(lower, lower.dag())
    return 0.6 * qutip.tensor(z, one) + 0.5 * qutip.tensor(one, z) + g * (swap + swap.dag())


def final_state(machine, backend, cycles=1):
    solver = backend.bind(machine)
    state = solver.prepare(machine.initial)
    for k in range(cycles):
        state, _ = solver.advance(state, k * machine.period, (k + 1) * machine.period)
    return solver.density(state.vector)


def test_redfield_is_qutips():
    machine = two_qubits()
    start = at.BlochRedfield().bind(machine)
    rho = qutip.Qobj(start.density(start.prepare(machine.initial).vector), dims=[[2, 2], [2, 2]])
    operators = [
        (qutip.tensor(qutip.sigmax(), qutip.qeye(2)), lambda w: float(spectrum(2.0)(w))),
        (qutip.tensor(qutip.qeye(2), qutip.sigmax()), lambda w: float(spectrum(0.5)(w))),
    ]
    options = {"atol": 1e-12, "rtol": 1e-10, "progress_bar": ""}
    found = qutip.brmesolve(two_qubit_hamiltonian(), rho, [0.0, 20.0], a_ops=operators, sec_cutoff=-1, options=options)
    # the tolerances of both integrators
    assert np.allclose(final_state(machine, at.BlochRedfield()), found.states[-1].full(), atol=1e-8)


def test_lindblad_of_one_qubit_is_qutips_mesolve():
    """Jumps down and up with the rates 2 J (n + 1) and 2 J n, and a heat that is the energy they take."""
    machine = at.Machine([at.Qubit("q", 1.0)], [at.ContinuumBath("hot", 2.0, DRUDE)], [position("q", "hot")], period=7.0)
    up, down = spectrum(2.0)(-1.0), spectrum(2.0)(1.0)
    rho = qutip.ket2dm((qutip.basis(2, 0) + 2j * qutip.basis(2, 1)).unit())
    jumps = [np.sqrt(down) * qutip.sigmam(), np.sqrt(up) * qutip.sigmap()]
    options = {"atol": 1e-12, "rtol": 1e-10, "progress_bar": ""}
    found = qutip.mesolve(0.5 * qutip.sigmaz(), rho, [0.0, 7.0], jumps, options=options).states[-1]
    for backend in (at.Lindblad(), at.Lindblad(approach="local")):
        ledger = at.run(machine, initial=at.GivenState(rho), backend=backend)
        energy = 0.5 * float(np.real((qutip.sigmaz() * (found - rho)).tr()))
        # the tolerances of both integrators
        assert float(ledger.heat[0, 0]) == pytest.approx(-energy, abs=1e-9)
        assert float(ledger.entropy_change[0, 0]) == pytest.approx(qutip.entropy_vn(found), abs=1e-8)


@pytest.mark.parametrize("backend", [at.Lindblad(), at.BlochRedfield()])
def test_equal_temperatures_lead_to_equilibrium_without_current(backend):
    machine = two_qubits(0.8, 0.8, period=600.0)
    state = final_state(machine, backend)
    gibbs = (-two_qubit_hamiltonian() / 0.8).expm()
    gibbs = (gibbs / gibbs.tr()).full()
    # exact for Lindblad; Redfield is off by the order of its rates, some 0.05
    assert np.allclose(state, gibbs, atol=1e-8 if isinstance(backend, at.Lindblad) else 0.02)
    last = at.run(machine, cycles=2, backend=backend).cycles.isel(cycle=1)
    assert np.allclose(last.heat, 0.0, atol=1e-8)


def test_detailed_balance_of_every_bath():
    solver = at.Lindblad().bind(two_qubits())
    for bath in solver.system.baths:
        w = np.array([0.3, 1.0, 2.5])
        assert np.allclose(bath.rates(-w), np.exp(-w / bath.bath.temperature) * bath.rates(w), rtol=1e-13)
        # integral J(w)/w of Drude's density is friction x cutoff x pi/2: half of (2/pi) of it
        assert bath.contacts[0].reorganisation == pytest.approx(0.5 * DRUDE.friction * DRUDE.cutoff, rel=1e-9)


# --- VALIDATION rows 12, 22, 23 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", [at.Lindblad(approach="local"), at.BlochRedfield(approach="local")])
def test_row_12_two_oscillators(backend):
    """Kosloff, J. Chem. Phys. 80, 1625 (1984): I = 4 g^2 k_h k_c (n_h - n_c)/[(k_h + k_c)(4 g^2 + k_h k_c)] quanta per unit time."""
    w_h, w_c, t_h, t_c, k_h, k_c, g, levels = 2.0, 1.0, 0.7, 0.25, 0.3, 0.2, 0.1, 5
    rates = [at.densities.FlatBand(k, low=0.2, high=3.0) for k in (k_h, k_c)]
    machine = at.Machine(
        [at.TruncatedOscillator("h", w_h, levels), at.TruncatedOscillator("c", w_c, levels)],
        [at.ContinuumBath("hot", t_h, rates[0]), at.ContinuumBath("cold", t_c, rates[1])],
        [at.Exchange(("h", "hot")), at.Exchange(("c", "cold")), at.Exchange(("h", "c"), at.drives.Rotating(g, w_h - w_c))],
        period=2.0 * np.pi,
    )
    ledger = at.run(machine, cycles=14, backend=type(backend)(approach="local", tolerance=1e-7))
    last = ledger.cycles.isel(cycle=-1)
    n_h, n_c = 1.0 / np.expm1(w_h / t_h), 1.0 / np.expm1(w_c / t_c)
    current = 4.0 * g**2 * k_h * k_c * (n_h - n_c) / ((k_h + k_c) * (4.0 * g**2 + k_h * k_c))
    # what the levels cut off, n^5, and what is left of the start, e^{-14 pi (k_h + k_c)/2}
    assert float(last.heat[0]) == pytest.approx(-w_h * current * machine.period, rel=2e-3)
    assert float(last.efficiency) == pytest.approx(1.0 - w_c / w_h, abs=2e-3)
    assert str(last.mode.values) == "engine"
    assert ledger.violations() == []


def maser(t_hot, t_cold):
    w_c, w_h = 1.0, 2.5
    band = at.densities.FlatBand(0.1, low=0.2, high=5.0)
    return at.Machine(
        [at.Qudit("maser", [0.0, w_c, w_h])],
        [at.ContinuumBath("hot", t_hot, band), at.ContinuumBath("cold", t_cold, band)],
        [
            exchange("maser", "hot", "|0><2|"),
            exchange("maser", "cold", "|0><1|"),
            at.OperatorCoupling("maser", "|1><2|", at.drives.Rotating(0.03, w_h - w_c), plus_conjugate=True),
        ],
        period=2.0 * np.pi / (w_h - w_c),
        initial=at.ProductThermal({"maser": 0.8}),
    )


@pytest.mark.parametrize("backend", [at.Lindblad(approach="local"), at.BlochRedfield(approach="local")])
@pytest.mark.parametrize(("t_hot", "t_cold"), [(2.0, 0.5), (1.0, 0.9)])
def test_row_22_three_level_maser(backend, t_hot, t_cold):
    """Scovil and Schulz-DuBois, PRL 2, 262 (1959): eta = 1 - w_c/w_h, an engine iff w_c/w_h > T_c/T_h."""
    ledger = at.run(maser(t_hot, t_cold), cycles=100, backend=backend)
    last = ledger.cycles.isel(cycle=-1)
    # what is left of the start after 100 cycles
    assert -float(last.work / last.heat[0]) == pytest.approx(-(1.0 - 1.0 / 2.5), abs=1e-5)
    assert (float(last.work) < 0.0) == (t_cold / t_hot < 1.0 / 2.5)
    assert ledger.violations() == []


def test_row_23_three_qubit_refrigerator():
    """Linden, Popescu and Skrzypczyk, PRL 105, 130401 (2010): COP = Q_c/Q_h = E_c/E_h."""
    energies, temperatures = (1.0, 3.0, 2.0), (0.8, 1.0, 4.0)

    def on(operator, k):
        return qutip.tensor([operator if n == k else qutip.qeye(2) for n in range(3)])

    lower = qutip.sigmam()
    bare = sum(0.5 * e * on(qutip.sigmaz(), k) for k, e in enumerate(energies))
    swap = qutip.tensor(lower, lower.dag(), lower)
    names = ("cold", "room", "hot")
    # a driven term is no part of the qubits' own Hamiltonian, and the jumps are those of the bare qubits; its sign does nothing, as
    # the coherence of |010> and |101>, of equal energy, is imaginary
    always = at.drives.Strokes((75.0, 75.0), (0.05, -0.05))
    machine = at.Machine(
        [at.Qudit("fridge", bare)],
        [at.ContinuumBath(n, t, at.densities.FlatBand(0.1, 0.2, 5.0)) for n, t in zip(names, temperatures, strict=True)],
        [
            at.OperatorCoupling("fridge", swap + swap.dag(), always),
            *(at.OperatorCoupling(("fridge", n), (on(lower, k), "create"), plus_conjugate=True) for k, n in enumerate(names)),
        ],
        period=150.0,
    )
    ledger = at.run(machine, cycles=3, backend=at.Lindblad(approach="local"))
    heat = ledger.cycles.heat.isel(cycle=-1).values
    # what is left of the start after three periods
    assert heat[0] / heat[2] == pytest.approx(energies[0] / energies[2], abs=1e-6)
    assert heat[0] < 0.0 < heat[1]
    assert np.sum(heat) == pytest.approx(0.0, abs=1e-8)


# --- several contacts with one bath, and what local means --------------------------------------------------------------------


def singlet_machine():
    return at.Machine(
        [at.Qubit("a", 1.0), at.Qubit("b", 1.0)],
        [at.ContinuumBath("bath", 0.7, DRUDE)],
        [position("a", "bath"), position("b", "bath", strength=0.5)],
        period=30.0,
    )


def test_contacts_with_one_bath_share_its_modes():
    """QuTiP's brmesolve with the one operator sx_a + sx_b/2: cross terms, super- and subradiance."""
    machine = singlet_machine()
    start = at.GivenState(qutip.bell_state("11"))
    both = qutip.tensor(qutip.sigmax(), qutip.qeye(2)) + 0.5 * qutip.tensor(qutip.qeye(2), qutip.sigmax())
    options = {"atol": 1e-12, "rtol": 1e-10, "progress_bar": ""}
    h = two_qubit_hamiltonian(0.0) - 0.1 * qutip.tensor(qutip.sigmaz(), qutip.qeye(2))
    rho = qutip.ket2dm(qutip.bell_state("11"))
    found = qutip.brmesolve(
        h, rho, [0.0, 30.0], a_ops=[(both, lambda w: float(spectrum(0.7)(w)))], sec_cutoff=-1, options=options
    )
    heat = -float(np.real((h * (found.states[-1] - rho)).tr()))
    for backend in (at.BlochRedfield(), at.BlochRedfield(approach="local")):
        # the tolerances of both integrators
        assert float(at.run(machine, initial=start, backend=backend).heat[0, 0]) == pytest.approx(heat, abs=1e-8)
    secular = [float(at.run(machine, initial=start, backend=b).heat[0, 0]) for b in (at.Lindblad(), at.FloquetMarkov())]
    assert secular[0] == pytest.approx(secular[1], abs=1e-7)
    # the fast terms that the secular approximation drops are of the order of the rates
    assert secular[0] == pytest.approx(heat, rel=0.05)
    dark = at.Machine(machine.subsystems, machine.reservoirs, (position("a", "bath"), position("b", "bath")), period=30.0)
    assert abs(float(at.run(dark, initial=start, backend=at.Lindblad()).heat[0, 0])) < 1e-8


def test_of_one_subsystem_local_is_global_also_with_constant_terms_on_it():
    machine = at.Machine(
        [at.Qubit("q", 1.0)],
        [at.ContinuumBath("bath", 0.7, DRUDE)],
        [at.OperatorCoupling("q", "sigmax", 0.5), position("q", "bath")],
        period=30.0,
    )
    one, other = (at.run(machine, cycles=2, backend=at.Lindblad(approach=approach)) for approach in ("local", "global"))
    assert np.allclose(one.heat, other.heat, atol=1e-9)
    assert one.violations() == []


def test_redfield_of_degenerate_levels_does_not_depend_on_the_basis():
    """At frequency zero the modes of an exchange contact are on one side: half, whatever the rounding of the levels."""
    rng = np.random.default_rng(3)
    turn = np.linalg.qr(rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)))[0]
    lower = np.zeros((3, 3))
    lower[0, 1] = 1.0
    found = []
    for u in (np.eye(3), turn):
        machine = at.Machine(
            [at.Qudit("q", u @ np.diag([0.0, 0.0, 1.0]) @ u.conj().T)],
            [at.ContinuumBath("bath", 0.7, at.densities.Ohmic(0.3, 6.0, convention="kappa"))],
            [at.OperatorCoupling(("q", "bath"), (u @ lower @ u.conj().T, "create"), plus_conjugate=True)],
            period=3.0,
            initial=at.GivenState(u @ np.array([0.6, 0.64, 0.48])),
        )
        found.append(float(at.run(machine, backend=at.BlochRedfield()).entropy_change[0, 0]))
    assert found[0] == pytest.approx(found[1], abs=1e-8)


def test_a_rate_that_diverges_at_frequency_zero_is_refused():
    bath = at.ContinuumBath("bath", 0.7, at.densities.Ohmic(0.1, 5.0, exponent=0.5))
    sub_ohmic = at.Machine([at.Qubit("q", 1.0)], [bath], [position("q", "bath", "sigmaz")], period=1.0)
    for backend in (at.Lindblad(), at.BlochRedfield(), at.FloquetMarkov()):
        with pytest.raises(at.errors.MachineError, match="must fall to zero at low frequency"):
            at.run(sub_ohmic, backend=backend)
    harmless = at.Machine([at.Qubit("q", 1.0)], [bath], [position("q", "bath", "sigmax")], period=1.0)
    assert at.run(harmless, backend=at.BlochRedfield()).violations() == []


# --- the laws --------------------------------------------------------------------------------------------------------------


def test_a_local_equation_that_breaks_the_second_law_is_caught_and_named():
    """A. Levy and R. Kosloff, EPL 107, 20004 (2014): heat from cold to hot without work, if w_c/T_c < w_h/T_h."""
    machine = two_qubits(1.2, 1.0, w_hot=2.0, w_cold=1.0, period=100.0)
    with pytest.warns(at.errors.ResidualWarning, match="second law is broken in 2 of 2"):
        ledger = at.run(machine, cycles=2, backend=at.Lindblad(approach="local"))
    assert float(ledger.heat[1, 0]) > 0.0 > float(ledger.heat[1, 1])
    assert float(ledger.sigma_total_change[1]) < 0.0
    assert bool(ledger.cycles.is_violated.all())
    assert all("local" in sentence and "second law" in sentence for sentence in ledger.violations())
    good = at.run(machine, cycles=2, backend=at.Lindblad())
    assert good.violations() == []
    assert float(good.heat[1, 0]) < 0.0 < float(good.heat[1, 1])


def xyz_pair():
    """Two qubits with a strong XYZ coupling in strokes of two fields, one of them with the hot bath in the first, the other with the
    cold one in the second."""
    halves, names = (20.0, 20.0), ("sigmax", "sigmay", "sigmaz")
    field, band = at.drives.Strokes(halves, (3.37, 2.01)), at.densities.FlatBand(0.1, low=0.01, high=20.0)
    return at.Machine(
        [at.Qubit("a", field), at.Qubit("b", field)],
        [at.ContinuumBath("hot", 2.0, band), at.ContinuumBath("cold", 1.0, band)],
        [
            *(at.OperatorCoupling(("a", "b"), (name, name), j) for name, j in zip(names, (0.72, 0.46, 0.2), strict=True)),
            at.Exchange(("a", "hot"), at.drives.Strokes(halves, (1.0, 0.0))),
            at.Exchange(("b", "cold"), at.drives.Strokes(halves, (0.0, 1.0))),
        ],
        period=40.0,
    )


@pytest.mark.parametrize("samples", [1, 4])
def test_a_local_engine_that_breaks_the_second_law_within_its_strokes_is_named(samples):
    """Whole cycles keep it, and show an engine where there is none: parts of strokes break it, and outweigh each other."""
    with pytest.warns(at.errors.ResidualWarning, match="second law is broken"):
        local = at.run(xyz_pair(), 6, samples_per_cycle=samples, backend=at.Lindblad(approach="local"))
    last = local.cycles.isel(cycle=-1)
    assert str(last.mode.values) == "engine"
    assert float(last.sigma_total_change) > 0.0
    assert bool(last.is_violated)
    assert float(last.second_law_deficit) > 1e-3
    assert 'approach="global"' in local.violations()[0]
    right = at.run(xyz_pair(), 6, samples_per_cycle=samples, backend=at.Lindblad())
    assert str(right.cycles.mode.values[-1]) == "heater"
    assert right.violations() == []
    assert float(right.cycles.second_law_deficit.max()) == 0.0


def stroke_engine(frequency, contacts):
    """One qubit that meets a hot and a cold bath in turn, its frequency changed in between."""
    hot, cold = contacts
    return at.Machine(
        [at.Qubit("q", frequency)],
        [at.ContinuumBath("hot", 2.0, DRUDE), at.ContinuumBath("cold", 0.4, DRUDE)],
        [position("q", "hot", strength=hot), position("q", "cold", strength=cold)],
        period=80.0,
    )


@pytest.mark.parametrize("approach", ["local", "global"])
def test_otto_strokes_give_the_otto_efficiency(approach):
    """Sudden strokes of a qubit between thermal states: W = -(w_h - w_c)(f_h - f_c), eta = 1 - w_c/w_h."""
    halves = (40.0, 40.0)
    contacts = (at.drives.Strokes(halves, (3.0, 0.0)), at.drives.Strokes(halves, (0.0, 3.0)))
    machine = stroke_engine(at.drives.Strokes(halves, (2.0, 1.0)), contacts)
    ledger = at.run(machine, cycles=3, samples_per_cycle=4, backend=at.Lindblad(approach=approach))
    f_hot, f_cold = 1.0 / (np.exp(1.0) + 1.0), 1.0 / (np.exp(2.5) + 1.0)
    # relaxed to e^{-20} in each stroke
    assert float(ledger.work[2]) == pytest.approx(-(2.0 - 1.0) * (f_hot - f_cold), abs=1e-6)
    assert float(ledger.efficiency[2]) == pytest.approx(0.5, abs=1e-6)
    assert ledger.violations() == []


@pytest.mark.parametrize("backend", [at.Lindblad(), at.BlochRedfield()])
def test_smooth_drives_keep_the_first_law_at_every_instant(backend):
    """The dissipators follow the eigenstates of the moment, and W is integrated apart from heat and energy."""
    wave = at.drives.Harmonic(0.4, frequency=2.0 * np.pi / 20.0)
    machine = at.Machine(
        [at.Qubit("a", 1.2), at.Qubit("b", wave + 1.0)],
        [at.ContinuumBath("hot", 2.0, DRUDE), at.ContinuumBath("cold", 0.5, DRUDE)],
        [at.Exchange(("a", "b"), 0.2), position("a", "hot", strength=wave + 1.0), position("b", "cold")],
        period=20.0,
    )
    ledger = at.run(machine, cycles=1, samples_per_cycle=5, backend=type(backend)(tolerance=1e-8))
    samples = ledger.samples
    residual = samples.work - samples.heat.sum("reservoir") - samples.energy_change.sum("subsystem")
    assert np.all(np.abs(samples.work) > 1e-4)
    # the integrator's tolerance
    assert np.allclose(residual, 0.0, atol=1e-7)
    assert np.all(np.diff(samples.sigma_total_change) > 0.0)


def test_a_drive_without_amplitude_changes_nothing():
    """The dissipators of a smooth drive are made at every step, those of a constant Hamiltonian once."""
    still = two_qubits()
    wave = at.drives.Harmonic(0.0, frequency=2.0 * np.pi / 20.0) + 1.0
    moved = at.Machine((still.subsystems[0], at.Qubit("b", wave)), still.reservoirs, still.couplings, period=20.0)
    for backend in (at.Lindblad(), at.BlochRedfield(approach="local")):
        one, other = (at.run(machine, backend=backend) for machine in (still, moved))
        # the integrator's tolerance
        assert np.allclose(one.heat, other.heat, atol=1e-9)


# --- what a user meets -------------------------------------------------------------------------------------------------------


def test_a_ledger_of_a_master_equation_is_saved_and_says_what_it_does_not_know(tmp_path):
    ledger = at.run(two_qubits(), cycles=2, backend=at.BlochRedfield())
    again = at.load(ledger.save(tmp_path / "redfield.nc"))
    assert again.memoryless == "BlochRedfield(approach='global')"
    assert again.cycles.identical(ledger.cycles)
    assert np.isnan(ledger.mutual_information).all()
    assert np.isnan(ledger.reservoir_correlation).all()
    assert np.isnan(ledger.athermality).all()
    assert np.isfinite(ledger.sigma_total_change).all()
    assert np.isfinite(ledger.system_correlation).all()
    assert "second_law" in ledger.unchecked


def test_redfield_states_that_are_none_have_no_entropy():
    """A pure start that strong, cold Redfield makes negative: the ledger says so and does not invent entropies."""
    strong = at.densities.Ohmic(friction=2.0, cutoff=5.0, cutoff_shape="drude")
    machine = at.Machine([at.Qubit("q", 1.0)], [at.ContinuumBath("cold", 0.05, strong)], [position("q", "cold")], period=0.5)
    start = at.GivenState((qutip.basis(2, 0) + 1j * qutip.basis(2, 1)).unit())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", at.errors.ResidualWarning)
        with pytest.warns(at.errors.TruncationWarning, match="negative eigenvalue"):
            ledger = at.run(machine, cycles=2, initial=start, backend=at.BlochRedfield())
    assert ledger.accuracy["lowest_eigenvalue"] < -1e-3
    assert np.isnan(ledger.entropy_change).any()
    assert np.isfinite(ledger.heat).all()
    assert any("negative eigenvalue" in remark for remark in ledger.remarks)
    solver = at.BlochRedfield().bind(machine)
    first, _ = solver.advance(solver.prepare(start), 0.0, 1.0)
    second = solver.prepare(at.ProductThermal())  # another run, and a state
    assert solver.accuracy(first)["lowest_eigenvalue"] < -1e-3
    assert solver.accuracy(second)["lowest_eigenvalue"] > -1e-12
    assert any("negative eigenvalue" in remark for remark in solver.remarks(first))
    assert not any("negative eigenvalue" in remark for remark in solver.remarks(second))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: at.DensityMatrix().bind(m), "DensityMatrix\\(levels=...\\)"),
        (lambda m: at.run(m, backend=at.Lindblad(levels=3)), "`levels` of the backend must be left out"),
        (lambda m: at.run(m, backend=at.Lindblad(), accuracy=1e-6), "the backend has tolerances of its own"),
        (
            lambda m: at.run(m, backend=at.Lindblad(), initial=at.Charged(1)),
            "Lindblad\\(\\) cannot prepare the initial state Charged",
        ),
        (lambda m: at.run(m, backend=at.Lindblad(), initial=at.ProductThermal({"hot": 3.0})), "must not name reservoir 'hot'"),
        (lambda m: at.run(m, backend=at.BlochRedfield(), initial=at.Gibbs(1.0)), "must be of subsystems only"),
        (lambda _: at.Lindblad(approach="both"), "`approach` of the Lindblad backend must be one of 'local', 'global'"),
        (lambda _: at.BlochRedfield(tolerance=-1.0), "`tolerance` of the BlochRedfield backend must be positive"),
        (lambda _: at.run(at.library.two_oscillator(modes=3), backend=at.Lindblad()), "`levels`"),
        (lambda _: at.run(at.library.spin_star(spins=2), backend=at.Lindblad()), "must be a ContinuumBath"),
        (
            lambda m: at.Machine(m.subsystems, m.reservoirs, (at.OperatorCoupling(("a", "hot"), ("sigmax", "momentum")),), 1.0),
            "must be 'position'",
        ),
        (
            lambda m: at.Machine(
                m.subsystems, m.reservoirs, (at.Exchange(("a", "hot"), at.drives.Rotating(0.1, 2.0 * np.pi)),), 1.0
            ),
            "must be real",
        ),
        (lambda m: at.Machine(m.subsystems, m.reservoirs, (at.Exchange(("a", "hot"), site=0),), 1.0), "is a continuum"),
        (
            lambda m: at.Machine(m.subsystems, (m.reservoirs[0], at.SpinBath("s", 1.0, (1.0,))), (), 1.0),
            "must be of one family",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(at.errors.MachineError, match=message):
        call(two_qubits())


@pytest.mark.parametrize("backend", [at.Lindblad(), at.BlochRedfield(), at.FloquetMarkov(), at.HEOM(check=False)])
def test_starts_that_change_a_continuum_are_refused_by_its_name(backend):
    pair = [at.Correlation(("hot", "cold"))]
    starts = [
        at.Squeezed("hot", r=0.5),
        at.Displaced("hot", x=1.0),
        at.CorrelatedMarginals(pair, strength=0.5),
        at.CorrelatedMarginals([at.Correlation(("a", "hot"))]),
        at.GivenState([[0.5, 0.0], [0.0, 0.5]], parts=("hot",)),
        at.GivenState(np.eye(2) / 2, parts=("a",), start=at.Squeezed("hot", r=0.5)),
    ]
    solver = backend.bind(two_qubits())
    for start in starts:
        with pytest.raises(at.errors.MachineError, match="'hot'.*continuum") as caught:
            solver.prepare(start)
        assert type(start).__name__ == "GivenState" or "DensityMatrix(levels=...)" in str(caught.value)


def test_modes_of_a_continuum_cut_to_levels_follow_the_same_machine():
    """Few modes, for a short time: weak coupling and the cut modes agree to second order in the coupling."""
    weak = at.densities.Ohmic(friction=0.002, cutoff=2.0, cutoff_shape="exponential")
    machine = at.Machine(
        [at.Qubit("q", 1.0)],
        [at.ContinuumBath("cold", 0.3, weak, modes=4, rule="midpoint", low=0.6, high=1.4)],
        [at.Exchange(("q", "cold"))],
        period=25.0,
        initial=at.ProductThermal({"q": 2.0}),
    )
    exact = at.run(machine, backend=at.DensityMatrix(levels=4, coherence=False))
    weak_coupling = at.run(machine, backend=at.Lindblad())
    # five modes stand for a continuum up to 2 pi/0.5, roughly; the rates themselves are some 1e-2
    assert float(weak_coupling.heat[0, 0]) == pytest.approx(float(exact.heat[0, 0]), rel=0.3)
    assert float(exact.heat[0, 0]) > 1e-3


def test_correlations_between_the_subsystems_may_pay_also_without_memory():
    """Micadei et al. (2019): correlated qubits carry heat from cold to hot. C(S) pays, and dS(rho_S) + sum Q_j/T_j stays positive."""
    machine = two_qubits(2.0, 1.0, w_hot=1.0, w_cold=1.0, period=4.0)
    correlated = at.CorrelatedMarginals([at.Correlation(("a", "b"), "exchange", phase=-0.5 * np.pi)], strength=0.9)
    ledger = at.run(machine, initial=correlated, backend=at.Lindblad(approach="local"))
    assert float(ledger.heat[0, 0]) < 0.0 or float(ledger.energy_change[0, 0]) > 0.0
    assert float(ledger.sigma_total_change[0]) < -0.05
    assert float(ledger.sigma_total_change[0] - ledger.system_correlation_change[0]) > 0.0
    assert ledger.violations() == []


def test_quanta_of_the_baths():
    """Of global jumps the quanta are the heat; of local ones they keep the second law that the heat breaks (Barra 2015)."""
    wave = at.drives.Harmonic(0.3, frequency=2.0 * np.pi / 100.0) + 1.0
    still = two_qubits(1.2, 1.0, w_hot=2.0, w_cold=1.0, period=100.0)
    moved = at.Machine((still.subsystems[0], at.Qubit("b", wave)), still.reservoirs, still.couplings, period=100.0)
    for machine in (still, moved):
        ledger = at.run(machine, backend=at.Lindblad(tolerance=1e-8))
        # the integrator's tolerance
        assert np.allclose(ledger.bath_quanta, ledger.heat, atol=1e-7)
    with pytest.warns(at.errors.ResidualWarning):
        ledger = at.run(still, cycles=2, backend=at.Lindblad(approach="local"))
    verdicts = at.compare_definitions(ledger).cycles.second_law.isel(cycle=1)
    assert verdicts.sel(definition=["bath energy", "bath quanta"]).values.tolist() == ["broken", "kept"]
    local = ledger.cycles.isel(cycle=1)
    heat, quanta = (float((q / q.temperature).sum()) for q in (local.heat, local.bath_quanta))
    assert heat < -1e-3  # in the steady state the entropy of the subsystems is constant
    assert quanta > 1e-3
    assert "bath_quanta" not in at.run(still, backend=at.BlochRedfield()).cycles


@pytest.mark.parametrize("backend", [at.Lindblad(), at.BlochRedfield(approach="local"), at.FloquetMarkov(), at.HEOM(check=False)])
def test_machines_without_contacts_or_with_operators_that_do_nothing(backend):
    bath = at.ContinuumBath("bath", 0.7, DRUDE)
    idle = [[], [at.OperatorCoupling(("q", "bath"), (np.zeros((2, 2)), "position"))]]
    for couplings in idle:
        assert np.array_equal(at.run(at.Machine([at.Qubit("q", 1.0)], [bath], couplings, 1.0), backend=backend).heat, [[0.0]])
    with pytest.raises(at.errors.MachineError, match="a continuum has no density matrix"):
        at.run(
            at.Machine([at.Qubit("q", 1.0)], [bath], [], 1.0),
            initial=at.GivenState(np.eye(2) / 2, parts=("bath",)),
            backend=backend,
        )


def test_a_comparison_with_an_accuracy_is_for_those_that_have_modes():
    machine = at.Machine(
        [at.Oscillator("a", 1.0)],
        [at.ContinuumBath("bath", 0.2, at.densities.Ohmic(0.01, 2.0))],
        [at.Exchange(("a", "bath"))],
        period=5.0,
    )
    found = at.compare_backends(machine, {"exact": at.Dense(), "weak": at.Lindblad(levels=4)}, accuracy=1e-3)
    assert found.refused == {}
    assert set(found.ledgers) == {"exact", "weak"}


# --- how stretches are carried ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("levels", [6, 18])
@pytest.mark.parametrize("backend", [at.Lindblad(), at.Lindblad(approach="local"), at.BlochRedfield()])
def test_a_constant_machine_is_exact_however_long(levels, backend):
    """A cavity after 10^5 of its times: the thermal state of its levels, and the heat that it has given, without steps."""
    bath = at.ContinuumBath("bath", 0.25, DRUDE)
    machine = at.Machine([at.TruncatedOscillator("o", 1.0, levels)], [bath], [at.Position(("o", "bath"), 1.0)], period=1e5)
    start = at.ProductThermal({"o": 0.4})
    ledger = at.run(machine, initial=start, backend=backend, observables={"n": "o.num"})
    weights = [np.exp(-np.arange(levels) / temperature) for temperature in (0.4, 0.25)]
    before, after = (float(np.arange(levels) @ each / each.sum()) for each in weights)
    # exact for Lindblad; Redfield is off by the order of its rates
    allowed = 1e-9 if isinstance(backend, at.Lindblad) else 1e-3
    assert float(ledger.n[-1].item()) == pytest.approx(after, abs=allowed)
    assert float(ledger.heat[0, 0]) == pytest.approx(before - after, abs=allowed)
    assert ledger.violations() == []


def test_sparse_sums_are_the_same_equation(monkeypatch):
    """A driven cavity with constant dissipators: by sparse matrices of each drive, and by products of matrices at every instant."""
    drives = [at.OperatorCoupling("o", "position", at.drives.Harmonic(0.3, frequency=1.0)), at.OperatorCoupling("o", "num", 0.1)]
    bath = at.ContinuumBath("bath", 0.5, DRUDE)
    part = at.TruncatedOscillator("o", 1.0, 6)
    machine = at.Machine([part], [bath], [at.Position(("o", "bath"), 1.0), *drives], period=2.0 * np.pi)
    found = []
    for largest in (32, 0):
        monkeypatch.setattr("athermal.backends.open.master_equation._LARGEST_SPARSE", largest)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", at.errors.TruncationWarning)
            found.append(at.run(machine, 2, samples_per_cycle=2, backend=at.Lindblad(approach="local")))
    for name in ("work", "heat", "energy_change", "entropy_change"):
        np.testing.assert_allclose(getattr(found[0], name), getattr(found[1], name), atol=1e-8)
    np.testing.assert_allclose(found[0].snapshots.extras["bath_quanta"], found[1].snapshots.extras["bath_quanta"], atol=1e-8)
