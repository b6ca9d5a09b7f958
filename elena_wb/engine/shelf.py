"""Room in memory for the pictures that are made ready ahead."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elena_wb.engine.prefetch import Prepared


class Shelf:
    """Where pictures that are ready wait to be asked about: not more of them than there is room for in memory.

    Groups of pictures have numbers from 0, in the order in which they are wanted.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._sizes: dict[int, int] = {}
        self._wanted = 0
        self._closed = False
        self._changed = threading.Condition()

    def filled(self, number: int, prepare: Callable[[], list[Prepared]]) -> list[Prepared]:
        """The group of this number, which is not begun before there is room or it is wanted; empty once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or number <= self._wanted or self._has_room)
            if self._closed:
                return []
        group = prepare()
        images = [one.request.image for one in group if one.request is not None]
        with self._changed:
            if number >= self._wanted:
                self._sizes[number] = sum({id(image): image.nbytes for image in images}.values())
        return group

    def want(self, number: int) -> None:
        """This one is waited for; those before it have been taken."""
        with self._changed:
            self._wanted = number
            for taken in [one for one in self._sizes if one < number]:
                del self._sizes[taken]
            self._changed.notify_all()

    def close(self) -> None:
        """Nothing is wanted any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def _has_room(self) -> bool:
        return sum(self._sizes.values()) < self._most
