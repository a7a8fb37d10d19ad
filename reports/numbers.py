"""How numbers are written in every report.

One rule: no rounding ever shows a perfect score that is not one. What is not zero never reads ``0``, what is not one
never reads ``1.00``, and 999 of 1000 never read ``100 %``. No number is wider than eight characters, which is what
lets a table of ten columns fit a terminal of a hundred.
"""

from __future__ import annotations

from math import isfinite


def amount(value: float) -> str:
    """A Δ or a value: ``0.1205``, ``-1.3e-15``; ``0`` for exactly zero only."""
    if value == 0:
        return "0"
    if 0.01 <= abs(value) < 9999.5:
        return f"{value:#.4g}".rstrip(".")
    return _scientific(value)


def signed(value: float) -> str:
    """A sum that can cancel, always with its sign: ``+0.1205``."""
    return f"+{amount(value)}" if value > 0 else amount(value)


def pair(one: float, other: float) -> tuple[str, str]:
    """Two values side by side, in full where four digits would show different values as the same."""
    short = amount(one), amount(other)
    return short if short[0] != short[1] or one == other else (repr(float(one)), repr(float(other)))


def ulps(value: float) -> str:
    """An error in units in the last place: ``2.1``, ``1.3e+15``, ``<0.1``."""
    return "<0.1" if 0 < value < 0.1 else _plain(value, digits=1)


def ratio(value: float) -> str:
    """An error ÷ budget: ``0.42``, ``<1.00``, ``>1.00``, ``1.3e+12``; two digits, as one is where the verdict turns."""
    if 0 < value < 0.01:
        return "<0.01"
    text = _plain(value, digits=2 if value < 9.995 else 1)
    if text == "1.00" and value != 1:
        return f"<{text}" if value < 1 else f">{text}"
    return text


def percent(part: int, whole: int) -> str:
    """A share: ``97.9 %``; ``100 %`` for all and ``0 %`` for none only."""
    if part in (0, whole):
        return "100 %" if part else "0 %"
    return f"{min(max(100 * part / whole, 0.1), 99.9):.1f} %"


def _plain(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    if not isfinite(value) or value >= 99999.5:
        return _scientific(value)
    return f"{value:.{digits if value < 99.95 else 0}f}"


def _scientific(value: float) -> str:
    """Two digits, or one beside an exponent of three."""
    if not isfinite(value):
        return f"{value}"
    text = f"{value:.1e}"
    return text if text[-3] in "+-" else f"{value:.0e}"
