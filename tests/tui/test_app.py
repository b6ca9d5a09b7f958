"""The frame: every screen is reached by key and palette, and what was left is remembered."""

from __future__ import annotations

import pytest

from elena_wb.errors import UsageError
from elena_wb.store import Store
from elena_wb.tui.app import SCREENS
from elena_wb.tui.widgets.notices import Notices


@pytest.mark.parametrize(("key", "mode"), [(str(number), mode) for number, mode in enumerate(SCREENS, 1)])
async def test_a_digit_leads_to_each_screen(opened, planted: Store, key: str, mode: str) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(key)
        await pilot.pause()
        assert app.current_mode == mode
        assert isinstance(app.screen, SCREENS[mode])


async def test_every_screen_opens_where_there_is_no_store(opened, tmp_path) -> None:
    app = opened(Store(tmp_path / "none.duckdb"))
    async with app.run_test(size=(80, 24)) as pilot:
        for number, mode in enumerate(SCREENS, 1):
            await pilot.press(f"f{number}")
            await pilot.pause()
            assert app.current_mode == mode
    assert not (tmp_path / "none.duckdb").exists()


async def test_the_screen_that_was_left_is_shown_again(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test() as pilot:
        await pilot.press("f8")
        await pilot.pause()
        await pilot.press("q")
    again = opened(planted)
    async with again.run_test() as pilot:
        await pilot.pause()
        assert again.current_mode == "plugins"


async def test_an_error_is_told_without_markup_and_can_be_read_again(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test() as pilot:
        app.tell(UsageError("[bold]no[/] \x1b[31m", hint="[@click=app.quit]try[/]"))
        await pilot.press("ctrl+n")
        await pilot.pause()
        assert isinstance(app.screen, Notices)
        await pilot.press("escape")
    assert app.told[0].message.startswith("[bold]")
