"""Tables and charts of facial bias: the one that answers the question, what stands behind it, and a line for each
trial.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from elena_wb.analysis.bias import NOTHING, Sides
from elena_wb.core import Estimate
from elena_wb.core.metric import brief
from elena_wb.findings import bias_sql as sql
from elena_wb.findings.bias import Tried
from elena_wb.findings.pieces import Chart, Mark, Series, Table

RATIO, SHARE = "gaze ratio", "gaze share"
_HIDING = {
    "ΔF1": ("macro-F1", "change by the face"),
    "ΔF1 beyond": ("macro-F1", "face less elsewhere"),
    "flips": ("flip rate", "face hidden"),
    "flips beyond": ("flip rate", "face less elsewhere"),
}
_FACES = {
    "gaze": (RATIO, "nothing hidden"),
    "parts": ("facial parts", "nothing hidden"),
    "words hidden": ("facial words", "face hidden"),
    "face": ("follows face", "nothing hidden"),
}
"""Column of a summary → the measure, and which of its figures."""
_PLACES = {
    "nothing hidden": "unmasked",
    "face hidden": "hidden",
    "change by the face": "change",
    "face less elsewhere": "beyond",
}
_WIDTH = 1e-9
"""An interval that is narrower has no width but for rounding."""
COLUMNS = ("measure", "n", "none", "hidden", "control", "change", "beyond control")


def measures(of: Tried) -> Iterator[tuple[str, Sides]]:
    """The measures that there are of a trial, by the names under which they are told, in order."""
    if of.dependence is not None:
        if of.dependence.macro_f1.stimuli:
            yield "macro-F1", of.dependence.macro_f1
            yield "accuracy", of.dependence.accuracy
        yield "flip rate", of.dependence.flips
    if of.gaze is not None:
        yield RATIO, of.gaze.ratio
        yield SHARE, of.gaze.share
        yield "gaze peak", of.gaze.peak
    for name, sides in (
        ("facial parts", of.parts),
        ("facial words", of.words),
        ("follows face", of.follows_face),
    ):
        if sides.stimuli:
            yield name, sides


def main(of: Tried, title: str) -> Table:
    """The table that answers the question."""
    told = [one for one in measures(of) if one[0] != SHARE]
    rows = tuple(
        (
            name,
            f"{_n(sides):,}",
            _value(sides.unmasked),
            _value(sides.hidden),
            _value(sides.control),
            _change(sides.change, 1 if name == RATIO else 2),
            _change(sides.beyond, 1 if name == RATIO else 2),
        )
        for name, sides in told
    )
    return Table(title, COLUMNS, rows, sql=sql.main(of, [name for name, _ in told]))


def details(of: Tried, title: str, of_measures: Sequence[tuple[str, Sides]]) -> Table:
    """Each figure of some measures with its interval, and what was found of the difference."""
    rows: list[tuple[str, ...]] = []
    for name, sides in of_measures:
        for what, estimate, told in _told(of, sides):
            rows.append((name, what, told(estimate.value), interval(estimate, told), f"{estimate.n:,}"))
    columns = ("measure", "of", "value", "95 % interval", "n")
    names = [(row[0], row[1]) for row in rows]
    return Table(title, columns, tuple(rows), 2, sql=sql.details(of, names))


def tests(of: Tried) -> Table:
    """Every test of the trial, with its p-value as it stands and corrected."""
    rows = tuple(
        (_TESTS[name], f"{test.stimuli:,}", _p(test.p), _p(test.p_holm)) for name, test in of.tests.items()
    )
    return Table("Tests, corrected for how many there are", ("whether", "stimuli", "p", "p (Holm)"), rows)


def followed(of: Tried) -> Table:
    """What answers follow where face and body are labelled differently."""
    rows = tuple(
        (
            name,
            f"{one.n:,}",
            *(
                text
                for share in (one.face, one.body, one.neither, one.face_of_either)
                for text in (brief(share.value, 2),)
            ),
            interval(one.face_of_either, lambda value: brief(value, 2)),
        )
        for name, one in zip(("nothing hidden", "face hidden"), of.followed, strict=True)
        if one is not None
    )
    columns = ("asked with", "n", "face", "body", "neither", "face of either", "95 % interval")
    return Table("Which label answers follow where face and body differ", columns, rows, sql=sql.followed(of))


def changes(of: Tried) -> Chart | None:
    """What hiding the face does to scores, beside what hiding as much elsewhere does."""
    dependence = of.dependence
    if dependence is None or not dependence.macro_f1.stimuli:
        return None
    named = (("macro-F1", dependence.macro_f1), ("accuracy", dependence.accuracy))
    series = [Series("face hidden", tuple(Mark.of(name, sides.change) for name, sides in named))]
    if of.trial.control is not None:
        marks = tuple(Mark.of(name, sides.control_change) for name, sides in named)
        series.append(Series("as much elsewhere hidden", marks))
    return Chart(
        "Change of scores by hiding", "points", "change of the score", "score", tuple(series), reference=0.0
    )


def summary(tried: Sequence[Tried]) -> tuple[Table, Table]:
    """A line for each trial, to set models and prompts side by side: what hiding changes, and what is of the face."""
    return _summary("What hiding changes", tried, _HIDING), _summary("What is of the face", tried, _FACES)


def _summary(title: str, tried: Sequence[Tried], of_columns: Mapping[str, tuple[str, str]]) -> Table:
    rows = tuple(
        (
            ", ".join(str(run.run_id) for run in of.trial.runs),
            f"{of.trial.about.model}, {of.trial.about.prompt}",
            of.trial.hidden.condition if of.trial.hidden is not None else "none",
            *_line(of, of_columns),
        )
        for of in tried
    )
    columns = ("runs", "model, prompt", "condition", *of_columns)
    return Table(title, columns, rows, 3, sql=sql.summary(tried, of_columns))


def signed(value: float, decimals: int = 2) -> str:
    """A change: ``-.14``, ``+2.67``; a dash where there is none."""
    if math.isnan(value):
        return "–"
    text = brief(value, decimals)
    return text if text.startswith("-") else f"+{text}"


def _line(of: Tried, of_columns: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    there = dict(measures(of))
    for name, what in of_columns.values():
        sides = there.get(name, Sides())
        value = getattr(sides, _PLACES[what]).value
        told = signed(value) if what in sql.CHANGES else brief(value, 2)
        yield "" if math.isnan(value) else told


def _told(of: Tried, sides: Sides) -> Iterator[tuple[str, Estimate, Callable[[float], str]]]:
    """What there is of a measure: its name, the figure and how it is written."""
    elsewhere = of.trial.control is not None
    for what, estimate in (
        ("nothing hidden", sides.unmasked),
        ("face hidden", sides.hidden),
        ("as much elsewhere", sides.control),
    ):
        if not math.isnan(estimate.value):
            yield what, estimate, lambda value: brief(value, 3)
    for what, estimate in (
        ("change by the face", sides.change),
        ("change by elsewhere", sides.control_change),
        ("face less elsewhere", sides.beyond),
    ):
        if not math.isnan(estimate.value) and (elsewhere or estimate is sides.change):
            yield what, estimate, lambda value: signed(value, 3)


def _n(sides: Sides) -> int:
    order = (sides.beyond, sides.change, sides.hidden, sides.unmasked)
    return next((of.n for of in order if of is not NOTHING and of.n), 0)


def _value(of: Estimate) -> str:
    return brief(of.value, 2) if of.n else ""


def _change(of: Estimate, decimals: int) -> str:
    if not of.n:
        return ""
    if not of.high - of.low > _WIDTH:
        return signed(of.value, decimals)
    return f"{signed(of.value, decimals)} [{signed(of.low, decimals)}, {signed(of.high, decimals)}]"


def interval(of: Estimate, told: Callable[[float], str]) -> str:
    """``told`` of both its ends; empty without one, or where all stimuli are the same and none can be had."""
    return "" if not of.high - of.low > _WIDTH else f"{told(of.low)} to {told(of.high)}"


def _p(p: float) -> str:
    return "< .001" if p < 0.001 else brief(p, 3)


_TESTS = {
    "macro_f1": "macro-F1 differs",
    "accuracy": "accuracy differs",
    "flips": "answers change more or less often than by the control",
    "preference": "the face gets other attention than its area",
    "gaze": "attention on the face changes",
    "parts": "the share of facial parts changes",
    "words": "the share of answers with facial words changes",
    "follows": "answers follow the face more or less often once it is hidden",
    "unmasked_either": "the face is followed more or less than the body, nothing hidden",
    "hidden_either": "the face is followed more or less than the body, face hidden",
}
