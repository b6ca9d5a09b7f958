"""elena-wb: a workbench for studying how vision-language models read emotion from the body.

Plugin authors import :data:`hookimpl` from here and the nouns from :mod:`elena_wb.core`.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import pluggy

hookimpl = pluggy.HookimplMarker("elena_wb")

try:
    __version__ = version("elena-wb")
except PackageNotFoundError:
    __version__ = "0+unknown"

__all__ = ["__version__", "hookimpl"]
