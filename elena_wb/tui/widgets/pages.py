"""Pages of lines around what is looked at: a million may pass by, a few hundred are held."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

Line = Mapping[str, object]
"""The values of one line by the names of their columns."""

PAGE = 64
_HELD = 10


class Pages:
    """Lines by position, in pages of :data:`PAGE`; those looked at longest ago are let go.

    Pages may be `stale`: still shown, and to be read again.
    """

    def __init__(self, count: int = 0) -> None:
        self.count = count
        self._held: OrderedDict[int, tuple[Sequence[Line], bool]] = OrderedDict()

    def line(self, position: int) -> Line | None:
        """The line of a position, if it is held; a stale one too."""
        held = self._held.get(position // PAGE)
        if held is None:
            return None
        self._held.move_to_end(position // PAGE)
        lines = held[0]
        place = position % PAGE
        return lines[place] if place < len(lines) and position < self.count else None

    def lacking(self, first: int, last: int) -> tuple[int, int] | None:
        """The positions, from one up to but not including another, to read so that those asked for are held fresh.

        They begin and end with pages. At most half of what can be held is asked for at once.
        """
        end = min(last, self.count)
        if first >= end:
            return None
        wanted = range(max(0, first) // PAGE, (end - 1) // PAGE + 1)[: _HELD // 2]
        lacking = [page for page in wanted if not self._fresh(page)]
        if not lacking:
            return None
        return lacking[0] * PAGE, min(self.count, (lacking[-1] + 1) * PAGE)

    def put(self, first: int, lines: Sequence[Line], last: int) -> None:
        """Hold what was read of the positions from ``first`` up to ``last``; fewer lines leave the last ones empty."""
        for start in range(first, last, PAGE):
            self._held[start // PAGE] = (lines[start - first : start - first + PAGE], True)
            self._held.move_to_end(start // PAGE)
        while len(self._held) > _HELD:
            self._held.popitem(last=False)

    def age(self, count: int) -> None:
        """There are ``count`` lines now, and all that is held is stale."""
        self.count = count
        self._held = OrderedDict((page, (lines, False)) for page, (lines, _) in self._held.items())

    @property
    def held(self) -> int:
        """How many lines are held."""
        return sum(len(lines) for lines, _ in self._held.values())

    def _fresh(self, page: int) -> bool:
        held = self._held.get(page)
        return held is not None and held[1]
