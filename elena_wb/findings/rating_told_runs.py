"""Whose answers people rate higher, or prefer: tables and charts by run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan, nan

from elena_wb.core import Estimate
from elena_wb.findings import rating_queries as queries
from elena_wb.findings.pieces import Chart, Mark, Piece, Series, Table
from elena_wb.findings.rating import RatedSession
from elena_wb.findings.rating_judged import Whose
from elena_wb.findings.words import listed, number, number_interval, p_value

_BOTH = ("95 % interval", "raters too")
_NONE = Estimate(nan, nan, nan, 0)
_INTERVALS = (
    "The 95 % interval is over pictures, drawn anew with all that was said of them: it holds for these raters. "
    "`raters too` draws the raters as well and holds for others like them, as far as so few can tell; it needs three."
)


def runs_told(of: RatedSession) -> Table:
    """Which runs these are."""
    return Table(
        "Runs whose answers were rated",
        ("run", "model", "prompt", "condition"),
        tuple((str(run.run_id), run.model, run.prompt, run.condition) for run in of.runs),
        4,
    )


def means_told(of: RatedSession, names: Sequence[str]) -> Iterator[Piece]:
    """Means by run, a table for each scale."""
    called = _called(of.runs)
    for name in names:
        rows = [one for one in of.means if one.scale == name]
        if rows:
            yield Table(
                f"{name}: mean rating by run",
                ("run", "mean", *_BOTH, "sd", "answers", "ratings"),
                tuple(
                    (
                        called[one.run_id],
                        number(one.mean.value, 2),
                        number_interval(one.mean.pictures, 2),
                        number_interval(one.mean.raters, 2),
                        number(one.sd, 2),
                        f"{one.answers:,}",
                        f"{one.ratings:,}",
                    )
                    for one in rows
                ),
                sql=queries.of_means(of.session_id, name),
            )
    yield _INTERVALS
    found = {(one.run_id, one.scale): one.mean.pictures for one in of.means}
    yield Chart(
        "Mean rating by scale and run",
        "points",
        "mean rating, with its interval over pictures",
        "scale",
        tuple(
            Series(
                called[run.run_id],
                tuple(Mark.of(name, found.get((run.run_id, name), _NONE)) for name in names),
            )
            for run in of.runs
        ),
    )


def differences_told(of: RatedSession, names: Sequence[str]) -> Iterator[Piece]:
    """How runs differ, a table for each scale, and how they were compared."""
    for paired, title, query, explained in (
        (
            True,
            "second run less first, within raters and stimuli",
            queries.of_pairs,
            "Runs are compared within raters and stimuli where raters rated both answers about six pictures at least. "
            "The test flips the sign of all differences of a picture together, and takes these raters as they are.",
        ),
        (
            False,
            "second run less first, on different pictures",
            queries.of_apart,
            "Where raters rated both answers about fewer than six pictures, all ratings are compared. The test deals "
            "the pictures out anew between the runs; where those of one are harder, that is in the difference.",
        ),
    ):
        chosen = [one for one in of.differences if one.paired is paired]
        for name in names:
            rows = [one for one in chosen if one.scale == name]
            if rows:
                yield Table(
                    f"{name}: {title}",
                    ("runs", "difference", *_BOTH, "p (Holm)", "pictures", "ratings"),
                    tuple(
                        (
                            f"{one.first} → {one.second}",
                            _signed(one.change.value),
                            number_interval(one.change.pictures, 2),
                            number_interval(one.change.raters, 2),
                            p_told(one.p_holm),
                            f"{one.pictures:,}",
                            f"{one.ratings:,}",
                        )
                        for one in rows
                    ),
                    sql=query(of.session_id, name, [(one.first, one.second) for one in rows]),
                )
        if chosen:
            yield explained
    if of.differences:
        yield f"p is corrected for all {len(of.differences)} differences of the session."
    if not of.compared:
        yield "There are many runs: each is compared with the first of them alone."


def preferences_told(of: RatedSession, names: Sequence[str]) -> Iterator[Piece]:
    """Choices and pictures by two runs for each question, and the sides."""
    called = _called(of.runs)
    for name in names:
        rows = [one for one in of.preferences if one.question == name]
        if rows:
            yield Table(
                f"{name}: choices between the answers of two runs",
                ("runs", "first", "second", "equal", "share of second", *_BOTH),
                tuple(
                    (
                        f"{one.first} : {one.second}",
                        f"{one.prefer_first:,}",
                        f"{one.prefer_second:,}",
                        f"{one.equal:,}",
                        number(one.share.value, 3),
                        number_interval(one.share.pictures, 3),
                        number_interval(one.share.raters, 3),
                    )
                    for one in rows
                ),
                sql=queries.of_choices(of.session_id, name),
            )
            yield Table(
                f"{name}: pictures, by the run whose answers more choices are for",
                ("runs", "first", "second", "tied", "p", "p (Holm)"),
                tuple(
                    (
                        f"{one.first} : {one.second}",
                        f"{one.pictures_first:,}",
                        f"{one.pictures_second:,}",
                        f"{one.tied:,}",
                        p_told(one.p),
                        p_told(one.p_holm),
                    )
                    for one in rows
                ),
                sql=queries.of_pictures(of.session_id, name),
            )
    yield (
        "p is of the exact sign test over pictures, ties left out: where each picture was judged once, the binomial "
        f"test of the choices. It is corrected for all {len(of.preferences)} of the session."
    )
    yield f"Shares are of the choices that decided. {_INTERVALS}"
    yield Chart(
        "Share of the second run among the choices that decided",
        "points",
        "share, with its interval over pictures",
        "question and runs",
        (
            Series(
                "second run",
                tuple(
                    Mark.of(f"{one.question}: {called[one.first]} : {called[one.second]}", one.share.pictures)
                    for one in of.preferences
                ),
            ),
        ),
        reference=0.5,
        shares=True,
    )
    yield Table(
        "Side on which the chosen answer stood",
        ("question", "left", "right", "equal", "share of left", "95 % interval", "p"),
        tuple(
            (
                one.question,
                f"{one.left:,}",
                f"{one.right:,}",
                f"{one.equal:,}",
                number(one.left_share.value, 3),
                number_interval(one.left_share, 3),
                p_told(one.p),
            )
            for one in of.sides
        ),
        sql=queries.of_sides(of.session_id, names),
    )
    leaning = [one for one in of.sides if one.p < 0.05]
    if leaning:
        found = listed([f"{one.question} ({p_value(one.p)})" for one in leaning])
        yield (
            f"Raters lean to one side in {found}. Sides were drawn by chance and balanced, so that this favours "
            "neither run, but it hides preferences."
        )


def _called(runs: Sequence[Whose]) -> dict[int, str]:
    """Each run by its number and what tells it from the others: condition, and model or prompt where they differ."""
    aspects = [
        [getattr(run, name) for run in runs]
        for name in ("model", "prompt", "condition")
        if name == "condition" or len({getattr(run, name) for run in runs}) > 1
    ]
    return {
        run.run_id: f"{run.run_id} ({', '.join(aspect[place] for aspect in aspects)})"
        for place, run in enumerate(runs)
    }


def _signed(value: float) -> str:
    return "–" if isnan(value) else f"{round(value, 2) + 0:+.2f}"


def p_told(p: float) -> str:
    """``.077``, ``< .001``; a dash where there is none."""
    return "–" if isnan(p) else p_value(p).removeprefix("p = ").removeprefix("p ")
