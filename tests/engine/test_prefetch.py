"""Pictures made ready ahead take no more memory than there is for them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from elena_wb.core import Request, Stimulus
from elena_wb.engine import prefetch as prefetching
from elena_wb.engine.prefetch import Item, Picture, Prepared, Recipe


class Thousands:
    """Makes of each item a picture of a thousand bytes."""

    def __init__(self) -> None:
        self.made = 0

    def prepare(self, items: Sequence[Item], picture: Picture) -> list[Prepared]:
        self.made += 1
        image = np.zeros((1, 1000, 1), np.uint8)
        request = Request(image, "", "", "")
        return [Prepared(item, request) for item in items]


def test_fewer_pictures_are_made_ready_where_they_are_huge_and_all_come_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prefetching, "_MOST_BYTES", 3000)
    items = [Item(Stimulus(f"{n}", Path(f"{n}.png"), "folder", 0, 0), 0) for n in range(40)]
    recipe = Thousands()
    ready = prefetching.prefetch(items, cast(Recipe, recipe), ahead=30)
    came = [next(ready)]
    time.sleep(0.1)
    assert recipe.made <= 6
    came += ready
    assert [one.item for one in came] == items
    again = prefetching.prefetch(items, cast(Recipe, recipe), ahead=30)
    next(again)
    again.close()
    assert recipe.made <= 46
