"""Two runs pair by pair: the keys of the screen, the numbers of the command line, hostile text, a changing store."""

from __future__ import annotations

import asyncio

import pytest
from textual.widgets import Select, Static

from elena_wb.analysis.pair_order import WHICH
from elena_wb.findings.comparing import compare_runs
from elena_wb.findings.comparing_told import headline, right_answers
from elena_wb.plain import plain
from elena_wb.store import Store
from elena_wb.tui import WorkbenchApp, places
from elena_wb.tui.compare.pair_walk import PairWalk
from elena_wb.tui.compare.paired import Look, read_pairs
from elena_wb.tui.compare.screen import CompareScreen
from elena_wb.tui.compare.summary import CompareSummary
from elena_wb.tui.widgets.empty import Empty
from elena_wb.tui.widgets.picture import Picture

HOSTILE = "[bold]no[/] [@click=app.quit]x[/] [/] \x1b[31mred\x1b[0m \u202eback"


async def settled(pilot) -> None:
    """Wait for all that was begun: reading, telling apart, the rest of the cursor."""
    for _ in range(4):
        await pilot.app.workers.wait_for_complete()
        await pilot.pause(0.15)


async def pressed(pilot, *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
    await settled(pilot)


def text_of(app: WorkbenchApp, selector: str) -> str:
    return "\n".join(str(static.content) for static in app.screen.query(f"{selector}").results(Static))


def picture_of(app: WorkbenchApp) -> str:
    line = app.screen.query_one(PairWalk).table.line_at_cursor
    return str(line["picture"]) if line else ""


async def test_the_natural_pair_is_compared_with_the_numbers_of_the_command_line(
    opened, planted: Store
) -> None:
    app = opened(planted)
    compared = compare_runs(planted, "1", "2")
    async with app.run_test(size=(80, 24)) as pilot:
        app.go(places.Compare(first=2))
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, CompareScreen)
        assert [select.value for select in screen.query(Select)] == [1, 2]
        await pressed(pilot, "s")
        told = " ".join(text_of(app, "#sentences").split())
        assert plain(headline(compared)) in told
        assert plain(right_answers(compared)) in told
        assert "happ" in text_of(app, "#turns")
        assert "Emotions named" in text_of(app, "#named")
        await pressed(pilot, "s")
        flips = [flip.picture for flip in compared.flips]
        assert text_of(app, "#line").startswith(f"{len(flips)} of 8 flip")
        assert picture_of(app) == flips[0]

        await pressed(pilot, "n")
        assert picture_of(app) == flips[1]
        await pressed(pilot, "p", "p")
        assert picture_of(app) == flips[0]
        await pressed(pilot, "end", "f")
        assert picture_of(app) == flips[0]
        await pressed(pilot, "F")
        assert picture_of(app) == flips[-1]


async def test_each_kind_of_pair_is_listed_as_often_as_it_is_counted(opened, planted: Store) -> None:
    app = opened(planted)
    changes = compare_runs(planted, "1", "3").changes
    expected = {
        "all": changes.pairs,
        "flips": len(changes.flipped),
        "only first right": changes.correct.only_first,
        "only second right": changes.correct.only_second,
        "one not read": changes.one_read,
        "lost": changes.lost.total,
    }
    async with app.run_test(size=(80, 24)) as pilot:
        app.go(places.Compare(1, 3))
        await settled(pilot)
        found = {}
        for which in WHICH:
            found[which] = app.screen.query_one(PairWalk).table.count
            if which == "lost":
                assert "(failed)" in text_of(app, "#verdict-second")
                assert "The server is busy." in text_of(app, "Beside Static")
            await pressed(pilot, "l")
        assert found == expected
        assert expected["lost"] == 4
        await pressed(pilot, "o", "o")
        assert text_of(app, "#shown") == "4 pairs · picture"
        await pressed(pilot, "home")
        assert picture_of(app) == "figure-00.png"
        late = read_pairs(planted, (1, 3), "flips", "flips first")
        app.screen._found(Look(app.screen._runs, (1, 3), late), 0.0)
        await settled(pilot)
        assert text_of(app, "#shown") == "4 pairs · picture", (
            "what was read for another question is not listed"
        )


async def test_words_parts_and_ratings_are_told_apart_by_signs(opened, planted: Store) -> None:
    with planted.write() as connection:
        connection.execute(
            "UPDATE body_parts SET phrase = 'open palms' WHERE generation_id LIKE ? AND position = 0",
            [f"{2:032x}%"],
        )
    app = opened(planted)
    async with app.run_test(size=(120, 40)) as pilot:
        app.go(places.Compare(1, 2, stimulus_id=f"{4:064x}"))
        await settled(pilot)
        assert picture_of(app) == "figure-04.png"
        told = text_of(app, "Beside Static")
        assert "The person [−lifts] both arms" in told
        assert "The person [+holds] both arms" in told
        between = text_of(app, "#between")
        assert "valence 6 → 5 ▼ -1" in between
        assert "arousal 5 → 5 =" in between
        assert "dominance 5 → 6 ▲ +1" in between
        assert "[−arms raised], [+open palms], head" in between
        assert "truth: surprise" in text_of(app, "#question")
        assert "✓ right" in text_of(app, "#verdict-first")
        await pressed(pilot, "x")
        assert [select.value for select in app.screen.query(Select)] == [2, 1]
        assert picture_of(app) == "figure-04.png"
        assert "The person [+lifts] both arms" in text_of(app, "Beside Static")


async def test_enter_and_g_lead_to_the_answer_of_the_marked_side(opened, planted: Store, monkeypatch) -> None:
    app = opened(planted)
    led: list[places.Place] = []
    async with app.run_test(size=(80, 24)) as pilot:
        app.go(places.Compare(1, 2, stimulus_id=f"{0:064x}"))
        await settled(pilot)
        monkeypatch.setattr(app, "go", led.append)
        await pressed(pilot, "enter", "left", "enter", "g", "right", "g")
    first, second = f"{1:032x}{0:032x}", f"{2:032x}{0:032x}"
    assert [getattr(place, "generation_id", None) for place in led] == [second, first, first, second]
    assert [type(place) for place in led] == [
        places.Narratives,
        places.Narratives,
        places.Attention,
        places.Attention,
    ]
    assert [place.filter.run_ids for place in led[:2]] == [(2,), (1,)]  # type: ignore[union-attr]


async def test_what_models_and_files_say_is_never_markup(opened, planted: Store) -> None:
    with planted.write() as connection:
        long = HOSTILE + " word" * 20_000
        connection.execute("UPDATE generations SET narrative = ?, emotion = ?", [HOSTILE, "[/] fear"])
        connection.execute("UPDATE generations SET narrative = ? WHERE run_id = 2", [long])
        connection.execute("UPDATE body_parts SET phrase = ?", [HOSTILE])
        connection.execute("UPDATE stimuli SET path = '/x/[@click=app.quit]a.png'")
        connection.execute("UPDATE runs SET name = '[red]n[/]', condition = condition || '[/]'")
    app = opened(planted)
    async with app.run_test(size=(120, 40)) as pilot:
        app.go(places.Compare(1, 2))
        await settled(pilot)
        told = text_of(app, "Beside Static")
        assert "[bold]no[/]" in told
        assert "\\u001b[31mred" in told
        assert "\\u202eback" in told
        assert "more characters)" in told
        shown = app.export_screenshot()
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert picture_of(app) == "[@click=app.quit]a.png"
        await pressed(pilot, "s", "n", "l", "s")
        assert app.is_running


async def test_pictures_are_shown_as_the_model_was_given_them(opened, study: Store) -> None:
    app = opened(study, images="blocks")
    async with app.run_test(size=(120, 40)) as pilot:
        app.go(places.Compare(1, 2))
        await settled(pilot)
        pictures = {
            side: app.screen.query_one(f"#picture-{side}", Picture)._content for side in ("first", "second")
        }
        first, second = pictures["first"], pictures["second"]
        assert first is not None
        assert second is not None
        assert first.pixels.shape == second.pixels.shape
        covered = (first.pixels != second.pixels).any(axis=2)
        (face,) = second.outlines["face"]
        rows, columns = (
            slice(int(face.y) + 1, int(face.y + face.h) - 1),
            slice(int(face.x) + 1, int(face.x + face.w) - 1),
        )
        assert covered[rows, columns].mean() > 0.9
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert not app.screen.query_one("#pictures").display
        await pressed(pilot, "i")
        assert app.screen.query_one("#pictures").display
        assert not app.screen.query_one("#texts").display


async def test_what_cannot_be_compared_says_why_and_what_to_do(opened, planted: Store, tmp_path) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:

        def said() -> str:
            assert app.screen.has_class("-nothing")
            return " ".join(str(static.content) for static in app.screen.query_one(Empty).query(Static))

        app.go(places.Compare(1, 1))
        await settled(pilot)
        assert "the same run" in said()
        assert "Choose another run" in said()
        with planted.write() as connection:
            connection.execute('UPDATE runs SET options = \'{"scheme": "heco8"}\' WHERE run_id = 2')
        app.go(places.Compare(1, 2))
        await settled(pilot)
        assert "labels of ekman7 and run 2 in those of heco8" in said()
        assert "Choose other runs" in said()
        second = app.screen.query_one("#run-second", Select)
        second.focus()
        await pressed(pilot, "enter", "home", "down", "enter")
        assert second.value == 3
        assert not app.screen.has_class("-nothing")
    app = opened(Store(tmp_path / "none.duckdb"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pressed(pilot, "f3", "n", "f", "x", "s", "l", "o", "enter", "g", "i")
        assert "no two runs to compare" in str(app.screen.query_one(Empty).query(Static).first().content)


async def test_answers_that_come_in_are_counted_and_the_cursor_stays(
    opened, planted: Store, monkeypatch
) -> None:
    monkeypatch.setattr("elena_wb.tui.compare.screen._PAUSE_S", 0.1)
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        app.go(places.Compare(1, 2, stimulus_id=f"{3:064x}"))
        await settled(pilot)
        assert picture_of(app) == "figure-03.png"
        line = text_of(app, "#line")
        shown = app.screen.query_one(CompareSummary)._of
        app.refresh_data()
        await settled(pilot)
        assert app.screen.query_one(CompareSummary)._of is shown
        with planted.write() as connection:
            connection.execute("DELETE FROM generations WHERE run_id = 2 AND stimulus_id = ?", [f"{0:064x}"])
            connection.execute(
                "UPDATE generations SET narrative = 'All is new.', created_at = now()::TIMESTAMP WHERE run_id = 2"
            )
        for _ in range(3):
            app.refresh_data()
        for _ in range(40):
            await settled(pilot)
            if text_of(app, "#line") != line and "All is new" in text_of(app, "Beside Static"):
                break
            await asyncio.sleep(0.05)
        assert "of 7 flip" in text_of(app, "#line")
        assert "1 lost" in text_of(app, "#line")
        assert picture_of(app) == "figure-03.png"
        assert "All is new" in text_of(app, "Beside Static").replace("[+", "")


async def test_what_was_looked_at_is_there_the_next_day(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        app.go(places.Compare(2, 3))
        await settled(pilot)
        await pressed(pilot, "o", "o", "end")
        left = picture_of(app)
        await pilot.press("q")
    again = opened(planted)
    async with again.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert isinstance(again.screen, CompareScreen)
        assert [select.value for select in again.screen.query(Select)] == [2, 3]
        assert text_of(again, "#shown").endswith("· picture")
        assert picture_of(again) == left


@pytest.mark.parametrize("size", [(200, 60), (60, 15)])
async def test_it_can_be_resized_while_it_reads(opened, planted: Store, size) -> None:
    app = opened(planted)
    async with app.run_test(size=(120, 40)) as pilot:
        app.go(places.Compare(1, 2))
        await pilot.resize_terminal(*size)
        await pressed(pilot, "n", "s", "s")
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert picture_of(app).startswith("figure-")
