"""Scores of several runs beside one another, as a report tells them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from elena_wb.core import Estimate, Scores
from elena_wb.findings import scores_sql
from elena_wb.findings.pieces import Chart, Mark, Piece, Section, Series, Table
from elena_wb.findings.scores import AS_STATED, ScoredRun, ScoredRuns
from elena_wb.findings.scores_tables import DETAILED, about, by_class, cells, shown
from elena_wb.findings.words import listed, percent, percent_interval

_CHECKED: Mapping[str, Callable[[Sequence[int]], str]] = {
    "single-label": scores_sql.single,
    "multi-label": scores_sql.several,
    "vad": scores_sql.feelings,
}
"""How a reader checks the figures of a metric."""
_IN_DETAIL: Mapping[str, Callable[[int, Sequence[str]], str]] = {
    "single-label": scores_sql.labels,
    "multi-label": scores_sql.labels_of_several,
    "vad": scores_sql.dimensions,
}
"""How a reader checks them of each label or dimension."""
_SOURCES = {
    "single-label": (
        "van Rijsbergen, C. J. (1979). Information Retrieval (2nd ed.), ch. 7. Butterworths. [F1]",
        "Schuller, B., Steidl, S., & Batliner, A. (2009). The INTERSPEECH 2009 Emotion Challenge. Proc. Interspeech, "
        "312-315. [unweighted average recall]",
        "Opitz, J., & Burst, S. (2019). Macro F1 and Macro F1. arXiv:1911.03347.",
        "Lian, Z., et al. (2023). MER 2023: Multi-label Learning, Modality Robustness, and Semi-Supervised Learning. "
        "Proc. ACM Multimedia. [weighted F1]",
    ),
    "multi-label": (
        "Godbole, S., & Sarawagi, S. (2004). Discriminative Methods for Multi-labeled Classification. Proc. PAKDD, "
        "22-30. [set F1]",
    ),
    "vad": (
        "Lin, L. I. (1989). A Concordance Correlation Coefficient to Evaluate Reproducibility. Biometrics, 45, "
        "255-268.",
    ),
}
_BOOTSTRAP = (
    "Efron, B., & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall. [intervals]"
)
_DRAWN = 6
"""Of so many runs at most, emotions are drawn beside one another."""


def sections(found: ScoredRuns) -> tuple[Section, ...]:
    """How right the answers of runs are, and what became of them; nothing where no run has an answer.

    For runs that are scored as one group each.
    """
    runs = [of for of in found.runs if of.groups]
    if not runs:
        return ()
    checked = found.selection == AS_STATED
    metrics = tuple(dict.fromkeys(name for of in runs for name in of.groups[0].metrics))
    pieces: list[Piece] = []
    for of in runs:
        pieces.append(" ".join(_sentences(about(of.run, audited_only=found.selection.audited_only))))
    for metric in metrics:
        pieces += _of_metric(runs, metric, checked=checked)
    rated = [(of, of.groups[0].rates) for of in runs]
    pieces.append(_overview("What became of the answers", rated, scores_sql.rates if checked else None))
    return (
        Section(
            name="scores",
            title="Answers against what is true",
            shows=_shown(runs),
            pieces=tuple(pieces),
            not_shown="A label is what a data set says of a picture, not what the person in it felt. Scores of "
            "pictures that were chosen for their labels say nothing of other pictures.",
            sources=(*(text for name in metrics for text in _SOURCES.get(name, ())), _BOOTSTRAP),
        ),
    )


def _sentences(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield text if text.endswith(".") else f"{text}."


def run_name(of: ScoredRun) -> str:
    """``run 3, face``."""
    return f"run {of.run.run_id}, {of.run.condition}"


def _shown(runs: Sequence[ScoredRun]) -> str:
    told = []
    for of in runs:
        scores = of.groups[0].metrics.get("single-label")
        right = None if scores is None else scores.figures.get("accuracy")
        if right is not None:
            bounds = percent_interval(right)
            told.append(
                f"{percent(right.value)} of {right.n:,} in {run_name(of)}"
                + (f" (95 % interval {bounds})" if bounds else "")
            )
    if told:
        more, without = len(told) - DETAILED, len(runs) - len(told)
        told = told[:DETAILED]
        others = f"; {more} further {'run is' if more == 1 else 'runs are'} in the table" if more > 0 else ""
        if without:
            others += (
                f"; of {without} {'run' if without == 1 else 'runs'} no single label is known to be true"
            )
        return (
            f"Right answers: {listed(told)}{others}. An abstention, a refusal and an unread answer are wrong."
        )
    if any(of.groups[0].metrics for of in runs):
        return "How near the answers come to what is true of the pictures."
    return "Nothing is known to be true of the pictures that the answers could be held against."


def _of_metric(runs: Sequence[ScoredRun], metric: str, *, checked: bool) -> Iterator[Piece]:
    with_it = [(of, scores) for of in runs if (scores := of.groups[0].metrics.get(metric)) is not None]
    sql = _CHECKED.get(metric) if checked else None
    yield _overview(with_it[0][1].title, with_it, sql)
    if len(with_it) <= _DRAWN:
        yield from _by_label(with_it)
    for of, scores in with_it[:DETAILED]:
        if scores.classes:
            labels = tuple(scores.classes)
            of_classes = _IN_DETAIL.get(metric)
            yield replace(
                by_class(f"{scores.title} in detail: {run_name(of)}", scores),
                sql=of_classes(of.run.run_id, labels) if checked and of_classes else "",
            )
        if scores.confusion is not None:
            yield replace(
                scores.confusion,
                title=f"Truth by answer: {run_name(of)}",
                sql=scores_sql.confusion(of.run.run_id, scores.confusion) if checked else "",
            )
        for note in scores.notes:
            yield f"{run_name(of).capitalize()}: {note}"
    if len(with_it) > DETAILED:
        yield f"The other {len(with_it) - DETAILED} runs are told in detail by `elena-wb score`."


def _overview(
    title: str, scored: Sequence[tuple[ScoredRun, Scores]], sql: Callable[[Sequence[int]], str] | None
) -> Table:
    """A row for each run: every figure with its interval."""
    figures = tuple(dict.fromkeys(figure for _, scores in scored for figure in scores.figures))
    return Table(
        title,
        ("run", "condition", "n", *map(shown, figures)),
        tuple(
            (
                str(of.run.run_id),
                of.run.condition,
                f"{scores.n:,}",
                *cells(scores.figures, figures, below=False),
            )
            for of, scores in scored
        ),
        2,
        "" if sql is None else sql([of.run.run_id for of, _ in scored]),
    )


def _by_label(scored: Sequence[tuple[ScoredRun, Scores]]) -> Iterator[Chart]:
    """The last figure of every class (F1 of a label, CCC of a dimension), a series for each run."""
    figures = [figure for _, scores in scored for of in scores.classes.values() for figure in of]
    if not figures:
        return
    led = "ccc" if "ccc" in figures else figures[-1]
    labels = tuple(
        dict.fromkeys(label for _, scores in scored for label, of in scores.classes.items() if led in of)
    )
    nothing = Estimate(math.nan, math.nan, math.nan, 0)
    yield Chart(
        title=f"{shown(led)} of each {'dimension' if led == 'ccc' else 'emotion'}",
        kind="points",
        measures=shown(led),
        over="dimension" if led == "ccc" else "emotion",
        series=tuple(
            Series(
                run_name(of),
                tuple(Mark.of(label, scores.classes.get(label, {}).get(led, nothing)) for label in labels),
            )
            for of, scores in scored
        ),
    )
