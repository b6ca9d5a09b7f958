"""How the attention screen looks, with maps in numbers."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from elena_wb.store import Store
from elena_wb.tui.attention.look_form import LookForm
from elena_wb.tui.attention.screen import AttentionScreen
from elena_wb.tui.attention.view import AttentionView
from tests.tui.looked import planted_looks
from tests.tui.test_attention import at_attention, opened_answer, until

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", SIZES)
def test_one_answer(snap_compare, opened, planted: Store, size: tuple[int, int]) -> None:
    answer = planted_looks(planted)

    async def before(pilot: Pilot[Any]) -> None:
        view = await opened_answer(pilot, answer)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: view.drawing is not None and view.drawing.wish.layer == 0)
        await pilot.pause(0.3)

    assert snap_compare(opened(planted), terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_masked_beside_unmasked(snap_compare, opened, planted: Store, size: tuple[int, int]) -> None:
    answer = planted_looks(planted)

    async def before(pilot: Pilot[Any]) -> None:
        view = await opened_answer(pilot, answer)
        await pilot.press("m")
        await until(pilot, lambda: view.drawing is not None and view.drawing.second is not None)
        await pilot.press("x", "h")
        await until(pilot, lambda: view.drawing is not None and view.drawing.wish.without_sinks)
        await pilot.pause(0.3)

    assert snap_compare(opened(planted), terminal_size=size, run_before=before)


def test_the_form_fits_a_small_terminal(snap_compare, opened, planted: Store) -> None:
    answer = planted_looks(planted)

    async def before(pilot: Pilot[Any]) -> None:
        view = await opened_answer(pilot, answer)
        assert isinstance(view, AttentionView)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, LookForm))
        await pilot.pause(0.3)

    assert snap_compare(opened(planted), terminal_size=(80, 24), run_before=before)


def test_nothing_was_looked_at(snap_compare, opened, planted: Store) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        screen = await at_attention(pilot)
        assert isinstance(screen, AttentionScreen)
        await until(pilot, lambda: "No answer" in str(screen.query_one("#nothing .what").render()))
        await pilot.pause(0.3)

    assert snap_compare(opened(planted), terminal_size=(80, 24), run_before=before)
