"""Pictures as files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from elena_wb.errors import SetupError


def png_bytes(image: Image.Image) -> bytes:
    """The picture as a PNG file, and nothing in it beside the picture."""
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(image.convert("RGB"))).save(buffer, "PNG")
    return buffer.getvalue()


def save_png(image: Image.Image, path: Path) -> None:
    """Write :func:`png_bytes` to ``path``, whole or not at all.

    Raises:
        SetupError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(png_bytes(image))
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise SetupError(f"Cannot write the picture {path}: {error.strerror or error}.") from error
