"""What the runs screen and the frame look like."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from elena_wb.errors import SetupError
from elena_wb.store import Store, rename_run
from tests.tui.test_runs import HOSTILE, settled


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_runs(snap_compare, opened, planted: Store, size: tuple[int, int]) -> None:
    rename_run(planted, 2, HOSTILE)

    async def look(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.press("down", "space")
        await settled(pilot)

    assert snap_compare(opened(planted), terminal_size=size, run_before=look)


def test_the_list_of_keys(snap_compare, opened, planted: Store) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.press("question_mark")
        await settled(pilot)

    assert snap_compare(opened(planted), terminal_size=(80, 24), run_before=look)


def test_an_error_on_a_light_screen(snap_compare, opened, planted: Store) -> None:
    async def look(pilot: Pilot[None]) -> None:
        pilot.app.theme = "textual-light"
        await settled(pilot)
        pilot.app.tell(SetupError(f"Cannot write {HOSTILE}.", hint="Choose another place."))  # type: ignore[attr-defined]
        await pilot.pause(0.3)

    assert snap_compare(opened(planted), terminal_size=(80, 24), run_before=look)
