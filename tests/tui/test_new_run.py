"""A run is planned in the form, started as a job, watched and stopped; what is typed is checked at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input, Select, Static

from elena_wb import jobs
from elena_wb.engine.option_forms import OptionField
from elena_wb.jobs import Job
from elena_wb.store import Store, list_runs
from elena_wb.tui.new_run.fields import OptionEntry, Several, Tick
from elena_wb.tui.new_run.form import NewRunForm
from elena_wb.tui.new_run.jobs import JobsTable
from elena_wb.tui.new_run.screen import NewRunScreen
from elena_wb.tui.places import NewRun
from elena_wb.tui.widgets.asking import Confirm
from elena_wb.tui.widgets.reading import Reading

PATIENCE = 400


@pytest.fixture(autouse=True)
def _for_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.getcwd())  # noqa: PTH109
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


async def until(pilot: Pilot[None], what: Callable[[], object]) -> None:
    """Wait for the screen, not for a time."""
    for _ in range(PATIENCE):
        if what():
            return
        await pilot.pause(0.05)
    raise AssertionError(shown(pilot.app.screen, "#plan"))


def shown(screen: object, selector: str) -> str:
    found = screen.query(selector)  # type: ignore[attr-defined]
    return str(found.first(Static).content) if found else ""


async def opened_form(pilot: Pilot[None]) -> tuple[NewRunScreen, NewRunForm]:
    await pilot.press("f7")
    await until(pilot, lambda: isinstance(pilot.app.screen, NewRunScreen))
    screen = pilot.app.screen
    assert isinstance(screen, NewRunScreen)
    await until(pilot, lambda: screen.query(NewRunForm))
    form = screen.query_one(NewRunForm)
    await until(pilot, lambda: form.is_ready and "loading" not in shown(screen, "#plan"))
    return screen, form


async def typed(pilot: Pilot[None], widget: Input, text: str) -> None:
    widget.focus()
    widget.value = ""
    await pilot.press(*text)


def entry(form: NewRunForm, name: str) -> OptionEntry:
    return next(one for one in form.query(OptionEntry) if one.field.name == name)


async def test_a_run_is_typed_planned_started_and_done(
    opened, planted: Store, pictures, tmp_path: Path
) -> None:
    app = opened(planted)
    folder = pictures(3)
    async with app.run_test(size=(120, 40)) as pilot:
        screen, form = await opened_form(pilot)
        assert "No pictures are named yet." in shown(screen, "#plan")
        await pilot.press("tab", *str(folder).rstrip("s"), "right")  # the path is completed
        sources = form.query_one("#sources", Several)
        assert sources.values == (f"{folder}/",)
        form.query_one("#model", Select).value = "scheme tiny"
        await until(pilot, lambda: [one.field.name for one in form.query("#model-options OptionEntry")])
        form.query_one("#reference", Input).focus()
        await until(pilot, lambda: "$ " in shown(screen, "#command"))
        command = shown(screen, "#command")
        assert command == (
            f"$ elena-wb --store {planted.path} run {folder}/ -m tiny: -p elena --mask none --mask face --seed 0"
        )
        await pilot.press("ctrl+y")
        assert app.clipboard == command.removeprefix("$ ")
        conditions = form.query_one("#conditions", Several)
        await conditions.set(["none"])
        await until(pilot, lambda: "1 run × 3 pictures: 3 calls" in shown(screen, "#plan"))
        assert "3 pictures" in shown(sources, ".beside")
        assert "Pictures stay on this machine." in shown(screen, "#plan")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: jobs.jobs(planted.path))
        (job,) = jobs.jobs(planted.path)
        assert (job.title, job.expected) == ("tiny: · none", 3)
        assert job.argv[-2:] == ("--events", "jsonl")
        table = screen.query_one(JobsTable)
        await until(pilot, lambda: table.current is not None and table.current.ended)
        assert table.current is not None
        assert table.current.state == "done"
        assert "3/3" in str(table.get_row_at(0)[2])
        await until(pilot, lambda: "0 calls, 3 answered already" in shown(screen, "#plan"))
        screen.set_focus(None)
        await pilot.press("j", "o")
        await until(pilot, lambda: isinstance(app.screen, Reading))
        await pilot.press("escape", "delete")
        await until(pilot, lambda: not table.display)
    assert [run.generations for run in list_runs(planted)][-1] == 3


async def test_what_is_typed_is_checked_at_once_and_nothing_wrong_is_started(opened, planted: Store) -> None:
    app = opened(planted)
    async with app.run_test(size=(100, 60)) as pilot:
        _, form = await opened_form(pilot)
        form.query_one("#model", Select).value = "scheme tiny"
        await until(pilot, lambda: len(form.query("#model-options OptionEntry")) == 2)
        batch = entry(form, "batch_size")
        assert isinstance(batch.control, Input)
        await typed(pilot, batch.control, "0")
        await pilot.pause()
        assert "greater than or equal to 1" in (batch.wrong or "")
        await typed(pilot, batch.control, "5")
        await pilot.pause()
        assert batch.wrong is None
        constrained = entry(form, "constrained").query_one(Tick)
        constrained.focus()
        await pilot.press("space")
        assert form.state.model_options == {"batch_size": "5", "constrained": "true"}
        limit = entry(form, "limit")
        assert isinstance(limit.control, Input)
        await typed(pilot, limit.control, "many")
        await pilot.pause()
        assert limit.wrong is not None
        conditions = form.query_one("#conditions", Several)
        await conditions.set(["face:blurr", "fa ce", "hands@yunet"])
        await pilot.pause()
        form.check()
        notes = [str(one.content) for one in conditions.query(".beside").results(Static)]
        assert notes[:3] == ["✗ there is no style `blurr`", "✗ `fa ce` is no masking condition.", ""]
        await form.query_one("#sources", Several).set(["/no/such [bold]folder[/]"])
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert app.told[-1].error
        assert jobs.jobs(planted.path) == ()


async def test_the_form_is_filled_as_a_stored_run_was_started_and_remembered(
    opened, study: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(study)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.go(NewRun(like=2))
        await until(pilot, lambda: app.screen.query(NewRunForm))
        form = app.screen.query_one(NewRunForm)
        await until(pilot, lambda: form.is_ready and form.state.conditions == ("face",))
        state = form.state
        assert (state.scheme, state.prompts, state.options["name"]) == ("tiny", ("elena-tiny",), "figures")
        await until(
            pilot, lambda: "answered" in shown(app.screen, "#plan") or "no file" in shown(app.screen, "#plan")
        )
        await pilot.press("q")
    again = opened(study)
    async with again.run_test(size=(80, 24)) as pilot:
        _, form = await opened_form(pilot)
        await until(pilot, lambda: form.state == state)
        monkeypatch.setattr("elena_wb.tui.new_run.screen.MOST_LINES", 0)
        again.go(NewRun(like=2))
        await until(pilot, lambda: form.is_ready and not form.state.sources)
        assert "the form has 0 lines" in again.told[-1].message, (
            "no part of the pictures is taken for all of them"
        )


async def test_sending_pictures_that_are_to_stay_is_asked_about_first(
    opened, planted: Store, pictures
) -> None:
    app = opened(planted)
    async with app.run_test(size=(80, 24)) as pilot:
        _, form = await opened_form(pilot)
        await form.query_one("#sources", Several).set([str(pictures(2))])
        form.query_one("#model", Select).value = "scheme tiny"
        tick = entry(form, "allow_upload").query_one(Tick)
        tick.focus()
        await pilot.pause()
        await pilot.press("enter")
        assert form.state.options == {"allow_upload": "true"}
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("escape")
        await pilot.pause()
        assert jobs.jobs(planted.path) == ()


async def test_jobs_are_stopped_after_asking_and_what_they_said_is_no_markup(
    opened, planted: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = "[bold]no[/] [@click=app.quit]x[/] \x1b[31m‮"
    app = opened(planted)
    told: list[int] = []
    job = Job(1, hostile, ("run", hostile), "running", jobs.folder.now(), pid=1, reason=hostile)
    monkeypatch.setattr(jobs, "jobs", lambda _: (job,))
    monkeypatch.setattr(jobs, "cancel", lambda _, number: told.append(number))
    async with app.run_test(size=(80, 24)) as pilot:
        screen, _ = await opened_form(pilot)
        table = screen.query_one(JobsTable)
        await until(pilot, lambda: table.row_count == 1)
        assert "[bold]no[/]" in str(table.get_row_at(0)[3])
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, Reading))
        await pilot.press("escape", "x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: told == [1])


async def test_a_plugin_that_cannot_be_loaded_is_told_in_its_place(opened, planted: Store) -> None:
    from elena_wb.plugins import Claim

    app = opened(planted)
    app.host.claims["models"]["broken"] = Claim("broken", "broken", "elena_wb_no_such_module:Provider")
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            _, form = await opened_form(pilot)
            form.query_one("#model", Select).value = "scheme broken"
            await until(pilot, lambda: "cannot be loaded" in shown(form, "#model-options .loading"))
    finally:
        del app.host.claims["models"]["broken"]


async def test_there_is_a_form_where_there_is_no_store_and_no_plugin(opened, tmp_path: Path) -> None:
    app = opened(Store(tmp_path / "none.duckdb"), bare=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen, _ = await opened_form(pilot)
        await pilot.resize_terminal(140, 50)
        await pilot.pause()
        assert "No pictures are named yet." in shown(screen, "#plan")
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert app.told
    assert not (tmp_path / "none.duckdb").exists()


async def test_what_a_plugin_says_of_its_options_is_text() -> None:
    hostile = "[/] [@click=app.quit]x[/]"

    class Form(App[None]):
        def compose(self) -> ComposeResult:
            for kind in ("choice", "key", "text", "secret"):
                yield OptionEntry(OptionField("a", kind, hostile, (hostile,), hostile, hostile))

    app = Form()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert [str(one.render()) for one in app.query("Select #label").results(Static)] == [hostile] * 2
        assert app.query_one(Input).placeholder == hostile
