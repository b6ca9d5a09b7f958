"""Blind rating by people, without store or screen: what raters are asked, which answers they see, in which order.

May import core, errors and paths only. Scales are data: ``scales/`` at the top of the project.
"""

from __future__ import annotations

from elena_wb.ratings.drawing import Placed, draw_evenly, in_order
from elena_wb.ratings.scales import Preference, Scale, Scales, find_scales, shipped_scales

__all__ = [
    "Placed",
    "Preference",
    "Scale",
    "Scales",
    "draw_evenly",
    "find_scales",
    "in_order",
    "shipped_scales",
]
