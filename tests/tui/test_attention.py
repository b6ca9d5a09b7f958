"""The attention screen, driven by its keys over answers of the embedded model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Select, Static

from elena_wb.findings.gazes import gather_gazes
from elena_wb.store import Store
from elena_wb.store.attention import attention_folder
from elena_wb.store.looks import looked_rows, looks_of, measured
from elena_wb.store.selection import Chosen
from elena_wb.tui import WorkbenchApp
from elena_wb.tui.attention.look_form import LookForm
from elena_wb.tui.attention.number_map import NumberMap
from elena_wb.tui.attention.screen import AttentionScreen
from elena_wb.tui.attention.view import AttentionView
from elena_wb.tui.places import Attention
from elena_wb.tui.widgets.paged import PagedTable

Opened = Callable[..., WorkbenchApp]


async def until(pilot: Pilot[None], holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something holds that threads or processes bring about."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to pass"
        await asyncio.sleep(0.05)
    await pilot.pause()


async def at_attention(pilot: Pilot[None]) -> AttentionScreen:
    """Go to the screen; wait until its list or what to do first is there."""
    await pilot.press("f4")
    await until(pilot, lambda: isinstance(pilot.app.screen, AttentionScreen))
    screen = pilot.app.screen
    assert isinstance(screen, AttentionScreen)
    return screen


async def opened_answer(pilot: Pilot[None], generation_id: str) -> AttentionView:
    """Show one answer, drawn."""
    screen = await at_attention(pilot)
    app = pilot.app
    assert isinstance(app, WorkbenchApp)
    app.go(Attention(generation_id))
    view = screen.query_one(AttentionView)
    await until(
        pilot,
        lambda: view.drawing is not None and view.drawing.first.side.page.generation_id == generation_id,
    )
    return view


def answers(store: Store, run_id: int) -> list[tuple[str, str]]:
    """Answer and stimulus of those of a run that were looked at."""
    with store.read() as connection:
        return connection.execute(
            """SELECT generation_id, stimulus_id FROM generations SEMI JOIN extractions USING (generation_id)
               WHERE run_id = ? ORDER BY ALL""",
            [run_id],
        ).fetchall()


def shown(view: AttentionView, name: str) -> str:
    """The text of one of the widgets of the view."""
    return str(view.query_one(name, Static).render())


def change(store: Store, sql: str, *values: object) -> None:
    with store.write() as connection:
        connection.execute(sql, list(values))


async def test_answers_that_were_looked_at_are_listed_and_walked_by_layer_and_word(
    study: Store, opened: Opened
) -> None:
    app = opened(study)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await at_attention(pilot)
        table = screen.query_one(PagedTable)
        await until(pilot, lambda: table.count == 8 and table.line_at_cursor is not None)
        await pilot.press("enter")
        view = screen.query_one(AttentionView)
        await until(pilot, lambda: view.drawing is not None)
        assert view.wish.target == "emotion"
        assert view.wish.layer is None
        assert "[emotion]" in shown(view, "#words")
        await pilot.press("right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: view.drawing is not None and view.drawing.wish.layer == 1)
        await pilot.press("left", "left", "left")
        await until(pilot, lambda: view.drawing is not None and view.drawing.wish.layer is None)
        first = view.query_one("#first-numbers", NumberMap).render()
        await pilot.press("tab")
        await until(pilot, lambda: view.drawing is not None and view.drawing.wish.target != "emotion")
        assert "▸" in shown(view, "#answer")
        assert view.query_one("#first-numbers", NumberMap).render().plain != first.plain
        await pilot.press("shift+tab")
        await until(pilot, lambda: view.drawing is not None and view.drawing.wish.target == "emotion")
        await pilot.press("h")
        assert "face" in shown(view, "#shares")
        await pilot.press("escape")
        await until(pilot, lambda: screen.has_class("list"))


async def test_shares_and_their_change_are_those_that_attend_prints(study: Store, opened: Opened) -> None:
    (answer, stimulus) = answers(study, 1)[0]
    chosen = {
        run: [Chosen(of, one, 0) for of, one in answers(study, run) if one == stimulus] for run in (1, 2)
    }
    told = gather_gazes(study, chosen, method="raw", heads="mean", target="emotion")
    app = opened(study)
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened_answer(pilot, answer)
        assert view.drawing is not None
        of_run = {gaze.part: gaze for gaze in told.runs[0].gazes if gaze.layer is None}
        for one in view.drawing.first.shares:
            assert one.share == pytest.approx(of_run[one.part].share.value)
            assert one.ratio() == pytest.approx(of_run[one.part].bias.value)
            assert f"{one.share:.3f}" in shown(view, "#shares")
        await pilot.press("m")
        await until(pilot, lambda: view.drawing is not None and view.drawing.second is not None)
        second = view.drawing.second
        assert second is not None
        assert second.side.page.condition == "face"
        assert view.drawing.most >= 2
        after = {one.part: one.share for one in second.shares}
        for moved in told.moved[0].shift.over_layers:
            if moved.part in after:
                before = next(one.share for one in view.drawing.first.shares if one.part == moved.part)
                assert after[moved.part] - before == pytest.approx(moved.share.value)
        assert "change" in shown(view, "#shares")
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: view.drawing is not None and view.drawing.wish.layer == 0)
        of_layer = {gaze.part: gaze for gaze in told.runs[0].gazes if gaze.layer == 0}
        face = view.drawing.first.shares[0]
        assert face.share == pytest.approx(of_layer[face.part].share.value)
        await pilot.press("m")
        await until(pilot, lambda: view.drawing is not None and view.drawing.second is None)


async def test_pictures_are_drawn_and_keep_up_with_resizing_and_a_key_held_down(
    study: Store, opened: Opened
) -> None:
    (answer, _), *_ = answers(study, 2)
    app = opened(study, images="blocks")
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened_answer(pilot, answer)
        assert view.drawing is not None
        content = view.drawing.first.content
        assert content is not None
        assert content.pixels.max() > content.pixels.min()
        for size in ((80, 24), (30, 8), (200, 60)):
            await pilot.resize_terminal(*size)
        for _ in range(5):
            await pilot.press("n", "right_square_bracket", "left_square_bracket", "right_square_bracket")
        await until(pilot, lambda: view.drawing is not None and view.drawing.wish == view.wish)
        await pilot.press("g")
        await until(pilot, lambda: view.has_class("numbers"))
        assert view.query_one("#first-numbers", NumberMap).render().plain.strip()


async def test_sinks_can_be_left_out_of_map_and_shares(study: Store, opened: Opened) -> None:
    (answer, _), *_ = answers(study, 1)
    change(
        study,
        """UPDATE extractions SET sinks = 1, blocks = json_merge_patch(blocks::JSON->0, '{"sinks": [0]}')
           WHERE generation_id = ?""",
        answer,
    )
    change(study, "UPDATE extractions SET blocks = json_array(blocks::JSON) WHERE generation_id = ?", answer)
    change(study, "UPDATE attention SET share_without_sinks = share / 2 WHERE generation_id = ?", answer)
    app = opened(study)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened_answer(pilot, answer)
        assert "1 sink" in shown(view, "#scale")
        assert "×" in view.query_one("#first-numbers", NumberMap).render().plain
        assert view.drawing is not None
        before = view.drawing.first.shares[0]
        await pilot.press("x")
        await until(pilot, lambda: view.drawing is not None and view.drawing.wish.without_sinks)
        assert f"{before.share / 2:.3f}" in shown(view, "#shares")
        panel = view.drawing.first.panel
        assert panel is not None
        assert panel.weights[0] == 0


async def test_maps_that_are_gone_are_told_in_words_and_shares_stay(study: Store, opened: Opened) -> None:
    (answer, _), *_ = answers(study, 1)
    for file in attention_folder(study).iterdir():
        file.unlink()
    app = opened(study)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened_answer(pilot, answer)
        assert view.drawing is not None
        assert "cannot be read" in view.drawing.first.note
        assert view.drawing.first.shares
        assert "cannot be read" in view.query_one("#first-numbers", NumberMap).render().plain


async def test_what_a_model_wrote_is_shown_as_text(study: Store, opened: Opened) -> None:
    (answer, _), *_ = answers(study, 1)
    hostile = "[bold]Fear[/] [@click=app.quit]x[/] \x1b[31m \u202e [/]" + "9" * 100_000
    change(
        study,
        "UPDATE generations SET raw_text = ?, emotion_raw = 'Fear', narrative = NULL WHERE generation_id = ?",
        hostile,
        answer,
    )
    change(study, "UPDATE attention SET token = '[/]' WHERE generation_id = ?", answer)
    change(study, "UPDATE runs SET model_uri = 'tiny:[red]'")
    app = opened(study)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened_answer(pilot, answer)
        text = shown(view, "#answer")
        assert "[@click=app.quit]x[/]" in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "more characters" in text
        assert "“[/]”" in text
        assert "tiny:[red]" in shown(view, "#about")


async def test_nothing_looked_at_says_what_to_do_and_imported_answers_are_refused_before_a_job_starts(
    planted: Store, opened: Opened
) -> None:
    change(
        planted,
        """UPDATE runs SET options = json_merge_patch(options, '{"provenance": "imported", "file": "answers.csv"}')""",
    )
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await at_attention(pilot)
        empty = screen.query_one("#nothing .what", Static)
        await until(pilot, lambda: "No answer was looked at" in str(empty.render()))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, LookForm))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(app.told))
        assert "was imported from answers.csv" in app.told[-1].message
        assert not planted.path.with_name(f"{planted.path.name}.jobs").exists()


async def test_an_answer_is_looked_at_by_a_job_and_its_maps_appear_by_themselves(
    study: Store, opened: Opened
) -> None:
    with study.read() as connection:
        ((answer,),) = connection.execute(
            """SELECT generation_id FROM generations ANTI JOIN extractions USING (generation_id)
               WHERE run_id = 2 ORDER BY ALL LIMIT 1"""
        ).fetchall()
    app = opened(study)
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened_answer(pilot, answer)
        assert "Not looked at yet" in shown(view, "#way")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, LookForm))
        form = app.screen
        form.query_one("#tokens", Input).value = "emotion,nonsense"
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert app.screen is form
        assert "`nonsense` names no words" in str(form.query_one("#problem", Static).render())
        form.query_one("#tokens", Input).value = "emotion"
        form.query_one("#heads", Select).value = "each"
        await pilot.pause()
        assert "--tokens emotion --heads each" in str(form.query_one("#command", Static).render())
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(looks_of(study, answer)) == 1, 240)
        await until(pilot, lambda: view.drawing is not None and bool(view.drawing.first.shares), 60)
        assert view.wish.target == "emotion"
        await pilot.press("right_curly_bracket", "right_curly_bracket")
        await until(pilot, lambda: view.drawing is not None and view.drawing.wish.head == 1)
        (look,) = looks_of(study, answer)
        found = measured(study, look)
        share = found.share[0, :, 1, found.parts.index("face")].mean()
        face = view.drawing.first.shares[0]
        assert face.share == pytest.approx(share)
        await until(pilot, lambda: any("1 answer looked at" in told.message for told in app.told), 60)
    assert len(looked_rows(study)) == 9
