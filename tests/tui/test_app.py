"""The frame: every screen is reached by key and palette, keys are listed, notices read again, plugins may fail."""

from __future__ import annotations

from textual.app import SystemCommand
from textual.command import CommandPalette
from textual.widgets import Input

from elena_wb.errors import UsageError
from elena_wb.plugins import Failure
from elena_wb.store import Store
from elena_wb.tui.directory import SCREENS
from elena_wb.tui.widgets.asking import Confirm
from elena_wb.tui.widgets.bar import NavigationBar
from elena_wb.tui.widgets.keys import Keys
from elena_wb.tui.widgets.notices import Notices
from tests.tui.test_runs import settled

HOSTILE = "[bold]no[/] [@click=app.quit]try[/] \x1b[31m\u202e"


async def test_a_digit_in_a_line_of_text_is_written_and_a_function_key_leads_away(
    opened, planted: Store
) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("slash", "2", "q", "question_mark")
        assert app.current_mode == "runs"
        assert app.screen.query_one(Input).value == "2q?"
        await pilot.press("f6")
        await pilot.pause()
        assert app.current_mode == "sql"


async def test_digits_function_keys_and_the_mouse_lead_to_each_screen_also_where_there_is_no_store(
    opened, tmp_path
) -> None:
    app = opened(Store(tmp_path / "none.duckdb"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for number, mode in enumerate(SCREENS, 1):
            app.screen.set_focus(None)
            await pilot.press(f"f{number}" if number % 2 else str(number))
            await settled(pilot)
            assert isinstance(app.screen, SCREENS[mode].load())
        drawn = app.screen.query_one(NavigationBar).render().plain
        await pilot.click(NavigationBar, offset=(drawn.index("Compare") + 2, 0))
        await pilot.pause()
        assert app.current_mode == "compare"
        assert "‹3 Compare›" in app.screen.query_one(NavigationBar).render().plain
    assert not (tmp_path / "none.duckdb").exists()


async def test_the_screen_that_was_left_and_the_theme_are_there_again(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test() as pilot:
        await pilot.press("f8")
        await pilot.pause()
        app.theme = "textual-light"
        app.screen.set_focus(None)
        await pilot.press("q")
    again = opened(planted)
    async with again.run_test() as pilot:
        await pilot.pause()
        assert again.current_mode == "plugins"
        assert again.theme == "textual-light"


async def test_errors_and_failed_plugins_are_told_without_markup_and_can_be_read_and_copied(
    opened, planted: Store
) -> None:
    app = opened(planted, bare=True)
    app.host.failures.append(Failure(HOSTILE, f"ImportError: {HOSTILE}"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        app.tell(UsageError(HOSTILE, hint=f"{HOSTILE} of a file \udcff"))
        print("a library", "prints")
        await pilot.pause()
        await pilot.press("ctrl+n")
        await pilot.pause()
        assert isinstance(app.screen, Notices)
        await pilot.press("c")
        copied = app.clipboard
        await pilot.press("escape")
        await pilot.press("8")
        await settled(pilot)
        assert app.current_mode == "plugins"
    assert f"Plugin {HOSTILE}"[:20] in copied
    assert "Printed: a library prints" in copied
    assert copied.count("[@click=app.quit]try[/]") >= 3


async def test_the_question_mark_lists_the_keys_of_this_screen_and_of_all(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, Keys)
        text = app.screen._text
        here, everywhere = text.index("\nHere\n"), text.index("\nEverywhere\n")
        assert text.startswith("Every run, how far it got")
        assert here < text.index("Rename this run") < everywhere < text.index("Leave the interface")
        assert "Narratives" in text[everywhere:]
        await pilot.press("escape")
        assert app.current_mode == "runs"


async def test_the_palette_knows_screens_actions_of_this_screen_and_themes(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        known = {command.title: command for command in app.get_system_commands(app.screen)}
        assert all(isinstance(command, SystemCommand) for command in known.values())
        assert {screen.name for screen in SCREENS.values()} < set(known)
        assert {"Theme", "Keys", "Notices", "Rename this run"} < set(known)
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert isinstance(app.screen, CommandPalette)
        await pilot.press(*"attention")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await settled(pilot)
        assert app.current_mode == "attention"


async def test_leaving_asks_only_where_something_unsaved_would_be_lost(
    opened, planted: Store, monkeypatch
) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        monkeypatch.setattr(
            type(app.screen), "unsaved", property(lambda screen: "a note [bold]half[/] written")
        )
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, Confirm)
        assert "[bold]half[/]" in app.screen._question
        await pilot.press("n")
        await pilot.pause()
        assert app.is_running
        await pilot.press("q")
        await pilot.pause()
        await pilot.press("y")
        await pilot.pause()
        assert app._exit
