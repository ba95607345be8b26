"""Which drives of a machine are free: the space of their parameters.

A slot is one driven field of a machine, a frequency or a strength, in which one drive is replaced by one of a linear form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal._validate import as_study
from athermal.backends.choice import choose
from athermal.errors import AthermalError, StudyError
from athermal.machine.coupling import Displacement
from athermal.machine.drive import Constant, Drive, Function, Product, Strokes, Sum
from athermal.machine.machine import Machine
from athermal.machine.parts import Oscillator, TruncatedOscillator
from athermal.optimisation.drive_parameters import Form, FourierSeries, SeriesForm, StrokeForm, StrokeValues

# A covariance of as many modes takes 128 MB, its gradient minutes.
_MOST_MODES = 2000

Parametrisation = StrokeValues | FourierSeries
Target = str | int | tuple[str, ...]
Free = Mapping[Target, Parametrisation]


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

    def __init__(self, machine: Machine, over: Free) -> None:
        self.machine = machine
        _check_machine(machine)
        if not isinstance(over, Mapping) or not over:
            raise StudyError(
                f"`over` must map at least one driven part or coupling to StrokeValues or FourierSeries, but is {over!r}. Write "
                "over={'working': StrokeValues(bounds=(1.0, 2.0))}, say."
            )
        self.slots = tuple(_slot(machine, target, free) for target, free in over.items())
        for k, slot in enumerate(self.slots):
            if any((slot.place, slot.index) == (other.place, other.index) for other in self.slots[:k]):
                raise StudyError(f"`over` must name every drive once, but names {slot.label} twice.")
        ends = np.cumsum([slot.form.n_parameters for slot in self.slots])
        self.pieces = tuple(
            slice(int(end) - slot.form.n_parameters, int(end)) for slot, end in zip(self.slots, ends, strict=True)
        )
        self.n_parameters = int(ends[-1])
        self.labels = tuple(f"{slot.label}: {name}" for slot in self.slots for name in slot.form.labels)

    def with_parameters(self, parameters: FloatArray) -> tuple[Machine, tuple[Drive, ...]]:
        """Return the machine with these drives, and the drives themselves (the very objects that it holds)."""
        drives = tuple(slot.form.drive(parameters[piece]) for slot, piece in zip(self.slots, self.pieces, strict=True))
        changed: dict[str, list[Any]] = {place: list(getattr(self.machine, place)) for place in ("subsystems", "couplings")}
        for slot, drive in zip(self.slots, drives, strict=True):
            holder = changed[slot.place][slot.index]
            fields: dict[str, Any] = {slot.field: slot.placed(drive)}
            if isinstance(holder, (Oscillator, TruncatedOscillator)):  # the quadratures keep their scale
                fields["reference_frequency"] = holder.reference
            changed[slot.place][slot.index] = replace(holder, **fields)
        subsystems, couplings = (tuple(changed[place]) for place in ("subsystems", "couplings"))
        return replace(self.machine, subsystems=subsystems, couplings=couplings), drives

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
                raise StudyError(
                    f"The drive of {wrong} is not one of the form that `over` gives it. Say where: give `parameters`."
                )
            return self.own
        with as_study():
            values = np.array(_validate.reals(parameters, "parameters", "the drives"))
        if len(values) != self.n_parameters:
            known = ", ".join(self.labels[:4]) + (", ..." if self.n_parameters > 4 else "")
            rule = f"`parameters` of the drives must hold {self.n_parameters} numbers ({known})"
            raise StudyError(f"{rule}, but hold {len(values)}.")
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
    if choose(machine).must_settle:
        raise StudyError(
            'Every bath of a machine whose drive is optimised must have a number of modes, but one has modes="auto": the modes '
            'would change with the drive. Give a number, and certify the best drive with modes="auto" afterwards.'
        )
    if machine.family.measure == "n_modes" and (n_modes := machine.family.size(machine)) > _MOST_MODES:
        raise StudyError(
            f"A machine whose drive is optimised must have at most {_MOST_MODES} modes in all, since its covariance is kept, "
            f"but has {n_modes}. Give the baths fewer modes, and run the best drive with more."
        )


def _slot(machine: Machine, target: Any, free: Any) -> Slot:
    if not isinstance(free, (StrokeValues, FourierSeries)):
        raise StudyError(f"`of[{target!r}]` must be StrokeValues or FourierSeries, but is {free!r}.")
    place, index, field, label = _located(machine, target)
    holder = getattr(machine, place)[index]
    whole: Drive = dict(holder.drives)[field]
    positive = isinstance(holder, (Oscillator, TruncatedOscillator))
    if positive and free.bounds[0] <= 0.0:
        raise StudyError(f"`bounds` of {label} must be positive, since it is a frequency, but start at {free.bounds[0]:.6g}.")
    if isinstance(free, FourierSeries):
        if whole.is_complex:
            raise StudyError(
                f"The drive of {label} must be real for FourierSeries, but rotates. Free its strokes with StrokeValues, or make "
                "its phase a coupling of its own."
            )
        return Slot(place, index, field, whole, whole, SeriesForm(whole, free, machine.period), label)
    strokes = [leaf for leaf in whole.leaves() if isinstance(leaf, Strokes)]
    if len(strokes) != 1:
        raise StudyError(
            f"The drive of {label} must hold one drive of strokes for StrokeValues, but holds {len(strokes)}. Drive it with "
            "Strokes, or use FourierSeries."
        )
    return Slot(place, index, field, whole, strokes[0], StrokeForm(strokes[0], free, label), label)


def _located(machine: Machine, target: Any) -> tuple[str, int, str, str]:
    """Return where a target is: "subsystems" or "couplings", its number, its field, and what messages call it."""
    if isinstance(target, bool) or not isinstance(target, (str, int, np.integer, tuple)):
        raise StudyError(f"A key of `over` must be a part's name, a pair of names or a coupling's position, but is {target!r}.")
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
            raise StudyError(
                f"The machine has {len(machine.couplings)} couplings, at positions from 0, but `over` names {index}."
            )
    coupling = machine.couplings[index]
    if isinstance(coupling, Displacement):
        driven = [name for name, drive in coupling.drives if drive != Constant(0.0)] or ["x_force"]
        if len(driven) > 1:
            raise StudyError(f"The {coupling.owner} has two forces. Write it as two, to say which is free.")
        return "couplings", index, driven[0], f"the {coupling.owner}"
    return "couplings", index, "strength", f"the {coupling.owner}"


def _located_part(machine: Machine, name: str) -> tuple[str, int, str, str]:
    _known_part(machine, name)
    if name not in (free := [p.name for p in machine.subsystems if p.drives]):
        raise StudyError(
            f"{name!r} has no frequency that can be driven; {', '.join(map(repr, free)) or 'no part of this machine'} has. Free "
            "a coupling by the names of its parts, ('a', 'b')."
        )
    return "subsystems", machine.subsystem_names.index(name), "frequency", f"the frequency of {name!r}"


def _known_part(machine: Machine, name: Any) -> None:
    try:
        machine.part(str(name))
    except AthermalError as error:
        raise StudyError(f"`over` names a part that is not there. {error}") from None


def _substituted(drive: Drive, old: Drive, new: Drive) -> Drive:
    if drive is old:
        return new
    if isinstance(drive, (Sum, Product)):
        return type(drive)(tuple(_substituted(member, old, new) for member in drive.members))
    return drive
