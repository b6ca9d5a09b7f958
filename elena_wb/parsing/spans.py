"""Where the words whose attention is wanted stand in the raw text of an answer.

What a model thinks before it answers is no part of the answer. The text is untrusted: what is found is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from elena_wb.core.attention import Target
from elena_wb.parsing.keys import EMOTION
from elena_wb.parsing.standing import has_fields, trimmed, values_of
from elena_wb.parsing.thinking import answer_spans
from elena_wb.parsing.tokens import is_pattern, matches, parse_tokens
from elena_wb.parsing.view import Span, View, flattened, view_of
from elena_wb.vocabulary import LabelScheme

__all__ = ["find_targets", "parse_tokens"]

MOST_TARGETS = 100
_FIELDS = {
    "narrative": "narrative",
    "explicit": "explicit_description",
    "implicit": "implicit_description",
}
_BARE_WORDS = 4
"""An answer without fields and with no more words than these is a label and no narrative."""
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_LONGEST_NAME = 3


def find_targets(
    text: str,
    wanted: Sequence[str],
    *,
    fields: Mapping[str, str | None],
    emotion_raw: str | None,
    phrases: Sequence[tuple[str, str | None]],
    emotion: str | None = None,
    scheme: LabelScheme | None = None,
) -> tuple[list[Target], list[str]]:
    """The targets that ``text`` has of what is ``wanted``, and a note on each that it has not.

    ``wanted`` are items of :func:`parse_tokens`. What was read of the answer tells where to look: ``fields`` maps
    names of fields to their texts, ``emotion_raw`` is the model's wording of the emotion and ``emotion`` its label in
    ``scheme``, ``phrases`` are the body parts it names with their canonical names. ``parts`` gives one target for each
    part, ``part:NAME``, wherever its phrases stand in the answer.

    Raises:
        UsageError: a pattern is none.
    """
    view = view_of(text)
    targets: list[Target] = []
    notes: list[str] = []
    for item in wanted:
        if item == "parts":
            found, missing = _parts(view, phrases)
            targets += found
            notes += missing
            continue
        spans = _spans(item, view, text, fields, emotion_raw, emotion, scheme)
        if spans:
            targets.append(Target(item, tuple(spans)))
        else:
            notes.append(f"{item}: not in the answer")
    if len(targets) > MOST_TARGETS:
        notes.append(f"only the first {MOST_TARGETS} of {len(targets)} targets were taken")
    return targets[:MOST_TARGETS], notes


def _spans(
    item: str,
    view: View,
    text: str,
    fields: Mapping[str, str | None],
    emotion_raw: str | None,
    emotion: str | None,
    scheme: LabelScheme | None,
) -> Sequence[Span]:
    if is_pattern(item):
        return [view.raw(start, end) for start, end in matches(item, view.text)]
    if item == "answer":
        return _answer(text)
    if item == EMOTION:
        span = _emotion(view, emotion_raw)
        return [] if span is None else [_named(view, span, emotion, scheme)]
    said = fields.get(_FIELDS[item])
    if said:
        span = _field(view, _FIELDS[item], said)
        return [] if span is None else [span]
    if item == "narrative" and not has_fields(view.visible) and len(view.flat.split()) > _BARE_WORDS:
        return _answer(text)
    return []


def _answer(text: str) -> list[Span]:
    spans = (trimmed(text, span) for span in answer_spans(text))
    return [span for span in spans if span is not None]


def _field(view: View, field: str, said: str) -> Span | None:
    """Where the text ``said`` of a field stands: as its value, the last of equal ones, or anywhere."""
    values = values_of(field, view.visible)
    known = flattened(said)
    for span in reversed(values):
        if view.flat_of(span) == known:
            return span
    for span in reversed(values):
        beyond = min(len(view.visible), span[0] + 6 * len(said) + 100)
        found = view.places(said, (span[0], beyond), most=1)
        if found and found[0][0] == span[0]:
            return found[0]
    anywhere = view.places(said)
    return anywhere[-1] if anywhere else values[-1] if values else None


def _emotion(view: View, said: str | None) -> Span | None:
    """Where the wording of the emotion stands: in its field, or the last place of all."""
    if not said:
        return None
    values = values_of(EMOTION, view.visible)
    for span in reversed(values):
        if found := view.places(said, span):
            return found[-1]
    if values:
        return values[-1]
    anywhere = view.places(said)
    return anywhere[-1] if anywhere else None


def _named(view: View, span: Span, emotion: str | None, scheme: LabelScheme | None) -> Span:
    """The last words within a sentence that name the emotion; ``span`` as it is where that is short already."""
    said = view.visible[slice(*span)]
    words = [match.span() for match in _WORD.finditer(said)]
    if emotion is None or scheme is None or len(words) <= _LONGEST_NAME:
        return span
    for count in range(1, _LONGEST_NAME + 1):
        for last in range(len(words) - 1, count - 2, -1):
            start, end = words[last - count + 1][0], words[last][1]
            if scheme.named_in(said[start:end]) == (emotion,):
                return span[0] + start, span[0] + end
    return span


def _parts(view: View, phrases: Sequence[tuple[str, str | None]]) -> tuple[list[Target], list[str]]:
    found: dict[str, set[Span]] = {}
    for phrase, part in phrases:
        spans = found.setdefault(part or flattened(phrase), set())
        spans.update(view.places(phrase) or view.places(phrase.partition(": ")[0]))
    if not found:
        return [], ["parts: the answer names none"]
    missing = [name for name, spans in found.items() if not spans]
    notes = [f"parts: {', '.join(missing)} not found word for word"] if missing else []
    return [Target(f"part:{name}", _apart(spans)) for name, spans in found.items() if spans], notes


def _apart(spans: set[Span]) -> tuple[Span, ...]:
    """The spans in order; of those that overlap the first and longest."""
    kept: list[Span] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return tuple(kept)
