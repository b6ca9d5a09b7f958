"""What a table of EMOTIC leaves open and its rows settle: the scale of its ratings, the order in its sizes.

Most rows decide, so that one that is wrong does not change how the others are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from elena_wb.core import Box


@dataclass(slots=True)
class Survey:
    """Counts over the rows of a table."""

    in_tenths: int = 0
    beyond_tenths: int = 0
    with_fractions: int = 0
    columns_first: int = 0
    rows_first: int = 0

    def rated(self, values: Iterable[float | None]) -> None:
        """Count the valence, arousal and dominance of a row."""
        written = [value for value in values if value is not None]
        if any(value > 1 for value in written):
            self.beyond_tenths += 1
        elif written:
            self.in_tenths += 1
            self.with_fractions += any(0 < value < 1 for value in written)

    def sized(self, size: Sequence[float], box: Box) -> None:
        """Count a box that lies within its picture in one reading of the two numbers of ``size`` alone."""
        first, second = size
        right, bottom = box.x + box.w, box.y + box.h
        upright = right <= first and bottom <= second
        turned = right <= second and bottom <= first
        self.columns_first += upright and not turned
        self.rows_first += turned and not upright

    @property
    def scale(self) -> int:
        """What to multiply ratings by: 10 where most rows are within 0 to 1, and some between, else 1."""
        return 10 if self.with_fractions and self.in_tenths > self.beyond_tenths else 1

    @property
    def turned(self) -> bool:
        """Whether sizes are written as rows, columns.

        Where no box tells, they are taken as columns, rows: so the fields ``n_col``, ``n_row`` of
        ``Annotations.mat`` come out where they are written down one after the other.
        """
        return self.rows_first > self.columns_first
