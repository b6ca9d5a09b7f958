"""Numbers in words, the same wherever findings are told."""

from __future__ import annotations

import math
from collections.abc import Sequence

from elena_wb.core import Estimate
from elena_wb.core.metric import brief


def percent(share: float) -> str:
    """``6.7 %``; a dash where there is none."""
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"


def percent_interval(of: Estimate) -> str:
    """``3.1 % to 12.0 %``; empty without an interval."""
    return "" if math.isnan(of.low) else f"{percent(of.low)} to {percent(of.high)}"


def points(difference: float) -> str:
    """A difference of shares in points of per cent: ``-6.7``; a dash where there is none."""
    return "–" if math.isnan(difference) else f"{round(100 * difference, 1) + 0:+.1f}"


def points_interval(of: Estimate) -> str:
    """The interval of a difference of shares: ``-13.1 to -0.2``; empty without one."""
    return "" if math.isnan(of.low) else f"{points(of.low)} to {points(of.high)}"


def number(value: float, decimals: int = 3) -> str:
    """A figure as journals print it, ``.577``; a dash where there is none."""
    return brief(value, decimals)


def number_interval(of: Estimate, decimals: int = 3) -> str:
    """``.545 to .605``; empty without an interval."""
    return "" if math.isnan(of.low) else f"{brief(of.low, decimals)} to {brief(of.high, decimals)}"


def p_value(p: float) -> str:
    """``p = .077``, ``p < .001``."""
    if math.isnan(p):
        return "p is not defined"
    if p < 0.001:
        return "p < .001"
    return f"p = {p:.3f}".replace("= 0.", "= .") if p < 0.9995 else "p = 1"


def listed(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
