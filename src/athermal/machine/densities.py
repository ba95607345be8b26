"""Further spectral densities: a damped oscillator between machine and bath, sums, and tables."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.spectral import Convention, FlatBand, FunctionDensity, Ohmic, SpectralDensity, as_density

# By how much distances from a peak grow, from its half-width on, between which it is smooth.
_APART = 4.0
# Beyond twice the resonance the tail is at most (1 - 1/4)^-2 of its asymptote; 1.3^-3 makes up for that.
_FAR, _SAFE = 2.0, 1.3
_FEWEST_POINTS = 2


@dataclass(frozen=True)
class UnderdampedBrownian(SpectralDensity):
    """A damped oscillator between machine and bath: J(w) = coupling^2 width w/[(w^2 - resonance^2)^2 + width^2 w^2].

    A Lorentzian peak at the resonance, Ohmic below: the Brownian oscillator of spectroscopy (C. Meier, D. J. Tannor, J. Chem.
    Phys. 111, 3365 (1999); H. Liu et al., J. Chem. Phys. 140, 134106 (2014)); a mode of frequency `resonance` that the machine
    couples to, and that an Ohmic bath damps (A. Garg, J. N. Onuchic, V. Ambegaokar, J. Chem. Phys. 83, 4491 (1985)). Its
    reorganisation energy, (1/pi) integral J/w dw, is coupling^2/(2 resonance^2).

    Parameters
    ----------
    coupling : float
        lambda, in units of energy^(3/2): QuTiP's `lam`.
    width : float
        gamma, the full width of the peak at half its height: QuTiP's `gamma`. Beyond 2 `resonance` the oscillator is overdamped,
        and there is no peak.
    resonance : float
        w0, of the oscillator: QuTiP's `w0`.
    convention : str
        "J" for position contacts, "kappa" for exchange contacts.

    Raises
    ------
    MachineError
        If one is not a positive number.

    Examples
    --------
    >>> peak = UnderdampedBrownian(coupling=0.5, width=0.1, resonance=1.0)
    >>> round(float(peak(np.array([1.0]))[0]), 12)  # coupling^2/(width resonance)
    2.5
    """

    coupling: float
    width: float
    resonance: float
    convention: Convention = "J"
    kind: Literal["underdamped_brownian"] = field(default="underdamped_brownian", repr=False)

    def __post_init__(self) -> None:
        owner = "an underdamped Brownian spectral density"
        for name in ("coupling", "width", "resonance"):
            object.__setattr__(self, name, _validate.positive(getattr(self, name), name, owner))
        _validate.choice(self.convention, "convention", owner, ("J", "kappa"))

    def __call__(self, frequency: FloatArray) -> FloatArray:
        w = np.asarray(frequency, dtype=float)
        away, own = (w - self.resonance) * (w + self.resonance), self.width * w
        with np.errstate(over="ignore"):  # far beyond all scales it is zero
            return np.asarray(self.coupling**2 * own / (away * away + own * own))

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    @property
    def scale(self) -> float:
        return max(self.resonance, self.width)

    @property
    def landmarks(self) -> tuple[float, ...]:
        half = 0.5 * self.width
        steps = max(1, math.ceil(math.log(self.resonance / half, _APART)))
        away = half * _APART ** np.arange(steps)
        found = np.concatenate([[self.resonance], self.resonance - away, self.resonance + away])
        return tuple(np.sort(found[found > 0.0]).tolist())

    @property
    def poles(self) -> tuple[complex, ...]:
        half = 0.5 * self.width
        own = np.emath.sqrt((self.resonance - half) * (self.resonance + half))
        return complex(own + 1j * half), complex(-own + 1j * half)

    def end_of(self, fraction: float) -> float:
        # integral of J/w: coupling^2 width/(3 w^3) far out, coupling^2 pi/(2 w0^2) in all
        far = (2.0 * self.width * self.resonance**2 / (3.0 * math.pi * fraction)) ** (1.0 / 3.0)
        return max(_SAFE * float(far), _FAR * self.resonance)


@dataclass(frozen=True)
class SumDensity(SpectralDensity):
    """The sum of spectral densities of one convention; `one + other` makes it.

    Parameters
    ----------
    densities : sequence of SpectralDensity

    Raises
    ------
    MachineError
        If there is none, or their conventions differ.

    Examples
    --------
    >>> structured = Ohmic(friction=0.1, cutoff=5.0) + UnderdampedBrownian(coupling=0.5, width=0.1, resonance=1.0)
    >>> round(float(structured(np.array([1.0]))[0]), 6)  # 2.5 + 0.1 e^-0.2
    2.581873
    """

    densities: tuple[AnySpectralDensity, ...]
    kind: Literal["sum"] = field(default="sum", repr=False)

    def __post_init__(self) -> None:
        owner = "a sum of spectral densities"
        members = _validate.entries(self.densities, "densities", owner, "be a list of at least one spectral density")
        if not members:
            raise MachineError(f"`densities` of {owner} must be a list of at least one spectral density, but is empty.")
        for k, member in enumerate(members):
            as_density(member, f"densities[{k}]", owner)
        if len(found := {member.convention for member in members}) > 1:
            raise MachineError(f"`densities` of {owner} must have one `convention`, but have {' and '.join(sorted(found))}.")
        flat = [inner for member in members for inner in (member.densities if isinstance(member, SumDensity) else (member,))]
        object.__setattr__(self, "densities", tuple(flat))

    @property
    def convention(self) -> Convention:  # type: ignore[override]
        """That of its members."""
        return self.densities[0].convention

    def __call__(self, frequency: FloatArray) -> FloatArray:
        w = np.asarray(frequency, dtype=float)
        total = np.zeros(w.shape)
        for member in self.densities:
            low, high = member.support
            inside = (w >= low) & (w <= high)
            total[inside] += member(w[inside])
        return total

    @property
    def support(self) -> tuple[float, float]:
        ends = [member.support for member in self.densities]
        return min(low for low, _ in ends), max(high for _, high in ends)

    @property
    def scale(self) -> float:
        return max(member.scale for member in self.densities)

    @property
    def landmarks(self) -> tuple[float, ...]:
        found = {mark for member in self.densities for mark in (*member.landmarks, *member.support, member.scale)}
        return _marks(found, self.support)

    @property
    def poles(self) -> tuple[complex, ...]:
        return tuple(pole for member in self.densities for pole in member.poles) if self.is_rational else ()

    @property
    def is_rational(self) -> bool:
        return all(member.is_rational for member in self.densities)

    def end_of(self, fraction: float) -> float:
        return max(member.end_of(fraction) for member in self.densities)


@dataclass(frozen=True)
class TabulatedDensity(SpectralDensity):
    """A spectral density by its values at some frequencies, from a measurement or a simulation, and zero beyond them.

    Between them it is the monotone cubic of F. N. Fritsch and R. E. Carlson, SIAM J. Numer. Anal. 17, 238 (1980), which makes no
    peaks of its own and is nowhere negative.

    Parameters
    ----------
    frequencies : sequence of float
        Ascending, of either sign.
    values : sequence of float
        J(w) or kappa(w) there, none negative.
    convention : str
        "J" for position contacts, "kappa" for exchange contacts.

    Raises
    ------
    MachineError
        If there are fewer than two points, frequencies do not ascend, a value is negative, or all are zero.

    Examples
    --------
    >>> table = TabulatedDensity(frequencies=[0.0, 1.0, 2.0], values=[0.0, 0.3, 0.0])
    >>> float(table(np.array([1.0]))[0])
    0.3
    """

    frequencies: tuple[float, ...]
    values: tuple[float, ...]
    convention: Convention = "J"
    kind: Literal["tabulated"] = field(default="tabulated", repr=False)

    def __post_init__(self) -> None:
        owner = "a tabulated spectral density"
        for name in ("frequencies", "values"):
            object.__setattr__(self, name, _validate.reals(getattr(self, name), name, owner))
        _validate.choice(self.convention, "convention", owner, ("J", "kappa"))
        if len(self.frequencies) < _FEWEST_POINTS:
            raise MachineError(f"`frequencies` of {owner} must hold at least two numbers, but holds {len(self.frequencies)}.")
        if len(self.values) != len(self.frequencies):
            raise MachineError(
                f"`values` of {owner} must hold one number for each of its {len(self.frequencies)} frequencies, but holds "
                f"{len(self.values)}."
            )
        for k, (one, two) in enumerate(zip(self.frequencies, self.frequencies[1:], strict=False)):
            if two <= one:
                raise MachineError(f"`frequencies` of {owner} must ascend, but {two} follows {one} at place {k + 1}.")
        for k, value in enumerate(self.values):
            _validate.not_negative(value, f"values[{k}]", owner)
        if not any(self.values):
            raise MachineError(f"`values` of {owner} must not all be zero.")

    @classmethod
    def from_file(cls, path: str | Path, *, convention: Convention = "J") -> TabulatedDensity:
        r"""Read frequencies and values from the first two columns of a text file, apart by commas, semicolons or blanks.

        Lines that begin with "#" are left out, and so is a first line of words.

        Examples
        --------
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "density.csv"
        >>> _ = path.write_text("frequency,J\n0,0\n1,0.3\n2,0\n")
        >>> TabulatedDensity.from_file(path).values
        (0.0, 0.3, 0.0)
        """
        frequencies, values = read_columns(path)
        return cls(frequencies, values, convention)

    @cached_property
    def _curve(self) -> Any:
        from scipy.interpolate import PchipInterpolator  # noqa: PLC0415  few need it

        return PchipInterpolator(np.array(self.frequencies), np.array(self.values))

    def __call__(self, frequency: FloatArray) -> FloatArray:
        w = np.asarray(frequency, dtype=float)
        low, high = self.support
        inside = (w >= low) & (w <= high)
        # rounding of the cubic
        return np.where(inside, np.maximum(self._curve(np.clip(w, low, high)), 0.0), 0.0)

    @property
    def support(self) -> tuple[float, float]:
        return self.frequencies[0], self.frequencies[-1]

    @property
    def scale(self) -> float:
        low, high = self.support
        return abs(self.frequencies[max(int(np.argmax(self.values)), 1)]) or max(abs(low), abs(high))

    @property
    def landmarks(self) -> tuple[float, ...]:
        return _marks(self.frequencies, self.support)


def _marks(found: Iterable[float], support: tuple[float, float]) -> tuple[float, ...]:
    """Return finite frequencies, ascending; none at zero if the support begins there, for panels shrink towards that anyway."""
    return tuple(sorted(mark for mark in found if math.isfinite(mark) and (mark != 0.0 or support[0] < 0.0)))


def read_columns(path: str | Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the first two columns of numbers of a text file, or raise `MachineError`."""
    if not isinstance(path, (str, Path)):
        raise MachineError(f"`file` of a tabulated spectral density must be a path, but is {_validate.shown(path)}.")
    try:
        lines = _validate.file_path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text file"
        raise MachineError(f"The file {path} of a tabulated spectral density cannot be read: {why}.") from None
    kept = [(k, line) for k, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
    found: list[tuple[float, float]] = []
    for place, (k, line) in enumerate(kept):
        separator = next((mark for mark in (";", ",", "\t") if mark in line), None)
        words = line.split() if separator is None else next(csv.reader([line], delimiter=separator))
        try:
            found.append((float(words[0]), float(words[1])))
        except (ValueError, IndexError):
            if place:
                raise MachineError(
                    f"Line {k} of {path} must begin with two numbers, a frequency and the density there, but is {line!r}."
                ) from None
    if not found:
        raise MachineError(f"The file {path} of a tabulated spectral density must hold two columns of numbers, but holds none.")
    frequencies, values = zip(*found, strict=True)
    return frequencies, values


if TYPE_CHECKING:
    AnySpectralDensity = SpectralDensity
else:  # what a file may hold, told apart by its `kind`
    AnySpectralDensity = Annotated[
        Ohmic | FlatBand | FunctionDensity | UnderdampedBrownian | SumDensity | TabulatedDensity, Field(discriminator="kind")
    ]
