"""A machine of oscillators cut to a few levels, against the matrices of QuTiP."""

import numpy as np
import qutip

import athermal as at
from athermal.machine.truncation import truncate


def test_cut_machine_by_hand():
    """Position coupling with counter-term, a force, an exchange, and a quadratic form: each from its formula."""
    machine = at.Machine(
        [at.Oscillator("a", 1.3, reference_frequency=1.1), at.Oscillator("b", 0.9)],
        [at.Bath("bath", 0.5, (1.2,), (0.4,))],
        [
            at.Position(("a", "bath"), 0.7),
            at.Exchange(("a", "b"), at.drives.Rotating(0.2, 2.0 * np.pi, 0.3)),
            at.Displacement("b", x_force=0.3, p_force=-0.2),
            at.QuadraticForm(("b",), [[0.2, 0.1], [0.1, -0.3]]),
        ],
        period=1.0,
    )
    n, big = 4, 8
    cut = truncate(machine, n)
    assert cut.dimensions == (n, n, n)

    def op(operator, k):
        """Return an operator of one mode, cut."""
        cut_down = qutip.Qobj(operator.full()[:n, :n])
        return qutip.tensor([cut_down if m == k else qutip.qeye(n) for m in range(3)])

    a = qutip.destroy(big)
    x, p = (a + a.dag()) / np.sqrt(2.0), (a - a.dag()) / (1j * np.sqrt(2.0))
    expected = op(1.2 * (a.dag() * a + 0.5), 2)
    expected += op(0.5 * 1.1 * p * p + 0.5 * 1.3**2 / 1.1 * x * x, 0) + op(0.9 * (a.dag() * a + 0.5), 1)
    expected += 0.7 * 0.4 * op(x, 0) * op(x, 2) + 0.7**2 * 0.4**2 / (2.0 * 1.2) * op(x * x, 0)
    g = 0.2 * np.exp(0.3j)
    expected += g * op(a, 0) * op(a.dag(), 1) + np.conj(g) * op(a.dag(), 0) * op(a, 1)
    expected += op(0.3 * x - 0.2 * p, 1) + op(0.1 * x * x + 0.05 * (x * p + p * x) - 0.15 * p * p, 1)
    found = cut.whole.at(0.0).toarray()
    assert np.allclose(found, expected.full(), rtol=0.0, atol=1e-14)  # rounding
