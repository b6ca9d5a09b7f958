"""How the SQL screen looks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from elena_wb.store import taking
from elena_wb.tui.sql.editor import SqlEditor
from tests.tui.test_sql import opened_at_sql, settle, write
from tests.tui.test_sql_completion import KNOWN

SQL = """-- One line for each answer.
SELECT run_id, condition, picture, emotion, valence, narrative, explicit_description, generation_id
FROM narratives
WHERE emotion IS NOT NULL
ORDER BY run_id, picture"""


@pytest.fixture(autouse=True)
def _no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "time", SimpleNamespace(monotonic=lambda: 0.0))


async def steady(pilot) -> SqlEditor:
    editor = await opened_at_sql(pilot)
    editor.cursor_blink = False
    return editor


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=str)
def test_an_answer(snap_compare, opened, planted, size: tuple[int, int]) -> None:
    async def answered(pilot) -> None:
        editor = await steady(pilot)
        editor.text = SQL
        await pilot.press("ctrl+r")
        await settle(pilot)
        await pilot.press("escape", "down", "right", "right")
        await pilot.pause()

    assert snap_compare(opened(planted, bare=True), terminal_size=size, run_before=answered)


def test_the_list_at_the_cursor(snap_compare, opened, planted) -> None:
    async def completing(pilot) -> None:
        editor = await steady(pilot)
        editor.known = KNOWN
        await write(pilot, "SELECT na")

    assert snap_compare(opened(planted, bare=True), terminal_size=(80, 24), run_before=completing)


def test_an_error(snap_compare, opened, planted) -> None:
    async def wrong(pilot) -> None:
        editor = await steady(pilot)
        editor.text = "SELECT emotion\nFROM narrative"
        await pilot.press("ctrl+r")
        await settle(pilot)

    assert snap_compare(opened(planted, bare=True), terminal_size=(80, 24), run_before=wrong)
