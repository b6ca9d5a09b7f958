"""The styles ``knock-out`` and ``knock-out-control``: every pixel stays, and the model may not attend to some."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from elena_wb.core import Box, KnockOut, Pixels
from elena_wb.core.protocols import LeavesPixels
from elena_wb.masking.area import Rectangle, rectangles
from elena_wb.masking.box import checked_padding
from elena_wb.masking.control import ControlMasker

_LAYERS = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?", re.ASCII)
ALL = "all"


class KnockOutMasker:
    """Keeps the model from attending to what ``box`` hides, grown by the same ``padding``.

    The pixels stay as they are, so that what the model makes of the picture before its words are concerned is left
    alone too. ``layers`` are those in which it may not attend: ``all``, one (``7``) or a range (``0-11``), from 0.
    """

    def __init__(self, layers: str = ALL, padding: float = 0.05) -> None:
        self.layers = layers_of(layers)
        self._padding = checked_padding(padding)

    @property
    def identity(self) -> str:
        """The layers and the padding."""
        return f"knock-out({_spelt(self.layers, self._padding)})"

    def mask(self, pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
        """A copy, and nothing hidden."""
        return pixels.copy()

    def unattended(self, boxes: Sequence[Box], *, width: int, height: int) -> Sequence[Box]:
        """All whole pixels that the padded boxes touch."""
        return [_box(one) for one in rectangles(boxes, self._padding, width, height)]


class KnockOutControlMasker:
    """Keeps the model from attending to as much elsewhere, and leaves it the part: the control of ``knock-out``.

    The places are those of ``control``, of the style ``box`` with the same ``padding``.
    """

    def __init__(self, layers: str = ALL, padding: float = 0.05) -> None:
        self.layers = layers_of(layers)
        self._padding = checked_padding(padding)
        self._control = ControlMasker(padding=padding)

    @property
    def identity(self) -> str:
        """The layers and the padding of the part."""
        return f"knock-out-control({_spelt(self.layers, self._padding)})"

    def elsewhere(
        self,
        boxes: Sequence[Box],
        *,
        width: int,
        height: int,
        persons: Sequence[Box],
        avoid: Sequence[Box] = (),
    ) -> Sequence[Box]:
        """Boxes of as many whole pixels as ``knock-out`` takes of the part, none of them the part's."""
        return self._control.elsewhere(boxes, width=width, height=height, persons=persons, avoid=avoid)

    def mask(self, pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
        """A copy, and nothing hidden."""
        return pixels.copy()

    def unattended(self, boxes: Sequence[Box], *, width: int, height: int) -> Sequence[Box]:
        """``boxes``, as :meth:`elsewhere` returned them."""
        return boxes


def knock_out(
    style: object, hidden: Sequence[Box], shown: Sequence[Box], *, width: int, height: int
) -> KnockOut | None:
    """What the model may not attend to, in pixels of a picture of ``width`` x ``height``.

    ``hidden`` are the boxes that ``style`` is given, and ``shown`` those that stay where the background is knocked
    out. ``None`` where the style hides pixels, or where there is nothing to knock out.
    """
    if not isinstance(style, LeavesPixels):
        return None
    boxes = [*style.unattended(hidden, width=width, height=height)] if hidden else []
    if shown:
        boxes += _outside(shown, width, height)
    return KnockOut(tuple(boxes), style.layers) if boxes else None


def layers_of(text: str) -> tuple[int, int] | None:
    """The first and the last layer that ``all``, ``7`` or ``0-11`` names; ``None`` for all.

    Raises:
        ValueError: it is none of these.
    """
    plain = text.strip().lower()
    if plain == ALL:
        return None
    match = _LAYERS.fullmatch(plain)
    if match is None:
        raise ValueError(f"layers is `{text}`; give one such as 7, a range such as 0-11, or all")
    first = int(match[1])
    last = first if match[2] is None else int(match[2])
    if last < first:
        raise ValueError(f"layers is `{text}`; the first layer of a range comes first")
    return first, last


def spelt_layers(layers: tuple[int, int] | None) -> str:
    """``layers`` as :func:`layers_of` reads them."""
    return ALL if layers is None else f"{layers[0]}-{layers[1]}"


def _spelt(layers: tuple[int, int] | None, padding: float) -> str:
    return f"layers={spelt_layers(layers)},padding={padding:g}"


def _outside(shown: Sequence[Box], width: int, height: int) -> list[Box]:
    """Everything but the pixels that ``shown`` touches, as boxes that share no pixel: band by band, from the top."""
    kept = rectangles(shown, 0.0, width, height)
    edges = sorted({0, height, *(one.top for one in kept), *(one.bottom for one in kept)})
    found = []
    for top, bottom in pairwise(edges):
        left = 0
        for one in sorted(kept, key=lambda one: one.left):
            if one.top <= top and bottom <= one.bottom:
                if one.left > left:
                    found.append(_box(Rectangle(top, bottom, left, one.left)))
                left = max(left, one.right)
        if left < width:
            found.append(_box(Rectangle(top, bottom, left, width)))
    return found


def _box(one: Rectangle) -> Box:
    return Box(one.left, one.top, one.width, one.height)
