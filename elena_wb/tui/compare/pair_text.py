"""Two answers to one question as text beside one another: what differs is marked by signs as well as style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from elena_wb.analysis.comparing import DIMENSIONS, OUTCOMES
from elena_wb.analysis.words import Piece, word_changes
from elena_wb.core import ABSTAINED, REFUSED, UNPARSED
from elena_wb.plain import plain, plain_lines
from elena_wb.store.pairing import Said
from elena_wb.tui.compare.paired import Pairs, Question
from elena_wb.tui.compare.text import side_line
from elena_wb.tui.text import LONGEST, block

FIELDS = (
    ("narrative", "Narrative"),
    ("explicit_description", "What is visible"),
    ("implicit_description", "What is felt"),
)
FIRST_ALONE, SECOND_ALONE = "[−", "[+"
"""Open what only the first answer has, and what only the second has; ``]`` closes both."""
_STYLES = {"only first": "$text-error strike", "only second": "$text-success underline"}
_SIGNS = {"only first": FIRST_ALONE, "only second": SECOND_ALONE}


@dataclass(frozen=True, slots=True)
class Passage:
    """One field of both answers under its title."""

    title: str
    first: Content
    second: Content


@dataclass(frozen=True, slots=True)
class PairText:
    """Everything that is said of a pair. ``between`` is what lies between the two: ratings, parts of the body."""

    first: Content
    second: Content
    between: Content
    passages: tuple[Passage, ...]


def pair_text(first: Said | None, second: Said | None, truth: str | None) -> PairText:
    """The texts of two answers with their differences; takes a bounded time, and is meant for a thread."""
    return PairText(
        _verdict(first, truth), _verdict(second, truth), _between(first, second), _passages(first, second)
    )


@dataclass(frozen=True, slots=True)
class Told:
    """A pair as it is told: what the question is about, what the sides are called, what they say."""

    question: str
    sides: tuple[str, str]
    text: PairText


def told_of(pairs: Pairs, question: Question, said: tuple[Said | None, Said | None]) -> Told:
    """What is told of the answers to a question; meant for a thread."""
    row = pairs.row_of(question) or {}
    truth = row.get("truth")
    person, repeat = row.get("person_index"), row.get("repeat")
    about = [str(row.get("picture") or question.stimulus_id)]
    about += [f"person {person}"] if person is not None else []
    about += [f"repeat {repeat}"] if repeat else []
    about += [f"truth: {truth}"] if truth is not None else []
    compared = pairs.compared
    sides = side_line(compared.first), side_line(compared.second)
    return Told(" · ".join(about), sides, pair_text(*said, None if truth is None else str(truth)))


def outcome_of(said: Said | None) -> str:
    """The emotion that an answer names, or what there is in place of one."""
    if said is None:
        return "(not asked)"
    if said.status == "ok":
        return said.emotion or OUTCOMES[ABSTAINED]
    return {"refused": OUTCOMES[REFUSED], "unparsed": OUTCOMES[UNPARSED]}.get(said.status, "(failed)")


def marked(first: str, second: str) -> tuple[Content, Content]:
    """Two texts; what only one of them has is marked there."""
    shown = [plain_lines(text[:LONGEST]) for text in (first, second)]
    pieces = word_changes(*shown)
    sides = [_side(pieces, other) for other in ("only second", "only first")]
    for place, text in enumerate((first, second)):
        if len(text) > LONGEST:
            sides[place] += Content.styled(f"\n… ({len(text) - LONGEST:,} more characters)", "dim")
    return sides[0], sides[1]


def _side(pieces: Sequence[Piece], without: str) -> Content:
    parts: list[str | tuple[str, str]] = []
    for piece in pieces:
        if piece.kind == without:
            continue
        if piece.kind == "same":
            parts.append(piece.text)
            continue
        core = piece.text.strip()
        if not core:
            parts.append(piece.text)
            continue
        before, _, after = piece.text.partition(core)
        parts += [before, (f"{_SIGNS[piece.kind]}{core}]", _STYLES[piece.kind]), after]
    return Content.assemble(*parts)


def _verdict(said: Said | None, truth: str | None) -> Content:
    found = Content.styled(plain(outcome_of(said)), "bold")
    if truth is None or said is None or said.status == "error":
        return found
    if said.status == "ok" and said.emotion == truth:
        return found + Content.styled("  ✓ right", "$text-success")
    return found + Content.styled("  ✗ wrong", "$text-error")


def _between(first: Said | None, second: Said | None) -> Content:
    if first is None or second is None:
        return Content("")
    lines = []
    ratings = [
        _shift(name, *values)
        for name, *values in zip(DIMENSIONS, first.vad, second.vad, strict=True)
        if any(value is not None for value in values)
    ]
    if ratings:
        lines.append(Content("   ").join(ratings))
    parts = _parts(first.parts, second.parts)
    if parts is not None:
        lines.append(parts)
    return Content("\n").join(lines)


def _shift(name: str, first: float | None, second: float | None) -> Content:
    """``valence 3 → 5 ▲ +2``."""
    told = Content(f"{name} {_number(first)} → {_number(second)}")
    if first is None or second is None:
        return told
    apart = second - first
    if not math.isfinite(apart):
        return told
    if apart == 0:
        return told + Content.styled(" =", "dim")
    return told + Content.styled(f" {'▲' if apart > 0 else '▼'} {apart:+.3g}", "bold")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _parts(first: Sequence[str], second: Sequence[str]) -> Content | None:
    if not first and not second:
        return None
    lost = [part for part in dict.fromkeys(first) if part not in second]
    gained = [part for part in dict.fromkeys(second) if part not in first]
    kept = [part for part in dict.fromkeys(first) if part in second]
    told = [Content.styled(f"[−{plain(part)}]", _STYLES["only first"]) for part in lost]
    told += [Content.styled(f"[+{plain(part)}]", _STYLES["only second"]) for part in gained]
    told += [Content(plain(part)) for part in kept]
    return Content.styled("Parts  ", "dim") + Content(", ").join(told)


def _passages(first: Said | None, second: Said | None) -> tuple[Passage, ...]:
    found = []
    for name, title in FIELDS:
        texts = [getattr(side, name) or "" if side is not None else "" for side in (first, second)]
        if any(texts):
            found.append(Passage(title, *_beside(texts, first, second)))
    if not found:
        texts = ["" if side is None else side.raw_text or "" for side in (first, second)]
        if any(texts):
            found.append(Passage("As answered", *_beside(texts, first, second)))
    errors = ["" if side is None else side.error or "" for side in (first, second)]
    if any(errors):
        found.append(Passage("Error", block(errors[0]), block(errors[1])))
    return tuple(found)


def _beside(texts: Sequence[str], first: Said | None, second: Said | None) -> tuple[Content, Content]:
    """Both texts; where one answer has nothing there, the other is no difference but all there is."""
    if all(texts):
        return marked(texts[0], texts[1])
    absent = [
        Content.styled("(not asked)" if side is None else "(nothing)", "dim") for side in (first, second)
    ]
    shown = [block(text) if text else nothing for text, nothing in zip(texts, absent, strict=True)]
    return shown[0], shown[1]
