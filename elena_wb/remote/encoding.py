"""Pictures as bytes to send: the same pixels always become the same bytes, and nothing travels beside them."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from elena_wb.errors import ImageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

ImageFormat = Literal["jpeg", "png", "webp"]
_LARGEST_SIDE = {"jpeg": 65_500, "png": 65_500, "webp": 16_383}
"""What the format, or its decoders, can hold."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as it is sent; ``width`` and ``height`` are those after shrinking."""

    data: bytes
    media_type: str
    width: int
    height: int

    def data_url(self) -> str:
        """As a ``data:`` URL."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode('ascii')}"


def encode(
    pixels: npt.NDArray[np.uint8],
    *,
    format: ImageFormat = "jpeg",
    quality: int = 95,
    max_side: int | None = 2048,
) -> Encoded:
    """``pixels``, uint8 ``[height, width, 3]`` in RGB order, as a file in memory.

    A picture with a side longer than ``max_side`` is shrunk to it with a Lanczos filter as wide as the reduction,
    so that nothing aliases; none is enlarged. JPEG keeps colour at full resolution (4:4:4). ``quality``
    (1-100) is of no account for PNG. The file holds no metadata: no EXIF, no profile, no comment.

    Raises:
        ImageError: the array is no such picture, or too large for the format.
    """
    picture = _picture(pixels)
    if max_side is not None:
        picture = _shrunk(picture, max_side)
    if max(picture.size) > _LARGEST_SIDE[format]:
        raise ImageError(
            f"A picture of {picture.width} x {picture.height} pixels is too large for {format}.",
            hint=f"Let it be shrunk to {_LARGEST_SIDE[format]} pixels a side or fewer.",
        )
    written = io.BytesIO()
    match format:
        case "jpeg":
            picture.save(written, "JPEG", quality=quality, subsampling="4:4:4", optimize=True)
        case "png":
            picture.save(written, "PNG", compress_level=6)
        case "webp":
            picture.save(written, "WEBP", quality=quality, method=4)
    return Encoded(written.getvalue(), f"image/{format}", picture.width, picture.height)


def _picture(pixels: npt.NDArray[np.uint8]) -> Image:
    import numpy as np
    from PIL import Image

    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ImageError(f"Not a picture in RGB: an array of {pixels.dtype} of shape {pixels.shape}.")
    return Image.fromarray(np.ascontiguousarray(pixels))


def _shrunk(picture: Image, max_side: int) -> Image:
    from PIL.Image import Resampling

    longest = max(picture.size)
    if longest <= max_side:
        return picture
    width, height = (max(1, round(side * max_side / longest)) for side in picture.size)
    return picture.resize((width, height), Resampling.LANCZOS)
