"""Choosing the next token: per request, and never dependent on what else is in the batch.

transformers samples a batch from one random stream, so that an answer would change with its neighbours.
Here a row that samples draws from a generator seeded by its own request: adding independent standard
Gumbel noise to the log-probabilities and taking the largest draws from exactly their distribution (Gumbel
1954; Maddison, Tarlow and Minka 2014, section 2), so greedy decoding of all rows together serves both.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import LogitsProcessor, StoppingCriteria

from elena_wb.core import Request, Sampling


class RowSampler(LogitsProcessor):
    """Perturbs the scores of sampling rows so that their largest is a sample; greedy rows stay as they are."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self._rows = [
            (row, request.sampling, torch.Generator().manual_seed(request.seed))
            for row, request in enumerate(requests)
            if not request.sampling.greedy
        ]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores float ``[batch, vocabulary]``, of which the sampling rows are replaced."""
        if not self._rows:
            return scores
        scores = scores.float().clone()
        for row, sampling, generator in self._rows:
            noise = torch.empty(scores.shape[1]).exponential_(generator=generator)
            gumbel = -noise.clamp_min(torch.finfo(torch.float32).tiny).log()
            scores[row] = _filtered(scores[row], sampling) + gumbel.to(scores.device)
        return scores


class RowLimits(StoppingCriteria):
    """Ends each row after its own number of new tokens."""

    def __init__(self, limits: Sequence[int], prompt_length: int) -> None:
        self._limits = torch.tensor(limits)
        self._prompt_length = prompt_length

    def __call__(self, input_ids: torch.Tensor, scores: object, **kwargs: object) -> torch.Tensor:
        """Bool ``[batch]``: which rows are done."""
        return (input_ids.shape[1] - self._prompt_length >= self._limits).to(input_ids.device)


def _filtered(scores: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    """``[vocabulary]`` scores at the wanted temperature; tokens outside top-k and top-p become -inf."""
    scores = scores / sampling.temperature
    if 0 < sampling.top_k < scores.numel():
        scores = scores.masked_fill(scores < scores.topk(sampling.top_k).values[-1], -torch.inf)
    if sampling.top_p < 1.0:
        ordered, order = scores.sort(descending=True)
        probabilities = ordered.softmax(-1)
        # A token stays as long as the more probable ones before it do not reach top_p together.
        surplus = probabilities.cumsum(-1) - probabilities >= sampling.top_p
        surplus[0] = False
        scores = scores.masked_fill(torch.zeros_like(surplus).scatter(0, order, surplus), -torch.inf)
    return scores
