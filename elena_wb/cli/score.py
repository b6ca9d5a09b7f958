"""``elena-wb score``: answers against labels."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Annotated

import typer

from elena_wb.cli.finding_output import ChosenFormat, Output, Resamples, Runs, Seed, put, wanted_format
from elena_wb.cli.options import open_store
from elena_wb.cli.output import say, warn
from elena_wb.errors import ExitCode, UsageError
from elena_wb.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from elena_wb.analysis.scoring import Failed, Read
    from elena_wb.cli.score_tables import ScoredRun
    from elena_wb.core import Answers, Column, Metric, Resampling
    from elena_wb.store import Store
    from elena_wb.store.answers import Group, Selection
    from elena_wb.store.scorable import Scorable


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
    scored, failed = _scored(store, run_ids, selection, columns, metrics, resampling)
    plots = not no_plot and output is None and sys.stdout.isatty()
    text = _written(kind, scored, failed, resampling, audited_only=audited_only, plots=plots)
    put(text, output)
    for one in failed:
        warn(f"the metric `{one.metric}` cannot be used: {one.reason}")
    if failed:
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


def _scored(
    store: Store,
    run_ids: Sequence[int],
    selection: Selection,
    by: tuple[str, ...],
    metrics: Mapping[str, Callable[[], Metric]],
    resampling: Resampling,
) -> tuple[list[ScoredRun], list[Failed]]:
    from elena_wb.analysis.scoring import score_groups
    from elena_wb.cli.score_tables import ScoredRun
    from elena_wb.store.scorable import describe_run

    found: list[ScoredRun] = []
    failed: dict[str, Failed] = {}
    for run_id in run_ids:
        run = describe_run(store, run_id, selection)

        read = _reader(store, run, selection, by)
        groups, of_run = score_groups(read, metrics, resampling)
        failed = {one.metric: one for one in of_run} | failed
        if not groups:
            _say_empty(run_id, run.answers, selection)
        elif not any(group.metrics for group in groups) and not of_run:
            say(
                f"Nothing is known to be true of the pictures of run {run_id} that a metric could score against."
            )
        found.append(ScoredRun(run, by, groups))
    return found, list(failed.values())


def _reader(store: Store, run: Scorable, selection: Selection, by: tuple[str, ...]) -> Read:
    """Reads the answers of a run once for each set of columns that it has anything in."""
    from elena_wb.store.answers import read_answers

    there = (
        {"emotion"}
        | ({"vad"} if run.has_feelings else set())
        | ({"scores"} if run.has_label_scores else set())
    )

    @cache
    def read(columns: frozenset[Column]) -> Mapping[Group, Answers]:
        return read_answers(store, run.run_id, selection, by, columns)

    return lambda columns: read(columns & there)


def _say_empty(run_id: int, answers: int, selection: Selection) -> None:
    if answers and selection.audited_only:
        raise UsageError(
            f"None of the {answers:,} answers of run {run_id} is about a picture that an audit found well masked.",
            hint="`elena-wb run … --audit` audits the masks of a run, also of one that is finished.",
        )
    warn(f"run {run_id} has no answers.")


def _written(
    kind: str,
    scored: Sequence[ScoredRun],
    failed: Sequence[Failed],
    resampling: Resampling,
    *,
    audited_only: bool,
    plots: bool,
) -> str:
    from elena_wb.cli import score_formats, written
    from elena_wb.cli.score_tables import DETAILED, pieces

    if kind == "json":
        return score_formats.as_json(scored, failed, resampling)
    if kind == "csv":
        return score_formats.tidy_csv(scored)
    if sum(len(of.groups) for of in scored) > DETAILED:
        say(f"Classes and confusions of more than {DETAILED} groups are in `--format json`.")
    found = pieces(scored, audited_only=audited_only, intervals_below=kind == "table")
    if kind == "md":
        return written.markdown(found)
    if kind == "latex":
        return written.latex(found)
    return written.drawn(found, plots=plots)
