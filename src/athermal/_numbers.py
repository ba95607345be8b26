"""Numbers as text: the one way in which tables, sentences, the command line and figures write them."""

from __future__ import annotations

import math

# Powers of ten from which on numbers are written with an exponent.
_LOWEST, _HIGHEST = -3, 5


def number(
    value: float,
    error: float | None = None,
    *,
    scale: float | None = None,
    rounding: float = 0.0,
    digits: int = 5,
    signed: bool = False,
    unknown: str = "unknown",
) -> str:
    """Return a number as text, with its standard error if it has one.

    A value and its error are cut at the same digit, the second significant one of the error. Without an error a number has
    `digits` significant digits; in a column whose largest magnitude is `scale`, that largest one has them, and all others are
    cut at the same digit and have the same power of ten: the digits do not depend on the unit.

    Parameters
    ----------
    value : float
    error : float, optional
        One standard error; NaN or None if it has none.
    scale : float, optional
        The largest magnitude in the column.
    rounding : float
        Magnitudes up to this are rounding, and written "0".
    digits : int
    signed : bool
        Whether positive numbers have a sign too.
    unknown : str
        What NaN is written as.

    Examples
    --------
    >>> number(0.41666667), number(4.1666667e-21), number(0.5, 0.0123), number(4.1666667e-21, 2.3e-23)
    ('0.41667', '4.1667e-21', '0.500±0.012', '(4.167±0.023)e-21')
    >>> [number(value, scale=2.5e-21) for value in (2.5e-21, -3e-22, 1e-28)]
    ['2.5000e-21', '-0.3000e-21', '1e-28']
    """
    if math.isnan(value):
        return unknown
    value = 0.0 if abs(value) <= rounding else value
    sign = "+" if signed and value else ""
    if error is not None and not math.isnan(error):
        return _with_error(value, error, sign, digits)
    if math.isinf(value) or value == 0.0:
        return f"{value:{sign}g}" if value else "0"
    if scale is None:
        return f"{value:{sign}.{digits}g}"
    power = _power(max(scale, abs(value)))
    text = _fixed(value, power, digits - 1 - power, sign)
    return text if any(digit in text.partition("e")[0] for digit in "123456789") else f"{value:{sign}.0e}"


def ratio(value: float, error: float | None = None, decimals: int = 4) -> str:
    """Return a dimensionless ratio of the size of one: a fixed number of decimals, or as many as its error tells.

    Examples
    --------
    >>> ratio(1 / 3), ratio(1 / 3, 0.012), ratio(1 / 3, decimals=2)
    ('0.3333', '0.333±0.012', '0.33')
    """
    return number(value, error) if error is not None or not math.isfinite(value) else f"{value:.{decimals}f}"


def share(value: float) -> str:
    """Return a part of a whole in percent.

    Examples
    --------
    >>> share(0.417)
    '42%'
    """
    return f"{value:.0%}"


def magnitude(value: float) -> str:
    """Return how large something small is, such as a residual.

    Examples
    --------
    >>> magnitude(2.3e-14), magnitude(0.0)
    ('2e-14', '0')
    """
    return f"{value:.0e}" if value else "0"


def _with_error(value: float, error: float, sign: str, digits: int) -> str:
    if math.isinf(value) or not 0.0 < error < math.inf:
        told = number(value, digits=digits, signed=bool(sign))
        return f"{told}±{error:g}" if error else told
    last = int(f"{error:.1e}".partition("e")[2]) - 1  # the power of ten of the second digit, after rounding
    power = max(_power(abs(value)), last + 1) if value else last + 1
    decimals = -last
    if _LOWEST <= power < _HIGHEST:
        decimals = max(decimals, 0)
        return f"{value:{sign}.{decimals}f}±{error:.{decimals}f}"
    decimals = power - last
    return f"({value / _ten(power):{sign}.{decimals}f}±{error / _ten(power):.{decimals}f})e{power:+03d}"


def _fixed(value: float, power: int, decimals: int, sign: str) -> str:
    """Return a number of a column whose largest has this power of ten, cut at this many decimals."""
    if _LOWEST <= power < _HIGHEST:
        return f"{value:{sign}.{max(decimals, 0)}f}"
    return f"{value / _ten(power):{sign}.{decimals + power}f}e{power:+03d}"


def _power(value: float) -> int:
    """Return the power of ten of a positive number."""
    return int(f"{value:e}".partition("e")[2]) if 0.0 < value < math.inf else 0


def _ten(power: int) -> float:
    return float(f"1e{power}")
