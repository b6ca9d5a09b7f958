"""Pure functions from arrays to results: scores with intervals, comparisons of conditions.

Imports core and numpy; opens no file and no database.
"""

from __future__ import annotations

from elena_wb.analysis.interval import Estimate, proportion
from elena_wb.analysis.scores import Confusion, confusion

__all__ = ["Confusion", "Estimate", "confusion", "proportion"]
