"""``elena-wb experiment``: a declared study, planned, carried out, gone on with and reported."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from elena_wb.cli.executors import ExecutorOption, chosen_executor, tell_where
from elena_wb.cli.interrupts import stopping_on_interrupt
from elena_wb.cli.options import open_store, settings
from elena_wb.cli.output import say
from elena_wb.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from elena_wb.config import Settings
    from elena_wb.core import Executor
    from elena_wb.experiments import Carried, Experiment, ExperimentPlan
    from elena_wb.store import Store


def experiment(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The TOML file that declares the study.")],
    model: Annotated[
        list[str] | None,
        typer.Option("-m", "--model", help="Ask this model instead of the file's (repeatable)."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, help="Only the first N pictures of each dataset: a trial, whose answers count later."
        ),
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask again what failed.")] = False,
    max_cost: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            metavar="USD",
            help="Stop before the call with which all runs of the study, earlier sittings included, could exceed this.",
            show_default="the file's",
        ),
    ] = None,
    allow_upload: Annotated[
        bool,
        typer.Option(
            "--allow-upload",
            help="Send also pictures that are to stay on this machine; recorded with the runs.",
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="FILE", help="Where to write the report.", show_default="beside FILE"
        ),
    ] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no report.")] = False,
    executor: ExecutorOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    events: Annotated[
        Literal["jsonl"] | None, typer.Option(help="Print events as JSON lines on stdout.")
    ] = None,
) -> None:
    """Carry out the study that a file declares: datasets, models, prompts, conditions, repeats, seeds, and its report.

    The same command again goes on where it stopped, asks for nothing that has its answer, and writes the report anew.
    Its runs are those of `elena-wb run` with the same words and the study's name. One dataset or model that cannot be
    used does not keep the others waiting: what failed is told, and the exit code is 4.

    docs/findings.md describes the file, docs/studies has ones to begin with. A file from elsewhere can name nothing
    that `elena-wb run` does not take; that pictures leave the machine which are to stay is said here, not there.
    """
    from elena_wb.cli.experiment_plan import print_plan
    from elena_wb.cli.experiment_report import beside, check
    from elena_wb.experiments import Terms, plan, read
    from elena_wb.plugins import plugin_host

    declared = read(file)
    chosen, store = settings(ctx), open_store(ctx)
    spreading = chosen_executor(executor, plugin_host())
    terms = Terms(retry_failed, allow_upload, limit, tuple(model or ()))
    planned = plan(declared, file, plugin_host(), store, chosen, terms)
    if spreading is not None:
        tell_where(executor or "", planned)
    if dry_run:
        print_plan(planned, limit_usd=_limit(declared, max_cost), as_json=events == "jsonl")
        return
    output = None if no_report else report or beside(file, declared)
    if output is not None:
        check(store, output)
    code = carry_out(
        planned,
        store,
        chosen,
        Sitting(output, _command(store, file, ctx), max_cost, events=events == "jsonl", executor=spreading),
    )
    raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class Sitting:
    """How one sitting of a study goes: where its report goes, if anywhere, and the command that goes on with it.

    With ``events`` stdout is a program's; without ``listed`` the runs are not printed. ``executor`` is where models of
    this machine answer, if not in this process.
    """

    report: Path | None
    command: str
    max_cost: float | None = None
    events: bool = False
    listed: bool = True
    executor: Executor | None = None


def carry_out(
    planned: ExperimentPlan,
    store: Store,
    chosen: Settings,
    sitting: Sitting,
    *,
    findings: Callable[[Store, tuple[int, ...]], None] | None = None,
) -> ExitCode:
    """Carry the plan out with progress on stderr, print what came of it, write the report; the exit code.

    ``findings`` prints what the runs say in place of the usual.
    """
    from elena_wb.cli import experiment_told as told
    from elena_wb.cli import run
    from elena_wb.cli.experiment_report import write
    from elena_wb.cli.experiment_summary import print_summary
    from elena_wb.cli.progress import watching
    from elena_wb.engine import Patience
    from elena_wb.experiments import carry_out as carry_all_out
    from elena_wb.plugins import plugin_host

    told.tell_plan(planned, _limit(planned.experiment, sitting.max_cost))
    with stopping_on_interrupt(run.LAST_WORDS) as stop, watching(events=sitting.events) as listener:
        heard = run.Heard(listener)
        carried = carry_all_out(
            planned,
            plugin_host(),
            store,
            listener=heard,
            stop=stop,
            max_cost_usd=sitting.max_cost,
            patience=Patience(retries=chosen.retries),
            begun=told.begin,
            executor=sitting.executor,
        )
    heard.tell_unhidden(planned.to_ask)
    told.tell_outcomes(carried, heard, store)
    if carried.interrupted:
        say(f"Interrupted; what was answered is stored. Go on with: {sitting.command}")
        return ExitCode.INTERRUPTED
    run_ids = planned.run_ids(store)
    if not sitting.events:
        if sitting.listed:
            told.print_runs(carried)
        if run_ids and findings is not None:
            findings(store, run_ids)
        elif run_ids:
            print_summary(store, run_ids, planned.experiment.metrics)
    whole = True
    if sitting.report is not None and run_ids:
        whole = write(planned.experiment, carried, store, chosen, sitting.report, sitting.command, run_ids)
    if not carried.complete:
        say(f"The study is not complete. Go on with: {sitting.command}")
    return _exit_code(carried) if whole else ExitCode.PARTIAL


def _exit_code(carried: Carried) -> ExitCode:
    if carried.complete:
        return ExitCode.OK
    answered = any(result.status != "failed" for outcome in carried.outcomes for result in outcome.results)
    return ExitCode.PARTIAL if answered else ExitCode.FAILED


def _limit(declared: Experiment, max_cost: float | None) -> float | None:
    return declared.max_cost if max_cost is None else max_cost


_TO_GO_ON = {
    "limit": "--limit",
    "max_cost": "--max-cost",
    "report": "--report",
    "no_report": "--no-report",
    "executor": "--executor",
}


def _command(store: Store, file: Path, ctx: typer.Context) -> str:
    """What is typed to go on: within the same limits. That pictures may be sent is said anew each time."""
    state = ctx.find_root().obj
    usual = state.configuration.origins["store"] == "default"
    options = [option for model in ctx.params["model"] or () for option in ("-m", model)]
    for name, option in _TO_GO_ON.items():
        value = ctx.params[name]
        if value is not None and value is not False:
            options += [option] if value is True else [option, str(value)]
    return shlex.join(
        ["elena-wb", *([] if usual else ["--store", str(store.path)]), "experiment", str(file), *options]
    )
