"""A second, slow way to the same numbers, from the textbook and from nothing of `athermal`.

Hamiltonians are written as ordinary functions of positions and momenta (their Weyl symbols) and turned into matrices by
polarisation; time derivatives are complex steps, exact to rounding; covariance, mean and work are integrated together by
a general ODE solver; entropies come from a general non-symmetric eigenvalue solver. hbar = k_B = 1, r = (x.., p..),
vacuum covariance 1/2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from scipy.integrate import solve_ivp

Energy = Callable[..., np.ndarray]
"""H(x, p, t): x and p of shape (modes, ...), t a number that may be complex."""


def form(n_modes: int) -> np.ndarray:
    """Omega = [[0, 1], [-1, 0]]."""
    return np.kron(np.array([[0.0, 1.0], [-1.0, 0.0]]), np.eye(n_modes))


def quadratic(energy: Energy, n_modes: int, t: complex) -> tuple[np.ndarray, np.ndarray]:
    """Return (h, f) of H = r^T h r / 2 + f . r from the values of H: h_ij = H(e_i + e_j) - H(e_i) - H(e_j) + H(0)."""
    size = 2 * n_modes
    unit = np.eye(size)
    pairs = unit[:, :, None] + unit[:, None, :]
    zero = energy(np.zeros(n_modes), np.zeros(n_modes), t)
    plus = energy(unit[:n_modes], unit[n_modes:], t) + np.zeros(size)
    minus = energy(-unit[:n_modes], -unit[n_modes:], t) + np.zeros(size)
    h = energy(pairs[:n_modes], pairs[n_modes:], t) - plus[:, None] - plus[None, :] + zero
    return h, 0.5 * (plus - minus)


def expectation(h: np.ndarray, f: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> float:
    """Return <r^T h r / 2 + f . r>."""
    return float(0.5 * np.trace(h @ (covariance + np.outer(mean, mean))) + f @ mean)


def rows(modes: list[int] | range, n_modes: int) -> np.ndarray:
    """Rows of the x's, then the p's, of some modes."""
    return np.concatenate([np.array(list(modes)), np.array(list(modes)) + n_modes])


def entropy(covariance: np.ndarray) -> float:
    """S = sum f(nu), nu the positive eigenvalues of i Omega sigma by the general eigenvalue solver."""
    n_modes = len(covariance) // 2
    nu = np.sort(np.linalg.eigvals(1j * form(n_modes) @ covariance).real)[n_modes:]
    return float(sum((v + 0.5) * np.log(v + 0.5) - (v - 0.5) * np.log(v - 0.5) for v in nu if v > 0.5))


def entropy_of(covariance: np.ndarray, modes: list[int] | range) -> float:
    """Entropy of some of the modes."""
    index = rows(modes, len(covariance) // 2)
    return entropy(covariance[np.ix_(index, index)])


def log_partition(h: np.ndarray, temperature: float) -> float:
    """Ln Z of H = r^T h r / 2, from the eigenvalues of i Omega h."""
    n_modes = len(h) // 2
    w = np.sort(np.linalg.eigvals(1j * form(n_modes) @ h).real)[n_modes:]
    return float(-np.sum(np.log(2.0 * np.sinh(0.5 * w / temperature))))


def gibbs(h: np.ndarray, temperature: float) -> np.ndarray:
    """Covariance coth(i Omega h / 2T) i Omega / 2 of the Gibbs state, as a function of a matrix."""
    omega = form(len(h) // 2)
    values, vectors = np.linalg.eig(1j * omega @ h)
    coth = vectors @ np.diag(1.0 / np.tanh(0.5 * values / temperature)) @ np.linalg.inv(vectors)
    return np.real(0.5j * coth @ omega)


def relative_entropy(covariance: np.ndarray, reference: np.ndarray) -> float:
    """D(rho || rho') of two centred states: rho' = exp(-r^T G r / 2)/Z', G = 2 i Omega arccoth(2 i sigma' Omega)."""
    n_modes = len(reference) // 2
    omega = form(n_modes)
    values, vectors = np.linalg.eig(2j * reference @ omega)
    arccoth = 0.5 * np.log((values + 1.0) / (values - 1.0))
    g = np.real(2j * omega @ vectors @ np.diag(arccoth) @ np.linalg.inv(vectors))
    log_z = 0.5 * np.linalg.slogdet(reference + 0.5j * omega)[1]
    return float(0.5 * np.trace(g @ covariance) + log_z) - entropy(covariance)


def random_state(n_modes: int, rng: np.random.Generator, *, spread: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and covariance of a mixed state in which everything is correlated with everything."""
    a = rng.normal(size=(2 * n_modes, 2 * n_modes))
    s = scipy.linalg.expm(spread / np.sqrt(n_modes) * form(n_modes) @ (a + a.T))
    nu = 0.5 + rng.uniform(0.1, 1.5, n_modes)
    return rng.normal(size=2 * n_modes), s @ np.diag(np.concatenate([nu, nu])) @ s.T


@dataclass(frozen=True)
class TextbookMachine:
    """A machine as functions of positions and momenta.

    stretches: (start, stop, H) with H analytic in t on each; subsystems: U_i(x, p) at time zero, one per leading mode;
    baths: (temperature, modes, H_j(x, p)).
    """

    n_modes: int
    stretches: tuple[tuple[float, float, Energy], ...]
    subsystems: tuple[Energy, ...]
    baths: tuple[tuple[float, range, Energy], ...]

    def cycle(self, mean: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Return mean, covariance after one period, and the work: integral of <dH/dt> plus the jumps of <H>."""
        size = 2 * self.n_modes
        omega = form(self.n_modes)
        work = 0.0

        def rate(energy: Energy) -> Callable[[float, np.ndarray], np.ndarray]:
            def of(t: float, y: np.ndarray) -> np.ndarray:
                sigma, m = y[: size * size].reshape(size, size), y[size * size : -1]
                h, f = quadratic(energy, self.n_modes, t + 1e-30j)
                drift = omega @ h.real
                flow = drift @ sigma
                power = expectation(h.imag * 1e30, f.imag * 1e30, m, sigma)
                return np.concatenate([(flow + flow.T).ravel(), drift @ m + omega @ f.real, [power]])

            return of

        for k, (start, stop, energy) in enumerate(self.stretches):
            y = np.concatenate([covariance.ravel(), mean, [0.0]])
            answer = solve_ivp(rate(energy), (start, stop), y, method="DOP853", rtol=1e-12, atol=1e-12)
            covariance, mean = answer.y[: size * size, -1].reshape(size, size), answer.y[size * size : -1, -1]
            work += float(answer.y[-1, -1])
            begin, _, following = self.stretches[(k + 1) % len(self.stretches)]
            before, after = quadratic(energy, self.n_modes, stop), quadratic(following, self.n_modes, begin)
            work += expectation(after[0] - before[0], after[1] - before[1], mean, covariance)
        return mean, 0.5 * (covariance + covariance.T), work

    def instant(self, mean: np.ndarray, covariance: np.ndarray) -> dict[str, np.ndarray]:
        """Return energies and entropies at the start of a cycle."""
        n = self.n_modes
        system = range(len(self.subsystems))
        forms = [quadratic(energy, n, 0.0) for energy in (*self.subsystems, *(bath[2] for bath in self.baths))]
        energies = [expectation(h, f, mean, covariance) for h, f in forms]
        partition = []
        for k, (temperature, modes, _) in enumerate(self.baths):
            index = rows(modes, n)
            partition.append(log_partition(forms[len(system) + k][0][np.ix_(index, index)], temperature))
        return {
            "u": np.array(energies[: len(system)]),
            "e": np.array(energies[len(system) :]),
            "s_i": np.array([entropy_of(covariance, [i]) for i in system]),
            "s_j": np.array([entropy_of(covariance, modes) for _, modes, _ in self.baths]),
            "s_system": np.array(entropy_of(covariance, system)),
            "s_baths": np.array(entropy_of(covariance, [m for _, modes, _ in self.baths for m in modes])),
            "s": np.array(entropy(covariance)),
            "log_z": np.array(partition),
        }

    def ledger(self, mean: np.ndarray, covariance: np.ndarray, cycles: int, period: float) -> list[dict[str, np.ndarray]]:
        """Return the columns of docs/physics.md section 2, cycle by cycle."""
        lines = []
        a = self.instant(mean, covariance)
        for _ in range(cycles):
            mean, covariance, work = self.cycle(mean, covariance)
            b = self.instant(mean, covariance)
            lines.append(_line(a, b, work, np.array([bath[0] for bath in self.baths]), period))
            a = b
        return lines


def _over(a: float, b: float) -> np.ndarray:
    """Return a/b, NaN where b is zero: the quantity is undefined."""
    return np.array(a / b if b != 0.0 else np.nan)


def _line(a: dict[str, np.ndarray], b: dict[str, np.ndarray], work: float, t: np.ndarray, period: float) -> dict[str, np.ndarray]:
    """The definitions and laws of docs/physics.md section 2, written out once more."""
    t_min, t_max = t.min(), t.max()
    eta_j = 1.0 - t_min / t

    def parts(s: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return (
            s["s_system"] + s["s_baths"] - s["s"],
            s["s_i"].sum() - s["s_system"],
            s["s_j"].sum() - s["s_baths"],
            -s["s_j"] + s["e"] / t + s["log_z"],
        )

    (i_a, cs_a, cr_a, d_a), (i_b, cs_b, cr_b, d_b) = parts(a), parts(b)
    q, du, ds = b["e"] - a["e"], b["u"] - a["u"], b["s_i"] - a["s_i"]
    sigma = i_b - i_a + cs_b - cs_a + cr_b - cr_a + (d_b - d_a).sum()
    df = du - t_min * ds
    entropic = t_min * sigma + df.sum()
    q_in, u_in = -q[q < 0].sum(), -du[du < 0].sum()
    ratio = t_max / t_min - 1.0
    cold = int(np.argmin(t))
    # gamma is undefined without heat intake (docs/physics.md), whatever the subsystems gave
    two = len(t) == 2
    return {
        "work": np.array(work),
        "work_output": np.array(-work),
        "power": np.array(-work / period),
        "heat": q,
        "energy_change": du,
        "entropy_change": ds,
        "free_energy_change": df,
        "mutual_information": i_b,
        "mutual_information_change": i_b - i_a,
        "system_correlation": cs_b,
        "system_correlation_change": cs_b - cs_a,
        "reservoir_correlation": cr_b,
        "reservoir_correlation_change": cr_b - cr_a,
        "athermality": d_b,
        "athermality_change": d_b - d_a,
        "sigma_total": i_b + cs_b + cr_b + d_b.sum(),
        "sigma_total_change": sigma,
        "entropic_work": entropic,
        "sigma_change": entropic / t_min,
        "heat_intake": q_in,
        "energy_intake": u_in,
        "efficiency": _over(-work, q_in + u_in) if work < 0.0 else np.array(np.nan),  # an engine's figure
        "carnot_efficiency": 1.0 - t_min / t_max,
        "thermal_efficiency": _over(-(eta_j @ q), q_in),
        "gamma": np.array(q_in / (q_in + u_in) if q_in > 0.0 else np.nan),
        "thermal_share": (eta_j @ q) / work,
        "entropic_share": entropic / work,
        "work_by_resource": np.concatenate(
            [eta_j * q, t_min * np.array([i_b - i_a, cs_b - cs_a, cr_b - cr_a]), t_min * (d_b - d_a), df]
        ),
        "coefficient_of_performance": np.array(-q[cold] / work if two and work > 0.0 and q[cold] < 0.0 else np.nan),
        "carnot_coefficient": np.array(1.0 / ratio if two else np.nan),
        "refrigeration_cost": t_max * sigma + (du - t_max * ds).sum(),
    }
