"""Runs carried out of a store: to other programs in their formats, and to other stores as they are.

:func:`export_runs` writes, :func:`import_runs` takes in what was written for stores. May import findings, the engine
and everything below them.
"""

from __future__ import annotations

from elena_wb.exports.exporting import Exported, ExportOptions, export_runs
from elena_wb.exports.kinds import Kind, kind_of
from elena_wb.exports.unpacking import Imported, import_runs

__all__ = ["ExportOptions", "Exported", "Imported", "Kind", "export_runs", "import_runs", "kind_of"]
