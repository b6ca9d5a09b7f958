"""The demonstration: rendered figures, the declared study of them, and its findings in short."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import typer

from elena_wb.cli.experiment import Sitting, carry_out
from elena_wb.cli.output import say
from elena_wb.config import Settings
from elena_wb.errors import ExitCode, WorkbenchError
from elena_wb.experiments import Terms, plan, read
from elena_wb.plugins import plugin_host
from elena_wb.store import Store
from elena_wb_tiny.demo_findings import Findings
from elena_wb_tiny.stimuli.folder import is_whole, write_folder

EMBEDDED = "tiny:"
DECLARED = Path(__file__).parent / "demo.toml"
"""The study that the demonstration carries out."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a demonstration is given: where it keeps what it makes, how many figures it renders, and whom it asks.

    Without ``report`` none is written.
    """

    store: Store
    folder: Path
    settings: Settings
    pictures: int = 84
    seed: int = 7
    model: str = EMBEDDED
    report: bool = True


def run_demo(stage: Stage) -> None:
    """Render, ask, tell what was found and write the report beside the store; goes on where an earlier one stopped.

    Raises:
        UsageError: there is no such model.
        WorkbenchError: not every figure was answered about.
        typer.Exit: Ctrl-C was pressed.
    """
    folder, pictures = stage.folder, stage.pictures
    sets = {"congruent": pictures, "incongruent": pictures // 2}
    declared = read(DECLARED)
    for kind, count in sets.items():
        figures = (folder / kind, count, stage.seed + (kind == "incongruent"), kind == "incongruent")
        if not is_whole(*figures):
            write_folder(*figures)
    file = folder / DECLARED.name
    shutil.copyfile(DECLARED, file)
    say(f"{sum(sets.values())} posed figures are in {folder}.")
    terms = Terms(retry_failed=True, models=(stage.model,))
    planned = plan(declared, file, plugin_host(), stage.store, stage.settings, terms)
    findings = Findings(planned)
    report = stage.store.path.with_suffix(".html") if stage.report else None
    options = [] if stage.model == EMBEDDED else ["-m", stage.model]
    command = shlex.join(["elena-wb", "--store", str(stage.store.path), "experiment", str(file), *options])
    code = carry_out(
        planned, stage.store, stage.settings, Sitting(report, command, listed=False), findings=findings
    )
    if code == ExitCode.INTERRUPTED:
        raise typer.Exit(code)
    if code != ExitCode.OK:
        raise WorkbenchError(
            "Not every figure was answered about.", hint="The same command asks again what failed."
        )
    findings.tell_next_steps(stage.store, folder, report)
