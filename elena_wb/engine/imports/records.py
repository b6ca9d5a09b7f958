"""What a published answer becomes in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from elena_wb.core import Stimulus
from elena_wb.data.published import Published, PublishedAnswer
from elena_wb.engine.plan import generation_id
from elena_wb.engine.prefetch import Item
from elena_wb.parsing import parse
from elena_wb.store import GenerationRecord
from elena_wb.vocabulary import load_scheme

SCHEME = "ekman7"
"""The labels that ELENA's prompts ask for."""

_AS_PUBLISHED = "put together from the published fields: the text itself was not kept"
_SILENT = "nothing but the values that the authors' script starts with: an abstention, or no answer at all"


def items_of(file: Published, stimuli: Mapping[str, Stimulus]) -> list[Item]:
    """What each answer is about, its name looked up in ``stimuli``; where several are about one, it has repeats."""
    repeats: Counter[str] = Counter()
    items = []
    for answer in file.answers:
        stimulus = stimuli[answer.name]
        items.append(Item(stimulus, repeats[stimulus.stimulus_id]))
        repeats[stimulus.stimulus_id] += 1
    return items


def records_of(file: Published, items: Sequence[Item], run_key: str) -> list[GenerationRecord]:
    """A record an answer, about the item in its place (:func:`items_of`)."""
    return [_record(answer, run_key, item) for answer, item in zip(file.answers, items, strict=True)]


def _record(answer: PublishedAnswer, run_key: str, item: Item) -> GenerationRecord:
    bare = GenerationRecord(
        generation_id=generation_id(run_key, item),
        content_digest=None,
        run_key=run_key,
        stimulus_id=item.stimulus.stimulus_id,
        repeat=item.repeat,
        status="error",
    )
    scheme = load_scheme(SCHEME)
    if answer.error is not None:
        if parse(answer.error, scheme=scheme).status == "refused":
            return replace(bare, status="refused", raw_text=answer.error, finish_reason="refused")
        return replace(bare, error=answer.error, raw_text=answer.raw, finish_reason="error")
    if answer.silent:
        return replace(bare, status="ok", emotion_raw=answer.label, notes=(_SILENT,))
    notes = [] if answer.raw is not None else [_AS_PUBLISHED]
    text = answer.written if answer.raw is None else answer.raw
    read = parse(text, scheme=scheme)
    if answer.raw is not None and answer.label and scheme.canonical(answer.label) != read.emotion:
        notes.append(f"the authors read `{answer.label[:60]}`")
    return replace(
        bare,
        status=read.status,
        raw_text=text,
        emotion=read.emotion,
        emotion_raw=read.emotion_raw,
        explicit_description=read.explicit_description,
        implicit_description=read.implicit_description,
        narrative=read.narrative,
        valence=read.valence,
        arousal=read.arousal,
        dominance=read.dominance,
        body_parts=read.body_parts,
        notes=(*notes, *read.notes),
    )
