"""Valence, arousal and dominance as gauges with their numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable

from textual.content import Content

LOWEST, HIGHEST = 1.0, 10.0
_FULL, _EMPTY = "█", "░"
_PARTS = " ▏▎▍▌▋▊▉"


def gauges(values: Iterable[tuple[str, float | None]], *, width: int = 20) -> Content:
    """One line for each value, 1 to 10; what lies outside or is no number is told and not drawn."""
    return Content("\n").join([_gauge(name, value, width) for name, value in values])


def bars(values: Iterable[tuple[str, float]], *, width: int = 12) -> Content:
    """One line for each share, 0 to 1, with its name (one harmless line) before it."""
    lines = []
    for name, share in values:
        filled = min(1.0, max(0.0, share)) if math.isfinite(share) else 0.0
        lines.append(Content(f"{name[:14]:<14} {_bar(filled, width)} {share:.3f}"))
    return Content("\n").join(lines)


def _gauge(name: str, value: float | None, width: int) -> Content:
    label = Content(f"{name:<9} ")
    if value is None:
        return label + Content.styled("not given", "dim")
    if not math.isfinite(value):
        return label + Content.styled(f"{value} (no number)", "dim")
    if not LOWEST <= value <= HIGHEST:
        return label + Content(f"{value:g} (outside 1 to 10)")
    bar = _bar((value - LOWEST) / (HIGHEST - LOWEST), width)
    return label + Content("1▕") + Content.styled(bar, "$accent") + Content(f"▏10  {value:g}")


def _bar(share: float, width: int) -> str:
    eighths = round(share * width * 8)
    whole, part = divmod(eighths, 8)
    drawn = _FULL * whole + (_PARTS[part] if part else "")
    return drawn + _EMPTY * (width - len(drawn))
