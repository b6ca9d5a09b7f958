"""What stored runs say: each module reads the store, has :mod:`elena_wb.analysis` compute, and tells the outcome.

A finding is computed as frozen dataclasses (``comparing``, ``bias``, …) and told by its ``…_told`` module as
:class:`Section`, which the command line, the report and files show alike. May import everything below the interface
but the command line and the report; opens the store through :mod:`elena_wb.store` and no database itself.
"""

from __future__ import annotations

from elena_wb.findings.pieces import Chart, Mark, Piece, Section, Series, Table

__all__ = ["Chart", "Mark", "Piece", "Section", "Series", "Table"]
