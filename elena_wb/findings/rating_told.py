"""What people said of answers, in sentences, tables and charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isnan

from elena_wb.findings import rating_queries as queries
from elena_wb.findings.pieces import Chart, Piece, Section, Table
from elena_wb.findings.rating import RatedSession
from elena_wb.findings.rating_agreement import Agreement
from elena_wb.findings.rating_measures import MEASURES
from elena_wb.findings.rating_told_runs import (
    differences_told,
    means_told,
    p_told,
    preferences_told,
    runs_told,
)
from elena_wb.findings.words import listed, number, number_interval, percent

_OWEN = "Owen, A. B. (2007). The pigeonhole bootstrap. Annals of Applied Statistics, 1(2), 386–411."
_HOLM = (
    "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics, "
    "6(2), 65–70."
)
_FISHER = "Fisher, R. A. (1935). The Design of Experiments. Oliver and Boyd, §21."
_KRIPPENDORFF = (
    "Krippendorff, K. (2019). Content Analysis: An Introduction to Its Methods (4th ed.), ch. 12. SAGE."
)
_SPEARMAN = (
    "Spearman, C. (1904). The proof and measurement of association between two things. American Journal of "
    "Psychology, 15(1), 72–101."
)
_SEEN = {
    "seen": "beside the picture as the model was given it",
    "whole": "beside the whole picture",
    "none": "without the picture",
}


def sections(sessions: Sequence[RatedSession]) -> tuple[Section, ...]:
    """A section for each session; where there are several, their tables say which they are of."""
    return tuple(_section(one, f"{one.name}, " if len(sessions) > 1 else "") for one in sessions)


def _section(of: RatedSession, lead: str) -> Section:
    what = "pairs of answers" if of.kind == "pairs" else "answers"
    if not of.rated:
        shows = f"Nothing was said yet of its {of.items:,} {what}."
    else:
        raters = sum(1 for _, rated, _ in of.raters if rated)
        shows = (
            f"{_people(raters)} rated {of.rated:,} of {of.items:,} {what} without knowing whose they were, "
            f"{_SEEN[of.picture]}."
        )
    pieces = tuple(
        replace(one, title=lead + one.title) if isinstance(one, Table | Chart) else one for one in _pieces(of)
    )
    return Section(
        name=f"ratings-{of.session_id}",
        title=f"Ratings by people: {of.name}",
        shows=shows,
        pieces=pieces,
        not_shown=_not_shown(of) if of.rated else "",
        sources=tuple(_sources(of)) if of.rated else (),
    )


def _people(count: int) -> str:
    return "One person" if count == 1 else f"{count} people"


def _not_shown(of: RatedSession) -> str:
    limits = [
        "What these raters prefer is not what is true of a picture, and other people may see it otherwise."
    ]
    if of.picture == "seen" and len({run.condition for run in of.runs}) > 1:
        limits.append(
            "They saw each picture as the model did, so that they could tell what was hidden, though not from whom."
        )
    if of.measures:
        limits.append("That a measure goes with ratings does not say that one makes the other.")
    return " ".join(limits)


def _sources(of: RatedSession) -> Iterator[str]:
    if of.means or of.preferences:
        yield _OWEN
    if of.differences:
        yield _FISHER
    if of.differences or of.preferences or of.measures:
        yield _HOLM
    if of.between or of.again:
        yield _KRIPPENDORFF
    if of.measures:
        yield _SPEARMAN


def _pieces(of: RatedSession) -> Iterator[Piece]:
    names = [name for name, _ in of.questions]
    if of.rated:
        asked = "; ".join(f"{name}: “{question}”" for name, question in of.questions)
        yield f"Asked was {asked}"
    if of.raters:
        yield Table(
            "Raters, in order of coming",
            ("rater", "items", "rated", "skipped"),
            tuple(
                (f"rater {place}", f"{items:,}", f"{rated:,}", f"{skipped:,}")
                for place, (items, rated, skipped) in enumerate(of.raters, 1)
            ),
            sql=queries.of_raters(of.session_id),
        )
    if of.runs:
        yield runs_told(of)
    if of.means:
        yield from means_told(of, names)
        yield from differences_told(of, names)
    if of.preferences:
        yield from preferences_told(of, names)
    yield from _agreement(of, names)
    yield from _measures(of, names)
    if of.skipped:
        yield Table(
            "Skipped, and why",
            ("reason", "times"),
            tuple((reason, f"{times:,}") for reason, times in of.skipped),
            sql=queries.of_skipped(of.session_id),
        )


def _agreement(of: RatedSession, names: Sequence[str]) -> Iterator[Piece]:
    single = of.kind == "single"
    level = "ordinal" if single else "nominal"
    tables: tuple[tuple[str, Sequence[Agreement], bool], ...] = (
        ("Agreement between raters of the same items", of.between, False),
        ("Agreement of each rater with himself, where an item came twice", of.again, True),
    )
    for title, rows, same_rater in tables:
        if rows:
            cells = ("α", "95 % interval", "same", *(("apart",) if single else ()), "items", "pairs")
            yield Table(
                title,
                ("question", *cells),
                tuple(
                    (
                        one.question,
                        number(one.alpha.value, 3),
                        number_interval(one.alpha, 3),
                        percent(one.same),
                        *((number(one.apart, 2),) if single else ()),
                        f"{one.items:,}",
                        f"{one.compared:,}",
                    )
                    for one in rows
                ),
                sql=queries.of_agreement(of.session_id, names, single=single, same_rater=same_rater),
            )
    if of.between or of.again:
        yield (
            f"α is Krippendorff's ({level}): 1 where all agree, 0 where they agree as chance would; he draws "
            "conclusions from .800 and tentative ones from .667. It is not defined where all judgements are the same. "
            "Intervals are over pictures."
        )
    elif of.rated:
        yield "No item was judged twice, so that nothing is known of agreement."


def _measures(of: RatedSession, names: Sequence[str]) -> Iterator[Piece]:
    defined = [one for one in of.measures if not isnan(one.correlation.rho.value)]
    single = of.kind == "single"
    for name in names:
        rows = [one for one in defined if one.question == name]
        if rows:
            yield Table(
                f"{name}: automatic measures beside " + ("ratings" if single else "choices"),
                (
                    "measure",
                    "ρ",
                    "95 % interval",
                    "within runs",
                    "p (Holm)",
                    "answers" if single else "pairs",
                ),
                tuple(
                    (
                        MEASURES[one.measure],
                        number(one.correlation.rho.value, 2),
                        number_interval(one.correlation.rho, 2),
                        number(one.correlation.within, 2),
                        p_told(one.p_holm),
                        f"{one.correlation.rho.n:,}",
                    )
                    for one in rows
                ),
            )
    if defined:
        what = (
            "the mean rating of an answer and its measure"
            if single
            else "how much more often the second answer was chosen and how much more of the measure it has"
        )
        yield (
            f"ρ is Spearman's, of {what}; `within runs` takes out what lies between runs. Words, facial words and "
            "whether the emotion is named are those of the text that raters were shown. Intervals are over pictures; "
            f"p takes {'answers' if single else 'pairs'} for independent, even those about one picture, and is "
            f"corrected for all {len(defined)}; fewer than ten are not tested."
        )
    told = {one.measure for one in defined}
    constant = [MEASURES[name] for name in MEASURES if name not in told and any(
        one.measure == name for one in of.measures)]  # fmt: skip
    if constant:
        yield f"The same wherever it is known, so that nothing can go with it: {listed(constant)}."
