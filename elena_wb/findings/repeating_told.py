"""Repeats and paraphrases, as a reader goes through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from elena_wb.core import Estimate
from elena_wb.findings import repeating_sql
from elena_wb.findings.pieces import Chart, Mark, Piece, Section, Series, Table
from elena_wb.findings.repeating import Repeatability, RepeatsOfRun
from elena_wb.findings.rephrasing import Paraphrased
from elena_wb.findings.words import listed, number, number_interval, percent, percent_interval

_ALPHA = (
    "Hayes, A. F., & Krippendorff, K. (2007). Answering the Call for a Standard Reliability Measure for Coding Data. "
    "Communication Methods and Measures, 1, 77-89. [α]"
)
_OF_PARAPHRASES = (
    "Sclar, M., Choi, Y., Tsvetkov, Y., & Suhr, A. (2024). Quantifying Language Models' Sensitivity to Spurious "
    "Features in Prompt Design. Proc. ICLR.",
    "Mizrahi, M., Kaplan, G., Malkin, D., Dror, R., Shahaf, D., & Stanovsky, G. (2024). State of What Art? A Call for "
    "Multi-Prompt LLM Evaluation. TACL, 12, 933-949.",
)


def sections(found: Repeatability) -> tuple[Section, ...]:
    """What repeats and paraphrases did; nothing where there are neither."""
    told = []
    if any(run.same.all_agree.n for run in found.runs):
        told.append(_of_repeats(found))
    told += [_of_paraphrases(group, len(told)) for group in found.paraphrased]
    return tuple(told)


def _of_repeats(found: Repeatability) -> Section:
    runs = [run for run in found.runs if run.same.all_agree.n]
    least = min(runs, key=lambda run: run.same.pairs_agree.value)
    return Section(
        name="repeats",
        title="The same question asked again",
        shows=f"In run {least.run_id}, two answers about the same picture name the same emotion "
        f"{percent(least.same.pairs_agree.value)} of the time"
        + (", the least of these runs." if len(runs) > 1 else "."),
        pieces=tuple(_repeats(found, runs)),
        not_shown="Agreement is not truth: a model may give the same wrong answer every time. Greedy sampling gives "
        "the same answer by construction. Only answers that could be read count; to name no emotion is an answer, too. "
        "A person who is asked about alone counts as a picture; intervals take persons of one picture together.",
        sources=(_ALPHA,),
    )


def _repeats(found: Repeatability, runs: Sequence[RepeatsOfRun]) -> Iterator[Piece]:
    ids = [run.run_id for run in runs]
    asked = [f"{run.repeats:,} times in run {run.run_id}" for run in found.runs]
    yield f"Questions were asked up to {listed(asked)}."
    if found.once:
        one = len(found.once) == 1
        yield f"Run{'' if one else 's'} {listed([str(run) for run in found.once])} asked each question once."
    alone = [str(run.run_id) for run in found.runs if not run.same.all_agree.n]
    if alone:
        yield f"No picture has two answers that could be read in run{'' if len(alone) == 1 else 's'} {listed(alone)}."
    yield Table(
        "Answers to the same question",
        ("run", "pictures", "all agree", "95 % interval", "pairs agree", "95 % interval"),
        tuple(
            (
                *(str(run.run_id), f"{run.same.all_agree.n:,}"),
                *(percent(run.same.all_agree.value), percent_interval(run.same.all_agree)),
                *(percent(run.same.pairs_agree.value), percent_interval(run.same.pairs_agree)),
            )
            for run in runs
        ),
        sql=repeating_sql.same(ids),
    )
    yield Table(
        "Krippendorff's α over repeats",
        ("run", "of", "pictures", "α", "95 % interval"),
        tuple((str(run.run_id), *row) for run in runs for row in _alphas(run.same.alpha)),
        names=2,
        sql=repeating_sql.alpha(ids),
    )
    if any(run.words.n or run.parts.n for run in runs):
        if any(run.pictures > found.most for run in runs):
            yield f"Texts are compared over {found.most:,} pictures of each run at most, drawn at random."
        yield Table(
            "How alike the texts of repeats are (Jaccard index)",
            ("run", "words", "95 % interval", "parts", "95 % interval"),
            tuple(
                (
                    str(run.run_id),
                    *(number(run.words.value), number_interval(run.words)),
                    *(number(run.parts.value), number_interval(run.parts)),
                )
                for run in runs
            ),
            sql=repeating_sql.alike(ids, found.most),
        )
    yield Chart(
        "Pairs of repeats that name the same emotion",
        "points",
        "share of pairs",
        "run",
        (Series("repeats", tuple(Mark.of(_name(run), run.same.pairs_agree) for run in runs)),),
        shares=True,
    )


def _name(run: RepeatsOfRun) -> str:
    return f"run {run.run_id}, {run.condition}"


def _of_paraphrases(group: Paraphrased, number_of: int) -> Section:
    first, *others = group.phrasings
    told = f"From {first.prompt} to {'its paraphrases' if group.original else 'others like it'}"
    flips = [one.flips.value for one in others if one.flips.n]
    if flips:
        span = list(dict.fromkeys([percent(min(flips)), percent(max(flips))]))
        told += f", {' to '.join(span)} of pictures get another emotion"
    if group.again is not None and group.again.n:
        told += f"; asked again in the same words, {percent(group.again.value)} do"
    return Section(
        name="paraphrases" if not number_of else f"paraphrases-{first.run_id}",
        title=f"The same question in other words: {group.of}, {group.condition}",
        shows=told + ".",
        pieces=tuple(_paraphrases(group)),
        not_shown="Few wordings are a sample of few: others may move answers further. Only what flips beyond what "
        "repeats in the same words flip can be put down to the wording; without such repeats, sampling may have done "
        "it, unless it is greedy. Flips are of first answers, accuracy and macro-F1 of all.",
        sources=(*_OF_PARAPHRASES, _ALPHA),
    )


def _paraphrases(group: Paraphrased) -> Iterator[Piece]:
    ids = [one.run_id for one in group.phrasings]
    first = group.phrasings[0]
    if not group.original:
        yield f"No run with {group.of} itself is among them: the others are compared with {first.prompt}."
    if group.left_out:
        yield f"Left out, because another run has the same wording: {listed([str(run) for run in group.left_out])}."
    yield Table(
        f"Wordings against {first.prompt} (run {first.run_id})",
        ("run", "prompt", "pictures", "flipped", "95 % interval", "accuracy", "macro-F1"),
        tuple(
            (
                *(str(one.run_id), one.prompt, f"{one.flips.n:,}"),
                *(percent(one.flips.value), percent_interval(one.flips)),
                *(number(one.accuracy.value), number(one.macro_f1.value)),
            )
            for one in group.phrasings
        ),
        names=2,
        sql=repeating_sql.wordings(ids),
    )
    for name, figure in (("Accuracy", "accuracy"), ("Macro-F1", "macro_f1")):
        low, high = group.spread(figure)
        if low == low:
            yield f"{name} lies between {number(low)} and {number(high)}, a range of {number(high - low)}."
    if group.again is not None and group.again.n:
        yield (
            f"For comparison, run {group.again_in} asked {group.again.n:,} pictures twice in the same words: "
            f"{percent(group.again.value)} got another emotion (95 % interval {percent_interval(group.again)})."
        )
    yield Table(
        "Krippendorff's α over wordings",
        ("of", "pictures", "α", "95 % interval"),
        tuple(_alphas(group.same.alpha)),
        sql=repeating_sql.alpha_over(ids),
    )
    marks = [Mark.of(one.prompt, one.flips) for one in group.phrasings[1:]]
    if group.again is not None:
        marks.append(Mark.of("the same words again", group.again))
    yield Chart(
        f"Pictures that get another emotion than from {first.prompt}",
        "points",
        "share of pictures",
        "wording",
        (Series("flipped", tuple(marks)),),
        reference=0,
        shares=True,
    )


def _alphas(alpha: Mapping[str, Estimate]) -> Iterator[tuple[str, ...]]:
    for name, of in alpha.items():
        if of.n:
            yield name, f"{of.n:,}", number(of.value), number_interval(of)
