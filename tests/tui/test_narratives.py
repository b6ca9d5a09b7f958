"""Reading answers with real keys: walking, jumping, filtering, marking, lighting parts, hostile answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, Static
from textual.worker import WorkerCancelled

from elena_wb.store import Store
from elena_wb.store.browsing import Filter
from elena_wb.tui import WorkbenchApp, places
from elena_wb.tui.narratives.answer import AnswerPane
from elena_wb.tui.narratives.chips import Chips
from elena_wb.tui.narratives.lines import as_text
from elena_wb.tui.narratives.screen import NarrativesScreen
from elena_wb.tui.widgets.empty import Empty
from elena_wb.tui.widgets.paged import PagedTable
from elena_wb.tui.widgets.picture import Canvas

Opened = Callable[..., WorkbenchApp]


async def settled(pilot: Pilot[None]) -> None:
    """Until nothing is fetched or drawn any more."""
    quiet = 0
    while quiet < 2:
        await pilot.pause()
        busy = any(worker.is_running for worker in pilot.app.workers)
        if any(table._rest is not None for table in pilot.app.screen.query(PagedTable)):
            busy = True
            await pilot.pause(0.02)
        with suppress(WorkerCancelled):
            await pilot.app.workers.wait_for_complete()
        quiet = 0 if busy else quiet + 1


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys one after the other, as fast as they can be; then wait for what they bring about."""
    await pilot.press(*keys)
    await settled(pilot)


async def begin(pilot: Pilot[None]) -> None:
    """Go to the screen by its key, and wait until it has read."""
    await pilot.press("2")
    await arrived(pilot)


async def arrived(pilot: Pilot[None]) -> None:
    for _ in range(400):
        await pilot.pause(0.02)
        screen = pilot.app.screen
        if isinstance(screen, NarrativesScreen) and screen.query(AnswerPane) and passing(pilot):
            break
    await settled(pilot)


def text_of(pilot: Pilot[None], selector: str) -> str:
    return str(pilot.app.screen.query_one(selector, Static).content)


def head(pilot: Pilot[None]) -> str:
    return text_of(pilot, "AnswerPane > .head")


def passing(pilot: Pilot[None]) -> str:
    return text_of(pilot, "#passing > Static")


def body(pilot: Pilot[None]) -> str:
    return text_of(pilot, "AnswerPane > .text")


def marks(store: Store) -> list[tuple[object, ...]]:
    with store.read() as connection:
        return connection.execute("SELECT generation_id, marked, note FROM marks ORDER BY ALL").fetchall()


async def test_answers_are_walked_through_and_errors_and_flips_are_jumped_to(
    planted: Store, opened: Opened
) -> None:
    async with opened(planted).run_test(size=(120, 40)) as pilot:
        await begin(pilot)
        table = pilot.app.screen.query_one(PagedTable)
        assert passing(pilot) == "24 answers"
        assert head(pilot) == "✓ happiness – right, as labelled"
        assert "The person lifts both arms" in body(pilot)
        assert "run 1: posed figures, repeat 0" in body(pilot)
        assert "Valence   1▕" in text_of(pilot, "AnswerPane > .vad")
        assert "2" in text_of(pilot, "AnswerPane > .vad")
        await press(pilot, "j", "down", "k")
        assert table.cursor == 1
        await press(pilot, "e")
        assert (table.cursor, head(pilot)) == (8, "✗ sadness – wrong, the label is happiness")
        await press(pilot, "home")
        await press(pilot, "f")
        await press(pilot, "f")
        assert table.cursor == 6
        await press(pilot, "t")
        assert '{"emotion": "neutral"}' in body(pilot)
        await press(pilot, "t", "end")
        await press(pilot, "e")
        assert "No wrong answer follows." in [one.message for one in pilot.app.told]  # type: ignore[attr-defined]
        assert "The server is busy." in body(pilot)
        assert head(pilot).startswith("! the call failed")


async def test_filters_combine_count_and_are_taken_away_by_one_key(planted: Store, opened: Opened) -> None:
    async with opened(planted).run_test(size=(80, 24)) as pilot:
        await begin(pilot)
        await press(pilot, "slash", *"figure 3", "enter")
        assert passing(pilot).startswith("2 of 24 answers · “figure 3”")
        await press(pilot, "x")
        await press(pilot, "tab", *"valenc")
        await pilot.pause(0.4)
        await settled(pilot)
        told = text_of(pilot, "FilterDialog .told")
        assert "no column `valenc`" in told
        await press(pilot, "ctrl+s")
        assert "no column `valenc`" in text_of(pilot, "FilterDialog .told"), "it is not left with an error"
        await press(pilot, *"e IS NOT NULL", "tab", "tab", "tab", "down", "enter", "ctrl+s")
        screen = pilot.app.screen
        assert isinstance(screen, NarrativesScreen)
        kept = pilot.app.remembered.get("narratives.filter")  # type: ignore[attr-defined]
        assert (kept["where"], kept["text"], len(kept["emotions"])) == ("valence IS NOT NULL", "figure 3", 1)
        assert "x changes it" in str(
            screen.query_one(Empty).query_one(".first", Static).content
        ) or "of 24" in (passing(pilot))
        await press(pilot, "z")
        assert passing(pilot) == "24 answers"
        await press(pilot, "s")
        assert passing(pilot) == "24 answers · by picture"
        pilot.app.go(places.Narratives(Filter(run_ids=(2,), correct="wrong")))  # type: ignore[attr-defined]
        await settled(pilot)
        assert passing(pilot) == "3 of 24 answers · run 2 · wrong · by picture (z: all)"
        pilot.app.go(places.Narratives(generation_id=f"{1:032x}{4:032x}"))  # type: ignore[attr-defined]
        await settled(pilot)
        assert (passing(pilot), "figure 4" in body(pilot)) == ("24 answers · by picture", True)
    async with opened(planted).run_test(size=(80, 24)) as pilot:
        await begin(pilot)
        assert "figure 4" in body(pilot), "the answer is remembered"
        assert passing(pilot) == "24 answers · by picture"


async def test_marks_and_notes_are_stored_and_shown(planted: Store, opened: Opened) -> None:
    async with opened(planted).run_test(size=(120, 40)) as pilot:
        await begin(pilot)
        await press(pilot, "j")
        await press(pilot, "m")
        assert "* marked" in head(pilot)
        await press(pilot, "a")
        await press(pilot, *"odd [/b]", "enter")
        assert "+ odd [/b]" in head(pilot)
        line = pilot.app.screen.query_one(PagedTable).line_at_cursor
        assert line is not None
        assert line["marks"] == "*+"
        assert marks(planted) == [(f"{1:032x}{1:032x}", True, "odd [/b]")]
        await press(pilot, "y")
        assert pilot.app.clipboard == "The person lifts both arms and looks ahead."
        await press(pilot, "Y")
        assert "note: odd [/b]" in pilot.app.clipboard
        await press(pilot, "m")
        await press(pilot, "a")
        await press(pilot, *["backspace"] * 8, "enter")
        assert marks(planted) == []
        assert "marked" not in head(pilot)


async def test_a_part_lights_its_region_and_the_view_changes(study: Store, opened: Opened) -> None:
    app = opened(study, images="blocks")
    async with app.run_test(size=(120, 40)) as pilot:
        app.go(places.Narratives(Filter(run_ids=(2,))))
        await arrived(pilot)
        assert "As the model saw it (face)" in text_of(pilot, "Picture > .note")
        canvas = pilot.app.screen.query_one(Canvas)
        drawn = canvas._drawn
        assert drawn is not None
        assert "▀" in drawn.lines[0].text
        await press(pilot, "v")
        assert "not as the model saw it" in text_of(pilot, "Picture > .note")
        before = canvas._drawn
        await press(pilot, "p")
        chips = pilot.app.screen.query_one(Chips)
        assert chips.has_focus
        assert canvas._drawn is not before
        lit = canvas._drawn
        assert lit is not None
        assert before is not None
        assert list(lit.lines[0]) != list(before.lines[0]), "what is not lit is dimmed"
        await press(pilot, "right")
        assert chips.chosen == 1
        await press(pilot, "escape")
        assert pilot.app.screen.query_one(PagedTable).has_focus
        unlit = canvas._drawn
        assert unlit is not None
        assert [*unlit.lines[0]] == [*before.lines[0]]
        for size in ((80, 24), (200, 60), (40, 10), (80, 24)):
            await pilot.resize_terminal(*size)
            await press(pilot, "j")
        await pilot.pause(0.2)
        await settled(pilot)
        narrow = canvas._drawn
        assert narrow is not None
        assert narrow.width <= canvas.size.width == 29
        await press(pilot, "o")
        told = [one.message for one in app.told]
        assert any("desktop" in one or "afar" in one for one in told), told


HOSTILE = "[bold]x[/] [/] [@click=app.quit]go[/] \x1b[31mred\x1b]0;title\x07 \u202eevil $x "


async def test_hostile_answers_show_as_text_and_slow_no_key(planted: Store, opened: Opened) -> None:
    first, second = f"{1:032x}{0:032x}", f"{1:032x}{1:032x}"
    with planted.write() as connection:
        connection.execute(
            """UPDATE generations SET narrative = ?, raw_text = ?, emotion = ?, emotion_raw = ?, valence = 'nan',
               arousal = 'inf', dominance = 99, notes = [?, ?] WHERE generation_id = ?""",
            [HOSTILE * 1400, HOSTILE * 1400, HOSTILE, HOSTILE, HOSTILE, "b", first],
        )
        connection.execute("DELETE FROM body_parts WHERE generation_id = ?", [first])
        connection.execute(
            "INSERT INTO body_parts SELECT ?, i, ? || i, 'arms', 'upper' FROM range(10000) AS t(i)",
            [first, HOSTILE],
        )
        connection.execute(
            "INSERT INTO body_parts VALUES (?, 5, repeat('w', 5000), 'head', 'head')", [second]
        )
        connection.execute("UPDATE stimuli SET path = ? WHERE stimulus_id = ?", [HOSTILE, f"{0:064x}"])
        connection.execute("UPDATE runs SET name = ?, condition = ? WHERE run_id = 1", [HOSTILE, HOSTILE])
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        app.go(places.Narratives(generation_id=first))
        await arrived(pilot)
        shown = body(pilot)
        assert "[bold]x[/] [/] [@click=app.quit]go[/]" in shown
        assert "more characters" in shown
        assert "\x1b" not in shown + head(pilot) + passing(pilot)
        assert "\u202e" not in shown
        assert "nan (no number)" in text_of(pilot, "AnswerPane > .vad")
        assert "99 (outside 1 to 10)" in text_of(pilot, "AnswerPane > .vad")
        chips = pilot.app.screen.query_one(Chips)
        assert "more" in str(chips.render())
        await press(pilot, "x")
        await press(pilot, "escape")
        await press(pilot, "p", "left", "t", "t", "escape")
        assert "and 9,9" in "".join(found.plain for found in chips._lines(40)), "of 10,000 parts"
        taken: dict[str, list[float]] = {"down": [], "up": []}
        for key in ["down", "up"] * 3:
            began = time.thread_time()
            await pilot.press(key)
            taken[key].append(time.thread_time() - began)
            await settled(pilot)
        quickest = {key: min(seconds) for key, seconds in taken.items()}
        assert max(quickest.values()) < 0.25, f"seconds of the interface's own thread: {taken}"
        app.go(places.Narratives(generation_id=second))
        await settled(pilot)
        assert "www" in str(chips.render())
        assert app.is_running


async def test_a_store_that_grows_is_followed_and_the_answer_read_stays(
    planted: Store, opened: Opened
) -> None:
    app = opened(planted)
    async with app.run_test(size=(120, 40)) as pilot:
        await begin(pilot)
        await press(pilot, "s")
        await press(pilot, "j", "j", "j")
        reading = head(pilot), body(pilot)
        with planted.write() as connection:
            connection.execute(
                """INSERT INTO generations BY NAME SELECT * REPLACE (generation_id || 'x' AS generation_id,
                   9 AS repeat) FROM generations WHERE run_id = 1"""
            )
        app.refresh_data()
        app.refresh_data()
        await settled(pilot)
        assert passing(pilot).startswith("32 answers")
        assert (head(pilot), body(pilot)) == reading
        table = pilot.app.screen.query_one(PagedTable)
        assert table.cursor == 4, "one of the answers that came stands before it"
        await press(pilot, "slash", "z", "escape")
        assert not pilot.app.screen.query_one("#find", Input).has_focus
        planted.path.unlink()
        app.refresh_data()
        await settled(pilot)
        assert "There are no answers yet." in str(pilot.app.screen.query_one(".what", Static).content)


async def test_what_cannot_be_stored_is_told(planted: Store, opened: Opened) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(pilot)
        with planted.write() as connection:
            connection.execute("DELETE FROM generations WHERE run_id = 1")
        await press(pilot, "m")
        assert app.told[-1].message == "This answer is not in the store any more."
        app.refresh_data()
        await settled(pilot)
        assert "run 2" in body(pilot)


async def test_without_a_store_it_says_what_to_do(tmp_path: Path, opened: Opened) -> None:
    async with opened(Store(tmp_path / "none.duckdb")).run_test(size=(80, 24)) as pilot:
        await begin(pilot)
        await press(pilot, "e", "f", "m", "a", "v", "t", "o", "c", "g", "p", "j", "y")
        assert "There are no answers yet." in str(pilot.app.screen.query_one(".what", Static).content)
        assert pilot.app.screen.query_one(AnswerPane).display


def test_all_of_an_answer_is_copied(study: Store) -> None:
    from elena_wb.store.browsing import page_of

    with study.read() as connection:
        (one,) = (
            connection.execute("SELECT min(generation_id) FROM generations WHERE run_id = 2").fetchone() or ()
        )
    page = page_of(study, one)
    assert page is not None
    text = as_text(page)
    assert "condition: face" in text
    assert page.narrative is not None
    assert page.narrative in text
