"""The report: everything that runs say as one HTML file that opens offline and can be handed on.

May import findings and everything below; draws nothing itself but charts, which are SVG. Whatever a model, a file or a
rater wrote is escaped, made harmless and bounded on its way into the page (:mod:`elena_wb.report.page`).
"""

from __future__ import annotations

from elena_wb.report.options import Missing, ReportOptions, Written
from elena_wb.report.writing import write_report

__all__ = ["Missing", "ReportOptions", "Written", "write_report"]
