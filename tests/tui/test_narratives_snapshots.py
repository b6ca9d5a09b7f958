"""How the screen of answers looks."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from elena_wb.store import Store
from elena_wb.store.marking import put_mark
from tests.tui.test_narratives import begin, press

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", SIZES)
def test_a_wrong_answer_beside_the_table(snap_compare, opened, planted: Store, size: tuple[int, int]) -> None:
    put_mark(planted, f"{2:032x}{0:032x}", marked=True, note="the arms are [not] raised")

    async def before(pilot: Pilot[Any]) -> None:
        await begin(pilot)
        await press(pilot, "e")
        await press(pilot, "p")

    assert snap_compare(opened(planted), terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_the_window_of_filters(snap_compare, opened, planted: Store, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await begin(pilot)
        await press(pilot, "x")
        await press(pilot, "tab", *"emotion = 'fear'", "tab", "tab", "tab", "tab", "tab", "down", "enter")
        await pilot.pause(0.4)
        await press(pilot, "down")

    assert snap_compare(opened(planted), terminal_size=size, run_before=before)
