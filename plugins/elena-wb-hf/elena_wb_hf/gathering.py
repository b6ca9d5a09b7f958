"""What a capture gathers: raw attention and attention weighed by values, reduced layer by layer."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import torch

from elena_wb.core import Heads
from elena_wb_hf.capture import CHUNK, Heard
from elena_wb_hf.columns import Columns, reduced
from elena_wb_hf.rows import Rows


class Gathered(NamedTuple):
    """Of one layer, float32 on the processor: ``places`` ``[targets + 1, heads, places]``, ``kinds`` ``[targets + 1,
    heads, names]``. The last line is the baseline.
    """

    places: torch.Tensor
    kinds: torch.Tensor


class Sums:
    """Means over rows, added up chunk by chunk; ``rows`` and ``columns`` must be on the same device."""

    def __init__(self, rows: Rows, columns: Columns, heads: Heads) -> None:
        self._rows = rows
        self._columns = columns
        self._heads = heads
        self._places: torch.Tensor | None = None
        self._kinds: torch.Tensor | None = None

    def add(self, weights: torch.Tensor, chosen: slice) -> None:
        """Weights ``[heads, rows, keys]`` of the chosen rows."""
        if self._heads == "mean":
            weights = weights.mean(0, keepdim=True)
        places, kinds = (reduced(part, self._heads) for part in self._columns.split(weights))
        shares = self._rows.shares[:, chosen]
        places = torch.einsum("hrp,tr->thp", places, shares)
        kinds = torch.einsum("hrk,tr->thk", kinds, shares)
        self._places = places if self._places is None else self._places.add_(places)
        self._kinds = kinds if self._kinds is None else self._kinds.add_(kinds)

    def gathered(self) -> Gathered:
        """What came together."""
        if self._places is None or self._kinds is None:
            lines, heads = len(self._rows.shares), 1
            return Gathered(
                torch.zeros(lines, heads, len(self._columns.places)),
                torch.zeros(lines, heads, len(self._columns.names)),
            )
        return Gathered(self._places.cpu(), self._kinds.cpu())


class Shares:
    """The share of each key in the rows: ``raw``, or with ``by_value`` as ``value-norm`` (a listener)."""

    def __init__(
        self, layers: Collection[int], rows: Rows, columns: Columns, heads: Heads, *, by_value: bool
    ) -> None:
        self._layers = frozenset(layers)
        self._rows = rows
        self._columns = columns
        self._heads = heads
        self._by_value = by_value
        self.found: dict[int, Gathered] = {}

    def wants(self, layer: int) -> bool:
        """See :class:`~elena_wb_hf.capture.Listener`."""
        return layer in self._layers

    def hear(self, heard: Heard) -> None:
        """See :class:`~elena_wb_hf.capture.Listener`."""
        device = heard.query.device
        rows = self._rows.to(device)
        sums = Sums(rows, self._columns.to(device), self._heads)
        norms = heard.value.float().norm(dim=-1) if self._by_value else None
        for start in range(0, len(rows.at), CHUNK):
            chosen = slice(start, start + CHUNK)
            weights = heard.probabilities(rows.at[chosen])
            if norms is not None:
                weights = _by_value(weights, norms)
            sums.add(weights, chosen)
        self.found[heard.layer] = sums.gathered()


def _by_value(weights: torch.Tensor, norms: torch.Tensor) -> torch.Tensor:
    """Weights ``[heads, rows, keys]`` times the norms ``[groups, keys]`` of the values, as shares of their sum."""
    groups, keys = norms.shape
    weighed = weights.view(groups, -1, keys).mul_(norms[:, None]).view_as(weights)
    return weighed.div_(weighed.sum(-1, keepdim=True).clamp_min_(torch.finfo(weighed.dtype).tiny))
