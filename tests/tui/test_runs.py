"""The runs screen: what is done there with the keys, on a store that the tiny model filled and on a planted one."""

from __future__ import annotations

import csv
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input
from textual.worker import WorkerCancelled

from elena_wb.jobs import Job, Progress, jobs
from elena_wb.store import Store, list_runs, rename_run
from elena_wb.store.claim import working_on
from elena_wb.tui.app import WorkbenchApp
from elena_wb.tui.runs.columns import bar, compact, laid_out, lasting
from elena_wb.tui.runs.lines import RunLine, lines_of
from elena_wb.tui.runs.screen import RunsScreen
from elena_wb.tui.runs.table import RunsTable
from elena_wb.tui.runs.telling import in_full, in_short
from elena_wb.tui.widgets.asking import AskText, Confirm
from elena_wb.tui.widgets.empty import Empty
from elena_wb.tui.widgets.reading import Reading
from tests.tui.conftest import NOW

HOSTILE = "[bold]loud[/] [@click=app.quit]x[/] \x1b[31mred \u202eback"


async def settled(pilot: Pilot[None]) -> None:
    """Wait until nothing is being read, readings that took the place of others included."""
    for _ in range(3):
        await pilot.pause()
        with suppress(WorkerCancelled):
            await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def at(app: WorkbenchApp) -> RunLine:
    screen = app.screen
    assert isinstance(screen, RunsScreen)
    line = screen.line
    assert line is not None
    return line


def seen(app: WorkbenchApp) -> list[list[str]]:
    """The cells of the table as they are drawn."""
    table = app.screen.query_one(RunsTable)
    return [[cell.plain.strip() for cell in table.get_row_at(row)] for row in range(table.row_count)]


async def write(pilot: Pilot[None], text: str) -> None:
    """Replace what stands in the line that has the focus."""
    line = pilot.app.focused
    assert isinstance(line, Input)
    line.value = text
    await pilot.press("enter")
    await settled(pilot)


async def test_runs_are_read_filtered_ordered_and_sent_on_with_keys(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        shown = seen(app)
        assert [row[1] for row in shown] == ["3", "2", "1"]
        assert [row[2] for row in shown] == ["a second try", "posed figures", "posed figures"]
        first, last = shown[-1], shown[0]
        assert {"1.00", "done", "2 h"} <= set(first)
        assert any(cell.startswith("4/8") for cell in last)
        assert "partial" in last
        await pilot.press("slash", *"posed none")
        await settled(pilot)
        assert [row[1] for row in seen(app)] == ["1"]
        await pilot.press("escape", "escape")
        await settled(pilot)
        assert len(seen(app)) == 3
        await pilot.press("o")
        assert [row[1] for row in seen(app)] == ["1", "2", "3"]
        await pilot.press("o", "O")
        assert seen(app)[0][2] == "posed figures"
        while at(app).key != "run 1":
            await pilot.press("down" if at(app).key == "run 3" else "up")
        await pilot.press("space", "down", "space")
        assert sorted(row[0] for row in seen(app)) == ["", "A", "B"]
        await pilot.press("c")
        await settled(pilot)
        assert app.current_mode == "compare"
        await pilot.press("1")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert app.current_mode == "narratives"


async def test_filter_order_choice_and_cursor_are_remembered(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        await pilot.press("down", "space", "o", "slash", *"figures")
        await settled(pilot)
        before = seen(app)
        await pilot.press("enter", "q")
    again = opened(planted)
    async with again.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        assert seen(again) == before
        assert at(again).key == "run 2"


async def test_a_run_is_renamed_as_it_was_written_and_shown_as_text(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test(size=(200, 30)) as pilot:
        await settled(pilot)
        await pilot.press("r")
        await pilot.pause()
        assert isinstance(app.screen, AskText)
        await write(pilot, HOSTILE)
        assert "[bold]loud[/] [@click=app.quit]x[/]" in seen(app)[0][2]
        assert "\\u001b[31mred" in str(app.screen.query_one("#about").render())
        await pilot.press("r")
        await settled(pilot)
        drawn = [segment.text for strip in app.screen._compositor.render_strips() for segment in strip]
        assert any("loud" in text for text in drawn)
        assert not any("\x1b" in text or "\u202e" in text for text in drawn), "the terminal would act upon it"
        await pilot.press("escape")
        await pilot.click(RunsTable, offset=(20, 1))
        await pilot.press("i")
        await settled(pilot)
        assert isinstance(app.screen, Reading)
        await pilot.press("escape")
    assert list_runs(planted)[2].name == HOSTILE


async def test_deleting_asks_with_the_number_of_answers_down_to_the_last_run(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("d")
        await settled(pilot)
        assert isinstance(app.screen, Confirm)
        assert "8 answers" in app.screen._question
        await pilot.press("enter")
        await settled(pilot)
        assert len(list_runs(planted)) == 3, "enter alone deletes nothing"
        for left in (2, 1, 0):
            await pilot.press("d")
            await settled(pilot)
            await pilot.press("y")
            await settled(pilot)
            assert len(list_runs(planted)) == left
        assert app.screen.query_one(Empty).display


async def test_answers_are_exported_in_the_format_of_the_name_and_never_over_a_file_unasked(
    opened, planted: Store, tmp_path: Path
) -> None:
    out = tmp_path / "answers.csv"
    out.write_text("mine")
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for name, told in (
            ("x.docx", "format"),
            (str(planted.outbox_dir / "x.csv"), "store"),
        ):
            await pilot.press("e")
            await pilot.pause()
            await write(pilot, name)
            assert told in app.told[-1].message
        await pilot.press("e")
        await pilot.pause()
        await write(pilot, str(out))
        assert isinstance(app.screen, Confirm)
        await pilot.press("n")
        await settled(pilot)
        assert out.read_text() == "mine"
        await pilot.press("e")
        await pilot.pause()
        await write(pilot, str(out))
        await pilot.press("y")
        await settled(pilot)
    rows = list(csv.DictReader(out.open()))
    assert [row["run_id"] for row in rows] == ["3"] * 8


async def test_a_run_with_missing_answers_is_gone_on_with_by_a_job_of_its_own(opened, study: Store) -> None:
    with study.write() as connection:
        gone = "(SELECT generation_id FROM generations WHERE run_id = 2 ORDER BY rowid LIMIT 5)"
        connection.execute(f"DELETE FROM body_parts WHERE generation_id IN {gone}")
        connection.execute(f"DELETE FROM generations WHERE generation_id IN {gone}")
        connection.execute("UPDATE runs SET status = 'interrupted' WHERE run_id = 2")
    app = opened(study)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        assert any(cell.startswith("7/12") for cell in seen(app)[0])
        await pilot.press("f")
        await settled(pilot)
        assert "Nothing failed" in app.told[-1].message
        await pilot.press("R")
        await settled(pilot)
        (job,) = jobs(study.path)
        assert job.argv[:3] == ("run", "--resume", "2")
        await pilot.press("R")
        await settled(pilot)
        assert len(jobs(study.path)) == 1, "one job at a time works on a run"
        for _ in range(600):
            if jobs(study.path)[0].ended:
                break
            await pilot.pause(0.1)
        assert jobs(study.path)[0].state == "done", jobs(study.path)[0].reason
        app.refresh_data()
        await settled(pilot)
        assert any(cell.startswith("12/12") for cell in seen(app)[0])
        assert "done" in seen(app)[0]


async def test_a_run_whose_process_is_gone_is_told_from_one_at_work(opened, planted: Store) -> None:
    with planted.write() as connection:
        connection.execute(
            "UPDATE runs SET status = 'running', started_at = now()::TIMESTAMP WHERE run_id = 2"
        )
    app = opened(planted)
    with working_on(planted, "key 2"):
        async with app.run_test(size=(120, 30)) as pilot:
            await settled(pilot)
            assert "running" in seen(app)[1]
            await pilot.press("down", "x")
            await settled(pilot)
            assert "no job of this store" in app.told[-1].message
            await pilot.press("d")
            await settled(pilot)
            assert isinstance(app.screen, RunsScreen), "what is at work is not deleted"


async def test_browsing_goes_on_where_nothing_can_be_written(
    opened, planted: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elena_wb.errors import SetupError
    from elena_wb.tui.runs import doing as runs_doing

    def refused(*_: object) -> None:
        raise SetupError(
            "Cannot write to the store: its disk is read-only.", hint="Choose a place you can write to."
        )

    monkeypatch.setattr(runs_doing, "rename_run", refused)
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("r")
        await pilot.pause()
        await write(pilot, "another")
        assert app.told[-1].error
        assert "read-only" in app.told[-1].message
        assert len(seen(app)) == 3
        assert seen(app)[0][2] == "a second try"
        await pilot.press("R")
        await settled(pilot)
        assert "does not tell how it was started" in app.told[-1].message


async def test_what_another_program_changes_is_seen_and_the_cursor_stays(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("down", "down")
        rename_run(planted, 1, "another name")
        app.refresh_data()
        await settled(pilot)
        assert seen(app)[2][2] == "another name"
        assert at(app).key == "run 1"
        planted.path.unlink()
        app.refresh_data()
        await settled(pilot)
        assert app.screen.query_one(Empty).display


async def test_a_small_terminal_shows_what_it_can(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test(size=(20, 5)) as pilot:
        await settled(pilot)
        assert seen(app)[0][1] == "a second try"
        for size in ((60, 20), (40, 12), (1, 1), (150, 40), (20, 5)):
            await pilot.resize_terminal(*size)
            await pilot.press("down", "space", "o", "question_mark")
            await pilot.pause()
            await pilot.press("escape")
            await settled(pilot)
            assert len(seen(app)) == 3
            assert ("scripted:one" in seen(app)[0]) == (size[0] == 150)


async def test_a_damaged_and_a_newer_store_are_named_and_a_good_one_is_shown_again(
    opened, planted: Store
) -> None:
    good = planted.path.read_bytes()
    with planted.write() as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (999, 'of the future', now()::TIMESTAMP)")
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        empty = app.screen.query_one(Empty)
        assert "newer elena-wb" in empty._what
        await pilot.press("enter", "space", "c", "i", "r", "d", "e", "x", "R", "f", "o", "O")
        await settled(pilot)
        planted.path.write_bytes(b"no database at all" * 1000)
        app.refresh_data()
        await settled(pilot)
        assert str(planted.path) in empty._what
        planted.path.write_bytes(good)
        app.refresh_data()
        await settled(pilot)
        assert len(seen(app)) == 3


def test_lines_are_told_apart_with_jobs_and_without(planted: Store) -> None:
    runs = list_runs(planted)
    queued = Job(7, "[bold]asked[/]", ("run", "x"), "queued", NOW)
    resumed = Job(8, "Resume", ("run", "--resume", "2", "--events", "jsonl"), "running", NOW, pid=1)
    failed = Job(9, "failed early", ("run", "y"), "failed", NOW, exit_code=2, reason="No such model.")
    went = Progress(done=3, to_do=8, per_second=0.5, seconds_left=10.0, run_ids=(2,), stderr=("last words",))
    jobs_now = [(queued, Progress()), (resumed, went), (failed, Progress(stderr=("Error: no",)))]
    found = lines_of(runs, {}, frozenset({2}), jobs_now)
    assert [line.key for line in found] == ["job 9", "job 7", "run 3", "run 2", "run 1"]
    assert [line.status for line in found] == ["failed", "queued", "partial", "done", "done"]
    assert "No such model." in in_short(found[0]).plain
    assert "10 s left" in in_short(found[3]).plain
    assert "[bold]asked[/]" in in_short(found[1]).plain
    assert "last words" in in_full({"name": "x", "options": {"a": [1]}}, found[3])
    wide = {column.name for column, _ in laid_out(120, found, NOW)}
    narrow = {column.name for column, _ in laid_out(76, found, NOW)}
    assert {"speed", "left", "model"} <= wide
    assert {"name", "condition", "status", "progress", "accuracy", "age"} <= narrow
    assert laid_out(1, found, NOW)
    cut_off = replace(found[3], run=replace(runs[1], status="running"), job=None, worked_on=False)
    assert cut_off.status == "cut off"
    assert "R goes on" in in_short(cut_off).plain


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (61, "1 min"),
        (7200, "2 h"),
        (86400 * 3, "3 d"),
        (86400 * 1500, "4 y"),
        (-5, "0 s"),
    ],
)
def test_spans_of_time_fit_into_six_characters(seconds: float, told: str) -> None:
    assert lasting(seconds) == told
    assert len(lasting(seconds)) <= 6


def test_counts_stay_short_and_bars_are_full_only_where_nothing_is_missing() -> None:
    assert [compact(n) for n in (0, 99_999, 100_000, 999_499, 999_500, 12_345_678)] == [
        *("0", "99999", "100k", "999k", "1M", "12.3M"),
    ]
    assert bar(0, 100) == "╌╌╌╌╌╌"
    assert bar(1, 1_000_000) == "━╌╌╌╌╌"
    assert bar(999_999, 1_000_000) == "━━━━━╌"
    assert bar(8, 8) == "━━━━━━"
    assert bar(3, 0) == ""
