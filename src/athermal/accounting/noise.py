"""Errors of states: how far a state may miss being one on their account, and states drawn within them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from athermal._types import ComplexArray, FloatArray
from athermal.accounting.states import AnyState, DensityState, GaussianState, PopulationState
from athermal.errors import StudyError

# By how many standard errors what is measured may miss a rule.
STANDARD_ERRORS = 5.0

Draw = Callable[[np.random.Generator, int], AnyState]
"""States drawn within the errors of one: of a generator and a number, so many stacked states."""


@dataclass(frozen=True)
class Noise:
    """The errors of one state.

    Parameters
    ----------
    reach : float
        By how much the state may miss being one on their account.
    deviations : function, optional
        Of a generator and a number n: n stacked deviations from the state; None if it is exact.
    """

    reach: float = 0.0
    deviations: Callable[[np.random.Generator, int], Any] | None = None

    def around(self, state: AnyState) -> Draw | None:
        """Return the function that draws states; the trace of each stays one, as that of the state was made one."""
        make = self.deviations
        if make is None:
            return None

        def draw(random: np.random.Generator, n: int) -> AnyState:
            off = make(random, n)
            if isinstance(state, GaussianState):
                return replace(state, centre=state.centre + off[0], covariance=state.covariance + off[1])
            if isinstance(state, PopulationState):
                return replace(state, given=state.given + off - state.given * np.sum(off, axis=-1, keepdims=True))
            trace = np.real(np.trace(off, axis1=-2, axis2=-1))[:, None, None]
            return DensityState(state.given + off - state.given * trace)

        return draw


def _reach(variances: FloatArray) -> float:
    """Return five times how far noise of such elements moves an eigenvalue or an element: the larger of the two."""
    size = len(variances)
    together = float(np.sum(variances)) / size
    return STANDARD_ERRORS * float(np.sqrt(max(together, float(np.max(variances)))))


def of_samples(samples: AnyState) -> Noise:
    """Return the noise of one state of which there are stacked samples: by their scatter.

    Draws are normal with the covariance of the samples, which is known the worse the fewer they are: each is scaled by
    sqrt(m/chi^2_m), m one less than the samples, as in Student's distribution.
    """
    arrays = (samples.centre, samples.covariance) if isinstance(samples, GaussianState) else (samples.given,)
    off = [array - np.mean(array, axis=0) for array in arrays]
    freedom = len(off[0]) - 1
    variances = np.sum(np.abs(off[-1]) ** 2, axis=0) / freedom
    if not any(np.any(one) for one in off):
        return Noise()

    def deviations(random: np.random.Generator, n: int) -> Any:
        scale = np.sqrt(random.chisquare(freedom, size=(n, 1)))
        weights = random.standard_normal((n, freedom + 1)) / scale
        drawn = [np.tensordot(weights, one, axes=1) for one in off]
        return tuple(drawn) if len(drawn) > 1 else drawn[0]

    return Noise(_reach(np.atleast_2d(variances)), deviations)


def of_density(error: Any, size: int, n_instants: int, what: str) -> list[Noise]:
    """Return the noise of density matrices: one error for all elements, one of each, or the covariance of the elements."""
    rule = (
        f"{what} must be one number, {size} x {size} standard errors of the elements, or the {size**2} x {size**2} covariance of "
        f"the elements rho_11, rho_12, ... (<d rho_ab d rho_cd*>), or a list of one of these for each of {n_instants} instants"
    )
    values = _numbers(error, rule)
    if values.shape in ((n_instants,), (n_instants, size, size), (n_instants, size**2, size**2)):
        return [_one_density(value, size, what, rule) for value in values]
    return [_one_density(values, size, what, rule)] * n_instants


def _one_density(value: ComplexArray, size: int, what: str, rule: str) -> Noise:
    if value.shape == (size**2, size**2) and size > 1:
        return _correlated(value, size, what)
    if value.shape not in ((), (size, size)):
        raise StudyError(f"{rule}; but has the shape {value.shape}.")
    # one number, or a real one for an element, is the error of its real part and of its imaginary part alike
    real, imaginary = value.real, value.imag if np.any(value.imag) else value.real
    if np.any(real < 0.0) or np.any(imaginary < 0.0):
        raise StudyError(f"{what} must be zero or positive, but one is {min(real.min(), imaginary.min()):g}.")
    squares = np.stack(np.broadcast_arrays(real, imaginary, np.zeros((size, size)))[:2]) ** 2
    squares = 0.5 * (squares + squares.transpose(0, 2, 1))
    squares[1][np.diag_indices(size)] = 0.0
    if not np.any(squares):
        return Noise()
    errors, upper = np.sqrt(squares), np.triu(np.ones((size, size)))

    def deviations(random: np.random.Generator, n: int) -> ComplexArray:
        z = random.standard_normal((2, n, size, size))
        half = upper * (errors[0] * z[0] + 1j * errors[1] * z[1])
        return np.asarray(half + np.triu(half, 1).conj().swapaxes(-1, -2))

    return Noise(_reach(squares[0] + squares[1]), deviations)


def _correlated(covariance: ComplexArray, size: int, what: str) -> Noise:
    """Return the noise of Hermitian matrices with a covariance of their elements."""
    basis = _hermitian_basis(size)
    inside = basis.conj() @ covariance @ basis.T  # of the real coordinates Tr(B_k rho)
    scale = float(np.max(np.abs(covariance)))
    if scale == 0.0:
        return Noise()
    values, vectors = np.linalg.eigh(0.5 * (inside.real + inside.real.T))
    off = float(np.max(np.abs(inside - 0.5 * (inside.real + inside.real.T))))
    if off > 1e-6 * scale or float(values[0]) < -1e-6 * scale:
        found = f"misses that by {off:.3g}" if off > 1e-6 * scale else f"has one of {values[0]:.3g}"
        raise StudyError(
            f"{what} must be the covariance <d rho_ab d rho_cd*> of the elements of Hermitian matrices, Hermitian itself and "
            f"without a negative eigenvalue, but {found}."
        )
    root = vectors * np.sqrt(np.maximum(values, 0.0))

    def deviations(random: np.random.Generator, n: int) -> ComplexArray:
        return np.asarray((random.standard_normal((n, size**2)) @ root.T @ basis).reshape(n, size, size))

    return Noise(_reach(np.real(np.diagonal(covariance)).reshape(size, size)), deviations)


def _hermitian_basis(size: int) -> ComplexArray:
    """Return an orthonormal basis of the Hermitian matrices, flattened, one in each row."""
    rows = []
    for a in range(size):
        for b in range(a, size):
            units = [np.zeros((size, size), dtype=complex) for _ in range(1 if a == b else 2)]
            units[0][a, b] = units[0][b, a] = 1.0 if a == b else np.sqrt(0.5)
            if a != b:
                units[1][a, b], units[1][b, a] = 1j * np.sqrt(0.5), -1j * np.sqrt(0.5)
            rows += [unit.ravel() for unit in units]
    return np.array(rows)


def of_populations(error: Any, size: int, n_instants: int, what: str) -> list[Noise]:
    """Return the noise of populations: one error for all, one of each, or their covariance at every instant."""
    rule = (
        f"{what} must be one number, {size} standard errors, or for each of {n_instants} instants {size} errors or a {size} x "
        f"{size} covariance"
    )
    values = np.real(_numbers(error, rule))
    if values.shape == (n_instants, size, size):
        return [_correlated_populations(value, what) for value in values]
    if values.shape not in ((), (size,), (n_instants, size)):
        raise StudyError(f"{rule}; but has the shape {values.shape}.")
    if np.any(values < 0.0):
        raise StudyError(f"{what} must be zero or positive, but one is {values.min():g}.")
    return [_of_spread(row) for row in np.broadcast_to(values, (n_instants, size))]


def _of_spread(errors: FloatArray) -> Noise:
    if not np.any(errors):
        return Noise()
    return Noise(
        STANDARD_ERRORS * float(np.sqrt(np.sum(errors**2))),
        lambda random, n: errors * random.standard_normal((n, len(errors))),
    )


def _correlated_populations(covariance: FloatArray, what: str) -> Noise:
    values, vectors = np.linalg.eigh(0.5 * (covariance + covariance.T))
    scale = float(np.max(np.abs(covariance)))
    if float(np.max(np.abs(covariance - covariance.T))) > 1e-6 * scale or float(values[0]) < -1e-6 * scale:
        raise StudyError(f"{what} must be symmetric covariances without a negative eigenvalue, but one has {values[0]:.3g}.")
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    reach = STANDARD_ERRORS * float(np.sqrt(np.trace(covariance)))
    return Noise(reach, lambda random, n: random.standard_normal((n, len(root))) @ root.T) if scale > 0.0 else Noise()


def of_counts(counts: FloatArray) -> Noise:
    """Return the noise of populations that were counted: multinomial, N times as many events as there were.

    What was counted never or always is not known exactly for that: half an event is added to each level for the draws, which
    are then moved by what that changed.
    """
    total = float(np.sum(counts))
    likely = (counts + 0.5) / (total + 0.5 * len(counts))
    return Noise(0.0, lambda random, n: random.multinomial(round(total), likely, size=n) / total - likely)


def of_gaussian(error: Any, size: int, n_instants: int, what: str) -> list[Noise]:
    """Return the noise of Gaussian states: the errors of the means, and of the covariances."""
    rule = (
        f"{what} must be a pair, the errors of the means and of the covariances (one number, of each entry, or for each instant)"
    )
    if not isinstance(error, (tuple, list)) or len(error) != 2:
        if np.ndim(error) == 0 and error == 0:
            return [Noise()] * n_instants
        raise StudyError(f"{rule}, but is {error!r}.")
    found = []
    for value, shape in zip(error, ((n_instants, 2 * size), (n_instants, 2 * size, 2 * size)), strict=True):
        numbers = np.real(_numbers(value, rule))
        try:
            found.append(np.broadcast_to(numbers, shape))
        except ValueError:
            raise StudyError(f"{rule}; but one has the shape {numbers.shape}, where {shape[1:]} is that of a state.") from None
        if np.any(numbers < 0.0):
            raise StudyError(f"{what} must be zero or positive, but one is {numbers.min():g}.")
    return [_one_gaussian(means, covariances) for means, covariances in zip(*found, strict=True)]


def _one_gaussian(means: FloatArray, covariances: FloatArray) -> Noise:
    if not np.any(means) and not np.any(covariances):
        return Noise()
    errors, upper = np.sqrt(0.5 * (covariances**2 + covariances.T**2)), np.triu(np.ones(covariances.shape))

    def deviations(random: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
        half = upper * errors * random.standard_normal((n, *errors.shape))
        return means * random.standard_normal((n, len(means))), half + np.triu(half, 1).swapaxes(-1, -2)

    return Noise(_reach(errors**2), deviations)


def _numbers(value: Any, rule: str) -> ComplexArray:
    try:
        found = np.asarray(value, dtype=complex)
    except (TypeError, ValueError):
        raise StudyError(f"{rule}; but is {value!r}.") from None
    if not np.all(np.isfinite(found)):
        raise StudyError(f"{rule}, all finite; but holds NaN or infinity.")
    return found
