"""What can be attended to, in kinds: the places of the picture one by one, all else as a few sums."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from elena_wb.core import Heads
from elena_wb_hf.geometry import Layout

BEGINNING, QUESTION, ANSWER, REST = "beginning", "question", "answer", "rest"


@dataclass(frozen=True, slots=True)
class Columns:
    """``places`` is int64 ``[places]``: the key of each; ``kinds`` is float32 ``[keys, names]`` with a 1 where a key
    is of that kind. A key is either a place or of one kind.
    """

    places: torch.Tensor
    names: tuple[str, ...]
    kinds: torch.Tensor

    @classmethod
    def of(cls, layout: Layout, tokens: int, prompt: int) -> Columns:
        """Of the attention that sees the picture, in ``tokens`` tokens of which the first ``prompt`` are no answer."""
        keys = tokens
        if layout.cross:
            keys = 1 + max(int(some.max()) for some in (layout.keys, *layout.others.values()) if len(some))
        places = torch.from_numpy(layout.keys)
        kind = torch.full((keys,), -1, dtype=torch.int64)
        names = list(layout.others)
        for number, others in enumerate(layout.others.values()):
            kind[torch.from_numpy(others)] = number
        free = kind < 0
        free[places] = False
        if layout.cross:
            names += [REST] if free.any() else []
            kind[free] = len(names) - 1
        else:
            position = torch.arange(keys)
            for name, where in (
                (BEGINNING, position == 0),
                (QUESTION, (position > 0) & (position < prompt)),
                (ANSWER, position >= prompt),
            ):
                kind[free & where] = len(names)
                names.append(name)
        kinds = torch.zeros(keys, len(names))
        known = kind >= 0
        known[places] = False
        kinds[known, kind[known]] = 1.0
        return cls(places, tuple(names), kinds)

    def to(self, device: torch.device) -> Columns:
        """The same on another device."""
        return Columns(self.places.to(device), self.names, self.kinds.to(device))

    def split(self, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Weights ``[…, keys]`` as those of the places ``[…, places]`` and the sums of the kinds ``[…, names]``."""
        return weights[..., self.places], weights @ self.kinds


def reduced(weights: torch.Tensor, heads: Heads) -> torch.Tensor:
    """Weights ``[heads, …]`` as ``[1, …]``, their mean or the largest of them, or as they are."""
    if heads == "mean":
        return weights.mean(0, keepdim=True)
    return weights.amax(0, keepdim=True) if heads == "max" else weights
