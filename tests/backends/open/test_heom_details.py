"""HEOM: complex exponentials, states taken over by other machines, what has no single equilibrium, breakpoints."""

from __future__ import annotations

import numpy as np
import pytest
import qutip
from qutip.solver.heom import HEOMSolver

import athermal as at
from athermal.backends.open import hierarchy
from athermal.backends.open.heom_solver import HEOMSolver as HEOMSolverOfRuns

DRUDE = at.densities.Ohmic(friction=0.1, cutoff=3.0, cutoff_shape="drude")
UP = at.GivenState(qutip.basis(2, 0))


def contact(bath, operator="sigmax", strength=1.0):
    return at.OperatorCoupling(("q", bath), (operator, "position"), strength)


def qubit(couplings, baths, *, frequency=1.0, period=3.0, initial=UP):
    return at.Machine([at.Qubit("q", frequency)], baths, couplings, period=period, initial=initial)


def test_a_peak_has_complex_exponentials_and_qutips_states():
    """Its a_k + i b_k and a_k - i b_k are very different in size, and both act."""
    peak = at.densities.FunctionDensity(lambda w: 0.01 * w / ((w * w - 1.0) ** 2 + 0.09 * w * w), 0.0, 12.0)
    machine = qubit([contact("bath")], [at.ContinuumBath("bath", 0.3, peak)])
    solver = at.HEOM(depth=4, check=False).bind(machine)
    (exponents,) = solver.finest.exponents
    assert np.any(np.abs(exponents.rates.imag) > 0.1)
    state, _ = solver.advance(solver.prepare(UP), 0.0, 3.0)
    bare = HEOMSolver(
        0.5 * qutip.sigmaz(),
        [(exponents.environment(0.3), qutip.sigmax())],
        4,
        options={"progress_bar": "", "rtol": 1e-8, "atol": 1e-10},
    )
    found = bare.run(qutip.ket2dm(qutip.basis(2, 0)), [0.0, 3.0]).states[-1].full()
    # the operators that are left out
    assert np.allclose(solver.finest.density(state.runs[0].vector), found, atol=1e-5)


def test_a_state_is_taken_over_by_contacts_of_other_strength():
    """Which auxiliary operators are left out goes with the strengths; what both keep is handed on."""
    baths = [at.ContinuumBath("one", 0.8, DRUDE), at.ContinuumBath("two", 0.8, DRUDE)]
    first, second = (qubit([contact("one", strength=a), contact("two", strength=b)], baths) for a, b in ((1.0, 0.2), (0.2, 1.0)))
    heats = []
    for smallest in (None, 0.0):
        with pytest.MonkeyPatch.context() as patch:
            if smallest is not None:  # nothing left out: the truth
                patch.setattr(hierarchy.ladder, "__defaults__", (smallest,))
            backend = at.HEOM(depth=4, exponents=3, check=False)
            state = backend.state_after(first, 1)
            heats.append(at.run(second, initial=state, backend=backend).heat.values)
    # what is left out acts by less than this
    assert np.allclose(heats[0], heats[1], atol=1e-5)


@pytest.mark.parametrize(
    "couplings",
    [[contact("bath", "sigmaz")], [contact("bath", strength=at.drives.Strokes((1.0, 2.0), (0.0, 1.0)))]],
    ids=["dephasing", "off at the start"],
)
def test_what_has_no_single_stationary_state_has_no_gibbs_start(couplings):
    machine = qubit(couplings, [at.ContinuumBath("bath", 0.8, DRUDE)])
    with pytest.raises(at.errors.MachineError, match="must be the only stationary state"):
        at.run(machine, initial=at.Gibbs(0.8), backend=at.HEOM(check=False))


def test_a_depth_of_one_is_compared_with_the_next():
    machine = qubit([contact("bath")], [at.ContinuumBath("bath", 0.5, at.densities.Ohmic(1.0, 3.0, cutoff_shape="drude"))])
    with pytest.warns(at.errors.TruncationWarning, match="Raise `depth`"):
        shallow = at.run(machine, backend=at.HEOM(depth=1, exponents=4))
    assert float(shallow.errors.heat.max()) > 1e-3


def test_minimal_dissipation_just_after_a_jump():
    """K_S = H_S of pure dephasing, with the frequency of the stroke that begins."""
    frequency = at.drives.Strokes((1.0, 1.0), (1.0, 2.0))
    machine = qubit([contact("bath", "sigmaz")], [at.ContinuumBath("bath", 0.8, DRUDE)], frequency=frequency, period=2.0)
    ledger = at.run(machine, 2, samples_per_cycle=2, backend=at.HEOM(depth=3, check=False, minimal_dissipation=True))
    # the maps' inverse
    assert ledger.snapshots.extras["minimal_dissipation_energy"] == pytest.approx([0.5, 1.0, 0.5, 1.0, 0.5], abs=1e-8)


def test_ramps_keep_the_first_law_to_their_ends():
    """A linear ramp has one slope up to its end, where the next stroke's begins."""
    ramp = at.drives.Strokes((2.0, 2.0), (0.0, 1.0), ramps=(1.0, 2.0), shape="linear")
    machine = qubit([contact("bath", strength=ramp)], [at.ContinuumBath("bath", 0.8, DRUDE)], period=4.0)
    for backend in (at.HEOM(depth=3, check=False, tolerance=1e-6), at.BlochRedfield(tolerance=1e-6)):
        ledger = at.run(machine, backend=backend)
        # the integrator's tolerance
        assert abs(float(ledger.residual_first_law[0])) < 1e-6


def test_given_states_with_levels():
    bath = at.ContinuumBath("bath", 0.5, at.densities.Ohmic(friction=0.01, cutoff=3.0, cutoff_shape="drude"))
    machine = at.Machine([at.Oscillator("a", 1.0)], [bath], [at.Position(("a", "bath"))], period=1.0)
    start = at.GivenState(qutip.thermal_dm(5, 0.2))
    ledger = at.run(machine, initial=start, backend=at.HEOM(levels=5, depth=2))
    assert set(ledger.confidence.cutoffs) == {"depth", "exponents", "levels"}
    assert np.all(np.isfinite(ledger.errors.heat))


STRONG = at.ContinuumBath("bath", 0.2, at.densities.Ohmic(friction=4.0, cutoff=1.0, cutoff_shape="drude"))


def test_errors_are_finite_where_a_coarser_hierarchy_has_no_state():
    """At strong coupling the shallow ones have negative eigenvalues; what they miss is told by their nearest states."""
    with pytest.warns(at.errors.TruncationWarning):
        ledger = at.run(qubit([contact("bath")], [STRONG]), samples_per_cycle=3, backend=at.HEOM(depth=6, exponents=4))
    known = np.isfinite(ledger.entropy_change)
    assert np.all(np.isfinite(ledger.errors.entropy_change) | ~known)
    assert np.all(np.isfinite(ledger.errors.heat))


def test_what_is_no_state_is_said_without_a_check_too():
    bath = at.ContinuumBath("bath", 0.2, at.densities.Ohmic(friction=8.0, cutoff=1.0, cutoff_shape="drude"))
    backend = at.HEOM(depth=3, exponents=4, check=False)
    with pytest.warns(
        at.errors.TruncationWarning, match=r"negative eigenvalue, down to -.* first at t = .* entropies are unknown"
    ):
        ledger = at.run(qubit([contact("bath")], [bath], frequency=2.0), samples_per_cycle=10, backend=backend)
    assert np.any(np.isnan(ledger.snapshots.system_entropy))


def test_what_is_not_converged_does_not_call_itself_converged():
    with pytest.warns(at.errors.TruncationWarning, match="not converged"):
        ledger = at.run(qubit([contact("bath")], [STRONG]), backend=at.HEOM(depth=3, exponents=4))
    assert "Not converged in depth and exponents" in str(ledger)
    assert "Converged in" not in str(ledger)
    weak = at.ContinuumBath("bath", 0.8, at.densities.Ohmic(0.02, 3.0, cutoff_shape="drude"))
    ledger = at.run(qubit([contact("bath")], [weak]), backend=at.HEOM(depth=4))
    assert "Converged in depth and exponents" in str(ledger)


def test_equal_states_of_hierarchies_are_equal():
    machine, backend = qubit([contact("bath")], [at.ContinuumBath("bath", 0.8, DRUDE)]), at.HEOM(depth=2, check=False)
    one, two, later = (backend.state_after(machine, cycles) for cycles in (1, 1, 2))
    assert one == two
    assert hash(one) == hash(two)
    assert one != later
    assert one != "a state"


@pytest.mark.parametrize(("tolerance", "miss"), [(1e-8, 3e-6), (1e-6, 3e-4)])
def test_a_wrong_work_breaks_the_first_law(monkeypatch, tolerance, miss):
    """What the integrator's tolerance leaves open, of the energies that are carried, hides no work that is 300 times that."""
    frequency = at.drives.Constant(1.0) + at.drives.Harmonic(0.3, frequency=2.0 * np.pi / 3.0)
    machine = qubit([contact("bath")], [at.ContinuumBath("bath", 0.8, DRUDE)], frequency=frequency)
    backend = at.HEOM(depth=3, exponents=3, check=False, tolerance=tolerance)
    assert at.run(machine, 3, backend=backend).violations() == []
    right = HEOMSolverOfRuns.advance

    def wrong(self, state, start, stop):
        after, work = right(self, state, start, stop)
        return after, work + miss

    monkeypatch.setattr(HEOMSolverOfRuns, "advance", wrong)
    with pytest.warns(at.errors.ResidualWarning, match=r"\(S1\)"):
        ledger = at.run(machine, 3, backend=backend)
    assert any("(S1)" in str(said) for said in ledger.violations())
