"""The limit cycle as the asymptote of figures."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import athermal as at


def test_figures_show_the_limit_cycle_of_a_backend():
    drude = at.densities.Ohmic(friction=0.1, cutoff=5.0, cutoff_shape="drude")
    contact = at.OperatorCoupling(("atom", "bath"), ("sigmax", "position"))
    push = at.OperatorCoupling("atom", "sigmax", at.drives.Harmonic(0.3, frequency=1.0))
    machine = at.Machine([at.Qubit("atom", 1.0)], [at.ContinuumBath("bath", 0.5, drude)], [push, contact], 2.0 * np.pi)
    ledger, limit = at.run(machine, 3, backend=at.Lindblad()), at.limit_cycle(machine, at.Lindblad())
    drawn = [float(line.get_ydata()[0]) for line in at.plot.flows(ledger, limit=limit).lines if len(line.get_ydata()) == 2]
    assert {-limit.work, *(-limit.heat)} <= set(drawn)
    at.plot.efficiency(ledger, limit=limit)  # no work comes out: nothing to draw
    plt.close("all")


def test_figures_show_the_limit_cycle():
    machine = at.library.two_oscillator(T_hot=2.4, modes=12)
    ledger, limit = at.run(machine, 3), at.limit_cycle(machine)
    levels = [line for line in at.plot.efficiency(ledger, limit=limit).lines if "limit cycle" in str(line.get_label())]
    np.testing.assert_allclose(levels[0].get_ydata(), limit.efficiency)
    drawn = [float(line.get_ydata()[0]) for line in at.plot.flows(ledger, limit=limit).lines if len(line.get_ydata()) == 2]
    assert {-limit.work, *(-limit.heat)} <= set(drawn)
    plt.close("all")
