"""Writing one answer, token by token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from elena_wb_gguf.choosing import Chooser, Grammar
from elena_wb_gguf.closing import Closing
from elena_wb_gguf.context import Context
from elena_wb_gguf.labels import LabelChoice
from elena_wb_gguf.native import TextModel
from elena_wb_gguf.outline import Outline

_ANYTHING = "~^"
"""Two characters that only a string which may hold anything can go on with."""
_FEW = 256
_CLOSING = '"]},{['


class CancelledError(Exception):
    """Nobody waits for this answer any more."""


@dataclass(frozen=True, slots=True)
class Written:
    """An answer: ``tokens`` counts those written, with the one that ended it."""

    text: str
    finish_reason: Literal["stop", "length"]
    tokens: int
    label_logprobs: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Marks:
    """Tokens that are one ASCII character each, by which strings and brackets are closed."""

    ids: Mapping[str, int]

    @classmethod
    def of(cls, model: TextModel) -> Marks:
        """Those of ``model``; the characters that it has no token for are missing."""
        return cls(model.single(_ANYTHING + _CLOSING))

    def next(self, grammar: Grammar, outline: Outline) -> int | None:
        """The token that brings a JSON answer nearer to its end, or ``None`` where the model has to choose."""
        if outline.in_string:
            free = all(self._fits(mark, grammar) for mark in _ANYTHING if mark in self.ids)
            return self.ids['"'] if free and self._fits('"', grammar) else None
        closing = next((self.ids[mark] for mark in "]}," if self._fits(mark, grammar)), None)
        if closing is None and self._fits('"', grammar) and any(self._fits(mark, grammar) for mark in "{["):
            return self.ids['"']  # a value of any kind: a text is the shortest to end
        return closing

    def _fits(self, mark: str, grammar: Grammar) -> bool:
        return mark in self.ids and bool(grammar.allowed([self.ids[mark]])[0])


@dataclass(slots=True)
class Writing:
    """Everything that writing one answer needs.

    With a ``grammar``, an answer whose tokens run out is closed by ``closing`` and ``marks``: strings that may hold
    anything end, lists and objects end as soon as they may, and the model still chooses whatever has a meaning, such
    as a label. ``finish_reason`` is then ``length`` if this changed the answer.
    """

    model: TextModel
    context: Context
    chooser: Chooser
    limit: int
    cancelled: Callable[[], bool]
    grammar: Grammar | None = None
    closing: Closing | None = None
    marks: Marks | None = None
    label: LabelChoice | None = None
    _outline: Outline = field(default_factory=Outline)
    _pieces: list[bytes] = field(default_factory=list)
    _hurried: bool = False

    def run(self) -> Written:
        """Write until the model ends the answer or ``limit`` tokens are there.

        Raises:
            EngineError: llama.cpp fails, or no token fits.
            CancelledError: ``cancelled`` came true.
        """
        ended, count = False, 0
        while count < self.limit and not ended:
            if self.cancelled():
                raise CancelledError
            token = self._next(self.limit - count)
            count += 1
            ended = self.model.ends(token)
            if not ended:
                self._take(token)
                if count < self.limit:
                    self.context.append(token)
        finished = ended and not self._hurried
        return Written(
            _decoded(b"".join(self._pieces), ended=ended),
            "stop" if finished else "length",
            count,
            self.label.logprobs() if self.label is not None else {},
        )

    def free(self) -> None:
        """Give the memory back. To be called once."""
        self.chooser.free()
        if self.grammar is not None:
            self.grammar.free()

    def _next(self, left: int) -> int:
        logits = self.context.logits()
        token = self.chooser.choose(logits, self.grammar)
        if self.grammar is not None and self.closing is not None and self.marks is not None:
            if left <= self.closing.need(self._outline) and not self.model.ends(token):
                forced = self.marks.next(self.grammar, self._outline)
                self._hurried = self._hurried or forced not in {None, token}
                token = token if forced is None else forced
                if forced is None:
                    token = self._longest(self.grammar, token)
            self.grammar.accept(token)
        if self.label is not None and not self.model.ends(token):
            self.label.hear(token, logits, self._outline)
        return token

    def _longest(self, grammar: Grammar, chosen: int) -> int:
        """Where only one text may come, the token that writes most of it; else ``chosen``."""
        permitted = np.flatnonzero(grammar.allowed(np.arange(self.model.size)))
        if not 1 < len(permitted) <= _FEW:
            return chosen
        quote = self.marks.ids.get('"') if self.marks is not None else None
        pieces = {int(token): self.model.piece(int(token)) for token in permitted}
        if self._outline.in_string and quote in pieces and all(p.startswith(b'"') for p in pieces.values()):
            return int(quote)  # and not a token that begins the next entry of a list with it
        longest = max(pieces, key=lambda token: (len(pieces[token]), -token))
        only_one = all(piece and pieces[longest].startswith(piece) for piece in pieces.values())
        return longest if only_one else chosen

    def _take(self, token: int) -> None:
        piece = self.model.piece(token)
        self._pieces.append(piece)
        self._outline.feed(piece)


def _decoded(raw: bytes, *, ended: bool) -> str:
    """``raw`` as text; a character that the limit of tokens cut through is left out."""
    if not ended:
        for cut in range(1, min(4, len(raw) + 1)):
            if raw[-cut] >= 0xC0 and cut < _length(raw[-cut]):
                raw = raw[:-cut]
                break
            if raw[-cut] < 0x80:
                break
    return raw.decode("utf-8", "replace")


def _length(first: int) -> int:
    """How many bytes a character takes that begins with ``first``."""
    return 4 if first >= 0xF0 else 3 if first >= 0xE0 else 2
