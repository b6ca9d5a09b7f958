"""Scores as tables of text and sentences, whatever they are written as in the end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from elena_wb.analysis.scoring import Scored
from elena_wb.core import Estimate, Scores
from elena_wb.core.metric import brief
from elena_wb.findings.pieces import Piece, Table
from elena_wb.findings.scores import ScoredRun
from elena_wb.store.scorable import MaskAudit, Scorable

_NAMES = {
    "uar": "UAR",
    "macro_f1": "macro-F1",
    "weighted_f1": "weighted-F1",
    "f1": "F1",
    "set_f1": "set F1",
    "mae": "MAE",
    "ccc": "CCC",
    "pearson_r": "Pearson's r",
    "map": "mAP",
}
DETAILED = 4
"""Of so many groups at most, classes and confusions are shown."""


def pieces(scored: Sequence[ScoredRun], *, audited_only: bool, intervals_below: bool) -> Iterator[Piece]:
    """Everything there is to show, in order. ``intervals_below`` puts them under the values of wide tables."""
    groups = [(run, group) for run in scored for group in run.groups]
    for of in scored:
        yield from about(of.run, audited_only=audited_only)
    if len(groups) > 1:
        yield from _summaries(groups, below=intervals_below)
    if len(groups) > DETAILED:
        return
    for of, group in groups:
        heading = "" if len(groups) == 1 else _heading(of, group, several_runs=len(scored) > 1)
        yield from _details(group, heading, alone=len(groups) == 1)


def about(run: Scorable, *, audited_only: bool) -> Iterator[str]:
    """What run this is, and what of it could not be scored."""
    number = f"run {run.run_id}"
    name = number.capitalize() if run.run == number else f"{number.capitalize()} ({run.run})"
    yield f"{name}: {run.model}, prompt {run.prompt}, condition {run.condition}"
    told = [f"{run.answers:,} answers to {run.stimuli:,} stimuli, in {run.scheme}."]
    if run.errors:
        told.append(f"Failed, and no answers: {run.errors:,}.")
    if run.unlabelled:
        told.append(f"Stimuli without a label: {run.unlabelled:,}.")
    yield " ".join(told)
    for of in run.coverage:
        if not of.mapped_by:
            yield f"Labels of {of.scheme} ({of.labels:,}) cannot be read as {run.scheme}: nothing maps them."
            continue
        yield (
            f"Labels of {of.scheme} are read as {run.scheme} (mapping: {of.mapped_by}): {of.labels_mapped:,} of "
            f"{of.labels:,} labels ({of.labels_mapped / of.labels:.1%}), {of.kinds_mapped} of {of.kinds} kinds."
        )
    if run.several_sources:
        names = f"{', '.join(run.sources[:-1])} and {run.sources[-1]}"
        yield (
            f"Of {run.several_sources:,} stimuli more than one says what is true ({names}), and what any of "
            "them says counts as true; `--source` takes one."
        )
    if run.unmapped:
        yield f"Stimuli left out for want of a label with a counterpart in {run.scheme}: {run.unmapped:,}."
    if run.answered_in != run.scheme:
        yield (
            f"Answers in {run.answered_in} are read as {run.scheme}. Without a counterpart, and counted as "
            f"abstentions: {run.answers_unmapped:,}."
        )
    if run.audit is not None:
        yield from _masks(run, run.audit, audited_only=audited_only)


def _masks(run: Scorable, of: MaskAudit, *, audited_only: bool) -> Iterator[str]:
    """What is known of the masks of a run that has any."""
    told = []
    if of.hides_face and of.audited:
        told.append(f"Answers about pictures whose mask was audited: {of.audited:,} of {run.answers:,}.")
        told.append(f"Of these with a face left: {of.with_face:,}.")
    elif of.hides_face:
        told.append("The masks were not audited; `elena-wb run … --audit` does that.")
    if of.unhidden:
        told.append(f"Answers about pictures in which nothing of a part was hidden: {of.unhidden:,}.")
    if told and audited_only:
        told.append("Left out: what was not audited, has a face left, or nothing hidden.")
    if told:
        yield " ".join(told)


def _summaries(groups: Sequence[tuple[ScoredRun, Scored]], *, below: bool) -> Iterator[Table]:
    several = len({of.run.run_id for of, _ in groups}) > 1
    by = groups[0][0].by
    conditions = several and "condition" not in by and len({of.run.condition for of, _ in groups}) > 1
    names = (*(("run",) if several else ()), *(("condition",) if conditions else ()), *by)

    def name(of: ScoredRun, group: Scored) -> tuple[str, ...]:
        of_run = ((str(of.run.run_id),) if several else ()) + ((of.run.condition,) if conditions else ())
        return (*of_run, *(value or "(none)" for value in group.group))

    metrics = dict.fromkeys(metric for _, group in groups for metric in group.metrics)
    for metric in metrics:
        with_it = [(of, group, group.metrics[metric]) for of, group in groups if metric in group.metrics]
        figures = tuple(dict.fromkeys(figure for *_, scores in with_it for figure in scores.figures))
        yield Table(
            with_it[0][2].title,
            (*names, "n", *map(shown, figures)),
            tuple(
                (*name(of, group), f"{scores.n:,}", *cells(scores.figures, figures, below=below))
                for of, group, scores in with_it
            ),
            len(names),
        )
    figures = tuple(groups[0][1].rates.figures)
    yield Table(
        "Answers",
        (*names, "n", *map(shown, figures)),
        tuple(
            (*name(of, group), f"{group.rates.n:,}", *cells(group.rates.figures, figures, below=below))
            for of, group in groups
        ),
        len(names),
    )


def _details(group: Scored, heading: str, *, alone: bool) -> Iterator[Piece]:
    for scores in (*group.metrics.values(), *((group.rates,) if alone else ())):
        title = f"{heading}: {scores.title}" if heading else scores.title
        if alone:
            yield _vertical(title, scores)
        if scores.classes:
            yield by_class(title if not alone else "In detail", scores)
        if scores.confusion is not None:
            yield scores.confusion
        yield from scores.notes


def _heading(of: ScoredRun, group: Scored, *, several_runs: bool) -> str:
    parts = [f"run {of.run.run_id}, {of.run.condition}"] if several_runs else []
    return ", ".join(filter(None, [*parts, of.named(group)]))


def _vertical(title: str, scores: Scores) -> Table:
    rows = tuple(
        (shown(name), number(of.value), interval(of), f"{of.n:,}") for name, of in scores.figures.items()
    )
    return Table(title, ("figure", "value", "95 % interval", "n"), rows)


def by_class(title: str, scores: Scores) -> Table:
    """Values of every figure, and the interval of the last that has one for every class."""
    figures = tuple(dict.fromkeys(figure for of in scores.classes.values() for figure in of))
    led = "ccc" if "ccc" in figures else figures[-1]
    rows = []
    for name, of in scores.classes.items():
        cells = [number(of[figure].value) if figure in of else "" for figure in figures]
        of_led = of.get(led)
        rows.append(
            (name, *cells, interval(of_led) if of_led else "", f"{max(one.n for one in of.values()):,}")
        )
    return Table(title, ("", *map(shown, figures), f"95 % of {shown(led)}", "n"), tuple(rows))


def shown(name: str) -> str:
    """A figure's name for people."""
    return _NAMES.get(name, name.replace("_", " "))


def number(value: float) -> str:
    """Four decimals, a dash where the figure is not defined."""
    return brief(value, 4)


def interval(of: Estimate, decimals: int = 4) -> str:
    """``.5449 to .6051`` as ``[.5449, .6051]``; empty without an interval."""
    if math.isnan(of.low):
        return ""
    return f"[{brief(of.low, decimals)}, {brief(of.high, decimals)}]"


def cells(found: Mapping[str, Estimate], figures: Iterable[str], *, below: bool) -> Iterator[str]:
    """Values with their intervals, beside or below them; empty where a figure is not there."""
    for figure in figures:
        of = found.get(figure)
        if of is None:
            yield ""
        elif below:
            bounds = interval(of, 3).strip("[]").replace(", ", "–")
            yield f"{number(of.value)}\n{bounds}".strip()
        else:
            yield f"{number(of.value)} {interval(of)}".strip()
