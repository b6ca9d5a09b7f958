"""The style ``control``: as much hidden elsewhere, and the part left to be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from elena_wb.core import Box, Pixels
from elena_wb.masking.area import rectangles
from elena_wb.masking.blur import BlurMasker
from elena_wb.masking.box import RGB, BoxMasker
from elena_wb.masking.ellipse import EllipseMasker
from elena_wb.masking.inpaint import InpaintMasker
from elena_wb.masking.pixelate import PixelateMasker
from elena_wb.masking.placing import Elliptic, Rectangular, placed

Style = Literal["box", "ellipse", "blur", "pixelate", "inpaint"]
Inner = BoxMasker | EllipseMasker | BlurMasker | PixelateMasker | InpaintMasker


class ControlMasker:
    """Hides as many pixels elsewhere as ``style`` hides of the part, and nothing of the part.

    A model that answers otherwise once the face is hidden may only mind that something is hidden. The
    control tells: the same number of pixels, hidden in the same way, off the face. ``face:control`` is the
    control of ``face:box``, and ``face:control,style=blur,strength=1`` that of ``face:blur,strength=1``:
    ``padding``, ``colour`` and ``strength`` are the style's own, and its defaults are taken where they are
    left out.

    Places and shapes are those of :func:`elena_wb.masking.placing.placed`. Padding happens in
    :meth:`elsewhere`, which pads the part, counts what the style would hide of it, and returns boxes of
    that many whole pixels; :meth:`mask` pads nothing. The counts are equal for every style but ``ellipse``,
    whose ellipses of another size come as near as whole pixels allow (equal where the face's own is neither
    cut off by the picture's edge nor overlaps another).
    """

    def __init__(
        self,
        style: Style = "box",
        padding: float | None = None,
        colour: str | RGB | None = None,
        strength: float | None = None,
    ) -> None:
        given = {"padding": padding, "colour": colour, "strength": strength}
        options = {name: value for name, value in given.items() if value is not None}
        self._of_part = _made(style, options)
        self._bare = _made(style, {**options, "padding": 0.0})
        self._outline = Elliptic() if style == "ellipse" else Rectangular()

    @property
    def identity(self) -> str:
        """The style as it would hide the part."""
        return f"control({self._of_part.identity})"

    def elsewhere(
        self,
        boxes: Sequence[Box],
        *,
        width: int,
        height: int,
        persons: Sequence[Box],
        avoid: Sequence[Box] = (),
    ) -> Sequence[Box]:
        """What to hide in place of ``boxes``: boxes of whole pixels, within the picture, none over the part.

        Equal arguments have equal results. ``avoid`` is left to be seen where there is room for that. Empty where
        there is no room at all.
        """
        parts = rectangles(boxes, self._of_part.padding, width, height)
        open_to_view = rectangles(avoid, 0.0, width, height)
        for kept in (open_to_view, []) if open_to_view else ([],):
            found = placed(parts, self._outline, width=width, height=height, persons=persons, avoid=kept)
            if found:
                return found
        return ()

    def mask(self, pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
        """A copy with ``boxes``, as :meth:`elsewhere` returned them, hidden."""
        return self._bare.mask(pixels, boxes)


def _made(style: Style, options: Mapping[str, object]) -> Inner:
    styles: dict[str, type[Inner]] = {
        "box": BoxMasker,
        "ellipse": EllipseMasker,
        "blur": BlurMasker,
        "pixelate": PixelateMasker,
        "inpaint": InpaintMasker,
    }
    if style not in styles:
        raise ValueError(f"there is no style `{style}` to control; take one of {', '.join(styles)}")
    try:
        return styles[style](**options)  # type: ignore[arg-type]  # each checks its own
    except TypeError as error:
        foreign = [name for name in ("colour", "strength") if name in options]
        raise ValueError(f"the style `{style}` has no {' and no '.join(foreign)}") from error
