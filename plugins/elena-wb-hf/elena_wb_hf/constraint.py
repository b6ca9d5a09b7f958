"""Letting a model write only what fits a JSON Schema, by llguidance."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import llguidance
import llguidance.hf
import numpy as np
import torch
from transformers import LogitsProcessor

from elena_wb.core import ModelError, Request

_COMPACT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


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
        self._grammars: dict[str, str] = {}

    def for_rows(self, requests: Sequence[Request], prompt_length: int) -> LogitsProcessor:
        """The processor that holds each row to its request's schema; rows without one are free.

        Raises:
            ValueError: a schema uses what llguidance does not support.
        """
        matchers = [None if request.schema is None else self._matcher(request.schema) for request in requests]
        return _RowConstraint(matchers, prompt_length)

    def _matcher(self, schema: Mapping[str, Any]) -> Any:
        key = json.dumps(schema)
        if key not in self._grammars:
            grammar = llguidance.LLMatcher.grammar_from_json_schema(key, overrides=_COMPACT)
            failed, messages = llguidance.LLMatcher.validate_grammar_with_warnings(grammar, self._tokenizer)
            if failed:
                raise ValueError(f"the JSON Schema cannot be enforced: {'; '.join(messages)}")
            self._grammars[key] = grammar
        return llguidance.LLMatcher(self._tokenizer, self._grammars[key])


class _RowConstraint(LogitsProcessor):  # type: ignore[misc]
    def __init__(self, matchers: Sequence[Any], prompt_length: int) -> None:
        self._matchers = matchers
        self._prompt_length = prompt_length

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Forbids (-inf) every token after which the row could no longer become valid."""
        scores = scores.clone()
        for row, matcher in enumerate(self._matchers):
            if matcher is None or matcher.is_stopped():
                continue
            if input_ids.shape[1] > self._prompt_length:
                matcher.consume_token(int(input_ids[row, -1]))
                if matcher.is_stopped():
                    continue
            bits = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
            allowed = np.unpackbits(bits, bitorder="little")[: scores.shape[1]].astype(bool)
            scores[row, : allowed.size].masked_fill_(~torch.from_numpy(allowed).to(scores.device), -torch.inf)
            scores[row, allowed.size :] = -torch.inf
        return scores
