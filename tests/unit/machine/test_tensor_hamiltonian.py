"""The assembled Hamiltonian against dense matrices made by hand."""

import numpy as np
import pytest

import athermal as at
from athermal.testing.finite.by_hand import OperatorsByHand
from athermal.testing.finite.cases import CASES

# Machines whose baths are given in their energy basis: the user's basis is the assembled one.
PLAIN = [case for case in CASES if not any(isinstance(r, at.FiniteBath) for r in case.machine.reservoirs)]


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.name)
def test_the_whole_at_any_time(case):
    machine, hand = case.machine, OperatorsByHand(case.machine)
    assembled = machine.hamiltonian
    assert assembled.dimension == machine.dimension
    coupled = [hand.coupled(name) for name in machine.reservoir_names]
    groups = [[term for term in hand.terms if not any(term is other for group in coupled for other in group)], *coupled]
    for t in machine.period * np.array([0.03, 0.41, 0.77]):
        assert np.allclose(assembled.whole.at(t).toarray(), hand.hamiltonian(t), rtol=0.0, atol=1e-13)  # rounding
        for name in machine.subsystem_names:
            assert np.allclose(assembled.own((name,), t).toarray(), hand.own([name], t), rtol=0.0, atol=1e-13)
        for group, found in zip(groups, assembled.slopes(t, t), strict=True):
            expected = sum(term.slope(t) for term in group) if group else 0.0
            assert np.allclose(0.0 if found is None else found.at(t).toarray(), expected, rtol=0.0, atol=1e-12)  # interpolants
    for time in assembled.breakpoints:
        for group, found in zip(groups, assembled.jumps(time), strict=True):
            expected = sum(term.at(time) - term.at(time, "left") for term in group) if group else 0.0
            assert np.allclose(0.0 if found is None else found.toarray(), expected, rtol=0.0, atol=1e-12)


def test_a_bath_in_its_energy_basis_has_the_spectrum_of_the_whole():
    case = next(case for case in CASES if case not in PLAIN)
    hand, assembled = OperatorsByHand(case.machine), case.machine.hamiltonian
    for t in (0.3, 2.2):
        found = np.linalg.eigvalsh(assembled.whole.at(t).toarray())
        assert np.allclose(found, np.linalg.eigvalsh(hand.hamiltonian(t)), rtol=0.0, atol=1e-13)
    assert np.allclose(assembled.reservoir_energies["web"], np.linalg.eigvalsh(hand.own(["web"], 0.0)), rtol=0.0, atol=1e-14)
