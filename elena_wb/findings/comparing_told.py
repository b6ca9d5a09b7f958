"""What changed between two runs, in sentences: the same on the command line and in the interface."""

from __future__ import annotations

from collections.abc import Iterator

from elena_wb.core import UNMASKED
from elena_wb.findings.comparing import Compared
from elena_wb.findings.words import listed, p_value, percent, percent_interval

_OF_CONDITIONS = {"condition", "prompt variant"}
"""What differs wherever conditions do: packs have a variant that says that something is hidden."""


def headline(of: Compared) -> str:
    """What lies between the two runs, and how many answers that changed."""
    flips = of.changes.flips
    lead = between(of)
    if not flips.n:
        return f"{lead}: none of their {of.changes.pairs:,} pairs of answers could be read on both sides."
    count = len(of.changes.flipped)
    return (
        f"{lead}: {count:,} of {flips.n:,} answers name{'s' if count == 1 else ''} another emotion "
        f"({percent(flips.value)}, 95 % interval {percent_interval(flips)})."
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
            "Some pictures were asked about repeatedly. The intervals and the test take every pair for independent of "
            "the others: the intervals are too narrow for that, and p too small."
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
    """Which answers are right on which side, and McNemar's test."""
    correct = of.changes.correct
    if not correct.n:
        return "Nothing is known to be true of these pictures, so that right answers cannot be counted."
    first, second = alone(of)
    return (
        f"Of {correct.n:,} pairs with one true label {correct.both:,} are right in both runs, "
        f"{correct.only_first:,} only {first}, {correct.only_second:,} only {second}, and {correct.neither:,} in "
        f"neither; {p_value(correct.p)} (McNemar, exact, two-sided)."
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
