"""Optimal drives in closed form: rows 14 and 19."""

import math

import numpy as np
import pytest

import athermal as at

TAU, T_HOT = 0.3, 1e4  # far above every frequency: quantum corrections are of order (w/T)^2 = 1e-8


def otto(law, compression=0.0):
    """Return an Otto cycle with perfect contacts, in which the frequency of the cold stroke is free.

    The oscillator starts thermal with the cold bath, whatever its frequency then; after compression it swaps its state with a hot
    mode in resonance, is expanded, and has gained what it would pass on to the cold bath.
    """
    contact = 2.0 * math.pi
    if compression:
        frequency = at.drives.Strokes(
            (1.0, compression + contact, compression), (0.9, 1.0, 0.9), ramps=(0.0, compression, compression)
        )
        swap = at.drives.Strokes((1.0 + compression, contact, compression), (0.0, 0.25, 0.0))
    else:
        frequency, swap = at.drives.Strokes((1.0, contact), (0.9, 1.0)), at.drives.Strokes((1.0, contact), (0.0, 0.25))
    return at.Machine(
        [at.Oscillator("working", frequency, law=law, reference_frequency=1.0)],
        [at.Bath("hot", T_HOT, (1.0,), (1.0,)), at.Bath("cold", TAU * T_HOT, (1.0,), (1.0,))],
        [at.Exchange(("working", "hot"), swap, amplitude_frequency=1.0)],
        sum(frequency.durations),
        initial=at.ProductThermal({"working": TAU * T_HOT}),
    )


def best_of(machine, **options):
    best = at.best_drive(machine, {"working": at.search.StrokeValues((0.2, 0.99), **options)}, starts=2)
    last = best.ledger.cumulative.isel(cycle=-1)
    return best.parameters[0], float(last.work_output) / -float(last.heat.sel(reservoir="hot"))


def test_row_14_frictionless_strokes():
    """Curzon-Ahlborn: Abah et al., Phys. Rev. Lett. 109, 203006 (2012)."""
    ratio, efficiency = best_of(otto("number"), strokes=[0])
    assert efficiency == pytest.approx(1.0 - math.sqrt(TAU), abs=1e-7)  # (w/T)^2
    assert efficiency == pytest.approx(0.452277, abs=1e-6)  # as published, to its digits
    assert ratio == pytest.approx(math.sqrt(TAU), abs=1e-7)


def test_row_14_sudden_strokes():
    """Rezek, Kosloff, New J. Phys. 8, 83 (2006)."""
    ratio, efficiency = best_of(otto("potential"), strokes=[0])
    assert efficiency == pytest.approx((1.0 - math.sqrt(TAU)) / (2.0 + math.sqrt(TAU)), abs=1e-7)
    assert efficiency == pytest.approx(0.177523, abs=1e-6)
    assert ratio == pytest.approx(TAU**0.25, abs=1e-7)


def test_row_14_slow_ramps_of_the_trap():
    """With ramps of twenty periods the sudden engine becomes the frictionless one."""
    ratio, efficiency = best_of(otto("potential", compression=40.0 * math.pi), strokes=[0], tied=[(0, 2)])
    # What the ramps squeeze falls with their length; a thermal state feels it in second order.
    assert efficiency == pytest.approx(1.0 - math.sqrt(TAU), abs=1e-4)
    assert ratio == pytest.approx(math.sqrt(TAU), abs=1e-3)


def test_row_19_the_best_exchange_of_two_qubits_is_a_full_swap():
    """Campisi, Pekola, Fazio, New J. Phys. 17, 035012 (2015): -W = sin^2(theta) (w_h - w_c)(f_h - f_c)."""
    free = {("hot", "cold"): at.search.StrokeValues((0.0, 0.4), strokes=[0])}
    best = at.best_drive(at.library.two_qubit_swap(swap_angle=0.3), free, starts=1)
    stroke = 2.0 * math.pi
    f_hot, f_cold = 1.0 / (math.exp(2.0 / 2.0) + 1.0), 1.0 / (math.exp(1.0 / 0.8) + 1.0)
    assert best.parameters[0] * stroke == pytest.approx(0.5 * math.pi, abs=1e-6)  # a flat maximum, the gradient to 1e-8
    assert best.value == pytest.approx(f_hot - f_cold, rel=1e-11)
    assert best.value == pytest.approx(0.0462412825, abs=1e-10)
    # and where the bound forbids it, the bound
    short = at.best_drive(
        at.library.two_qubit_swap(swap_angle=0.3), {0: at.search.StrokeValues((0.0, 0.1), strokes=[0])}, starts=1
    )
    assert short.parameters[0] == pytest.approx(0.1, abs=1e-15)
    assert short.value == pytest.approx(math.sin(0.1 * stroke) ** 2 * (f_hot - f_cold), rel=1e-11)


def test_row_19_the_gradient_along_the_angle():
    """d(-W)/d theta = sin(2 theta) (w_h - w_c)(f_h - f_c)."""
    f_hot, f_cold = 1.0 / (math.exp(1.0) + 1.0), 1.0 / (math.exp(1.25) + 1.0)
    for angle in (0.0, 0.4, 1.2, 2.0):
        machine = at.library.two_qubit_swap(swap_angle=angle)
        _, gradient = at.search.drive_gradient(machine, {0: at.search.StrokeValues((-1.0, 1.0), strokes=[0])})
        expected = 2.0 * math.pi * math.sin(2.0 * angle) * (f_hot - f_cold)
        np.testing.assert_allclose(gradient, [expected], rtol=1e-11, atol=1e-14)  # rounding
