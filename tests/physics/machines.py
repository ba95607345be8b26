"""Four machines written twice: in the words of `athermal`, and as Hamiltonians of a textbook.

Together they hold every coupling, every law of a driven frequency, every kind of bath, smooth drives and strokes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy import cos, pi, sin

import athermal as at

from .textbook import TextbookMachine


@dataclass(frozen=True)
class Twice:
    """One machine in both tongues."""

    machine: at.Machine
    textbook: TextbookMachine


def number(w, x, p):
    """H = w (x^2 + p^2)/2, for one mode."""
    return 0.5 * w * (x**2 + p**2)


def exchange(re, im, x, p, i, j):
    """g a_i a_j^dag + h.c. with a = (x + i p)/sqrt 2 and g = re + i im."""
    return re * (x[i] * x[j] + p[i] * p[j]) - im * (p[i] * x[j] - x[i] * p[j])


def squeeze(re, im, x, p, i, j):
    """g a_i a_j + h.c."""
    return re * (x[i] * x[j] - p[i] * p[j]) - im * (x[i] * p[j] + p[i] * x[j])


def two_tones() -> Twice:
    """Rotating exchange and two-mode squeezing between two oscillators, driven exchange damping: smooth drives."""
    hot_w, hot_g, cold_w, cold_g = (1.7, 2.1, 2.4), (0.2, 0.15, 0.1), (0.8, 1.1), (0.1, 0.2)
    machine = at.Machine(
        subsystems=[at.Oscillator("hot", 2.0), at.Oscillator("cold", 1.0)],
        reservoirs=[at.Bath("hot bath", 1.5, hot_w, hot_g), at.Bath("cold bath", 1.0, cold_w, cold_g)],
        couplings=[
            at.Exchange(("hot", "hot bath"), at.drives.Constant(1.0) + at.drives.Harmonic(0.5, 1.0)),
            at.Exchange(("cold bath", "cold"), at.drives.Rotating(0.7, 1.0, 0.4)),
            at.TwoModeSqueezing(("cold", "cold bath"), at.drives.Harmonic(0.3, 2.0, 0.1)),
            at.Exchange(("hot", "cold"), at.drives.Rotating(0.15, 1.0, 0.3), share=(0.3, 0.7)),
            at.TwoModeSqueezing(("hot", "cold"), at.drives.Rotating(0.05, 3.0)),
        ],
        period=2.0 * pi,
    )

    def hot_bath(x, p, t):
        return sum(number(w, x[2 + k], p[2 + k]) for k, w in enumerate(hot_w))

    def cold_bath(x, p, t):
        return sum(number(w, x[5 + k], p[5 + k]) for k, w in enumerate(cold_w))

    def hot(x, p, t):
        contact = sum(g * exchange(1.0 + 0.5 * cos(t), 0.0, x, p, 0, 2 + k) for k, g in enumerate(hot_g))
        return number(2.0, x[0], p[0]) + contact

    def cold(x, p, t):
        re, im = 0.7 * cos(t + 0.4), 0.7 * sin(t + 0.4)
        contact = sum(g * exchange(re, im, x, p, 5 + k, 1) for k, g in enumerate(cold_g))
        pairs = sum(g * squeeze(0.3 * cos(2.0 * t + 0.1), 0.0, x, p, 1, 5 + k) for k, g in enumerate(cold_g))
        return number(1.0, x[1], p[1]) + contact + pairs

    def tone_1(x, p, t):
        return exchange(0.15 * cos(t + 0.3), 0.15 * sin(t + 0.3), x, p, 0, 1)

    def tone_2(x, p, t):
        return squeeze(0.05 * cos(3.0 * t), 0.05 * sin(3.0 * t), x, p, 0, 1)

    def whole(x, p, t):
        return sum(energy(x, p, t) for energy in (hot_bath, cold_bath, hot, cold, tone_1, tone_2))

    textbook = TextbookMachine(
        7,
        ((0.0, 2.0 * pi, whole),),
        (
            lambda x, p, t: hot(x, p, t) + 0.3 * tone_1(x, p, t) + 0.5 * tone_2(x, p, t),
            lambda x, p, t: cold(x, p, t) + 0.7 * tone_1(x, p, t) + 0.5 * tone_2(x, p, t),
        ),
        ((1.5, range(2, 5), hot_bath), (1.0, range(5, 7), cold_bath)),
    )
    return Twice(machine, textbook)


def driven_trap() -> Twice:
    """A particle in a breathing trap with driven Caldeira-Leggett friction and forces, beside a frequency of the other law."""
    hot_w, hot_g = (0.9, 1.3, 2.2), (0.2, 0.3, 0.25)
    block = np.array([[0.1, -0.05, 0.0, 0.02, 0.0, 0.07], [0.0, 0.03, -0.06, 0.0, 0.08, 0.0]])
    machine = at.Machine(
        subsystems=[
            at.Oscillator("a", at.drives.Constant(1.0) + at.drives.Harmonic(0.3, 1.0)),
            at.Oscillator("b", at.drives.Constant(1.2) + at.drives.Harmonic(0.2, 1.0, 1.0), law="number"),
        ],
        reservoirs=[at.Bath("star", 2.0, hot_w, hot_g), at.Chain("chain", 0.5, 3, 0.9, 0.2)],
        couplings=[
            at.Position(("a", "star"), at.drives.Constant(1.0) + at.drives.Harmonic(0.4, 2.0, -0.5 * pi)),
            at.Position(("chain", "a"), 0.3, site=1, counter_term=False),
            at.Position(("a", "b"), at.drives.Harmonic(0.2, 1.0), share=(0.25, 0.75)),
            at.QuadraticForm(("b", "chain"), block, at.drives.Harmonic(1.0, 1.0, 0.7)),
            at.Displacement(
                "a",
                x_force=at.drives.Harmonic(0.5, 1.0, 0.2),
                p_force=0.2 * at.drives.Function(lambda t: float(np.exp(sin(t))), 2.0 * pi),
            ),
        ],
        period=2.0 * pi,
    )

    def star(x, p, t):
        return sum(number(w, x[2 + k], p[2 + k]) for k, w in enumerate(hot_w))

    def chain(x, p, t):
        return sum(number(0.9, x[k], p[k]) for k in (5, 6, 7)) + 0.2 * (x[5] * x[6] + x[6] * x[7])

    def a(x, p, t):
        w0, w, s = 1.3, 1.0 + 0.3 * cos(t), 1.0 + 0.4 * sin(2.0 * t)
        own = 0.5 * w0 * p[0] ** 2 + 0.5 * w**2 / w0 * x[0] ** 2
        counter = s**2 * x[0] ** 2 * sum(g**2 / (2.0 * w_k) for w_k, g in zip(hot_w, hot_g, strict=True))
        contact = s * x[0] * sum(g * x[2 + k] for k, g in enumerate(hot_g)) + counter
        force = 0.5 * cos(t + 0.2) * x[0] + 0.2 * np.exp(sin(t)) * p[0]
        return own + contact + 0.3 * x[0] * x[6] + force

    def b(x, p, t):
        site = [x[5], x[6], x[7], p[5], p[6], p[7]]
        mixed = sum(block[0, k] * x[1] * site[k] + block[1, k] * p[1] * site[k] for k in range(6))
        return number(1.2 + 0.2 * cos(t + 1.0), x[1], p[1]) + cos(t + 0.7) * mixed

    def pair(x, p, t):
        return 0.2 * cos(t) * x[0] * x[1]

    textbook = TextbookMachine(
        8,
        ((0.0, 2.0 * pi, lambda x, p, t: sum(energy(x, p, t) for energy in (star, chain, a, b, pair))),),
        (
            lambda x, p, t: a(x, p, t) + 0.25 * pair(x, p, t),
            lambda x, p, t: b(x, p, t) + 0.75 * pair(x, p, t),
        ),
        ((2.0, range(2, 5), star), (0.5, range(5, 8), chain)),
    )
    return Twice(machine, textbook)


def ramped_strokes() -> Twice:
    """Strokes with ramps of all shapes and with quenches; a ring and a network of coupled modes as baths."""
    network_form = np.array([[1.1, 0.2, 0.1, 0.0], [0.2, 0.9, 0.0, -0.15], [0.1, 0.0, 1.0, 0.1], [0.0, -0.15, 0.1, 1.3]])
    weights = (0.5, 0.2, 0.0, 0.1)
    machine = at.Machine(
        subsystems=[at.Oscillator("a", at.drives.Strokes((2.0, 3.0), (1.0, 1.8), ramps=(1.0, 0.5)), law="number")],
        reservoirs=[at.Ring("ring", 0.7, 4, 1.1, 0.15), at.parts.CoupledBath("network", 1.6, network_form)],
        couplings=[
            at.Exchange(("a", "ring"), at.drives.Strokes((1.5, 3.5), (0.3, 0.0)), weights=weights),
            at.TwoModeSqueezing(("a", "ring"), 0.05, site=2),
            at.Position(("a", "network"), at.drives.Strokes((2.0, 3.0), (0.0, 0.25), ramps=0.5, shape="linear"), site=1),
            at.QuadraticForm(
                ("a",), [[0.3, 0.1], [0.1, -0.4]], at.drives.Strokes((1.5, 3.5), (0.2, -0.1), ramps=(0.0, 1.0), shape="quintic")
            ),
        ],
        period=5.0,
    )

    def cosine(u):
        return 0.5 * (1.0 - cos(pi * u))

    def quintic(u):
        return 10.0 * u**3 - 15.0 * u**4 + 6.0 * u**5

    # (start, stop, frequency, exchange, position, form) of each smooth stretch
    table = (
        (0.0, 0.5, lambda t: 1.8 - 0.8 * cosine(t), 0.3, lambda t: 0.25 * (1.0 - t / 0.5), lambda t: 0.2),
        (0.5, 1.0, lambda t: 1.8 - 0.8 * cosine(t), 0.3, lambda t: 0.0, lambda t: 0.2),
        (1.0, 1.5, lambda t: 1.0, 0.3, lambda t: 0.0, lambda t: 0.2),
        (1.5, 2.0, lambda t: 1.0, 0.0, lambda t: 0.0, lambda t: 0.2 - 0.3 * quintic(t - 1.5)),
        (2.0, 2.5, lambda t: 1.0 + 0.8 * cosine((t - 2.0) / 0.5), 0.0, lambda t: 0.5 * (t - 2.0), None),
        (2.5, 5.0, lambda t: 1.8, 0.0, lambda t: 0.25, lambda t: -0.1),
    )

    def ring(x, p, t):
        hops = x[1] * x[2] + x[2] * x[3] + x[3] * x[4] + x[4] * x[1]
        return sum(number(1.1, x[k], p[k]) for k in (1, 2, 3, 4)) + 0.15 * hops

    def network(x, p, t):
        r = [x[5], x[6], p[5], p[6]]
        return 0.5 * sum(network_form[i, j] * r[i] * r[j] for i in range(4) for j in range(4))

    softness = np.linalg.inv(network_form)[1, 1]

    def a(k):
        _, _, frequency, g, position, strength = table[k]
        strength = strength or table[3][5]

        def energy(x, p, t):
            s = position(t)
            contact = sum(weight * exchange(g, 0.0, x, p, 0, 1 + n) for n, weight in enumerate(weights))
            contact = contact + squeeze(0.05, 0.0, x, p, 0, 3) + s * x[0] * x[6] + 0.5 * s**2 * softness * x[0] ** 2
            own = 0.5 * strength(t) * (0.3 * x[0] ** 2 + 0.2 * x[0] * p[0] - 0.4 * p[0] ** 2)
            return number(frequency(t), x[0], p[0]) + contact + own

        return energy

    def whole(k):
        own = a(k)
        return lambda x, p, t: own(x, p, t) + ring(x, p, t) + network(x, p, t)

    stretches = tuple((row[0], row[1], whole(k)) for k, row in enumerate(table))
    textbook = TextbookMachine(7, stretches, (a(0),), ((0.7, range(1, 5), ring), (1.6, range(5, 7), network)))
    return Twice(machine, textbook)


def sudden_strokes() -> Twice:
    """An Otto cycle of the particle in a trap: only constant stretches and sudden quenches, of forces too."""
    machine = at.Machine(
        subsystems=[at.Oscillator("a", at.drives.Strokes((3.0, 4.0), (1.0, 2.0)))],
        reservoirs=[at.Bath("cold", 0.5, (0.9, 1.1), (0.2, 0.3)), at.Bath("hot", 3.0, (1.9, 2.2, 2.5), (0.3, 0.2, 0.1))],
        couplings=[
            at.Exchange(("a", "cold"), at.drives.Strokes((3.0, 4.0), (1.0, 0.0))),
            at.Position(("a", "hot"), at.drives.Strokes((3.0, 3.5, 0.5), (0.0, 1.2, 0.0))),
            at.Exchange(("a", "hot"), at.drives.Strokes((3.0, 3.5, 0.5), (0.0, 0.4, 0.0)), amplitude_frequency=2.0),
            at.Displacement("a", x_force=at.drives.Strokes((3.0, 4.0), (0.3, -0.2))),
        ],
        period=7.0,
    )
    hot_w, hot_g = (1.9, 2.2, 2.5), (0.3, 0.2, 0.1)

    def cold(x, p, t):
        return number(0.9, x[1], p[1]) + number(1.1, x[2], p[2])

    def hot(x, p, t):
        return sum(number(w, x[3 + k], p[3 + k]) for k, w in enumerate(hot_w))

    def a(w, g, s, force):
        def energy(x, p, t):
            # the amplitude at frequency 2 of a unit mass: (x sqrt 2 + i p / sqrt 2)/sqrt 2
            meets = s / 1.2 * 0.4 * sum(hot_g[k] * (x[0] * x[3 + k] * 2**0.5 + p[0] * p[3 + k] / 2**0.5) for k in range(3))
            contact = g * (0.2 * exchange(1.0, 0.0, x, p, 0, 1) + 0.3 * exchange(1.0, 0.0, x, p, 0, 2))
            for k in range(3):
                # completing the square: w (x_k + s g x / w)^2 / 2 holds coupling and counter-term at once
                full = 0.5 * hot_w[k] * (x[3 + k] + s * hot_g[k] / hot_w[k] * x[0]) ** 2
                contact = contact + full - 0.5 * hot_w[k] * x[3 + k] ** 2
            return 0.5 * p[0] ** 2 + 0.5 * w**2 * x[0] ** 2 + contact + meets + force * x[0]

        return energy

    def whole(*arguments):
        own = a(*arguments)
        return lambda x, p, t: own(x, p, t) + cold(x, p, t) + hot(x, p, t)

    first = (1.0, 1.0, 0.0, 0.3)
    stretches = (
        (0.0, 3.0, whole(*first)),
        (3.0, 6.5, whole(2.0, 0.0, 1.2, -0.2)),
        (6.5, 7.0, whole(2.0, 0.0, 0.0, -0.2)),
    )
    return Twice(machine, TextbookMachine(6, stretches, (a(*first),), ((0.5, range(1, 3), cold), (3.0, range(3, 6), hot))))


ALL = {make.__name__: make for make in (two_tones, driven_trap, ramped_strokes, sudden_strokes)}
