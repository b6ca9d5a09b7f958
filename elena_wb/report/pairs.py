"""Telling pairs as the page shows them: both pictures, both answers, and the words that only one of them has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup

from elena_wb.findings.telling import Told
from elena_wb.report.analyses import MOST_COMPARED
from elena_wb.report.finding import Found
from elena_wb.report.options import ReportOptions
from elena_wb.report.pictures import Album, Pictured


def shown_pair(told: Told, album: Album, found: Found, options: ReportOptions) -> dict[str, Any]:
    """One pair as the template takes it."""
    pair = told.pair
    nothing = Pictured(None, None, ())
    pictured = (nothing, nothing)
    if options.pictures != "none":
        pictured = found.attempt(
            f"Pictures of {pair.picture}", lambda: album.pair(pair.first_id, pair.second_id), pictured
        )
    sides = []
    for place, (said, run_id, condition) in enumerate(
        (
            (told.first, told.first_run, told.first_condition),
            (told.second, told.second_run, told.second_condition),
        )
    ):
        own = ("only first", "only second")[place]
        shown = [one for one in (pictured[place].seen, pictured[place].heat) if one is not None]
        sides.append(
            {
                "title": f"Run {run_id}, {condition}",
                "emotion": said.emotion or "no emotion",
                "right": None if pair.truth is None else said.emotion == pair.truth,
                "feelings": _feelings(said.vad),
                "parts": ", ".join(said.parts),
                "pictures": [
                    {"uri": Markup(one.uri), "width": one.width, "height": one.height, "told": one.told}
                    for one in shown
                ],
                "notes": pictured[place].notes,
                "passages": [
                    {
                        "title": passage.title,
                        "pieces": [
                            part
                            for piece in passage.pieces
                            if piece.kind in ("same", own)
                            for part in _marked(piece.text, own=piece.kind == own)
                        ],
                    }
                    for passage in told.passages
                ],
            }
        )
    person = "" if pair.person_index is None else f", person {pair.person_index}"
    again = f", repeat {pair.repeat}" if pair.repeat else ""
    return {
        "picture": f"{pair.picture}{person}{again}",
        "first": sides[0],
        "second": sides[1],
        "told": _what_happened(told),
    }


def _marked(text: str, *, own: bool) -> Iterator[dict[str, Any]]:
    """A stretch of text; of one that a side has alone, the white space after it is not marked."""
    bare = text.rstrip() if own else text
    if bare:
        yield {"own": own, "text": bare}
    if text[len(bare) :]:
        yield {"own": False, "text": text[len(bare) :]}


def _what_happened(told: Told) -> str:
    pair = told.pair
    first, second = (
        f"{told.first_condition} (run {told.first_run})",
        f"{told.second_condition} (run {told.second_run})",
    )
    between = f"Between {first} and {second}"
    truth = (
        f" True is {pair.truth}." if pair.truth else " Nothing single is known to be true of this picture."
    )
    shift = f" Valence, arousal and dominance differ by {pair.shift:g} in all." if pair.shift else ""
    what = {
        "right to wrong": "a right answer turns wrong.",
        "wrong to right": "a wrong answer turns right.",
        "another emotion": "the answer names another emotion.",
        "feelings shift": "the emotion stays and the feelings shift.",
    }[pair.kind]
    return f"{between}, {what}{truth}{shift}"


def _feelings(of: Sequence[float | None]) -> str:
    told = [
        f"{name} {value:g}"
        for name, value in zip(("valence", "arousal", "dominance"), of, strict=True)
        if value is not None
    ]
    return ", ".join(told)


def pairs_told(found: Found, options: ReportOptions) -> str:
    """What pairs are shown, or why there are none."""
    if options.pairs < 1:
        return "No pairs were asked for."
    if not found.pairs:
        return "No two of these runs put the same questions under two conditions, so that there are no pairs to show."
    if not found.telling:
        return "No pair of answers differs in its emotion or in valence, arousal and dominance."
    more = (
        f" They are of the first {MOST_COMPARED} of {len(found.pairs)} pairs of runs, as are the comparisons in full."
        if len(found.pairs) > MOST_COMPARED
        else ""
    )
    return (
        f"{len(found.telling)} pairs of answers, chosen for being telling and not at random: in turn, right answers "
        "that turn wrong, wrong ones that turn right, other changes of the emotion, and the largest shifts of valence, "
        f"arousal and dominance. Words that one side alone has are marked.{more}"
    )
