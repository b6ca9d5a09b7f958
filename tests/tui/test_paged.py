"""The table that holds only what is near the part of it that is looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pyarrow as pa
from rich.text import Text
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from elena_wb.errors import UsageError
from elena_wb.tui.widgets.paged import Column, PagedTable
from elena_wb.tui.widgets.pages import PAGE, Pages

MILLION = 1_000_000
HOSTILE = "[bold]x[/] [@click=app.quit]y[/] \x1b[31m \u202e [/] " + "z" * 100_000


class Shown(App[None]):
    """One table of a million lines, and what it told."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, int]] = []
        self.highlighted: list[tuple[int, object]] = []
        self.chosen: list[int] = []
        self.awaited = 0
        self.errors: list[str] = []

    def compose(self) -> ComposeResult:
        yield PagedTable(
            [
                Column("n", "No. [b]", 9, "right"),
                Column(
                    "sign", "Sign", 4, render=lambda value, line: Text(f"{value}{line['n']}", style="bold")
                ),
                Column("text", "Text", 0),
            ]
        )

    def on_mount(self) -> None:
        self.query_one(PagedTable).focus()

    def read(self, first: int, last: int) -> pa.Table:
        assert threading.current_thread() is not threading.main_thread()
        self.asked.append((first, last))
        numbers = range(first, last)
        return pa.table({"n": numbers, "sign": ["#"] * len(numbers), "text": [HOSTILE] * len(numbers)})

    def on_paged_table_highlighted(self, event: PagedTable.Highlighted) -> None:
        self.highlighted.append((event.position, event.line["n"]))

    def on_paged_table_awaited(self) -> None:
        self.awaited += 1

    def on_paged_table_chosen(self, event: PagedTable.Chosen) -> None:
        self.chosen.append(event.position)

    def on_paged_table_failed(self, event: PagedTable.Failed) -> None:
        self.errors.append(event.error.message)


async def settled(pilot: Pilot[None], until: Callable[[], bool] = lambda: True) -> None:
    """Wait until everything was read and told."""
    table = pilot.app.query_one(PagedTable)
    for _ in range(2000):
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        if table._rest is None and table._reading is None and until():
            return
    raise AssertionError("The table does not come to rest.")


def seen(table: PagedTable) -> list[str]:
    return [table.render_line(y).text for y in range(table.size.height)]


async def test_a_million_lines_are_walked_by_keys_and_few_are_ever_read() -> None:
    app = Shown()
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.query_one(PagedTable)
        table.show(MILLION, app.read, keep_cursor=False)
        await settled(pilot)
        assert app.highlighted == [(0, 0)]
        await pilot.press("end")
        await settled(pilot, lambda: len(app.highlighted) == 2)
        assert table.line_at_cursor is not None
        assert (table.cursor, table.line_at_cursor["n"]) == (MILLION - 1, MILLION - 1)
        assert f" {MILLION - 1}  #99…  [bold]" in seen(table)[-1]
        await pilot.press("pageup", "pageup", "up", "enter")
        await settled(pilot)
        assert app.chosen == [table.cursor]
        assert app.highlighted[-1] == (table.cursor, table.cursor)
        await pilot.press("ctrl+home", *["down"] * 200)
        await settled(pilot, lambda: app.highlighted[-1] == (200, 200))
        await pilot.press("ctrl+end", "home")
        await settled(pilot)
        assert table.cursor == 0
        assert table._pages.held <= 10 * PAGE
        assert sum(last - first for first, last in app.asked) < 40 * PAGE
        assert len(app.highlighted) < 150


async def test_lines_that_are_there_already_are_shown_and_told_of_at_once_and_not_read() -> None:
    app = Shown()
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.query_one(PagedTable)
        ready = [{"n": n, "sign": "#", "text": "ready"} for n in range(PAGE, 2 * PAGE)]
        table.show(MILLION, app.read, keep_cursor=False, at=PAGE, ready=ready)
        table.move_to(PAGE + 30)
        await settled(pilot)
        assert app.highlighted == [(PAGE + 30, PAGE + 30)]
        assert any("ready" in shown for shown in seen(table))
        assert all(last <= PAGE or first >= 2 * PAGE for first, last in app.asked)
        await pilot.press("end")
        await settled(pilot)
        await pilot.press("home")
        await settled(pilot)
        assert app.awaited
        assert [at for at, _ in app.highlighted] == [PAGE + 30, MILLION - 1, 0]


async def test_what_is_read_is_shown_as_it_is_written_and_fits() -> None:
    app = Shown()
    async with app.run_test(size=(100, 10)) as pilot:
        table = app.query_one(PagedTable)
        table.show(3, app.read, keep_cursor=False)
        await settled(pilot)
        lines = seen(table)
        assert "No. [b]" in lines[0]
        assert r"[bold]x[/] [@click=app.quit]y[/] \u001b[31m \u202e" in lines[1]
        assert all(len(line) == 100 for line in lines)
        assert lines[1].rstrip().endswith("…")
        await pilot.resize_terminal(60, 10)
        await settled(pilot)
        assert all(len(line) == 60 for line in seen(table))
        assert seen(table)[1].rstrip().endswith("…")


async def test_until_a_line_is_read_it_is_three_points_and_old_results_never_appear() -> None:
    app = Shown()
    gate = threading.Event()

    def slow(first: int, last: int) -> pa.Table:
        gate.wait(30)
        return pa.table(
            {
                "n": [-1] * (last - first),
                "sign": ["STALE"] * (last - first),
                "text": ["STALE"] * (last - first),
            }
        )

    async with app.run_test(size=(80, 12)) as pilot:
        table = app.query_one(PagedTable)
        table.show(50, slow, keep_cursor=False)
        await pilot.pause()
        assert "…" in seen(table)[1]
        await pilot.press("down", "enter")
        assert (table.cursor, table.line_at_cursor, app.chosen) == (1, None, [])
        table.show(40, app.read, keep_cursor=False)
        while not app.highlighted:
            await pilot.pause()
        gate.set()
        await settled(pilot)
        assert "STALE" not in "".join(seen(table))
        assert app.highlighted == [(0, 0)]


async def test_asked_again_it_keeps_cursor_and_lines_until_the_new_ones_come() -> None:
    app = Shown()
    async with app.run_test(size=(80, 12)) as pilot:
        table = app.query_one(PagedTable)
        table.show(1000, app.read, keep_cursor=False)
        table.move_to(500)
        await settled(pilot)
        before = seen(table)
        table.show(2000, app.read, keep_cursor=True)
        await pilot.pause()
        assert seen(table)[1:] == before[1:]
        await settled(pilot)
        assert (table.cursor, table.count, seen(table)[1:]) == (500, 2000, before[1:])
        table.show(5, app.read, keep_cursor=True)
        await settled(pilot, lambda: app.highlighted[-1] == (4, 4))
        assert table.cursor == 4
        table.show(0, app.read, keep_cursor=True)
        await settled(pilot)
        await pilot.press("down", "end", "pageup", "enter")
        assert (table.cursor, table.line_at_cursor, app.chosen) == (0, None, [])


async def test_lines_that_cannot_be_read_are_told_of_and_tried_again() -> None:
    app = Shown()

    def failing(first: int, last: int) -> pa.Table:
        raise UsageError("It cannot be read.")

    async with app.run_test(size=(80, 12)) as pilot:
        table = app.query_one(PagedTable)
        table.show(10, failing, keep_cursor=False)
        await settled(pilot, lambda: bool(app.errors))
        assert app.errors == ["It cannot be read."]
        table.show(10, app.read, keep_cursor=True)
        await settled(pilot, lambda: bool(app.highlighted))
        assert app.highlighted == [(0, 0)]


async def test_a_double_click_chooses_and_a_click_moves() -> None:
    app = Shown()
    async with app.run_test(size=(80, 12)) as pilot:
        table = app.query_one(PagedTable)
        table.show(10, app.read, keep_cursor=False)
        await settled(pilot)
        await pilot.click(table, offset=(20, 4))
        await settled(pilot, lambda: app.highlighted[-1] == (3, 3))
        assert app.chosen == []
        await pilot.click(table, offset=(20, 4), times=2)
        await settled(pilot, lambda: bool(app.chosen))
        assert app.chosen == [3]


def test_pages_are_let_go_in_the_order_in_which_they_were_looked_at() -> None:
    pages = Pages(MILLION)
    for page in range(30):
        first = page * PAGE
        pages.put(first, [{"n": n} for n in range(first, first + PAGE)], first + PAGE)
        assert pages.line(0) == {"n": 0}
    assert pages.line(5 * PAGE) is None
    assert pages.line(29 * PAGE + 3) == {"n": 29 * PAGE + 3}
    assert pages.lacking(0, 30 * PAGE) == (PAGE, 5 * PAGE)
    assert pages.lacking(0, 10) is None
    assert pages.lacking(MILLION - 5, MILLION + 99) == (MILLION - PAGE, MILLION)


def test_a_short_answer_leaves_the_last_positions_empty() -> None:
    pages = Pages(10)
    pages.put(0, [{"n": n} for n in range(8)], 10)
    assert pages.line(7) == {"n": 7}
    assert pages.line(8) is None
    assert pages.lacking(0, 10) is None
    pages.age(4)
    assert (pages.line(3), pages.line(7), pages.lacking(0, 10)) == ({"n": 3}, None, (0, 4))
