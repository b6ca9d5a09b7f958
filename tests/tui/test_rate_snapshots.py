"""How rating looks."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from elena_wb.store import Store
from tests.tui.test_rate import planned, press

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", SIZES)
def test_one_answer_on_scales(snap_compare, opened, planted: Store, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await press(pilot, "5", "enter", "6", "5")

    assert snap_compare(opened(planned(planted)), terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_two_answers_side_by_side(snap_compare, opened, planted: Store, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await press(pilot, "5", "enter", "left")

    app = opened(planned(planted, kind="pairs", picture="whole"))
    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_the_sessions(snap_compare, opened, planted: Store, size: tuple[int, int]) -> None:
    planned(planted)
    planned(planted, "Bob", kind="pairs", name="side by side", picture="seen")

    async def before(pilot: Pilot[Any]) -> None:
        await press(pilot, "5")

    assert snap_compare(opened(planted), terminal_size=size, run_before=before)


def test_the_form_fits_a_small_terminal(snap_compare, opened, planted: Store) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await press(pilot, "5", "n", *"pilot", "tab", *"Ann")
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        for _ in range(200):  # what is drawn is told once the writing has come to rest
            if "drawn evenly" in str(pilot.app.screen.query_one("#preview", Static).render()):
                break
            await pilot.pause(0.05)
        await press(pilot, "shift+tab", "tab")

    assert snap_compare(opened(planted), terminal_size=(80, 24), run_before=before)
