"""Words for emotions against labels, as a reader goes through it."""

from __future__ import annotations

from collections.abc import Iterator

from elena_wb.analysis.set_agreement import SetAgreement
from elena_wb.core import Estimate
from elena_wb.findings import words_sql
from elena_wb.findings.open_vocabulary import MOST_FREQUENT, OpenVocabulary, WordsOfRun
from elena_wb.findings.pieces import Chart, Mark, Piece, Section, Series, Table
from elena_wb.findings.words import listed, number, number_interval, percent, percent_interval

_SOURCES = (
    "Lian, Z., et al. (2025). AffectGPT: A New Dataset, Model, and Benchmark for Emotion Understanding with Multimodal "
    "Large Language Models. Proc. ICML. [MER-UniBench; set-level precision, recall and F]",
    "Efron, B., & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall. [intervals]",
)
_DETAILED = 6
"""Of so many runs at most, the words are told beside the labels run by run."""


def sections(found: OpenVocabulary) -> tuple[Section, ...]:
    """What the words say beside the labels; nothing where no answer says anything in words."""
    if not found.runs:
        return ()
    return (
        Section(
            name="open-vocabulary",
            title="Words for emotions against labels",
            shows=_shown(found),
            pieces=tuple(_pieces(found)),
            not_shown="Words are found by a list of English ones, chosen by elena-wb, and taken to "
            f"{found.taxonomy} by a mapping that is ours as well. Sense is not understood: a word counts whoever "
            "feels it; a negation counts only right before the word (“not happy”). An answer may name several. "
            "The scores have no correction for chance, and a story that shows an emotion without naming it scores 0.",
            sources=_SOURCES,
        ),
    )


def _shown(found: OpenVocabulary) -> str:
    first = found.runs[0]
    told = (
        f"Of run {first.run_id}'s {first.answers:,} answers in words, {percent(first.with_words.value)} name an "
        "emotion in the narrative or a description"
    )
    if first.with_label.f.n:
        told += f"; what they name agrees with their own label at F = {number(first.with_label.f.value)}"
        if first.with_truth.f.n:
            told += f", and with what is true of the picture at F = {number(first.with_truth.f.value)}"
    return told + "."


def _pieces(found: OpenVocabulary) -> Iterator[Piece]:
    ids = [run.run_id for run in found.runs]
    schemes = [run.scheme for run in found.runs]
    if found.unlike:
        yield f"No label of {listed(found.unlike)} has a counterpart in {found.taxonomy}: nothing is compared there."
    yield Table(
        "Words for emotions in answers",
        ("run", "texts", "answers", "naming one", "95 % interval", "words", "mapped"),
        tuple(row for run in found.runs for row in _coverage(run)),
        names=2,
        sql=words_sql.coverage(ids, schemes, found.taxonomy),
    )
    yield Table(
        f"What the words name against labels ({found.taxonomy})",
        ("run", "texts", "against", "answers", "precision", "recall", "F", "95 % interval"),
        tuple(row for run in found.runs for row in _agreements(run)),
        names=3,
        sql=words_sql.agreement(ids, schemes, found.taxonomy),
    )
    named = [run for run in found.runs if run.with_label.f.n]
    if named:
        yield _chart(named)
    for run in found.runs[:_DETAILED]:
        yield Table(
            f"Run {run.run_id}: own label (rows) by what the words name (columns), answers",
            ("own label", *run.by_label.columns),
            tuple(
                (label, *(f"{count:,}" for count in counts))
                for label, counts in zip(run.by_label.rows, run.by_label.counts.tolist(), strict=True)
            ),
            sql=words_sql.by_label(run.run_id, run.scheme, found.taxonomy, run.by_label),
        )
    if any(run.frequent for run in found.runs):
        yield Table(
            "The words that most answers use",
            ("run", "word", "answers"),
            tuple(
                (str(run.run_id), word, f"{count:,}") for run in found.runs for word, count in run.frequent
            ),
            names=2,
            sql=words_sql.frequent(ids, MOST_FREQUENT),
        )


def _coverage(run: WordsOfRun) -> Iterator[tuple[str, ...]]:
    for texts, share, mapped in (
        ("all", run.with_words, run.mapped),
        ("narrative", run.stories_with_words, run.story_mapped),
    ):
        yield (
            *(str(run.run_id), texts, f"{share.n:,}", percent(share.value), percent_interval(share)),
            *(f"{mapped.n:,}", percent(mapped.value)),
        )


def _agreements(run: WordsOfRun) -> Iterator[tuple[str, ...]]:
    for texts, against, of in (
        ("all", "own label", run.with_label),
        ("all", "truth", run.with_truth),
        ("narrative", "own label", run.story_with_label),
        ("narrative", "truth", run.story_with_truth),
    ):
        yield (str(run.run_id), texts, against, f"{of.f.n:,}", *_figures(of))


def _figures(of: SetAgreement) -> tuple[str, ...]:
    return (
        number(of.precision.value),
        number(of.recall.value),
        number(of.f.value),
        number_interval(of.f),
    )


def _chart(runs: list[WordsOfRun]) -> Chart:
    def series(name: str, figures: list[Estimate]) -> Series:
        marks = (
            Mark.of(f"run {run.run_id}, {run.condition}", of) for run, of in zip(runs, figures, strict=True)
        )
        return Series(name, tuple(marks))

    found = [series("own label", [run.with_label.f for run in runs])]
    if any(run.with_truth.f.n for run in runs):
        found.append(series("truth", [run.with_truth.f for run in runs]))
    return Chart("Words against labels", "points", "F of sets, 0 to 1", "run", tuple(found))
