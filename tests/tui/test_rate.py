"""Rating by keys: a session is made, rated blind, left, continued, taken back, told and deleted."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from textual.pilot import Pilot
from textual.widgets import Input, Select, Static
from textual.worker import WorkerCancelled

from elena_wb.core import Box
from elena_wb.engine.showing import Shown
from elena_wb.ratings import find_scales
from elena_wb.store import Store, delete_run
from elena_wb.store.browsing import Filter
from elena_wb.store.rating_sessions import Design, make_session, sessions
from elena_wb.store.ratings import sit_down
from elena_wb.tui import places
from elena_wb.tui.rate.form import NewSession
from elena_wb.tui.rate.page import RatingPage, pictured
from elena_wb.tui.rate.screen import RateScreen
from elena_wb.tui.widgets.asking import AskText, Confirm
from elena_wb.tui.widgets.picture import Picture
from elena_wb.tui.widgets.reading import Reading

SECRETS = ("tiny:", "scripted", "run 1", "run 2", "posed figures", "figure-0", "/pictures", "elena-tiny")


def design(**changes: Any) -> Design:
    given: dict[str, Any] = {
        "name": "first",
        "kind": "single",
        "picture": "none",
        "scales": find_scales("elena"),
        "filter": Filter(run_ids=(1, 2)),
        "limit": 6,
        "repeat": 0,
        "seed": 7,
    }
    return Design(**(given | changes))


def planned(store: Store, rater: str = "Ann", **changes: Any) -> Store:
    sit_down(store, make_session(store, design(**changes)), rater)
    return store


async def settled(pilot: Pilot[Any]) -> None:
    for _ in range(3):
        with suppress(WorkerCancelled):  # a later reading took its place
            await pilot.app.workers.wait_for_complete()
        await pilot.pause()


async def press(pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        if key in ("enter", "u", "d", "y", "r", "n", "a", "5"):
            await settled(pilot)
    await settled(pilot)


def seen(pilot: Pilot[Any]) -> str:
    """All words that the top screen shows."""
    return "\n".join(str(one.render()) for one in pilot.app.screen.query(Static))


def rows(store: Store, sql: str) -> list[tuple[Any, ...]]:
    with store.read() as connection:
        return connection.execute(sql).fetchall()


async def test_a_session_is_made_in_the_form_and_rated_to_its_end(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "5")
        assert "Nobody has rated anything yet." in seen(pilot)
        await press(pilot, "n")
        form = app.screen
        assert isinstance(form, NewSession)
        await press(pilot, *"my[/]", "tab", *"Ann", "tab", *"1 x")
        await asyncio.sleep(0.3)
        await settled(pilot)
        assert "Not yet: Runs are numbers" in seen(pilot)
        await press(pilot, "ctrl+s")
        assert app.screen is form
        await press(pilot, "backspace", "2")
        form.query_one("#limit", Input).value = "2"
        await asyncio.sleep(0.3)
        await settled(pilot)
        assert "2 of 16 answers, drawn evenly: 8 of run 1, 8 of run 2." in seen(pilot)
        form.query_one("#picture", Select).value = "none"
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, RatingPage)
        assert "1 of 2" in seen(pilot)
        await press(pilot, "9", "enter", "7", "enter", "6", "5")
        assert "enter" not in seen(pilot).splitlines()[-1]
        assert rows(planted, "SELECT count(*) FROM rating_values") == [(0,)]
        await press(pilot, "1", "enter")
        assert "2 of 2" in seen(pilot)
        await press(pilot, "4", "4", "4", "4", "up", "up", "3", "enter")
        assert "all is rated" in seen(pilot)
        await press(pilot, "escape")
        assert isinstance(app.screen, RateScreen)
        table = app.screen.query_one("_Sessions")
        assert [str(cell) for cell in table.get_row_at(0)][:6] == [
            "my[/]", "single", "none", "2", "Ann", "2 of 2 ✓",
        ]  # fmt: skip
    told = rows(planted, "SELECT value FROM rating_values ORDER BY position, rowid")
    assert [value for (value,) in told] == [7, 6, 5, 1, 4, 3, 4, 4]


async def test_a_sitting_goes_on_where_it_was_left_and_what_was_kept_last_is_taken_back(
    opened, planted: Store
) -> None:
    app = opened(planned(planted))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "5", "enter", *"1234", "enter", *"5")
        assert "2 of 6" in seen(pilot)
        await press(pilot, "escape")
    again = opened(planted)
    async with again.run_test(size=(80, 24)) as pilot:
        await press(pilot, "5", "enter")
        assert "2 of 6" in seen(pilot)
        await press(pilot, "u")
        assert "1 of 6" in seen(pilot)
        assert "✓ 1" in seen(pilot) or "▸ 1" in seen(pilot)
        assert rows(planted, "SELECT count(*) FROM rating_values") == [(0,)]
        await press(pilot, "7", "u", "enter")  # nothing is left to be taken back: what was said stays
        assert "2 of 6" in seen(pilot)
        await press(pilot, "s")
        assert isinstance(again.screen, AskText)
        await press(pilot, *"blurred", "enter")
        assert "3 of 6" in seen(pilot)
    assert rows(planted, "SELECT value FROM rating_values WHERE scale = 'fits'") == [(7,)]
    assert rows(planted, "SELECT skipped FROM rating_places WHERE skipped IS NOT NULL") == [("blurred",)]
    assert all(seconds >= 0 for (seconds,) in rows(planted, "SELECT seconds FROM ratings"))


async def test_nothing_on_the_page_tells_whose_an_answer_is_and_no_key_leads_away(
    opened, study: Store, home
) -> None:
    app = opened(planned(study, picture="whole"), images="blocks")
    async with app.run_test(size=(100, 30)) as pilot:
        await press(pilot, "5", "enter")
        page = app.screen
        picture = page.query_one("#picture", Picture)
        assert picture._content is not None
        for key in ("f1", "f2", "q", "8", "question_mark", "f3", "escape", "ctrl+p"):
            await press(pilot, key)
        assert isinstance(app.screen, RatingPage)
        shown = seen(pilot) + app.title + app.sub_title + "".join(one.message for one in app.told)
        names = [name for (name,) in rows(study, "SELECT parse_filename(path) FROM stimuli")]
        for secret in (*SECRETS, *names, "incongruent"):
            assert secret not in shown
        assert not app.screen.query("NavigationBar")


async def test_pictures_that_are_gone_are_said_to_be_without_their_names(opened, planted: Store) -> None:
    app = opened(planned(planted, kind="pairs", picture="seen"), images="blocks")
    async with app.run_test(size=(100, 30)) as pilot:
        await press(pilot, "5", "enter")
        shown = seen(pilot)
        assert shown.count("The picture cannot be shown here.") == 2
        assert not any(secret in shown for secret in SECRETS)


def test_the_whole_picture_looks_the_same_whatever_was_hidden_and_however_it_was_shown() -> None:
    whole, person = np.zeros((100, 100, 3), np.uint8), Box(10, 10, 30, 60)
    common = {"path": Path("a.png"), "original": whole, "problem": None, "regions": {}, "person": person}
    remade = Shown("one", seen=whole[:50, 5:55], seen_box=Box(5, 0, 50, 50), hidden=(person,), **common)
    unknown = Shown("two", seen=None, seen_box=None, notes=("nothing is found to hide",), **common)
    for found in (remade, unknown):
        content = pictured(found, whole=True)
        assert content is not None
        assert content.pixels is whole
        assert content.outlines == {"person": (person,)}
    assert pictured(unknown, whole=False) is None, "the whole is not taken for what the model saw"


async def test_of_a_pair_left_right_or_equal_is_said_by_arrows(opened, planted: Store) -> None:
    app = opened(planned(planted, kind="pairs"))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "5", "enter", "3")
        left, right = (str(one.render()) for one in app.screen.query(".side > Static").results(Static))
        assert "lifts" in left + right
        assert "holds" in left + right
        await press(pilot, "left", "equals_sign", "enter")
        assert "2 of 6" in seen(pilot)
        await press(pilot, "escape")
    told = rows(planted, "SELECT preferred, side, condition_a FROM preferences WHERE scale = 'fits'")
    assert told == [("a" if "lifts" in left else "b", "left", "none")]
    assert rows(planted, "SELECT preferred FROM preferences WHERE scale = 'convincing'") == [("equal",)]


async def test_results_are_shown_only_when_asked_for_twice_and_a_session_is_deleted_only_when_sure(
    opened, planted: Store
) -> None:
    app = opened(planned(planted, limit=2))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "5", "enter", *"4444", "enter", "escape", "r")
        assert isinstance(app.screen, Confirm)
        assert "1 ratings are still to come" in seen(pilot)
        await press(pilot, "enter")
        assert isinstance(app.screen, RateScreen)
        await press(pilot, "r", "y")
        assert isinstance(app.screen, Reading)
        assert "4.00 (-)" in seen(pilot)
        assert "scripted:one" in seen(pilot)
        await press(pilot, "escape", "a")
        assert isinstance(app.screen, AskText)
        await press(pilot, *"Bob", "enter")
        assert "1 of 2" in seen(pilot)
        await press(pilot, "escape", "d", "n")
        assert [one.rater for one in sessions(planted)[0].sittings] == ["Ann", "Bob"]
        await press(pilot, "d", "y")
        assert "Nobody has rated anything yet." in seen(pilot)
    assert sessions(planted) == ()


async def test_a_run_deleted_while_its_answer_is_rated_is_told_and_the_next_is_shown(
    opened, planted: Store
) -> None:
    app = opened(planned(planted, limit=16))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "5", "enter")
        text = seen(pilot)
        delete_run(planted, 1 if "lifts" in text else 2)
        await press(pilot, *"4444", "enter")
        assert "its run was deleted" in app.told[-1].message
        assert isinstance(app.screen, RatingPage)
        assert ("lifts" in seen(pilot)) is not ("lifts" in text)
        await press(pilot, *"4444", "enter")
    assert rows(planted, "SELECT count(*) FROM rating_values") == [(4,)]


async def test_a_store_that_is_gone_keeps_what_was_said_on_the_page(opened, planted: Store) -> None:
    app = opened(planned(planted))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "5", "enter", *"4444")
        away = planted.path.with_suffix(".away")
        shutil.move(planted.path, away)
        planted.path.mkdir()
        await press(pilot, "enter")
        assert app.told[-1].error
        assert "▸ 4" in seen(pilot)
        planted.path.rmdir()
        shutil.move(away, planted.path)
        await press(pilot, "enter")
        assert "2 of 6" in seen(pilot)
    assert rows(planted, "SELECT count(*) FROM rating_values") == [(4,)]


async def test_hostile_texts_and_names_are_shown_as_text(opened, planted: Store) -> None:
    evil = "[bold]x[/] [/] [@click=app.quit]y[/] \x1b[31m\u202e"
    with planted.write() as connection:
        connection.execute("UPDATE generations SET narrative = ? WHERE status = 'ok'", [evil + "z" * 100_000])
    app = opened(planned(planted, rater="[bold]R[/]", name="[red]s", kind="pairs"))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "5")
        row = app.screen.query_one("_Sessions").get_row_at(0)
        assert [str(row[0]), str(row[4])] == ["[red]s", "[bold]R[/]"]
        await press(pilot, "enter")
        assert seen(pilot).count(r"[bold]x[/] [/] [@click=app.quit]y[/] \u001b[31m\u202e") == 2
        await press(pilot, "pagedown", "pageup", "left", "right", "enter")
        assert "2 of 6" in seen(pilot)
        await pilot.resize_terminal(40, 12)
        await press(pilot, "right", "right", "enter")
        assert "3 of 6" in seen(pilot)


async def test_answers_that_were_filtered_elsewhere_are_offered_for_a_session(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        app.go(places.Rate(Filter(run_ids=(2,), text="figure-01")))
        await settled(pilot)
        assert isinstance(app.screen, NewSession)
        await press(pilot, *"one", "tab", *"Ann")
        await asyncio.sleep(0.3)
        await settled(pilot)
        assert "1 of 1 answers that pass the filter, drawn evenly: 1 of run 2." in seen(pilot)
        await press(pilot, "escape")
    assert sessions(planted) == ()
