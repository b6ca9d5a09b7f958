"""Gradient × attention: what each weight does for the words that were written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from elena_wb.core import Heads
from elena_wb_hf.capture import Heard, captured
from elena_wb_hf.columns import Columns, reduced
from elena_wb_hf.gathering import Gathered
from elena_wb_hf.rows import Rows


class Kept:
    """Keeps the probabilities of the rows of each layer and puts them in the path of the output (a listener)."""

    def __init__(self, layers: Collection[int], rows: torch.Tensor) -> None:
        self._layers = frozenset(layers)
        self._rows = rows
        self.probabilities: dict[int, torch.Tensor] = {}

    def wants(self, layer: int) -> bool:
        """See :class:`~elena_wb_hf.capture.Listener`."""
        return layer in self._layers

    def hear(self, heard: Heard) -> tuple[torch.Tensor, torch.Tensor]:
        """See :class:`~elena_wb_hf.capture.Listener`."""
        rows = self._rows.to(heard.query.device)
        kept = heard.probabilities(rows)
        if not kept.requires_grad:
            kept.requires_grad_(True)
        self.probabilities[heard.layer] = kept
        return rows, heard.values_weighed(kept)


def gradient_times_attention(
    network: Any,
    inputs: Mapping[str, Any],
    layers: Sequence[int],
    rows: Rows,
    columns: Columns,
    heads: Heads,
) -> dict[int, Gathered]:
    """The positive part of attention times the gradient of the target's log-probability with respect to it.

    Chefer et al. 2021, "Generic Attention-model Explainability", equation 5, for the rows of each target apart: the
    log-probability is the sum over its tokens, and each weight is what went into the output of its layer. The line of
    the baseline is 0, as no words are explained by it.

    Memory: everything that the layers above the lowest one wanted compute for all tokens stays until the end, about
    ``layers × tokens × (6 × hidden + 3 × intermediate)`` numbers, and float32 ``layers × heads × rows × tokens``
    probabilities twice. One pass back for each target.
    """
    targets = rows.shares[:-1]
    used = targets.any(0)
    if not used.any():
        used[:1] = True  # one row tells how many heads there are
    at, targets = rows.at[used], targets[:, used]
    kept = Kept(layers, at)
    with torch.enable_grad(), _frozen(network), captured(network, kept):
        ids = inputs["input_ids"]
        logits = network(**inputs, use_cache=False, logits_to_keep=at.to(ids.device)).logits[0]
        chosen = ids[0, (at + 1).to(ids.device)].to(logits.device)
        scores = torch.log_softmax(logits.float(), dim=-1).gather(1, chosen[:, None])[:, 0]
        order = [layer for layer in layers if layer in kept.probabilities]
        weights = [kept.probabilities[layer] for layer in order]
        lines: list[list[Gathered]] = []
        for number, share in enumerate(targets):
            share = share.to(scores.device)
            gradients = (
                torch.autograd.grad(
                    scores[share > 0].sum(),
                    weights,
                    retain_graph=number + 1 < len(targets),
                    allow_unused=True,
                )
                if bool(share.any())
                else [None] * len(weights)
            )
            lines.append(
                [_line(*pair, share, columns, heads) for pair in zip(weights, gradients, strict=True)]
            )
    return {layer: _stacked([line[place] for line in lines]) for place, layer in enumerate(order)}


def _line(
    weights: torch.Tensor,
    gradient: torch.Tensor | None,
    share: torch.Tensor,
    columns: Columns,
    heads: Heads,
) -> Gathered:
    """The mean over the rows of one target: ``[heads, places]`` and ``[heads, names]``."""
    chosen = share.to(weights.device) > 0
    weights = weights.detach()[:, chosen]
    product = torch.zeros_like(weights) if gradient is None else (weights * gradient[:, chosen]).relu_()
    parts = columns.to(weights.device).split(product)
    return Gathered(*(reduced(part, heads).sum(1).div(max(int(chosen.sum()), 1)).cpu() for part in parts))


def _stacked(lines: Sequence[Gathered]) -> Gathered:
    """One line for each target, and one of zeros for the baseline."""
    return Gathered(*(torch.stack([*part, torch.zeros_like(part[0])]) for part in zip(*lines, strict=True)))


@contextmanager
def _frozen(network: Any) -> Iterator[None]:
    """No gradients of weights, which would need the memory of training.

    Weights that accelerate fetches for a moment (``spread``) become inference tensors, and can never ask for any again.
    """
    asking = [weight for weight in network.parameters() if weight.requires_grad]
    for weight in asking:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in asking:
            if not weight.is_inference():
                weight.requires_grad_(True)
