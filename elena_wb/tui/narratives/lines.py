"""The columns of the table of answers, and one answer as text to be copied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.content import Content

from elena_wb.tui.text import line
from elena_wb.tui.widgets.paged import Column

if TYPE_CHECKING:
    from elena_wb.store.browsing import AnswerPage

_SIGNS = {"error": "! failed", "refused": "⊘ refused", "unparsed": "? unread"}


def _answer(value: object, found: Mapping[str, object]) -> Content:
    """``✗ fear≠anger``, ``✓ fear``, ``  fear`` without a label; ``! failed`` and its like."""
    sign = _SIGNS.get(str(found["status"]))
    if sign is not None:
        return Content.styled(sign, "$text-warning")
    said = line(value, longest=40).plain if value is not None else "none"
    if found["correct"] is None:
        return Content(f"  {said}")
    if found["correct"]:
        return Content.styled(f"✓ {said}", "$text-success")
    return Content.styled(f"✗ {said}≠{line(found['truth'], longest=40).plain}", "$text-error")


def _picture(value: object, found: Mapping[str, object]) -> Content:
    person = "" if found["person"] is None else f" #{found['person']}"
    repeat = f" ·{found['repeat']}" if found["repeat"] else ""
    return line(f"{value}{person}{repeat}", longest=200)


COLUMNS = (
    Column("marks", "", 2),
    Column("run_id", "run", 3, align="right"),
    Column("emotion", "answer", 18, render=_answer),
    Column("condition", "hidden", 8),
    Column("picture", "picture", 0, render=_picture),
)


def as_text(page: AnswerPage) -> str:
    """Everything of an answer as text, not made harmless yet."""
    rated = (("valence", page.valence), ("arousal", page.arousal), ("dominance", page.dominance))
    told: list[tuple[str, object]] = [
        ("run", f"{page.run_id} {page.run}"),
        ("model", page.model),
        ("prompt", page.prompt),
        ("condition", page.condition),
        ("picture", page.path),
        ("person", page.person_index),
        ("repeat", page.repeat),
        ("status", page.status),
        ("emotion", page.emotion),
        ("label", ", ".join(page.truths) or None),
        *rated,
        ("parts", ", ".join(part.phrase for part in page.parts[:500]) or None),
        ("note", page.note),
    ]
    heads = "\n".join(f"{name}: {value}" for name, value in told if value is not None)
    texts = (
        ("Narrative", page.narrative),
        ("Explicit", page.explicit_description),
        ("Implicit", page.implicit_description),
        ("Raw text", page.raw_text),
        ("Error", page.error),
    )
    return "\n\n".join([heads, *(f"{name}\n{text}" for name, text in texts if text)])
