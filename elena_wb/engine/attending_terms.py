"""What is asked of the attention of answers, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from elena_wb.analysis.gaze import Coverage, Measures
from elena_wb.core import AttentionMethod, AttentionRecord, Box, Heads, Pixels, Stimulus, Target
from elena_wb.engine.prefetch import Item
from elena_wb.store.said import Said

OTHERWISE = (
    "`elena-wb occlude` asks what an answer depends on, of any model: it hides each part and asks again."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for: words of the answer (:func:`elena_wb.parsing.spans.parse_tokens`), layers, heads, method.

    Without ``keep_maps`` only what fell on each part is stored.
    """

    tokens: tuple[str, ...] = ("emotion", "parts", "narrative")
    layers: tuple[int, ...] | None = None
    heads: Heads = "mean"
    method: AttentionMethod = "raw"
    keep_maps: bool = True


@dataclass(frozen=True, slots=True)
class ToLook:
    """One answer that is to be looked at, with the words wanted in it and notes on those it has not."""

    item: Item
    answer: Said
    targets: tuple[Target, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One answer that was looked at.

    ``pixels`` is what the model was shown, and ``parts``, ``coverage`` and the blocks of ``record`` are in pixels of
    it. ``targets`` are those of ``text`` that ``record`` and ``measures`` have, in their order.
    """

    generation_id: str
    run_id: int
    stimulus: Stimulus
    repeat: int
    condition: str
    emotion: str | None
    pixels: Pixels
    text: str
    targets: tuple[Target, ...]
    record: AttentionRecord
    coverage: Coverage
    measures: Measures
    parts: Mapping[str, tuple[Box, ...]]


@dataclass(frozen=True, slots=True)
class AttentionResult:
    """How many answers were looked at, failed and were skipped, and why each of the latter two."""

    extracted: int
    failed: int
    skipped: int
    interrupted: bool
    failures: tuple[tuple[str, str], ...] = ()
