"""One answer to be read: what was named against what is true, gauges, parts of the body, the story, who said it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from elena_wb.tui.narratives.chips import Chip, Chips
from elena_wb.tui.narratives.gauges import bars, gauges
from elena_wb.tui.text import block, line

if TYPE_CHECKING:
    from elena_wb.core import Box
    from elena_wb.store.browsing import AnswerPage

Scores = Sequence[tuple[str, float]]

_LONGEST_TEXT = 3_000
_LONGEST_RAW = 12_000
_SCORES = 12
_STANDING = {
    "error": "! the call failed",
    "refused": "⊘ the model refused",
    "unparsed": "? could not be read",
}
_NEAREST = {
    "face": ("face", "head"),
    "head": ("head",),
    "hands": ("hands",),
    "torso": ("torso",),
    "whole": ("body",),
}
"""Group of the vocabulary → the part whose region holds what has none of its own (eyes lie in the face)."""


class AnswerPane(VerticalScroll):
    """Shows one answer, and scrolls. Telling of chips is left to :class:`Chips`."""

    DEFAULT_CSS = """
    AnswerPane { height: 1fr; width: 1fr; padding: 0 1; }
    AnswerPane > Static { height: auto; width: 1fr; padding-right: 1; }
    AnswerPane > .vad, AnswerPane > .text { margin-top: 1; }
    AnswerPane:focus { background-tint: $foreground 4%; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._page: AnswerPage | None = None
        self._scores: Scores = ()
        self.raw = False

    def compose(self) -> ComposeResult:
        """The pieces from top to bottom."""
        yield Static("", classes="head", markup=False)
        yield Chips(id="parts")
        yield Static("", classes="vad", markup=False)
        yield Static("", classes="text", markup=False)

    def show(self, page: AnswerPage | None, scores: Scores = ()) -> None:
        """Show another answer from its top, or the same one, read anew, where it was scrolled to."""
        same = page is not None and self._page is not None and page.generation_id == self._page.generation_id
        self._page, self._scores = page, scores
        self._fill(keep_parts=same)
        if not same:
            self.scroll_home(animate=False)

    def light(self, regions: Mapping[str, Sequence[Box]]) -> None:
        """Mark which parts are among ``regions`` of the picture."""
        if self._page is not None:
            self._show_parts(self._page, regions)

    def toggle_raw(self) -> None:
        """Show the answer word for word, or as it was read."""
        self.raw = not self.raw
        self._fill(keep_parts=True)
        self.scroll_home(animate=False)

    def _fill(self, *, keep_parts: bool) -> None:
        page = self._page
        head, vad, text = (self.query_one(f".{name}", Static) for name in ("head", "vad", "text"))
        if page is None:
            self.query_one(Chips).show(())
            for one in (head, vad, text):
                one.update("")
            return
        if not keep_parts:
            self._show_parts(page, page.regions)
        head.update(heading(page))
        rated = [("Valence", page.valence), ("Arousal", page.arousal), ("Dominance", page.dominance)]
        vad.display = any(value is not None for _, value in rated) and not self.raw
        vad.update(gauges(rated))
        text.update(_word_for_word(page) if self.raw else as_read(page, self._scores))

    def _show_parts(self, page: AnswerPage, regions: Mapping[str, Sequence[Box]]) -> None:
        chips = chips_of(page, regions)
        self.query_one(Chips).show(chips, len(page.parts) - len(chips))


def heading(page: AnswerPage) -> Content:
    """The emotion against the label, with a sign and in words; then what a reader noted."""
    lines = [verdict(page)]
    apart = [
        f"{of}: {line(label, longest=60).plain}"
        for of, label in (("face", page.face_label), ("body", page.body_label))
        if label is not None
    ]
    if apart:
        lines.append(Content.styled(f"labels apart: {', '.join(apart)}", "dim"))
    if page.marked:
        lines.append(Content.styled("* marked", "bold"))
    if page.note is not None:
        lines.append(Content.styled("+ ", "bold") + block(page.note, longest=2_000))
    return Content("\n").join(lines)


def verdict(page: AnswerPage) -> Content:
    """``✗ fear; the label is anger (wrong)`` and its like."""
    said = line(page.emotion, longest=60).plain if page.emotion is not None else "no emotion"
    if page.status in _STANDING:
        said = _STANDING[page.status]
    elif page.emotion_raw is not None and page.emotion is None:
        said = f"no emotion of the scheme (in the model's words: {line(page.emotion_raw, longest=80).plain})"
    labels = [line(one, longest=60).plain for one in page.truths[:8]]
    if page.correct is None:
        told = f" (labels: {', '.join(labels)})" if labels else " (no label to compare with)"
        return Content.styled(said, "bold") + Content.styled(told, "dim")
    if page.correct:
        return Content.styled(f"✓ {said}", "bold $text-success") + Content(" – right, as labelled")
    truth = line(page.truth, longest=60).plain
    return Content.styled(f"✗ {said}", "bold $text-error") + Content(f" – wrong, the label is {truth}")


def as_read(page: AnswerPage, scores: Scores) -> Content:
    """Narrative, descriptions, probabilities, notes, and who said it."""
    sections: list[tuple[str, Content]] = [
        (title, block(text, longest=_LONGEST_TEXT))
        for title, text in (
            ("Error", page.error),
            ("Narrative", page.narrative),
            ("Explicit", page.explicit_description),
            ("Implicit", page.implicit_description),
        )
        if text
    ]
    if page.raw_text and not (page.narrative or page.explicit_description or page.implicit_description):
        sections.append(("Answer, word for word", block(page.raw_text, longest=_LONGEST_TEXT)))
    if scores:
        named = [(line(label, longest=14).plain, share) for label, share in scores[:_SCORES]]
        sections.append(("Probability of labels", bars(named)))
    if page.residual_faces:
        faces = f"The audit finds {page.residual_faces} left in the masked picture."
        sections.append(("Faces", Content(faces)))
    if page.notes:
        notes = [Content("· ") + line(note, longest=400) for note in page.notes[:30]]
        sections.append(("Notes", Content("\n").join(notes)))
    sections.append(("Who", who(page)))
    return Content("\n\n").join(
        [Content.styled(title, "bold $text-accent") + Content("\n") + text for title, text in sections]
    )


def who(page: AnswerPage) -> Content:
    """Run, model, prompt, condition, picture, repeat, time and cost."""
    person = "" if page.person_index is None else f", person {page.person_index}"
    spent = [
        None if page.latency_ms is None else f"{page.latency_ms:,.0f} ms",
        None if page.cost_usd is None else f"${page.cost_usd:.6g}",
        _when(page.created_at),
        "attention extracted (g)" if page.attention else None,
    ]
    rows = [
        f"run {page.run_id}: {line(page.run, longest=60).plain}, repeat {page.repeat}",
        f"{line(page.model, longest=90).plain}, prompt {line(page.prompt, longest=40).plain}, "
        f"condition {line(page.condition, longest=60).plain}",
        f"{line(page.path, longest=300).plain}{person}"
        + (f" ({line(page.dataset, longest=40).plain})" if page.dataset else ""),
        " · ".join(one for one in spent if one),
    ]
    return Content("\n".join(rows))


def _word_for_word(page: AnswerPage) -> Content:
    title = Content.styled("Raw text, word for word (t goes back)", "bold $text-accent")
    return title + Content("\n") + (block(page.raw_text, longest=_LONGEST_RAW) or Content("There is none."))


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def chips_of(page: AnswerPage, regions: Mapping[str, Sequence[Box]]) -> tuple[Chip, ...]:
    """A chip for each part that the answer names, with the part of the picture that it lies in."""
    return tuple(Chip(part.phrase, where(part.part, part.group, regions)) for part in page.parts[:500])


def where(part: str | None, group: str | None, regions: Iterable[str]) -> str | None:
    """The part under which ``regions`` have a named part, or what holds it; ``None`` where they have neither."""
    from elena_wb.masking.parts import members

    known = {name.replace("-", "_") for name in regions}
    for name in (part, *_NEAREST.get(group or "", ())):
        if name is not None and not members(name.replace(" ", "_")).isdisjoint(known):
            return name.replace(" ", "_")
    return None
