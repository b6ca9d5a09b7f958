"""Pictures of what was measured, for files, the interface and reports alike.

Imports core, numpy, Pillow and OpenCV.
"""

from __future__ import annotations

from elena_wb.drawing.panel import Panel, bare, scale_end
from elena_wb.drawing.saving import png_bytes, save_png
from elena_wb.drawing.sheet import LARGEST, grid, overlay, sheet, side_by_side

__all__ = [
    "LARGEST",
    "Panel",
    "bare",
    "grid",
    "overlay",
    "png_bytes",
    "save_png",
    "scale_end",
    "sheet",
    "side_by_side",
]
