"""What can change an answer besides the model and the prompt: versions and machine."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from elena_wb.core import ModelCard

_HOST_LIBRARIES = ("elena-wb", "numpy", "pillow", "opencv-python-headless")


def environment(card: ModelCard) -> dict[str, str]:
    """Versions of everything between the picture file and the answer, and the machine they ran on."""
    found = {name: installed for name in _HOST_LIBRARIES if (installed := _version(name))}
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "device": card.device or "",
        **found,
        **card.libraries,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
