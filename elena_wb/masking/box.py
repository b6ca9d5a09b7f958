"""The style ``box``: a filled rectangle."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from elena_wb.core import Box, Pixels
from elena_wb.masking.opencv import opencv

RGB = tuple[int, int, int]
MEAN = "mean"
_GREY: RGB = (128, 128, 128)

_MOST_PADDING = 10


class BoxMasker:
    """Fills every box, grown by ``padding`` of its width and height on each side, with ``colour``.

    Edges are rounded outwards, so that no pixel a box touches remains. The defaults, black and 5 %, are
    those of ELENA (arXiv 2509.19595). ``colour`` is what :func:`colour_of` reads.
    """

    def __init__(self, colour: str | RGB = (0, 0, 0), padding: float = 0.05) -> None:
        self._colour = colour_of(colour)
        self.padding = checked_padding(padding)

    @property
    def identity(self) -> str:
        """Colour as RGB hex or ``mean``, and padding."""
        return f"box(colour={spelt(self._colour)},padding={self.padding:g})"

    def mask(self, pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
        """A copy with the boxes filled."""
        height, width = pixels.shape[:2]
        hidden = [covering(box.padded(self.padding), width, height) for box in boxes]
        colour = self._colour
        if colour is None:
            shown = np.ones((height, width), dtype=bool)
            for rows, columns in hidden:
                shown[rows, columns] = False
            colour = mean_of(pixels, shown)
        masked = pixels.copy()
        for rows, columns in hidden:
            masked[rows, columns] = colour
        return masked


def checked_padding(padding: float) -> float:
    """``padding`` itself: the share of a box's width and height by which it grows on each side.

    Raises:
        ValueError: it is negative, or larger than any use of it.
    """
    if not 0 <= padding <= _MOST_PADDING:
        raise ValueError(f"padding is {padding:g}; it must be from 0 to {_MOST_PADDING}")
    return padding


def covering(box: Box, width: int, height: int) -> tuple[slice, slice]:
    """Rows and columns of all pixels that ``box`` touches in a picture of ``width`` x ``height``."""
    inside = box.clipped(width, height)
    if inside is None:
        return slice(0), slice(0)
    return (
        slice(math.floor(inside.y), math.ceil(inside.y + inside.h)),
        slice(math.floor(inside.x), math.ceil(inside.x + inside.w)),
    )


def colour_of(given: str | RGB) -> RGB | None:
    """The colour (RGB, 0..255) that ``given`` names; ``None`` for ``mean``, which each picture settles.

    As text it is a name of the web's (``white``, ``darkgrey``), three or six hex digits, or ``mean``.

    Raises:
        ValueError: it is no colour.
    """
    if not isinstance(given, str):
        if len(given) != 3 or not all(0 <= value <= 255 for value in given):
            raise ValueError(f"{given} is no colour; red, green and blue are 0 to 255")
        return given
    text = given.strip().lower().removeprefix("#")
    if text == MEAN:
        return None
    from PIL import ImageColor

    is_hex = len(text) in (3, 6) and set(text) <= set("0123456789abcdef")
    try:
        red, green, blue = ImageColor.getrgb(f"#{text}" if is_hex else text)[:3]
    except ValueError as error:
        raise ValueError(
            f"`{given}` is no colour; give a name such as `white`, six hex digits, or `mean`"
        ) from error
    return red, green, blue


def spelt(colour: RGB | None) -> str:
    """``colour`` as it stands in an identity: RGB hex or ``mean``."""
    return MEAN if colour is None else bytes(colour).hex()


def mean_of(pixels: Pixels, shown: npt.NDArray[np.bool_]) -> RGB:
    """The mean colour of the pixels where ``shown`` (bool ``[height, width]``) holds; middle grey of none.

    Passed what stays visible, it tells nothing of what is hidden: the mean over all of a portrait would be
    close to the colour of its skin.
    """
    if not shown.any():
        return _GREY
    red, green, blue, _ = opencv().mean(np.ascontiguousarray(pixels), mask=shown.view(np.uint8))
    return round(red), round(green), round(blue)
