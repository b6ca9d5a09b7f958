"""What changed between two runs: the same sentences on the command line, in the report and in the interface."""

from __future__ import annotations

from collections.abc import Iterator

from elena_wb.core import UNMASKED
from elena_wb.findings import comparing_sources as sources
from elena_wb.findings import comparing_tables as tables
from elena_wb.findings.comparing import Compared, Side
from elena_wb.findings.pieces import Piece, Section
from elena_wb.findings.words import listed, number, number_interval, p_value, percent, percent_interval

_OF_CONDITIONS = {"condition", "prompt variant"}
"""What differs wherever conditions do: packs have a variant that says that something is hidden."""
_ALPHA = 0.05


def sections(of: Compared) -> tuple[Section, ...]:
    """Everything there is to say, in order."""
    return tuple(
        section
        for section in (_between_runs(of), _changed(of), _right(of), _named(of), _ratings(of), _tests(of))
        if section is not None
    )


def _between_runs(of: Compared) -> Section:
    pieces: list[Piece] = [_about(side) for side in (of.first, of.second)]
    pieces += warnings(of)
    if of.differences:
        pieces.append(tables.differences(of))
    pieces.append(lost_pairs(of))
    return Section("compared", "Two runs compared", headline(of), tuple(pieces))


def _about(side: Side) -> str:
    name = f"Run {side.run_id} ({side.name})" if side.name else f"Run {side.run_id}"
    unfinished = f"; {side.unfinished}" if side.unfinished else ""
    return f"{name}: {side.model}, prompt {side.prompt}, condition {side.condition}{unfinished}"


def _changed(of: Compared) -> Section:
    kappa = of.agreement
    agreed = "The agreement of the two runs beyond chance is not defined: " + (
        "both always name the same one emotion." if kappa.n else "no pair could be read on both sides."
    )
    if kappa.value == kappa.value:
        agreed = (
            f"Cohen's κ of the emotions is {number(kappa.value)}{_within(number_interval(kappa))}, where 1 is the same "
            "emotion in every pair and 0 as many as chance would make the same."
        )
    pieces: list[Piece] = [tables.changed(of)]
    matrix = tables.matrix(of)
    pieces += [matrix] if matrix else []
    pieces += [tables.flips(of)] if len(of.changes.flipped) else []
    return Section(
        "changes",
        "Answers that changed",
        agreed,
        tuple(pieces),
        "A change is not yet an effect: how many answers change between two runs of the same is what `--repeat` shows.",
        (sources.COHEN, sources.WILSON),
    )


def _right(of: Compared) -> Section:
    if of.scores is None:
        return Section("right", "Right answers", right_answers(of), ())
    f1 = of.scores.figures["macro_f1"].change
    first, second = tables.sides(of)
    change = (
        f"Macro-F1 changes by {tables.signed(f1.value)} from {first} to {second}"
        f"{_within(tables.signed_interval(f1))}."
    )
    return Section(
        "right",
        "Right answers",
        f"{right_answers(of)} {change}",
        (tables.right(of), tables.scores(of), tables.of_labels(of), tables.of_labels_chart(of)),
        "Scores are of the pairs alone, so that they may differ from those of whole runs. An abstention, a refusal and "
        "an answer that could not be read are wrong; F1 is over the labels that are true of some picture. Intervals of "
        "changes are of the paired bootstrap over pictures, each drawn with all its answers in both runs.",
        (sources.MCNEMAR, sources.WILSON, sources.BOOTSTRAP),
    )


def _named(of: Compared) -> Section | None:
    found = of.changes.named
    if not found:
        return None
    test = "the sign test of pictures" if of.repeats else "McNemar's exact test"
    sure = [one.emotion for one in found if one.p_holm < _ALPHA]
    shows = (
        f"How often {listed(sure)} {'is' if len(sure) == 1 else 'are'} named differs between the runs (p, corrected "
        f"for {len(found)} emotions, below {number(_ALPHA, 2)})."
        if sure
        else f"Of no emotion can be told that one of the runs names it more often (p, corrected for {len(found)} "
        f"emotions, is nowhere below {number(_ALPHA, 2)})."
    )
    return Section(
        "emotions",
        "Emotions named",
        shows,
        (tables.named(of), tables.named_chart(of)),
        "Points are of per cent of the pairs read on both sides, whatever is true of the pictures. p is of "
        f"{test} for each emotion, and beside it after Holm's correction.",
        (sources.BOOTSTRAP if of.repeats else sources.NEWCOMBE, sources.MCNEMAR, sources.HOLM),
    )


def _ratings(of: Compared) -> Section | None:
    table = tables.ratings(of)
    if not table.rows:
        return None
    moved = [f"{name} {shift.change.value:+.2f}" for name, shift in of.ratings.items() if shift.n]
    return Section(
        "ratings",
        "Valence, arousal and dominance",
        f"Mean changes on the scale of 1 to 10: {listed(moved)}.",
        (table, tables.ratings_chart(of)),
        "The effect is the matched-pairs rank-biserial correlation, from -1 (every rating that moved went down) to 1 "
        "(every one went up). It and its test use one difference for each picture: the mean over its repeats.",
        (sources.WILCOXON, sources.KERBY, sources.BOOTSTRAP),
    )


def _tests(of: Compared) -> Section | None:
    if not of.tests:
        return None
    sure = [one.of for one in of.tests if one.p_holm < _ALPHA]
    shows = (
        f"After Holm's correction for {len(of.tests)} test{'s' * (len(of.tests) > 1)}, p is below {number(_ALPHA, 2)} "
        f"of {listed(sure) if sure else 'none'}."
    )
    return Section(
        "tests",
        "Tests of this comparison",
        shows,
        (tables.tests(of),),
        "A test that does not reject says nothing of there being no difference: the intervals say how large it may be.",
        (sources.MCNEMAR, sources.WILCOXON, sources.HOLM),
    )


def _within(interval: str) -> str:
    return f" (95 % interval {interval})" if interval else ""


def headline(of: Compared) -> str:
    """What lies between the two runs, and how many answers that changed."""
    flips = of.changes.flips
    lead = between(of)
    if not flips.n:
        return f"{lead}: none of their {of.changes.pairs:,} pairs of answers could be read on both sides."
    count, told = len(of.changes.flipped), percent_interval(flips)
    return (
        f"{lead}: {count:,} of {flips.n:,} answers name{'s' if count == 1 else ''} another emotion "
        f"({percent(flips.value)}{', 95 % interval ' * bool(told)}{told})."
    )


def between(of: Compared) -> str:
    """What lies between the two runs, without a full stop."""
    causes = of.causes
    if not causes:
        return "Nothing that is known to change answers lies between the two runs"
    if len(causes) == 1:
        return f"The two runs differ in {causes[0].aspect} alone ({causes[0].first} → {causes[0].second})"
    return f"The two runs differ in {listed([one.aspect for one in causes])}"


def warnings(of: Compared) -> Iterator[str]:
    """What must be said with the numbers."""
    if len(of.causes) > 1:
        yield (
            f"Warning: {len(of.causes)} things that can change answers differ, so that no change can be put "
            "down to one of them."
        )
    if of.repeats:
        yield (
            "Some pictures were asked about repeatedly. Intervals take the answers to one picture together, and each "
            "picture counts once in a test."
        )


def lost_pairs(of: Compared) -> str:
    """How many pairs there are, and how many questions have no pair for what reason."""
    lost, first, second = of.changes.lost, of.first.run_id, of.second.run_id
    told = [
        (lost.failed_first, f"failed in run {first}"),
        (lost.failed_second, f"failed in run {second}"),
        (lost.failed_both, "failed in both"),
        (lost.missing_first, f"not in run {first}"),
        (lost.missing_second, f"not in run {second}"),
    ]
    reasons = ", ".join(f"{count:,} {what}" for count, what in told if count)
    return f"Pairs of answers: {of.changes.pairs:,}. " + (
        f"Without a counterpart, and left out: {lost.total:,} ({reasons})."
        if lost.total
        else "None were lost."
    )


def right_answers(of: Compared) -> str:
    """Which answers are right on which side, and the test of it."""
    correct = of.changes.correct
    if not correct.n:
        return "Nothing is known to be true of these pictures, so that right answers cannot be counted."
    first, second = alone(of)
    return (
        f"Of {correct.n:,} pairs with one true label {correct.both:,} are right in both runs, "
        f"{correct.only_first:,} only {first}, {correct.only_second:,} only {second}, and {correct.neither:,} in "
        f"neither; {p_value(correct.p)} ({of.exact_test}, two-sided)."
    )


def alone(of: Compared) -> tuple[str, str]:
    """How the sides are called beside one another: by conditions where these alone tell the runs apart."""
    first, second = of.first.condition, of.second.condition
    if first == second or not {one.aspect for one in of.causes} <= _OF_CONDITIONS:
        return f"in run {of.first.run_id}", f"in run {of.second.run_id}"
    return _under(first, beside=second), _under(second, beside=first)


def _under(condition: str, *, beside: str) -> str:
    if condition == str(UNMASKED):
        return "unmasked"
    return "masked" if beside == str(UNMASKED) and "knock-out" not in condition else f"under {condition}"
