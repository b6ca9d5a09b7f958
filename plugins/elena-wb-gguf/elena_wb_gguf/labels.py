"""Which label an answer names, and how probable each was where it was named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from elena_wb.remote.logprobs import LABEL_KEY, TokenLogprob, label_logprobs
from elena_wb_gguf.choosing import log_probabilities
from elena_wb_gguf.native import TextModel
from elena_wb_gguf.outline import Outline

_ALTERNATIVES = 32


@dataclass(slots=True)
class LabelChoice:
    """Listens to an answer and tells the probabilities of its labels, before any grammar restricted them.

    ``key`` is the name of the property that holds the label, and ``tokens`` are those that its labels are made of.
    """

    model: TextModel
    schema: Mapping[str, Any]
    key: str
    tokens: npt.NDArray[np.int64]
    _heard: list[TokenLogprob] = field(default_factory=list)

    def hear(self, token: int, logits: npt.NDArray[np.float32], outline: Outline) -> None:
        """``token`` follows what ``outline`` has seen; ``logits`` are the scores it was chosen by."""
        text = self._shown(token)
        if not outline.at_value_of(self.key):
            self._heard.append(TokenLogprob(text, math.nan))
            return
        logs = log_probabilities(logits)
        count = min(_ALTERNATIVES, len(logs))
        likely = np.union1d(np.argpartition(-logs, count - 1)[:count], self.tokens)
        alternatives = tuple((self._shown(int(one)), float(logs[one])) for one in likely)
        self._heard.append(TokenLogprob(text, float(logs[token]), alternatives))

    def logprobs(self) -> Mapping[str, float]:
        """See :attr:`elena_wb.core.Response.label_logprobs`."""
        return label_logprobs(self._heard, self.schema)

    def _shown(self, token: int) -> str:
        return self.model.piece(token).decode("utf-8", "replace")


def label_choice(model: TextModel, schema: Mapping[str, Any] | None) -> LabelChoice | None:
    """What listens for the label that ``schema`` lists, if it lists any: ``emotion``, or else the first list."""
    properties = schema.get("properties") if schema is not None else None
    if schema is None or not isinstance(properties, Mapping):
        return None
    for name in sorted(properties, key=lambda name: name != LABEL_KEY):
        values = properties[name].get("enum") if isinstance(properties[name], Mapping) else None
        labels = [value for value in values or () if isinstance(value, str) and value]
        if labels:
            tokens = {token for label in labels for token in model.tokens(label, special=False)}
            return LabelChoice(model, schema, name, np.array(sorted(tokens), np.int64))
    return None
