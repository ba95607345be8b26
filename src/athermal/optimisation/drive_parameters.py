"""Which drives of a machine are free, and by which numbers.

Every parametrisation is linear: f(t) = sum_k p_k phi_k(t), with functions phi_k that do not depend on the parameters. A slot is one
driven field of a machine, a frequency or a strength, in which one drive is replaced by such a sum.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import AthermalError, MachineError, StudyError
from athermal.machine.coupling import Displacement
from athermal.machine.drive import Constant, Drive, Function, Harmonic, Product, Side, Strokes, Sum, breakpoints_within
from athermal.machine.machine import Machine
from athermal.machine.parts import FiniteSubsystem, Oscillator, TruncatedOscillator

# Points in a period of the highest harmonic at which a series is held within its bounds. A trigonometric polynomial of degree n exceeds
# its largest value on m equally spaced points by 1/cos(pi n/m) at most (H. Ehlich, K. Zeller, Math. Z. 86, 41 (1964)).
_POINTS = 48
# By how much of half the range a series stays further inside, so that rounding does not take it out.
_INSIDE = 1e-9
# How well a drive must agree with its Fourier series to be one.
_IS_SERIES = 1e-10

Bounds = tuple[float, float]


def _checked_bounds(bounds: Any, owner: str) -> Bounds:
    try:
        low, high = _validate.reals(bounds, "bounds", owner, length=2)
    except MachineError as error:
        raise StudyError(str(error)) from None
    if not low < high:
        raise StudyError(
            f"`bounds` of {owner} must be (lowest, highest) with the lowest first, but are ({low:.6g}, {high:.6g}). Swap them."
        )
    return low, high


def _positions(values: Any, what: str, owner: str) -> tuple[int, ...]:
    """Return positions of strokes, at least one, none of them twice, or raise `StudyError`."""
    is_list = isinstance(values, Iterable) and not isinstance(values, (str, bytes))
    found = tuple(values) if is_list else ()
    is_good = all(isinstance(k, (int, np.integer)) and not isinstance(k, bool) and k >= 0 for k in found)
    if not found or not is_good or len(set(found)) != len(found):
        raise StudyError(f"`{what}` of {owner} must list different positions of strokes, from 0, but holds {values!r}.")
    return tuple(int(k) for k in found)


@dataclass(frozen=True)
class StrokeValues:
    """The values of a drive of strokes are free; durations and ramps stay as they are.

    f(t) = sum_k values_k phi_k(t), with phi_k one on stroke k and rising and falling with its ramps. f stays between its values,
    so within the bounds.

    Parameters
    ----------
    bounds : (float, float)
        The lowest and the highest value of every free stroke.
    strokes : sequence of int, optional
        The positions, from 0, of the strokes that are free; the others keep their values. All if left out.
    tied : sequence of sequence of int, optional
        Groups of strokes that keep one common value, by their positions (the two ends of a stroke that does not move, say).

    Examples
    --------
    >>> StrokeValues(bounds=(0.5, 2.0)).bounds
    (0.5, 2.0)
    """

    bounds: Bounds
    strokes: tuple[int, ...] | None = None
    tied: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        owner = "a drive of free stroke values"
        object.__setattr__(self, "bounds", _checked_bounds(self.bounds, owner))
        if self.strokes is not None:
            object.__setattr__(self, "strokes", _positions(self.strokes, "strokes", owner))
        ties = self.tied if isinstance(self.tied, Iterable) else (self.tied,)
        object.__setattr__(self, "tied", tuple(_positions(group, "tied", owner) for group in ties))


@dataclass(frozen=True)
class FourierSeries:
    """The whole drive is free, as a Fourier series of some harmonics of the machine's period.

    f(t) = a_0 + sum_{k=1}^n [a_k cos(k w t) + b_k sin(k w t)], w = 2 pi/period, with parameters (a_0, a_1, b_1, a_2, b_2, ...).

    Parameters
    ----------
    harmonics : int
        n.
    bounds : (float, float)
        low <= f(t) <= high at all times. It is required, with the margin that makes it hold in between, at 48 n points of a
        period; that margin gives away 0.2 percent of half the range.

    Examples
    --------
    >>> FourierSeries(harmonics=2, bounds=(0.0, 0.3)).harmonics
    2
    """

    harmonics: int
    bounds: Bounds

    def __post_init__(self) -> None:
        owner = "a Fourier series"
        try:
            object.__setattr__(self, "harmonics", _validate.count(self.harmonics, "harmonics", owner))
        except MachineError as error:
            raise StudyError(str(error)) from None
        object.__setattr__(self, "bounds", _checked_bounds(self.bounds, owner))


Parametrisation = StrokeValues | FourierSeries
Target = str | int | tuple[str, ...]
Free = Mapping[Target, Parametrisation]


class Form(ABC):
    """A parametrisation bound to the drive that it replaces."""

    bounds: Bounds
    n_parameters: int
    labels: tuple[str, ...]

    @abstractmethod
    def drive(self, parameters: FloatArray) -> Drive:
        """Return f."""

    @abstractmethod
    def weights(self, times: FloatArray, side: Side = "right") -> FloatArray:
        """Return phi_k(t), shape (times, parameters)."""

    @property
    @abstractmethod
    def own(self) -> FloatArray | None:
        """The parameters of the drive that is there, None if it is none of this form."""

    @abstractmethod
    def random(self, generator: np.random.Generator) -> FloatArray:
        """Return parameters of a random drive within the bounds."""

    @property
    @abstractmethod
    def middle(self) -> FloatArray:
        """The parameters of the constant drive in the middle of the bounds."""

    @property
    def limits(self) -> FloatArray | None:
        """The matrix A of the bounded values A p; None if they are the parameters themselves."""
        return None

    @property
    def room(self) -> float:
        """How far from the middle of the bounds, in half ranges, the bounded values may be."""
        return 1.0

    def knots(self, period: float) -> tuple[float, ...]:
        """Return the times in [0, period) at which some phi_k is not smooth."""
        return ()

    @property
    def bandwidth(self) -> float:
        """The highest frequency in the phi_k between their knots."""
        return 0.0

    def excess(self, parameters: FloatArray) -> float:
        """Return by how much of half their range the bounded values miss their room; zero or less within."""
        low, high = self.bounds
        values = parameters if self.limits is None else self.limits @ parameters
        return float(np.max(np.abs(values - 0.5 * (low + high)))) / (0.5 * (high - low)) - self.room


class StrokeForm(Form):
    """The values of some strokes, tied ones as one parameter."""

    def __init__(self, strokes: Strokes, free: StrokeValues, owner: str) -> None:
        self.strokes, self.bounds = strokes, free.bounds
        count = len(strokes.values)
        for k in (*(free.strokes or ()), *(k for tie in free.tied for k in tie)):
            if k >= count:
                raise StudyError(f"{owner[0].upper() + owner[1:]} has {count} strokes, at positions from 0, but one at {k} is to be free.")
        group = list(range(count))
        for tie in free.tied:
            for k in tie:
                group[k] = group[tie[0]]
        leaders = {group[k] for k in (range(count) if free.strokes is None else free.strokes)}
        self.kept = sorted(leaders)
        self.share = np.array([[float(group[k] == leader) for leader in self.kept] for k in range(count)])
        self.fixed = np.where(self.share.any(axis=1), 0.0, strokes.values)
        self.n_parameters = len(self.kept)
        self.labels = tuple(f"stroke {k + 1}" for k in self.kept)

    def drive(self, parameters: FloatArray) -> Drive:
        return replace(self.strokes, values=tuple(map(float, self.fixed + self.share @ parameters)))

    def weights(self, times: FloatArray, side: Side = "right") -> FloatArray:
        return self.strokes.weights(times, side) @ self.share

    @property
    def own(self) -> FloatArray | None:
        values = np.array(self.strokes.values)
        return values[self.kept] if np.array_equal(self.fixed + self.share @ values[self.kept], values) else None

    def random(self, generator: np.random.Generator) -> FloatArray:
        return generator.uniform(*self.bounds, size=self.n_parameters)

    @property
    def middle(self) -> FloatArray:
        return np.full(self.n_parameters, 0.5 * sum(self.bounds))

    def knots(self, period: float) -> tuple[float, ...]:
        repeats = round(period / float(self.strokes.own_period or period))
        return tuple(knot + k * period / repeats for k in range(repeats) for knot in self.strokes.knots)


class SeriesForm(Form):
    """The coefficients (a_0, a_1, b_1, ...) of a Fourier series."""

    def __init__(self, before: Drive, free: FourierSeries, period: float) -> None:
        self.before, self.bounds, self.period, self.harmonics = before, free.bounds, period, free.harmonics
        self.n_parameters = 2 * free.harmonics + 1
        self.labels = ("a0", *(f"{letter}{k}" for k in range(1, free.harmonics + 1) for letter in "ab"))

    def drive(self, parameters: FloatArray) -> Drive:
        base = 2.0 * np.pi / self.period
        terms: list[Drive] = [Constant(float(parameters[0]))]
        for k, (a, b) in enumerate(parameters[1:].reshape(-1, 2), start=1):  # a cos + b sin = |a - ib| cos(k w t + arg(a - ib))
            terms.append(Harmonic(float(np.hypot(a, b)), k * base, float(np.arctan2(-b, a))))
        return Sum(tuple(terms))

    def weights(self, times: FloatArray, side: Side = "right") -> FloatArray:
        angle = np.asarray(times)[:, None] * (2.0 * np.pi / self.period * np.arange(1, self.harmonics + 1))
        waves = np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(len(times), -1)
        return np.concatenate([np.ones((len(times), 1)), waves], axis=1)

    @cached_property
    def _grid(self) -> FloatArray:
        return np.arange(_POINTS * self.harmonics) * (self.period / (_POINTS * self.harmonics))

    @cached_property
    def own(self) -> FloatArray | None:
        if self.before.is_complex or breakpoints_within(self.before, self.period):
            return None
        values = np.asarray(self.before.value(self._grid), dtype=float)
        table = self.weights(self._grid)
        parameters = table.T @ values * (2.0 / len(values))
        parameters[0] *= 0.5
        finer = self._grid + 0.37 * self._grid[1]
        missed = np.max(np.abs(self.weights(finer) @ parameters - self.before.value(finer)))
        return parameters if missed <= _IS_SERIES * max(1.0, float(np.max(np.abs(values)))) else None

    def random(self, generator: np.random.Generator) -> FloatArray:
        parameters = generator.normal(size=self.n_parameters)
        parameters[0] = 0.0
        parameters[1:] /= np.repeat(np.arange(1.0, self.harmonics + 1.0), 2)  # smoother than noise
        half = 0.5 * (self.bounds[1] - self.bounds[0]) * self.room
        size = float(np.max(np.abs(self.limits @ parameters)))
        parameters *= generator.uniform(0.2, 0.9) * half / size
        room = half - float(np.max(np.abs(self.limits @ parameters)))
        parameters[0] = 0.5 * sum(self.bounds) + generator.uniform(-1.0, 1.0) * room
        return parameters

    @property
    def middle(self) -> FloatArray:
        return np.concatenate([[0.5 * sum(self.bounds)], np.zeros(2 * self.harmonics)])

    @cached_property
    def limits(self) -> FloatArray:
        return self.weights(self._grid)

    @property
    def room(self) -> float:
        return float(np.cos(np.pi / _POINTS)) * (1.0 - _INSIDE)

    @property
    def bandwidth(self) -> float:
        return 2.0 * np.pi / self.period * self.harmonics


@dataclass(frozen=True)
class Slot:
    """One driven field of a machine: `field` of part or coupling number `index`, in which the drive `leaf` is replaced."""

    place: str
    index: int
    field: str
    whole: Drive
    leaf: Drive
    form: Form
    label: str

    def placed(self, drive: Drive) -> Drive:
        """Return the field's drive with `drive` in place of the leaf."""
        return _substituted(self.whole, self.leaf, drive)

    @property
    def bandwidth(self) -> float:
        """The highest frequency of what multiplies the responses of the terms that hold this field."""
        others = [leaf for leaf in self.whole.leaves() if leaf is not self.leaf and not leaf.is_always_constant]
        rates = [2.0 * np.pi / (leaf.own_period or np.inf) * (16.0 if isinstance(leaf, Function) else 1.0) for leaf in others]
        return 2.0 * (self.form.bandwidth + sum(rates))


class DriveSpace:
    """The drives of a machine that are free: a linear space of parameters, one slot after the other."""

    def __init__(self, machine: Machine, of: Free) -> None:
        self.machine = machine
        _check_machine(machine)
        if not isinstance(of, Mapping) or not of:
            raise StudyError(
                f"`of` must map at least one driven part or coupling to StrokeValues or FourierSeries, but is {of!r}. Write "
                "of={'working': StrokeValues(bounds=(1.0, 2.0))}, say."
            )
        self.slots = tuple(_slot(machine, target, free) for target, free in of.items())
        for k, slot in enumerate(self.slots):
            if any((slot.place, slot.index) == (other.place, other.index) for other in self.slots[:k]):
                raise StudyError(f"`of` must name every drive once, but names {slot.label} twice.")
        ends = np.cumsum([slot.form.n_parameters for slot in self.slots])
        self.pieces = tuple(slice(int(end) - slot.form.n_parameters, int(end)) for slot, end in zip(self.slots, ends, strict=True))
        self.n_parameters = int(ends[-1])
        self.labels = tuple(f"{slot.label}: {name}" for slot in self.slots for name in slot.form.labels)

    def with_parameters(self, parameters: FloatArray) -> tuple[Machine, tuple[Drive, ...]]:
        """Return the machine with these drives, and the drives themselves (the very objects that it holds)."""
        drives = tuple(slot.form.drive(parameters[piece]) for slot, piece in zip(self.slots, self.pieces, strict=True))
        changed: dict[str, list[Any]] = {"subsystems": list(self.machine.subsystems), "couplings": list(self.machine.couplings)}
        for slot, drive in zip(self.slots, drives, strict=True):
            holder = changed[slot.place][slot.index]
            fields: dict[str, Any] = {slot.field: slot.placed(drive)}
            if isinstance(holder, (Oscillator, TruncatedOscillator)):  # the quadratures keep their scale
                fields["reference_frequency"] = holder.reference
            changed[slot.place][slot.index] = replace(holder, **fields)
        return replace(self.machine, **{place: tuple(entries) for place, entries in changed.items()}), drives

    @property
    def own(self) -> FloatArray | None:
        """The parameters of the machine as it is; None if one of its drives is none of its form."""
        found = [slot.form.own for slot in self.slots]
        if any(entry is None for entry in found):
            return None
        return np.concatenate([entry for entry in found if entry is not None])

    def checked(self, parameters: Any) -> FloatArray:
        """Return parameters as an array of the right length, or raise `StudyError`; the machine's own if None."""
        if parameters is None:
            if self.own is None:
                wrong = next(slot.label for slot in self.slots if slot.form.own is None)
                raise StudyError(f"The drive of {wrong} is not one of the form that `of` gives it. Say where: give `parameters`.")
            return self.own
        values = np.asarray(parameters, dtype=float)
        if values.shape != (self.n_parameters,) or not np.all(np.isfinite(values)):
            raise StudyError(
                f"`parameters` must be {self.n_parameters} finite numbers ({', '.join(self.labels[:4])}, ...), but have shape "
                f"{values.shape}."
            )
        return values

    def random(self, generator: np.random.Generator) -> FloatArray:
        """Return the parameters of random drives within the bounds."""
        return np.concatenate([slot.form.random(generator) for slot in self.slots])

    @property
    def middle(self) -> FloatArray:
        """The parameters of constant drives in the middle of the bounds."""
        return np.concatenate([slot.form.middle for slot in self.slots])

    def excess(self, parameters: FloatArray) -> float:
        """Return by how much of half a range the worst drive misses its bounds; zero or less within."""
        return max(slot.form.excess(parameters[piece]) for slot, piece in zip(self.slots, self.pieces, strict=True))


def _check_machine(machine: Any) -> None:
    if not isinstance(machine, Machine):
        raise StudyError(f"`machine` must be a Machine, but is {machine!r}.")
    if not machine.is_settled:
        raise StudyError(
            'The drive of a machine with modes="auto" cannot be optimised: the modes would change with the drive. Give every bath a '
            "number of modes, and certify the result with modes=\"auto\" afterwards."
        )


def _slot(machine: Machine, target: Any, free: Any) -> Slot:
    if not isinstance(free, (StrokeValues, FourierSeries)):
        raise StudyError(f"`of[{target!r}]` must be StrokeValues or FourierSeries, but is {free!r}.")
    place, index, field, label = _located(machine, target)
    holder = getattr(machine, place)[index]
    whole: Drive = dict([("frequency", holder.drive)] if isinstance(holder, Oscillator) else holder.drives)[field]
    positive = isinstance(holder, (Oscillator, TruncatedOscillator))
    if positive and free.bounds[0] <= 0.0:
        raise StudyError(f"`bounds` of {label} must be positive, since it is a frequency, but start at {free.bounds[0]:.6g}.")
    if isinstance(free, FourierSeries):
        if whole.is_complex:
            raise StudyError(
                f"The drive of {label} must be real for FourierSeries, but rotates. Free its strokes with StrokeValues, or make its "
                "phase a coupling of its own."
            )
        return Slot(place, index, field, whole, whole, SeriesForm(whole, free, machine.period), label)
    strokes = [leaf for leaf in whole.leaves() if isinstance(leaf, Strokes)]
    if len(strokes) != 1:
        raise StudyError(
            f"The drive of {label} must hold one drive of strokes for StrokeValues, but holds {len(strokes)}. Drive it with Strokes, "
            "or use FourierSeries."
        )
    return Slot(place, index, field, whole, strokes[0], StrokeForm(strokes[0], free, label), label)


def _located(machine: Machine, target: Any) -> tuple[str, int, str, str]:
    """Return where a target is: "subsystems" or "couplings", its number, its field, and what messages call it."""
    if isinstance(target, bool) or not isinstance(target, (str, int, np.integer, tuple)):
        raise StudyError(f"A key of `of` must be a part's name, a pair of names or a coupling's position, but is {target!r}.")
    if isinstance(target, str):
        return _located_part(machine, target)
    if isinstance(target, tuple):
        for name in target:
            _known_part(machine, name)
        found = [k for k, coupling in enumerate(machine.couplings) if sorted(coupling.between) == sorted(target)]
        if len(found) != 1:
            pairs = ", ".join(str(coupling.between) for coupling in machine.couplings)
            what = f"no coupling between {target}" if not found else f"{len(found)} couplings between {target}, at {found}"
            raise StudyError(f"The machine has {what}; its couplings are {pairs}. Name one, or give its position.")
        index = found[0]
    else:
        index = int(target)
        if not 0 <= index < len(machine.couplings):
            raise StudyError(f"The machine has {len(machine.couplings)} couplings, at positions from 0, but `of` names {index}.")
    coupling = machine.couplings[index]
    if isinstance(coupling, Displacement):
        driven = [name for name, drive in coupling.drives if drive != Constant(0.0)] or ["x_force"]
        if len(driven) > 1:
            raise StudyError(f"The {coupling.owner} has two forces. Write it as two, to say which is free.")
        return "couplings", index, driven[0], f"the {coupling.owner}"
    return "couplings", index, "strength", f"the {coupling.owner}"


def _located_part(machine: Machine, name: str) -> tuple[str, int, str, str]:
    _known_part(machine, name)
    part = machine.part(name)
    has_frequency = isinstance(part, Oscillator) or (isinstance(part, FiniteSubsystem) and bool(part.drives))
    if not has_frequency:
        free = [p.name for p in machine.subsystems if isinstance(p, Oscillator) or p.drives]
        raise StudyError(
            f"{name!r} has no frequency that can be driven; {', '.join(map(repr, free)) or 'no part of this machine'} has. Free a "
            "coupling by the names of its parts, ('a', 'b')."
        )
    return "subsystems", machine.subsystem_names.index(name), "frequency", f"the frequency of {name!r}"


def _known_part(machine: Machine, name: Any) -> None:
    try:
        machine.part(str(name))
    except AthermalError as error:
        raise StudyError(f"`of` names a part that is not there. {error}") from None


def _substituted(drive: Drive, old: Drive, new: Drive) -> Drive:
    if drive is old:
        return new
    if isinstance(drive, (Sum, Product)):
        return type(drive)(tuple(_substituted(member, old, new) for member in drive.members))
    return drive
