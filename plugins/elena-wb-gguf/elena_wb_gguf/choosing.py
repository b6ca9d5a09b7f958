"""Choosing the next token: the most probable or a seeded sample, held to a grammar where there is one."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import llama_cpp.llama_cpp as llama
import numpy as np
import numpy.typing as npt

from elena_wb.core import Sampling
from elena_wb_gguf.native import EngineError, TextModel

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
_NEAREST = 64
_SEEDS = 2**32 - 1
"""llama.cpp takes the largest number of 32 bits for "a random seed"."""


class Grammar:
    """Where an answer stands in its grammar.

    Raises:
        EngineError: llama.cpp does not understand the grammar.
    """

    def __init__(self, model: TextModel, source: str) -> None:
        self._handle = llama.llama_sampler_init_grammar(model.vocabulary, source.encode(), b"root")
        if not self._handle:
            raise EngineError("llama.cpp does not understand the grammar made of the JSON Schema")

    def allowed(self, tokens: npt.NDArray[np.integer[Any]] | Sequence[int]) -> npt.NDArray[np.bool_]:
        """Which of ``tokens`` may come next, bool of the same length."""
        candidates = np.zeros(len(tokens), _CANDIDATE)
        candidates["id"] = tokens
        array = _array(candidates)
        llama.llama_sampler_apply(self._handle, ctypes.byref(array))
        kept: npt.NDArray[np.bool_] = np.isfinite(candidates["logit"])
        return kept

    def accept(self, token: int) -> None:
        """Go on by ``token``, which must be allowed."""
        llama.llama_sampler_accept(self._handle, token)

    def free(self) -> None:
        """Give the memory back. To be called once."""
        llama.llama_sampler_free(self._handle)


class Chooser:
    """Chooses the tokens of one answer; the same seed and scores choose the same."""

    def __init__(self, sampling: Sampling, seed: int, size: int) -> None:
        self._chain: Any = None if sampling.greedy else _chain(sampling, seed)
        self._everything = np.arange(size, dtype=np.int32)

    def choose(self, logits: npt.NDArray[np.float32], grammar: Grammar | None) -> int:
        """A token for float32 ``logits`` ``[vocabulary]`` that ``grammar`` allows; not yet accepted by it.

        Filtering a large vocabulary takes longer than computing it, so that the token chosen freely is looked at
        first, and others only if it is not allowed. This changes no probability: what is drawn after a refusal is
        drawn from the allowed ones, in the proportions they had.

        Raises:
            EngineError: no token may come next, or scores are not numbers.
        """
        best = int(np.argmax(logits))
        if not np.isfinite(logits[best]):
            raise EngineError("the model makes scores that are not finite numbers")
        if self._chain is None:
            return best if grammar is None or grammar.allowed([best])[0] else _best(logits, grammar)
        token = self._drawn(logits)
        if grammar is None or grammar.allowed([token])[0]:
            return token
        permitted = grammar.allowed(self._everything)
        if not permitted.any():
            raise EngineError("no token of the model fits the JSON Schema here")
        return self._drawn(np.where(permitted, logits, np.float32(-np.inf)))

    def free(self) -> None:
        """Give the memory back. To be called once."""
        if self._chain is not None:
            llama.llama_sampler_free(self._chain)

    def _drawn(self, logits: npt.NDArray[np.float32]) -> int:
        possible = np.flatnonzero(np.isfinite(logits)).astype(np.int32)
        candidates = np.zeros(len(possible), _CANDIDATE)
        candidates["id"], candidates["logit"] = possible, logits[possible]
        array = _array(candidates)
        llama.llama_sampler_apply(self._chain, ctypes.byref(array))
        if not 0 <= array.selected < array.size:
            raise EngineError("llama.cpp chose no token")
        return int(array.data[array.selected].id)


def log_probabilities(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Natural logarithms of the probabilities that ``logits`` ``[vocabulary]`` stand for."""
    wide = logits.astype(np.float64)
    wide -= wide.max()
    logs: npt.NDArray[np.float64] = wide - np.log(np.exp(wide).sum())
    return logs


def _best(logits: npt.NDArray[np.float32], grammar: Grammar) -> int:
    """The most probable allowed token, looked for among the first few before all are gone through."""
    for count in (_NEAREST, len(logits)):
        first = np.argpartition(-logits, count)[:count] if count < len(logits) else np.arange(len(logits))
        permitted = first[grammar.allowed(first)]
        if len(permitted):
            scores = logits[permitted]
            return int(permitted[scores == scores.max()].min())
    raise EngineError("no token of the model fits the JSON Schema here")


def _chain(sampling: Sampling, seed: int) -> Any:
    """Temperature first and then top-k and top-p, in the order of the other providers."""
    chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
    llama.llama_sampler_chain_add(chain, llama.llama_sampler_init_temp(sampling.temperature))
    if sampling.top_k > 0:
        llama.llama_sampler_chain_add(chain, llama.llama_sampler_init_top_k(sampling.top_k))
    if sampling.top_p < 1.0:
        llama.llama_sampler_chain_add(chain, llama.llama_sampler_init_top_p(sampling.top_p, 1))
    llama.llama_sampler_chain_add(chain, llama.llama_sampler_init_dist(seed % _SEEDS))
    return chain


def _array(candidates: npt.NDArray[np.void]) -> Any:
    """``candidates`` as llama.cpp reads and changes them, in place; the caller keeps the memory alive."""
    data = candidates.ctypes.data_as(llama.llama_token_data_p)
    return llama.llama_token_data_array(data, len(candidates), -1, False)
