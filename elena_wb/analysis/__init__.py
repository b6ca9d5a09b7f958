"""Pure functions from arrays to results: scores with intervals, comparisons of conditions.

Imports core, numpy and scipy; opens no file and no database. Metrics are given counted answers
(:class:`elena_wb.core.Answers`) and are looked up by :mod:`elena_wb.analysis.scoring`.
"""

from __future__ import annotations

from elena_wb.analysis.interval import proportion
from elena_wb.analysis.scores import Confusion, confusion
from elena_wb.core import Estimate

__all__ = ["Confusion", "Estimate", "confusion", "proportion"]
