"""How probable each label was where an answer names its label, heard while the answer is written."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import LogitsProcessor

from elena_wb.core import Request
from elena_wb.remote.logprobs import TokenLogprob, label_logprobs, label_property

_ALTERNATIVES = 32
_UP_TO_VALUE = re.compile(r'\s*(?::\s*(?:"(?:[^"\\]|\\.)*\\?)?)?', re.DOTALL)


class Pieces:
    """The text that each token of a tokenizer stands for in the middle of an answer; special tokens have none."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._anchor: list[int] = tokenizer.encode("a", add_special_tokens=False)
        self._known: dict[int, str] = {}
        self._skipped = len(self._decoded(self._anchor))

    def of(self, token: int) -> str:
        """Parts of a character that take several tokens are replacement characters."""
        if token not in self._known:
            self._known[token] = self._decoded([*self._anchor, token])[self._skipped :]
        return self._known[token]

    def tokens(self, text: str) -> list[int]:
        """What the tokenizer makes of ``text`` alone."""
        tokens: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return tokens

    def _decoded(self, tokens: list[int]) -> str:
        return str(
            self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )


class LabelListener(LogitsProcessor):
    """Listens to a batch and changes nothing; it must come before whatever restricts or perturbs the scores.

    Of the places where a row writes the value of its label, the 32 most probable tokens and those of the labels are
    kept; of all others nothing.
    """

    def __init__(self, requests: Sequence[Request], prompt_length: int, pieces: Pieces) -> None:
        self._prompt_length = prompt_length
        self._rows = [_Row.of(request.schema, pieces) for request in requests]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores float ``[batch, vocabulary]`` as the network gives them, handed back as they are."""
        if not any(self._rows):
            return scores
        begun = input_ids.shape[1] > self._prompt_length
        newest = input_ids[:, -1].tolist() if begun else []
        for place, row in enumerate(self._rows):
            if row is not None:
                if begun:
                    row.take(newest[place])
                if row.at_value:
                    row.hear(scores[place])
        return scores

    def logprobs(self, place: int, tokens: Sequence[int]) -> Mapping[str, float]:
        """See :attr:`elena_wb.core.Response.label_logprobs`; ``tokens`` are those of the answer of row ``place``."""
        row = self._rows[place]
        return {} if row is None else row.logprobs(tokens)


@dataclass(slots=True)
class _Heard:
    """The scores at one place of an answer; ``logs`` are those of the whole vocabulary, kept for one step."""

    alternatives: tuple[tuple[str, float], ...]
    logs: torch.Tensor | None
    chosen: float = math.nan

    def choose(self, token: int) -> None:
        if self.logs is not None:
            self.chosen, self.logs = float(self.logs[token]), None


@dataclass(slots=True)
class _Row:
    schema: Mapping[str, Any]
    key: str
    label_tokens: list[int]
    pieces: Pieces
    _text: str = ""
    _taken: int = 0
    _heard: dict[int, _Heard] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: Mapping[str, Any] | None, pieces: Pieces) -> _Row | None:
        """``None`` for a schema that lists no labels."""
        found = label_property(schema)
        if schema is None or found is None:
            return None
        key, labels = found
        spelt = {form for one in labels for form in (one, one.lower(), one.upper(), one.capitalize())}
        tokens = {token for form in spelt for text in (form, f'"{form}"') for token in pieces.tokens(text)}
        return cls(schema, json.dumps(key, ensure_ascii=False), sorted(tokens), pieces)

    @property
    def at_value(self) -> bool:
        """Whether what comes next may belong to the value of the label, or stands between it and its key."""
        place = self._text.rfind(self.key)
        return place >= 0 and _UP_TO_VALUE.fullmatch(self._text, place + len(self.key)) is not None

    def take(self, token: int) -> None:
        """``token`` was written."""
        if self._taken in self._heard:
            self._heard[self._taken].choose(token)
        self._text += self.pieces.of(token)
        self._taken += 1

    def hear(self, scores: torch.Tensor) -> None:
        """``scores`` float ``[vocabulary]`` are those of the next token."""
        logs = scores.float().log_softmax(-1)
        likely = logs.topk(min(_ALTERNATIVES, logs.numel()))
        wanted = torch.tensor(self.label_tokens, device=logs.device)
        found = dict(zip(self.label_tokens, logs[wanted].tolist(), strict=True))
        found |= zip(likely.indices.tolist(), likely.values.tolist(), strict=True)
        shown = tuple((self.pieces.of(token), log) for token, log in found.items())
        self._heard[self._taken] = _Heard(shown, logs)

    def logprobs(self, tokens: Sequence[int]) -> Mapping[str, float]:
        """Of the answer that these tokens are, the last of which no later step has told."""
        written = []
        for place, token in enumerate(tokens):
            heard = self._heard.get(place)
            if heard is None:
                written.append(TokenLogprob(self.pieces.of(token), math.nan))
                continue
            heard.choose(token)
            written.append(TokenLogprob(self.pieces.of(token), heard.chosen, heard.alternatives))
        return label_logprobs(written, self.schema)
