"""What styles share: the padding they are given, and the whole pixels that they cover."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from elena_wb.core import Box
from elena_wb.masking.box import checked_padding, covering

__all__ = ["Rectangle", "checked_padding", "rectangles"]


class Rectangle(NamedTuple):
    """Whole pixels of a picture, at least one: rows ``top`` to ``bottom - 1``, columns ``left`` to ``right - 1``."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left

    @property
    def longer(self) -> int:
        """The longer side."""
        return max(self.height, self.width)

    @property
    def here(self) -> tuple[slice, slice]:
        """Index of its pixels in an array ``[height, width, …]``."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def within(self, frame: Rectangle) -> tuple[slice, slice]:
        """Index of its pixels in an array that holds ``frame`` alone; of none where they are apart."""
        return (
            slice(max(self.top - frame.top, 0), max(self.bottom - frame.top, 0)),
            slice(max(self.left - frame.left, 0), max(self.right - frame.left, 0)),
        )

    def touches(self, other: Rectangle) -> bool:
        """Whether they overlap or share an edge or corner."""
        return (
            self.top <= other.bottom
            and other.top <= self.bottom
            and self.left <= other.right
            and other.left <= self.right
        )

    def grown(self, rows: int, columns: int, *, width: int, height: int) -> Rectangle:
        """With so many more ``rows`` and ``columns`` on each side, cut to ``width`` x ``height``."""
        return Rectangle(
            max(0, self.top - rows),
            min(height, self.bottom + rows),
            max(0, self.left - columns),
            min(width, self.right + columns),
        )


def rectangles(boxes: Sequence[Box], padding: float, width: int, height: int) -> list[Rectangle]:
    """The pixels that the padded boxes touch in a picture of ``width`` x ``height``, the largest first.

    Boxes outside the picture are left out. Equal sets of boxes come in equal order. A small box on a larger
    one comes after it: a style that mixes a box with what is around it then meets what is hidden already.
    """
    found = set()
    for box in boxes:
        rows, columns = covering(box.padded(padding), width, height)
        if rows.stop and columns.stop:
            found.add(Rectangle(rows.start, rows.stop, columns.start, columns.stop))
    return sorted(found, key=lambda one: (-one.height * one.width, one))


def frame_of(group: Iterable[Rectangle]) -> Rectangle:
    """The smallest rectangle that holds all of ``group``."""
    tops, bottoms, lefts, rights = zip(*group, strict=True)
    return Rectangle(min(tops), max(bottoms), min(lefts), max(rights))
