"""Rollout: attention followed through the layers, from the words down to what was read in."""

from __future__ import annotations

from collections.abc import Collection

import torch

from elena_wb.core import ModelError
from elena_wb_hf.capture import CHUNK, Heard
from elena_wb_hf.columns import Columns
from elena_wb_hf.gathering import Gathered
from elena_wb_hf.rows import Rows


class Rollout:
    """The product of ``(attention + identity) / 2`` over the layers, heads averaged (a listener).

    Abnar and Zuidema 2020, "Quantifying Attention Flow in Transformers", section 3. Of the product only the columns of
    the places and the sums of all else are carried along, which is exact because each layer multiplies from the left:
    two matrices ``[tokens, places + kinds]`` are in memory instead of two ``[tokens, tokens]``. Every layer up to the
    last one wanted has all of its rows computed.
    """

    def __init__(self, layers: Collection[int], rows: Rows, columns: Columns) -> None:
        self._layers = frozenset(layers)
        self._rows = rows
        self._columns = columns
        self._flow: torch.Tensor | None = None
        self._next = 0
        self.found: dict[int, Gathered] = {}

    def wants(self, layer: int) -> bool:
        """See :class:`~elena_wb_hf.capture.Listener`."""
        return bool(self._layers) and layer <= max(self._layers)

    def hear(self, heard: Heard) -> None:
        """See :class:`~elena_wb_hf.capture.Listener`.

        Raises:
            ModelError: a layer is missing, so that the product would be wrong.
        """
        tokens, keys = heard.query.shape[1], heard.key.shape[1]
        if heard.layer != self._next or keys != tokens:
            raise ModelError("Rollout needs the self-attention of every layer, one after the other.")
        self._next += 1
        device = heard.query.device
        columns = self._columns.to(device)
        before = _begun(columns) if self._flow is None else self._flow.to(device)
        after = before / 2
        for start in range(0, tokens, CHUNK):
            chosen = torch.arange(start, min(start + CHUNK, tokens), device=device)
            after[chosen] += heard.probabilities(chosen).mean(0) @ before / 2
        self._flow = after
        if heard.layer in self._layers:
            self.found[heard.layer] = self._gathered(after)

    def _gathered(self, flow: torch.Tensor) -> Gathered:
        rows = self._rows.to(flow.device)
        means = (rows.shares @ flow[rows.at]).cpu()[:, None]
        places = len(self._columns.places)
        return Gathered(means[..., :places].contiguous(), means[..., places:].contiguous())


def _begun(columns: Columns) -> torch.Tensor:
    """The identity, its columns summed by kind: float32 ``[keys, places + kinds]``."""
    places = torch.zeros(len(columns.kinds), len(columns.places), device=columns.kinds.device)
    places[columns.places, torch.arange(len(columns.places), device=places.device)] = 1.0
    return torch.cat([places, columns.kinds], dim=1)
