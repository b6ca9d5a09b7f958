"""Letting a model write only what fits a JSON Schema, by llguidance."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import llguidance
import llguidance.hf
import numpy as np
import torch
from transformers import LogitsProcessor

from elena_wb.core import ModelError, Request

if TYPE_CHECKING:
    from llguidance._lib import JsonCompileOptions

_COMPACT: JsonCompileOptions = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
}


class Constraint:
    """Grammars for one tokenizer, compiled once per schema.

    Answers come without line breaks and indentation, on which a small model can spend all its tokens.
    """

    def __init__(self, tokenizer: Any, stops: Sequence[int], name: str) -> None:
        try:
            self._tokenizer = llguidance.hf.from_tokenizer(tokenizer, eos_token=list(stops))
        except Exception as error:
            raise ModelError(
                f"`constrained=true` does not work with the tokenizer of {name}: {error}",
                hint="Leave the option out; answers are then parsed as they come.",
            ) from error
        self._stops = list(stops)
        self._grammars: dict[str, str] = {}

    def for_rows(self, requests: Sequence[Request], prompt_length: int) -> LogitsProcessor:
        """The processor that holds each row to its request's schema; rows without one are free.

        Raises:
            ValueError: a schema uses what llguidance does not support.
        """
        matchers = [None if request.schema is None else self._matcher(request.schema) for request in requests]
        return _RowConstraint(matchers, self._stops, prompt_length)

    def _matcher(self, schema: Mapping[str, Any]) -> llguidance.LLMatcher:
        key = json.dumps(schema)
        if key not in self._grammars:
            grammar = llguidance.LLMatcher.grammar_from_json_schema(key, overrides=_COMPACT)
            failed, messages = llguidance.LLMatcher.validate_grammar_with_warnings(grammar, self._tokenizer)
            if failed:
                raise ValueError(f"the JSON Schema cannot be enforced: {'; '.join(messages)}")
            self._grammars[key] = grammar
        return llguidance.LLMatcher(self._tokenizer, self._grammars[key])


class _RowConstraint(LogitsProcessor):
    def __init__(
        self, matchers: Sequence[llguidance.LLMatcher | None], stops: list[int], prompt_length: int
    ) -> None:
        self._matchers = matchers
        self._stops = stops
        self._prompt_length = prompt_length

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Forbids (-inf) every token of ``[batch, vocabulary]`` after which a row could not become valid."""
        scores = scores.clone()
        for row, matcher in enumerate(self._matchers):
            if matcher is None:
                continue
            if input_ids.shape[1] > self._prompt_length and not matcher.is_stopped():
                matcher.consume_token(int(input_ids[row, -1]))
                if matcher.is_error():
                    raise RuntimeError(f"the JSON Schema could not be followed: {matcher.get_error()}")
            allowed = self._allowed(matcher, scores.shape[1])
            scores[row].masked_fill_(~allowed.to(scores.device), -torch.inf)
        return scores

    def _allowed(self, matcher: llguidance.LLMatcher, vocabulary: int) -> torch.Tensor:
        """Bool ``[vocabulary]``; scores of tokens that the tokenizer does not have stay forbidden."""
        allowed = torch.zeros(vocabulary, dtype=torch.bool)
        if matcher.is_stopped():
            allowed[self._stops] = True
            return allowed
        bits = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
        known = np.unpackbits(bits, bitorder="little")[:vocabulary].astype(bool)
        allowed[: known.size] = torch.from_numpy(known)
        return allowed
