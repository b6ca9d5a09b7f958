"""What the screen for a new run looks like, at three sizes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot

from elena_wb import jobs
from elena_wb.engine.foreseeing import ForeseenRun, Foreseer, Foresight
from elena_wb.jobs import Job, Progress
from elena_wb.store import Store
from elena_wb.tui.new_run.choices import Choices
from elena_wb.tui.new_run.form import NewRunForm
from elena_wb.tui.new_run.state import FormState

BEGAN = datetime(2026, 3, 1, 10, 0, 0)
STATE = FormState(
    sources=("figures",),
    scheme="tiny",
    model_options={"batch_size": "8"},
    prompts=("elena",),
    conditions=("none", "face", "face:control"),
    options={"name": "posed figures", "repeats": "2"},
)
FOUND = Foresight(
    model="tiny:",
    runs=tuple(
        ForeseenRun("elena-tiny (default)", one, 48, 40, 8, 0) for one in ("none", "face", "face:control")
    ),
    pictures=48,
    tokens=123_456,
    cost_usd=0.25,
    priced_on="2026-02-01",
    destination="api.example.org",
    seconds=190.0,
    notes=("One note.", "Another note."),
)
JOBS = (
    Job(1, "tiny: · none", ("run",), "done", BEGAN),
    Job(2, "tiny: · face", ("run",), "running", BEGAN, pid=1),
    Job(3, "hf:some/model · none, face", ("run",), "queued", BEGAN),
)
PROGRESS = {
    1: Progress(done=24, to_do=24),
    2: Progress(done=12, to_do=48, failures=1, per_second=3.2, seconds_left=11.0),
    3: Progress(),
}


@pytest.fixture(autouse=True)
def _certain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same choices, plan and jobs on every machine, and no path of it."""
    from elena_wb.tui.new_run import planning as new_run_planning
    from elena_wb.tui.new_run import screen as new_run
    from elena_wb.tui.new_run.choices import Counted

    monkeypatch.setattr(
        new_run,
        "read_choices",
        lambda *_: Choices(schemes=("hf", "tiny"), styles=("blur", "box"), locators=("annotated", "yunet")),
    )
    monkeypatch.setattr(new_run_planning, "count_pictures", lambda *_: Counted(48, 1))
    monkeypatch.setattr(Foreseer, "foresee", lambda *_: FOUND)
    monkeypatch.setattr(jobs, "jobs", lambda _: JOBS)
    monkeypatch.setattr(jobs, "progress", lambda _, job: PROGRESS[job.number])
    monkeypatch.setattr(
        new_run,
        "command_line",
        lambda _, arguments, *, offline: " ".join(["elena-wb --store study.duckdb", *arguments]),
    )


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_the_form_its_plan_and_the_jobs(snap_compare, opened, planted: Store, size: tuple[int, int]) -> None:
    app = opened(planted)
    app.remembered.set("new_run.form", STATE.as_json())

    async def fill(pilot: Pilot[None]) -> None:
        await pilot.press("f7")
        for _ in range(400):
            await pilot.pause(0.05)
            forms = pilot.app.screen.query(NewRunForm)
            if not forms or not forms.first().is_ready:
                continue
            if "3 runs" in str(pilot.app.screen.query_one("#plan").content) and pilot.app.screen.query(
                "#model-options OptionEntry"
            ):
                break
        pilot.app.screen.query_one("#reference").focus()
        await pilot.pause(0.7)
        pilot.app.screen.query_one("#reference").cursor_blink = False
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=fill)


def test_paths_are_completed_within_their_folder(tmp_path: Path) -> None:
    from elena_wb.tui.new_run.completing import Conditions, completed_path

    (tmp_path / "figures").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "photo.png").touch()
    assert completed_path(f"{tmp_path}/fi") == f"{tmp_path}/figures/"
    assert completed_path(f"{tmp_path}/ph") == f"{tmp_path}/photo.png"
    assert completed_path(f"{tmp_path}/.h") == f"{tmp_path}/.hidden/"
    assert completed_path(f"{tmp_path}/") is None
    assert completed_path("~nobody-of-that-name/x") is None
    assert completed_path("\0") is None
    masks = Conditions(("face", "hands"), ("blur", "box"), ("yunet",))
    assert [masks.completed(one) for one in ("f", "face+h", "face:b", "face:blur@y", "n", "face")] == [
        "face",
        "face+hands",
        "face:blur",
        "face:blur@yunet",
        "none",
        None,
    ]
