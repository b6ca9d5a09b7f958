"""The interface: a Textual app with one module per screen in ``screens``, what they share in ``widgets``.

The only room that imports textual; it may import every room but ``cli``. Nothing here opens a model, holds a
connection to the store, or reads what a model wrote as markup.
"""

from __future__ import annotations

from elena_wb.tui.app import WorkbenchApp

__all__ = ["WorkbenchApp"]
