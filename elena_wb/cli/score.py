"""``elena-wb score``: answers against labels."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from elena_wb.cli.finding_output import ChosenFormat, Output, Resamples, Runs, Seed, put, wanted_format
from elena_wb.cli.options import open_store
from elena_wb.cli.output import say, warn
from elena_wb.errors import ExitCode, UsageError
from elena_wb.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from elena_wb.core import Metric, Resampling
    from elena_wb.findings.scores import ScoredRuns
    from elena_wb.store import Store


def score(
    ctx: typer.Context,
    runs: Runs,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            help="Score each value apart: an attribute of the stimuli such as view (or attribute.view), or "
            "condition, dataset, split, repeat, truth … (repeatable).",
            show_default=False,
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric", metavar="NAME", help="Only this metric (repeatable).", show_default="all that apply"
        ),
    ] = None,
    scheme: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Label scheme to score in.", show_default="that of the answers"),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="LABELSOURCE",
            help="Whose labels are true, such as face or body.",
            show_default="what the data set states",
        ),
    ] = None,
    audited_only: Annotated[
        bool,
        typer.Option(
            "--audited-only",
            help="Leave out pictures that show what should be hidden, or whose mask was not audited.",
        ),
    ] = False,
    chosen: ChosenFormat = None,
    output: Output = None,
    resamples: Resamples = 1000,
    seed: Seed = 0,
    no_plot: Annotated[bool, typer.Option("--no-plot", help="Do not draw the confusion.")] = False,
) -> None:
    """Score answers against labels, with 95 % bootstrap intervals over stimuli.

    Accuracy (which is WAR), UAR, macro-F1 and weighted-F1 where one label is true, set F1 and hit rate where
    several are, MAE and concordance for valence, arousal and dominance: whatever there are labels for, and what
    plugins add. An abstention, a refusal and an answer that could not be read are wrong, and no class of their
    own. A name that several runs bear stands for all of them.
    """
    from elena_wb.core import Resampling
    from elena_wb.findings.scores import scores_of
    from elena_wb.masking import NOTHING_HIDDEN
    from elena_wb.store import drain_orphans
    from elena_wb.store.answers import Selection
    from elena_wb.store.scorable import resolve_runs

    store = open_store(ctx)
    kind = wanted_format(chosen, output, store)
    metrics = _metrics(metric)
    if store.exists():
        drain_orphans(store)
    run_ids = resolve_runs(store, runs)
    columns = tuple(dict.fromkeys(by or ()))
    _check_columns(store, run_ids, columns)
    selection = Selection(scheme, source, audited_only, NOTHING_HIDDEN)
    resampling = Resampling(resamples, seed)
    found = scores_of(store, run_ids, metrics, selection=selection, by=columns, resampling=resampling)
    _say_what_is_missing(found)
    plots = not no_plot and output is None and sys.stdout.isatty()
    put(_written(kind, found, resampling, plots=plots), output)
    for one in found.failed:
        warn(f"the metric `{one.metric}` cannot be used: {one.reason}")
    if found.failed:
        raise typer.Exit(ExitCode.PARTIAL)


def _metrics(wanted: Sequence[str] | None) -> Mapping[str, Callable[[], Metric]]:
    from elena_wb.plugins import plugin_host

    makers = plugin_host().makers("metrics")
    for name in wanted or ():
        if name not in makers:
            raise UsageError(f"There is no metric `{name}`.", hint=nearest(name, makers))
    return {name: make for name, make in makers.items() if not wanted or name in wanted}


def _check_columns(store: Store, run_ids: Sequence[int], columns: Sequence[str]) -> None:
    from elena_wb.store.answers import ATTRIBUTE, COLUMNS, groupable

    if not columns:
        return
    known = groupable(store, run_ids)
    for column in columns:
        if column not in known:
            raise UsageError(f"There is no column `{column}` to score by.", hint=nearest(column, known))
        if column in COLUMNS and ATTRIBUTE + column in known:
            say(f"`{column}` is the store's own here; the attribute of that name is `{ATTRIBUTE}{column}`.")


def _say_what_is_missing(found: ScoredRuns) -> None:
    for of in found.runs:
        if not of.groups:
            _say_empty(of.run.run_id, of.run.answers, audited_only=found.selection.audited_only)
        elif not any(group.metrics for group in of.groups) and not of.failed:
            say(
                f"Nothing is known to be true of the pictures of run {of.run.run_id} that a metric could score "
                "against."
            )


def _say_empty(run_id: int, answers: int, *, audited_only: bool) -> None:
    if answers and audited_only:
        raise UsageError(
            f"None of the {answers:,} answers of run {run_id} is about a picture that an audit found well masked.",
            hint="`elena-wb run … --audit` audits the masks of a run, also of one that is finished.",
        )
    warn(f"run {run_id} has no answers.")


def _written(kind: str, found: ScoredRuns, resampling: Resampling, *, plots: bool) -> str:
    from elena_wb.cli import score_formats, written
    from elena_wb.findings.scores_tables import DETAILED, pieces

    if kind == "json":
        return score_formats.as_json(found.runs, found.failed, resampling)
    if kind == "csv":
        return score_formats.tidy_csv(found.runs)
    if sum(len(of.groups) for of in found.runs) > DETAILED:
        say(f"Classes and confusions of more than {DETAILED} groups are in `--format json`.")
    told = pieces(found.runs, audited_only=found.selection.audited_only, intervals_below=kind == "table")
    if kind == "md":
        return written.markdown(told)
    if kind == "latex":
        return written.latex(told)
    return written.drawn(told, plots=plots)
