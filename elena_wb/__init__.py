"""elena-wb: a workbench for studying how vision-language models read emotion from the body.

Plugin authors import :data:`hookimpl` from here and the nouns from :mod:`elena_wb.core`.
"""

from __future__ import annotations

import pluggy

hookimpl = pluggy.HookimplMarker("elena_wb")

__all__ = ["__version__", "hookimpl"]


def __getattr__(name: str) -> str:
    """``__version__``, read when it is first asked for: start-up needs no package metadata."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("elena-wb")
    except PackageNotFoundError:
        return "0+unknown"
