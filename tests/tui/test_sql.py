"""The SQL screen by its keys: asking, completing, history, going to what a row is about, export, stopping."""

from __future__ import annotations

import json
from pathlib import Path

from textual.events import Key
from textual.widgets import Input, OptionList, Static

from elena_wb.store import Store
from elena_wb.tui.places import Sql
from elena_wb.tui.sql.editor import Choices, SqlEditor
from elena_wb.tui.sql.history import MOST, History
from elena_wb.tui.sql.picking import Pick
from elena_wb.tui.sql.results import Results
from elena_wb.tui.widgets.asking import AskText, Confirm
from elena_wb.tui.widgets.reading import Reading

NAMES = {" ": "space", "\n": "enter", "*": "asterisk", ".": "full_stop", "_": "underscore", ",": "comma"}


async def settle(pilot) -> None:
    """Until the screen is there, nothing is at work in a thread, and what it gave is on the screen."""
    for _ in range(200):
        await pilot.pause()
        if pilot.app.screen.is_mounted and not any(not one.is_finished for one in pilot.app.workers):
            break
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    await pilot.pause()


async def opened_at_sql(pilot) -> SqlEditor:
    await pilot.press("f6")
    await settle(pilot)
    assert pilot.app.current_mode == "sql"
    return pilot.app.screen.query_one(SqlEditor)


async def write(pilot, text: str) -> None:
    await pilot.press(*(NAMES.get(character, character) for character in text))


async def ask(pilot, sql: str) -> None:
    pilot.app.screen.query_one(SqlEditor).text = sql
    await pilot.press("ctrl+r")
    await settle(pilot)


def said(pilot) -> str:
    return str(pilot.app.screen.query_one("#words", Static).content)


def shown(pilot, row: int = 0) -> list[str]:
    table = pilot.app.screen.query_one(Results)
    return [str(cell) for cell in table.get_row_at(row)]


async def test_a_question_is_written_with_completion_asked_and_its_row_leads_to_the_answer(
    opened, planted
) -> None:
    app = opened(planted)
    async with app.run_test(size=(100, 30)) as pilot:
        editor = await opened_at_sql(pilot)
        for character in "FROM narr":  # quicker than the editor follows
            app.post_message(Key(NAMES.get(character, character), character))
        await settle(pilot)
        assert app.screen.query_one(Choices).has_class("open")
        await pilot.press("tab")
        await write(pilot, " n WHERE n.emo")
        await pilot.press("down", "up", "tab")
        await write(pilot, " IS NOT NULL")
        assert editor.text == "FROM narratives n WHERE n.emotion IS NOT NULL"
        assert not app.screen.query_one(Choices).has_class("open")
        await pilot.press("ctrl+r")
        await settle(pilot)
        assert said(pilot).startswith("20 rows · ")
        await pilot.press("escape")
        assert isinstance(app.screen.focused, Results)
        await pilot.press("down", "g")
        await settle(pilot)
        assert app.current_mode == "narratives"


async def test_the_list_of_completions_opens_when_asked_for_and_closes_by_escape(opened, planted) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        editor = await opened_at_sql(pilot)
        await write(pilot, "FROM ")
        choices = app.screen.query_one(Choices)
        assert not choices.has_class("open")
        await pilot.press("ctrl+@")
        assert choices.has_class("open")
        assert choices.region.bottom <= 24
        await pilot.press("escape")
        assert not choices.has_class("open")
        assert editor.has_focus
        await pilot.press("ctrl+@", "ctrl+@")
        assert (
            editor.text == f"FROM {min(one.name for one in editor.known.relations.values() if one.is_view)}"
        )


async def test_a_wrong_question_is_told_in_words_with_its_place_and_nothing_can_be_written(
    opened, planted
) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        editor = await opened_at_sql(pilot)
        await ask(pilot, "SELECT 1;\nSELECT [/]nope")
        assert "Line 2" in said(pilot)
        assert "[/]" in said(pilot)
        assert editor.cursor_location[0] == 1
        await ask(pilot, "DELETE FROM runs")
        assert "would change the store" in said(pilot)
        assert "elena-wb query" in said(pilot)
        await ask(pilot, "SELECT count(*) FROM runs")
        assert shown(pilot) == ["3"]
        assert not app.screen.query_one("#said").has_class("error")


async def test_hostile_cells_are_text_and_a_long_one_is_shown_whole(opened, planted) -> None:
    app = opened(planted)
    copied: list[str] = []
    app.copy_to_clipboard = copied.append
    sql = "SELECT '[bold]x[/] [@click=app.quit]y[/]' || chr(27) || '[31m' || chr(8238) || chr(10) AS \"[red]n\", "
    sql += "repeat('long ', 20000) AS l, NULL AS none, 0.123456789::DOUBLE AS d"
    async with app.run_test(size=(80, 24)) as pilot:
        await opened_at_sql(pilot)
        await ask(pilot, sql)
        cells = shown(pilot)
        assert cells[0] == "[bold]x[/] [@click=app.quit]y[/]\\u001b[31m\\u202e "
        assert cells[2:] == ["NULL", "0.1235"]
        drawn = app.export_screenshot()
        assert "[red]n" in drawn.replace("&#91;", "[").replace("&#160;", " ")
        await pilot.press("escape", "right", "enter")
        assert isinstance(app.screen, Reading)
        await pilot.press("c", "escape")
        assert copied == ["long " * 20000]


async def test_a_long_query_is_stopped_by_escape_and_keys_go_on_meanwhile(opened, planted) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        editor = await opened_at_sql(pilot)
        editor.text = "SELECT count(*) FROM range(100000000) AS a, range(1000000) AS b"
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert "escape stops" in said(pilot)
        await write(pilot, "x")
        assert editor.text.count("x") == 1
        await pilot.press("escape", "escape")
        await settle(pilot)
        assert said(pilot).startswith("Stopped after")


async def test_what_was_asked_is_remembered_walked_through_and_searched(opened, planted, home: Path) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        editor = await opened_at_sql(pilot)
        await ask(pilot, "SELECT 1 AS first")
        await ask(pilot, "SELECT 2 AS second")
        editor.text = "SELECT 3"
        await pilot.press("ctrl+up", "ctrl+up")
        assert editor.text == "SELECT 1 AS first"
        await pilot.press("ctrl+up", "ctrl+down", "ctrl+down")
        assert editor.text == "SELECT 3"
        await pilot.press("f1")
        await pilot.press("q")
    again = opened(planted)
    async with again.run_test(size=(80, 24)) as pilot:
        editor = await opened_at_sql(pilot)
        assert editor.text == "SELECT 3"
        await pilot.press("ctrl+t")
        await pilot.pause()
        assert isinstance(again.screen, Pick)
        await write(pilot, "first")
        assert again.screen.query_one(OptionList).option_count == 1
        await pilot.press("enter")
        await pilot.pause()
        assert editor.text == "SELECT 1 AS first"
    (file,) = (home / "data" / "questions").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_history_is_bounded_keeps_each_question_once_and_survives_damage(tmp_path: Path) -> None:
    history = History(tmp_path / "s.duckdb", tmp_path / "h")
    for index in range(MOST + 20):
        history.add(f"SELECT {index}", f"2026-03-01T00:{index // 60:02}:{index % 60:02}")
    history.add("SELECT 100", "2026-03-02T00:00:00")
    history.add("  ", "2026-03-02T00:00:00")
    assert len(history.entries) == MOST
    with history.path.open("ab") as file:
        file.write(b"\xff damaged\n[1]\n")
    again = History(tmp_path / "s.duckdb", tmp_path / "h").entries
    assert again == history.entries
    assert again[-1].sql == "SELECT 100"
    with history.path.open("ab") as file:
        file.write(b"[" * 100_000 + b'\n{"at": "2026-03-03", "sql": "\\ud800"}\n{"cut off')
    History(tmp_path / "s.duckdb", tmp_path / "h").add("SELECT 2 + 2", "2026-03-04")
    assert [one.sql for one in History(tmp_path / "s.duckdb", tmp_path / "h").entries[-2:]] == [
        "?",
        "SELECT 2 + 2",
    ]
    (tmp_path / "file").touch()
    History(tmp_path / "s.duckdb", tmp_path / "file").add("SELECT 1", "2026-03-02T00:00:00")


async def test_a_named_question_is_chosen_and_answered(opened, planted) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        editor = await opened_at_sql(pilot)
        await pilot.press("ctrl+o")
        await pilot.pause()
        await write(pilot, "flip rate")
        await pilot.press("enter")
        await pilot.pause()
        assert "flips" in editor.text
        await pilot.press("f9")
        await settle(pilot)
        assert "✗" not in said(pilot)


async def test_all_rows_are_exported_and_overwriting_is_asked_for(opened, planted, tmp_path: Path) -> None:
    app = opened(planted)
    out = tmp_path / "answer.json"

    async def to(pilot, name: str) -> None:
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert isinstance(app.screen, AskText)
        app.screen.query_one(Input).value = name
        await pilot.press("enter")
        await settle(pilot)

    async with app.run_test(size=(80, 24)) as pilot:
        await opened_at_sql(pilot)
        await pilot.press("ctrl+s")
        assert app.told[-1].message.startswith("There is no answer")
        await ask(pilot, "SELECT 1 AS a UNION ALL SELECT 2 ORDER BY a")
        await to(pilot, str(out))
        assert json.loads(out.read_text()) == [{"a": 1}, {"a": 2}]
        await ask(pilot, "SELECT 3 AS a")
        await to(pilot, str(out))
        assert isinstance(app.screen, Confirm)
        await pilot.press("n")
        assert json.loads(out.read_text()) == [{"a": 1}, {"a": 2}]
        await to(pilot, str(out))
        await pilot.press("y")
        await settle(pilot)
        assert json.loads(out.read_text()) == [{"a": 3}]
        await to(pilot, str(tmp_path / "answer.xyz"))
        assert "does not say its format" in app.told[-1].message
        for nowhere in (str(tmp_path / "nowhere" / "answer.csv"), "~nobody-here/x.csv", "a" * 300 + ".csv"):
            app.told.clear()
            await to(pilot, nowhere)
            assert app.told[-1].error
        before = planted.path.read_bytes()
        await to(pilot, f"{planted.outbox_dir}/x.csv")
        assert "belongs to the store" in app.told[-1].message
        assert planted.path.read_bytes() == before


async def test_a_digit_leads_on_from_an_untouched_editor_and_is_written_in_a_touched_one(
    opened, planted
) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        editor = await opened_at_sql(pilot)
        await pilot.press("1")
        await pilot.pause()
        assert app.current_mode == "runs"
        await opened_at_sql(pilot)
        await write(pilot, "SELECT 1")
        assert editor.text == "SELECT 1"
        await pilot.press("f7")
        await pilot.pause()
        assert app.current_mode == "new_run"


async def test_where_there_is_no_store_it_says_so_and_asking_tells_why_not(opened, tmp_path: Path) -> None:
    app = opened(Store(tmp_path / "none.duckdb"))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened_at_sql(pilot)
        await ask(pilot, "SELECT 1")
        assert "no store" in said(pilot)
    assert not (tmp_path / "none.duckdb").exists()


async def test_another_screen_can_bring_its_question(opened, planted) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        app.go(Sql("SELECT 7"))
        await settle(pilot)
        assert app.screen.query_one(SqlEditor).text == "SELECT 7"
