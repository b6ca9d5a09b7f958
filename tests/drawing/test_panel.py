"""A map without its sheet, for screens."""

from __future__ import annotations

import numpy as np
import pytest

from elena_wb.core import Block, Box
from elena_wb.drawing import Panel, bare, scale_end

BLOCKS = (Block("picture", 2, 2, Box(0, 0, 20, 20)),)


def panel(*weights: float, sinks: tuple[bool, ...] | None = None) -> Panel:
    pixels = np.full((20, 20, 3), 100, dtype=np.uint8)
    marked = None if sinks is None else np.array(sinks)
    return Panel(pixels, BLOCKS, np.array(weights), "", {"face": (Box(0, 0, 10, 10),)}, marked)


def test_a_bare_map_is_as_large_as_wanted_and_lighter_where_more_is_attended_to() -> None:
    drawn = np.asarray(bare(panel(0, 0, 0, 1), (60, 40), most=4)).astype(int).sum(axis=2)
    assert drawn.shape == (40, 60)
    assert drawn[30, 45] > drawn[30, 15]
    assert drawn[:20, :30].max() == 3 * 255
    assert drawn[:20, 30:].max() < 3 * 255


def test_one_scale_holds_for_several_maps_and_sinks_do_not_say_where_it_ends() -> None:
    even, peak = panel(1, 1, 1, 1), panel(0, 0, 0, 1)
    assert scale_end([even]) == 2
    assert scale_end([even, peak]) == pytest.approx(4)
    assert scale_end([panel(0, 0, 0, 1, sinks=(False, False, False, True))]) == 2


@pytest.mark.parametrize(("size", "most"), [((0, 4), 2.0), ((4, 4), 0.0)])
def test_what_cannot_be_drawn_is_refused(size: tuple[int, int], most: float) -> None:
    with pytest.raises(ValueError, match="nothing to draw on"):
        bare(panel(1, 1, 1, 1), size, most=most)
