"""Stimuli in: files and folders with their labels and regions, and decoded pixels.

Imports core and vocabulary only. :func:`collect` finds stimuli without opening a picture; :func:`load_image` opens one.
"""

from __future__ import annotations

from elena_wb.data.folder import FolderDataset
from elena_wb.data.images import LoadedImage, load_image, pixel_digest
from elena_wb.data.sources import collect

__all__ = ["FolderDataset", "LoadedImage", "collect", "load_image", "pixel_digest"]
