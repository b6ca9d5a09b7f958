"""From an answer's text to a narrative.

What the model thinks aloud is left out. The order is: JSON (strict, fenced, among prose, repaired), lines
of ``key: value``, a bare label or a sentence that names exactly one. What settles the emotion, or abstains
explicitly, is ``ok``; else the answer is ``refused`` where it declines and ``unparsed`` where it does not,
with whatever could be read. An answer with fields declines only where its emotion does: people in stories
say "I can't" too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from elena_wb.core.exchange import FinishReason
from elena_wb.core.narrative import Narrative
from elena_wb.parsing.emotion import Named, from_sentence, from_text, from_value
from elena_wb.parsing.keys import BODY_PARTS, EMOTION, NUMBERS, TEXTS, field_of
from elena_wb.parsing.lines import find_lines
from elena_wb.parsing.objects import Found, find_object
from elena_wb.parsing.parts import body_parts_of
from elena_wb.parsing.refusal import is_refusal
from elena_wb.parsing.text import LONGEST_ANSWER, storable
from elena_wb.parsing.thinking import ends_thinking, without_thinking
from elena_wb.parsing.values import ratings, text_of
from elena_wb.vocabulary import LabelScheme


def parse(
    raw: str, *, scheme: LabelScheme, fields: Sequence[str] = (), finish_reason: FinishReason = "stop"
) -> Narrative:
    """Read the answer ``raw``; never raises, whatever it holds.

    ``fields`` are the keys that the prompt pack asks for: notes say which of those that a narrative has
    are missing. Only the first 100,000 characters are read.
    """
    if finish_reason == "refused":
        return Narrative("refused", notes=("the model's provider reports a refusal",))
    text = storable(raw, LONGEST_ANSWER).strip().lstrip("\ufeff")
    notes = [f"only the first {LONGEST_ANSWER} characters were read"] if len(raw) > LONGEST_ANSWER else []
    if finish_reason == "length":
        notes.append("cut off at the token limit")
    if finish_reason == "length" and ends_thinking(text):
        return Narrative("unparsed", notes=(*notes, "the answer ends while the model is thinking"))
    said = without_thinking(text)
    if said != text:
        notes.append("what the model thought was left out")
        text = said
    if not text:
        return Narrative("unparsed", notes=(*notes, "the answer is empty"))
    found = _fields_of(text, fields, finish_reason)
    if found is None:
        return _without_fields(text, scheme, fields, notes)
    notes += found.notes
    named = from_value(found.fields[EMOTION], scheme) if EMOTION in found.fields else None
    return _narrative(text, named, found.fields, fields, notes)


def _fields_of(text: str, expected: Sequence[str], finish_reason: FinishReason) -> Found | None:
    found = find_object(text)
    if found is not None and not found.is_template:
        return _without_cut_number(found, text) if found.repaired or finish_reason == "length" else found
    lines = find_lines(text, expected)
    read = Found(lines, ("read from lines",)) if lines else None
    return read if found is None or (read and EMOTION in lines and not read.is_template) else found


def _without_cut_number(found: Found, text: str) -> Found:
    """A number at the very end of an unfinished answer may lack digits (1 of 10), and is not believed."""
    last = field_of(found.last or "")
    if last not in NUMBERS or last not in found.fields or not re.search(r"[\d.]$", text):
        return found
    kept = {field: value for field, value in found.fields.items() if field != last}
    return Found(kept, (*found.notes, f"{last}: dropped, the answer ends within it"), found.last, True)


def _without_fields(text: str, scheme: LabelScheme, fields: Sequence[str], notes: list[str]) -> Narrative:
    """The answer is plain words: one label, an abstention, a short sentence, or nothing we can use."""
    bare = from_text(text, scheme) if len(text.split()) <= 4 else None
    if bare is not None and bare.settled and not bare.notes:
        return _narrative(text, bare, {}, fields, [*notes, "the answer is a bare label"])
    label = None if is_refusal(text) else from_sentence(text, scheme)
    if label is not None:
        named = Named(label, False, storable(text, 200), ("emotion: read from a sentence",))
        return _narrative(text, named, {}, fields, notes)
    return _narrative(text, None, {}, fields, notes)


def _narrative(
    text: str, named: Named | None, found: Mapping[str, Any], expected: Sequence[str], notes: list[str]
) -> Narrative:
    notes = [*notes, *(named.notes if named else ())]
    rated = ratings({field: found[field] for field in NUMBERS if field in found})
    notes += [f"{field}: dropped, {value}" for field, value in rated.items() if isinstance(value, str)]
    numbers = {field: value for field, value in rated.items() if isinstance(value, float)}
    texts = {field: text_of(found.get(field)) for field in TEXTS}
    parts = body_parts_of(found.get(BODY_PARTS))
    settled = named is not None and named.settled
    absent = [
        field
        for field in expected
        if field in (*TEXTS, *NUMBERS, BODY_PARTS)
        and not (texts.get(field) or (field == BODY_PARTS and parts) or (field in found and field in NUMBERS))
    ]
    if named is None:
        absent.insert(0, EMOTION)
    if absent:
        notes.append(f"missing: {', '.join(absent)}")
    telling = ((named.raw if named else None) or "") if found else text
    return Narrative(
        status="ok" if settled else "refused" if is_refusal(telling) else "unparsed",
        emotion=named.label if named else None,
        emotion_raw=named.raw if named else None,
        explicit_description=texts["explicit_description"],
        implicit_description=texts["implicit_description"],
        narrative=texts["narrative"],
        valence=numbers.get("valence"),
        arousal=numbers.get("arousal"),
        dominance=numbers.get("dominance"),
        body_parts=parts,
        notes=tuple(storable(note, 300) for note in notes),
    )
