"""Small semidefinite programmes, solved with a certificate.

minimise  cost . z   over z = (x, s)   such that   1 + F(x) = 1 + sum_i x_i F_i >= 0   and   rows z <= limits,

with Hermitian F_i and further real variables s that enter the inequalities only. For any Z >= 0 and multipliers l >= 0 with
<F_i, Z> - (rows^T l)_i = cost_i, every feasible z obeys cost . z >= -Tr Z - limits . l: the dual bound, which asks nothing of how
Z and l were found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from athermal._types import FloatArray, Matrix
from athermal.maths.spans import Span

# How near to the boundary a step goes, and how many steps are tried: the gap shrinks about tenfold in each.
_REACH, _MAX_STEPS = 0.98, 60
# A gap that has not shrunk by this factor in so many steps has met rounding.
_PROGRESS, _PATIENCE = 0.9, 4
# Steps of conjugate gradients, and the residual at which they end; corrections of the dual.
_ITERATIONS, _ROUNDING, _CORRECTIONS = 16, 1e-12, 4


@dataclass(frozen=True)
class Programme:
    """A semidefinite programme; see the module's text.

    Parameters
    ----------
    span : Span
    cost : (m + k,) array
    rows, limits : (p, m + k) array, (p,) array
    reach : (m + k,) array
        Numbers that the |z_i| of an optimum do not exceed: what rounding in the dual costs at most.
    """

    span: Span
    cost: FloatArray
    rows: FloatArray
    limits: FloatArray
    reach: FloatArray

    @classmethod
    def unconstrained(cls, span: Span, cost: FloatArray, reach: FloatArray) -> Programme:
        """Return a programme without inequalities."""
        return cls(span, cost, np.zeros((0, len(cost))), np.zeros(0), reach)

    def cone(self, z: FloatArray) -> Matrix:
        """Return 1 + F(x)."""
        return np.asarray(np.eye(self.span.size) + self.span.matrix(z[: len(self.span)]))

    def slack(self, z: FloatArray) -> FloatArray:
        """Return limits - rows z."""
        return np.asarray(self.limits - self.rows @ z)

    def adjoint(self, dual: Matrix, multipliers: FloatArray) -> FloatArray:
        """Return <F_i, Z> - (rows^T l)_i."""
        padded = np.zeros(len(self.cost))
        padded[: len(self.span)] = self.span.adjoint(dual)
        return np.asarray(padded - multipliers @ self.rows)

    def bound(self, dual: Matrix, multipliers: FloatArray) -> float:
        """Return the number that no feasible z within `reach` can go below, -Tr Z - limits . l; -inf unless Z, l >= 0.

        What Z and l miss of <F_i, Z> - (rows^T l)_i = cost_i is charged in full, so that the bound holds to rounding.
        """
        try:
            np.linalg.cholesky(dual)
        except np.linalg.LinAlgError:
            return -np.inf
        if np.any(multipliers < 0.0):
            return -np.inf
        missed = np.abs(self.cost - self.adjoint(dual, multipliers))
        return float(-np.real(np.trace(dual)) - self.limits @ multipliers - missed @ self.reach)


@dataclass(frozen=True)
class Optimum:
    """A feasible point of a programme, its value, and the best dual bound found.

    Parameters
    ----------
    point : (m + k,) array
    value, bound : float
    dual, multipliers : (n, n) array, (p,) array
        What the bound follows from.
    steps : int
    """

    point: FloatArray
    value: float
    bound: float
    dual: Matrix
    multipliers: FloatArray
    steps: int


def minimise(
    programme: Programme,
    start: FloatArray,
    is_enough: Callable[[FloatArray, float, float], bool],
) -> Optimum:
    """Return an optimum, from a strictly feasible start, by a primal-dual interior-point method.

    Nesterov-Todd directions with Mehrotra's predictor and corrector. All points are feasible.

    Parameters
    ----------
    programme : Programme
    start : (m + k,) array
        With 1 + F(x) > 0 and rows z < limits.
    is_enough : callable
        (z, value, bound) -> whether to stop, asked after every step with the best so far. It stops, too, where rounding keeps
        the gap from shrinking.

    References
    ----------
    M. J. Todd, K. C. Toh, R. H. Tutuncu, SIAM J. Optim. 8, 769 (1998).

    Examples
    --------
    >>> from athermal.maths.spans import MatrixSpan
    >>> flip = MatrixSpan(np.array([[[0.0, 1.0], [1.0, 0.0]]]))
    >>> programme = Programme.unconstrained(flip, np.array([1.0]), np.ones(1))
    >>> best = minimise(programme, np.zeros(1), lambda z, value, bound: value - bound < 1e-9)
    >>> round(best.value, 8), best.value >= best.bound
    (-1.0, True)
    """
    unit = float(np.max(np.abs(programme.cost), initial=0.0)) or 1.0
    slack = programme.slack(start)
    size = 1.0 + float(np.max(np.abs(programme.cost), initial=0.0)) / unit
    iterate = _Iterate(start, size * unit * np.eye(programme.span.size, dtype=complex), size * unit / slack)
    best = Optimum(start, float(programme.cost @ start), -np.inf, iterate.dual, iterate.multipliers, 0)
    gaps: list[float] = []
    for step in range(1, _MAX_STEPS + 1):
        try:
            iterate = _step(programme, iterate)
            np.linalg.cholesky(programme.cone(iterate.point))
        except np.linalg.LinAlgError:  # rounding has taken it across the boundary
            break
        best = _better(programme, best, iterate, step)
        if is_enough(best.point, best.value, best.bound):
            break
        gaps.append(best.value - best.bound)
        if len(gaps) > _PATIENCE and np.isfinite(gaps[-1 - _PATIENCE]) and gaps[-1] > _PROGRESS * gaps[-1 - _PATIENCE]:
            break
    return best


@dataclass(frozen=True)
class _Iterate:
    point: FloatArray
    dual: Matrix
    multipliers: FloatArray


def _better(programme: Programme, best: Optimum, iterate: _Iterate, step: int) -> Optimum:
    """Return the better point and the better bound of an optimum and an iterate."""
    value, bound = float(programme.cost @ iterate.point), programme.bound(iterate.dual, iterate.multipliers)
    point, value = (iterate.point, value) if value <= best.value else (best.point, best.value)
    if bound <= best.bound:
        return Optimum(point, value, best.bound, best.dual, best.multipliers, step)
    return Optimum(point, value, bound, iterate.dual, iterate.multipliers, step)


def _step(programme: Programme, now: _Iterate) -> _Iterate:
    """Return the next iterate.

    With X = L L^dag, Z = R R^dag and R^dag L = U D V^dag, the scaling T = L V D^{-1/2} turns both X and Z into D:
    T^-1 X T^-dag = T^dag Z T = D. In this frame complementarity is D (dX + dZ) symmetrised = right side.
    """
    span, count = programme.span, len(programme.span)
    cone, slack = programme.cone(now.point), programme.slack(now.point)
    lower, dual_lower = np.linalg.cholesky(cone), np.linalg.cholesky(now.dual)
    left, values, _ = np.linalg.svd(dual_lower.conj().T @ lower)
    inverse = (left.conj().T @ dual_lower.conj().T) / np.sqrt(values)[:, None]  # T^-1
    if not (np.all(slack > 0.0) and np.all(now.multipliers > 0.0)):
        raise np.linalg.LinAlgError("A slack or a multiplier is not positive.")
    known = programme.adjoint(now.dual, now.multipliers) - programme.cost
    newton = _Newton(programme, inverse, now.multipliers / slack)

    def direction(matrix: Matrix, vector: FloatArray) -> _Direction:
        """Return the Newton direction for given right sides of complementarity, of the cone and of the inequalities."""
        v, v_row = matrix * (2.0 / (values[:, None] + values)), vector / slack
        move = newton.solve(programme.adjoint(inverse.conj().T @ v @ inverse, v_row) + known)
        cone_move = inverse @ span.matrix(move[:count]) @ inverse.conj().T
        slack_move = -programme.rows @ move
        return _Direction(move, cone_move, v - cone_move, slack_move, v_row - now.multipliers / slack * slack_move)

    product, products = np.diag(values**2), slack * now.multipliers
    mean = (float(np.sum(values**2)) + float(np.sum(products))) / (len(values) + len(products))
    ahead = direction(-product, -products)
    primal, dual = ahead.lengths(values, slack, now.multipliers)
    left_over = float(np.real(np.trace((np.diag(values) + primal * ahead.cone) @ (np.diag(values) + dual * ahead.dual))))
    left_over += float((slack + primal * ahead.slack) @ (now.multipliers + dual * ahead.multipliers))
    aim = mean * min(1.0, max(0.0, left_over / (mean * (len(values) + len(products))))) ** 3
    mixed = ahead.cone @ ahead.dual
    second = aim * np.eye(len(values)) - product - 0.5 * (mixed + mixed.conj().T)
    chosen = direction(second, aim - products - ahead.slack * ahead.multipliers)
    primal, dual = (min(1.0, _REACH * length) for length in chosen.lengths(values, slack, now.multipliers, largest=2.0))
    change = inverse.conj().T @ chosen.dual @ inverse
    moved = now.dual + dual * 0.5 * (change + change.conj().T), now.multipliers + dual * chosen.multipliers
    return _Iterate(now.point + primal * chosen.point, *newton.corrected(*moved, programme.cost + (1.0 - dual) * known))


class _Newton:
    """The equation <F_i, G F(x) G> + (rows^T ratio rows z)_i = side_i with G = T^-dag T^-1.

    Near the optimum G has a condition number of one over the gap, and the matrix of this equation its square: there it is
    factorised as A^T A through A = Q R, not through itself. Applied factor by factor the left side is known to rounding, so that
    conjugate gradients recover what a factorisation loses.
    """

    def __init__(self, programme: Programme, inverse: Matrix, ratio: FloatArray) -> None:
        self.programme, self.inverse, self.ratio = programme, inverse, ratio
        span, count = programme.span, len(programme.span)
        metric = np.zeros((len(programme.cost),) * 2)
        metric[:count, :count] = span.metric(inverse)
        metric += (programme.rows.T * ratio) @ programme.rows
        self.scale = 1.0 / np.sqrt(np.diagonal(metric))
        metric *= self.scale[:, None] * self.scale
        self.is_precise = False
        try:
            self.factor = scipy.linalg.cholesky(metric, lower=False, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError:
            self._factorise_precisely()

    def _factorise_precisely(self) -> None:
        """Take the factor from A, the F_i in the scaled frame and the inequalities, by Householder reflections."""
        count = len(self.programme.span)
        columns = np.zeros((self.programme.span.size**2 + len(self.ratio), len(self.scale)))
        columns[: -len(self.ratio) or None, :count] = self.programme.span.columns_in(self.inverse)
        columns[len(columns) - len(self.ratio) :] = np.sqrt(self.ratio)[:, None] * self.programme.rows
        columns *= self.scale
        (self.factor,) = scipy.linalg.qr(columns, mode="r", overwrite_a=True, check_finite=False)
        self.factor = self.factor[: len(self.scale)]
        self.is_precise = True

    def image(self, z: FloatArray) -> tuple[Matrix, FloatArray]:
        """Return G F(x) G, and what the inequalities add to the multipliers."""
        inner = self.inverse @ self.programme.span.matrix(z[: len(self.programme.span)]) @ self.inverse.conj().T
        outer = self.inverse.conj().T @ inner @ self.inverse
        return 0.5 * (outer + outer.conj().T), -self.ratio * (self.programme.rows @ z)

    def solve(self, side: FloatArray) -> FloatArray:
        """Return z, by conjugate gradients that the factorisation preconditions: one step where it is exact."""
        solution, is_solved = self._iterated(side)
        if not is_solved and not self.is_precise:
            self._factorise_precisely()
            solution, _ = self._iterated(side)
        return solution

    def _iterated(self, side: FloatArray) -> tuple[FloatArray, bool]:
        """Return the best of some iterates, and whether it is a solution."""
        solution, missed = np.zeros_like(side), side.copy()
        aim = _ROUNDING * float(np.linalg.norm(side))
        least, best = float(np.linalg.norm(side)), solution
        way, before = np.zeros_like(side), 1.0
        for _ in range(_ITERATIONS):
            turned = self._preconditioned(missed)
            product = float(missed @ turned)
            way = turned + product / before * way
            pushed = self.programme.adjoint(*self.image(way))
            curvature = float(way @ pushed)
            if not (curvature > 0.0 and product > 0.0):
                break
            solution, missed, before = solution + product / curvature * way, missed - product / curvature * pushed, product
            if (size := float(np.linalg.norm(missed))) < least:
                least, best = size, solution
            if size <= aim:
                break
        return best, least <= aim

    def _preconditioned(self, side: FloatArray) -> FloatArray:
        half = scipy.linalg.solve_triangular(self.factor, self.scale * side, trans=1, check_finite=False)
        return np.asarray(self.scale * scipy.linalg.solve_triangular(self.factor, half, check_finite=False))

    def corrected(self, dual: Matrix, multipliers: FloatArray, wanted: FloatArray) -> tuple[Matrix, FloatArray]:
        """Return a dual point close by with <F_i, Z> - (rows^T l)_i = wanted_i, to rounding."""
        missed = wanted - self.programme.adjoint(dual, multipliers)
        for _ in range(_CORRECTIONS):
            change, change_row = self.image(self.solve(missed))
            still = wanted - self.programme.adjoint(dual + change, multipliers + change_row)
            if not float(np.linalg.norm(still)) < 0.5 * float(np.linalg.norm(missed)):
                break
            dual, multipliers, missed = dual + change, multipliers + change_row, still
        return dual, multipliers


@dataclass(frozen=True)
class _Direction:
    """A direction: z, X and Z in the scaled frame, slack and multipliers."""

    point: FloatArray
    cone: Matrix
    dual: Matrix
    slack: FloatArray
    multipliers: FloatArray

    def lengths(
        self, values: FloatArray, slack: FloatArray, multipliers: FloatArray, largest: float = 1.0
    ) -> tuple[float, float]:
        """Return how far X and Z can go before they leave the cone, at most `largest`."""
        root = np.sqrt(values)
        found = []
        for matrix, vector, held in ((self.cone, self.slack, slack), (self.dual, self.multipliers, multipliers)):
            lowest = float(np.linalg.eigvalsh(matrix / root[:, None] / root)[0])
            lowest = min(lowest, float(np.min(vector / held, initial=0.0)))
            found.append(min(largest, -1.0 / lowest) if lowest < 0.0 else largest)
        return found[0], found[1]
