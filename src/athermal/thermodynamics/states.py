"""States of parts kept along a run, labelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from athermal._lazy import xr
from athermal._types import ComplexArray, FloatArray
from athermal.errors import StudyError
from athermal.maths.tensor import partial_trace

Parts = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Kept:
    """The states of some parts together, stacked along time.

    Parameters
    ----------
    parts : tuple of str
    sizes : tuple of int
        The dimension of each part; of oscillators treated as Gaussian how many modes it has.
    density : (instants, d, d) array, optional
        Density matrices in the basis of `numpy.kron` and QuTiP, the parts in their order.
    mean, covariance : (instants, 2n) and (instants, 2n, 2n) arrays, optional
        Of the quadratures x_1..x_n, p_1..p_n of each part, part after part.
    """

    parts: Parts
    sizes: tuple[int, ...]
    density: ComplexArray | None = None
    mean: FloatArray | None = None
    covariance: FloatArray | None = None

    def of(self, parts: Parts) -> Kept:
        """Return the states of some of the parts."""
        if parts == self.parts:
            return self
        positions = [self.parts.index(name) for name in parts]
        sizes = tuple(self.sizes[k] for k in positions)
        if self.density is not None:
            traced = [partial_trace(rho, self.sizes, positions) for rho in self.density]
            return Kept(parts, sizes, np.array(traced))
        assert self.mean is not None and self.covariance is not None  # noqa: S101, PT018  the other kind
        first = np.concatenate([[0], 2 * np.cumsum(self.sizes)])
        rows = np.concatenate([np.arange(first[k], first[k + 1]) for k in positions])
        return Kept(parts, sizes, None, self.mean[:, rows], self.covariance[:, rows[:, None], rows])

    @property
    def arrays(self) -> dict[str, Any]:
        """The arrays by name, None where there is none."""
        return {"density": self.density, "mean": self.mean, "covariance": self.covariance}

    @property
    def quadratures(self) -> list[str]:
        """Labels of the quadratures, as "x[a]" or "p[bath, 3]"."""
        return [
            f"{kind}[{name}]" if size == 1 else f"{kind}[{name}, {k}]"
            for name, size in zip(self.parts, self.sizes, strict=True)
            for kind in "xp"
            for k in range(size)
        ]

    def labelled(self, time: FloatArray) -> xr.DataArray | xr.Dataset:
        """Return them with labels."""
        coords: dict[str, Any] = {"instant": np.arange(len(time)), "time": ("instant", time)}
        attrs = {"parts": list(self.parts), "sizes": list(self.sizes)}
        if self.density is not None:
            return xr.DataArray(self.density, coords, ("instant", "row", "column"), "density_matrix", attrs)
        rows, columns = ({f"quadrature{end}": self.quadratures} for end in ("", "_2"))
        data = {"mean": (("instant", "quadrature"), self.mean)}
        more = {"covariance": (("instant", "quadrature", "quadrature_2"), self.covariance)}
        return xr.Dataset(data | more, coords | rows | columns, attrs)


class States(Mapping[Any, Any]):
    """The states that a run kept, by part or tuple of parts, as labelled arrays along the instants.

    Of finite parts a complex `DataArray` (instant, row, column); of oscillators treated as Gaussian a `Dataset` of `mean` and
    `covariance`. Parts of a joint state that was kept are at hand too.

    Examples
    --------
    >>> import athermal as at
    >>> ledger = at.run(at.library.two_qubit_swap(), 2, keep_states=True)
    >>> ledger.states["hot"].shape, ledger.states["hot", "cold"].shape
    ((3, 2, 2), (3, 4, 4))
    """

    def __init__(self, groups: tuple[Kept, ...], time: FloatArray) -> None:
        self.groups = groups
        self.time = time

    def find(self, key: Any) -> Kept:
        """Return the states of a part or of several, or raise `StudyError`."""
        parts = (key,) if isinstance(key, str) else tuple(key) if isinstance(key, (tuple, list)) else ()
        for group in self.groups:
            if parts and len(set(parts)) == len(parts) and set(parts) <= set(group.parts):
                return group.of(parts)
        held = ", ".join("+".join(group.parts) for group in self.groups) or "none"
        raise StudyError(
            f"The states of {key!r} were not kept by this run; kept: {held}. Run with keep_states=True (all subsystems), "
            "or list the parts, in a tuple those whose joint state is wanted."
        )

    def __getitem__(self, key: Any) -> Any:
        """Return the states of a part, or of several together."""
        try:
            return self.find(key).labelled(self.time)
        except StudyError as error:
            raise KeyError(str(error)) from None

    def __contains__(self, key: object) -> bool:
        """Tell whether the states of a part, or of several together, are at hand."""
        try:
            self.find(key)
        except StudyError:
            return False
        return True

    def __iter__(self) -> Iterator[Any]:
        """List the groups that were kept."""
        return iter([group.parts[0] if len(group.parts) == 1 else group.parts for group in self.groups])

    def __len__(self) -> int:
        """Return how many groups were kept."""
        return len(self.groups)

    def __repr__(self) -> str:
        """Return what it holds in one line."""
        return (
            f"<States of {', '.join('+'.join(group.parts) for group in self.groups) or 'nothing'} at {len(self.time)} instants>"
        )
