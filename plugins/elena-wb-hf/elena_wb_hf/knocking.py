"""Knock-out: places of a picture that the text tower may not attend to while an answer is written.

In the chosen layers no row reads the key of a knocked-out place, but for the rows of knocked-out places themselves: not
those of words, and not those of the rest of the picture either, which would pass on what they read where a picture's
tokens attend to each other (Gemma 3) or to those before them. What the *vision* tower has mixed beforehand cannot be
undone: its output at other places may tell something of the region. So knock-out says what an answer needs of the
region's own places, and is no proof that the model knows nothing of it; for that, pixels have to go.

Keys of the picture that are no place of it (class token, absent tiles, padding) are knocked out with the last of its
places, so that a picture knocked out as a whole leaves nothing behind. A row that would have no key left, as happens
in cross-attention, is given no output by that attention.

Geva et al. 2023, "Dissecting Recall of Factual Associations in Auto-Regressive Language Models", section 3, block
attention edges in this way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from elena_wb.analysis.gaze import coverage
from elena_wb.core import Box, KnockOut, ModelError, Request
from elena_wb_hf.geometry import Layout, require_known

_INTERCEPTED = ("sdpa", "eager")
_TOGETHER = "together"
_HALF = 0.5 + 1e-9
_TRACE = 1e-6
_SMALL = 2.0
"""In places, the area of the largest square that covers more than half of none of them."""


def require_possible(network: Any, processor: Any) -> None:
    """Make sure that :func:`knocked_out` can do its work.

    Raises:
        ModelError: the geometry is not known, or attention is computed in a way that takes no mask of ours.
    """
    require_known(network, processor)
    implementation = network.get_decoder().config._attn_implementation
    if implementation not in _INTERCEPTED:
        raise ModelError(
            f"Nothing can be knocked out of attention that is computed by {implementation}.",
            hint="Load the model with attention=sdpa.",
        )


@contextmanager
def knocked_out(
    network: Any, layouts: Sequence[Layout | None], requests: Sequence[Request]
) -> Iterator[None]:
    """Knock out of each row of a batch what its request says; ``layouts`` are ``None`` for rows that say nothing.

    The network is left as it was, whatever happens. Rows without knock-out attend as ever.

    Raises:
        ValueError: a range of layers that the network has not, or that see no picture.
    """
    rows = [
        _Row.of(layout, request, len(_layers(network)))
        for layout, request in zip(layouts, requests, strict=True)
    ]
    with ExitStack() as stack:
        for number in sorted({layer for row in rows for layer in row.layers}):
            module, cross = _attention(network, number)
            blocker = _Blocker(number, cross, _stacked(rows, number))
            for handle in (
                module.register_forward_pre_hook(blocker.before, with_kwargs=True),
                module.register_forward_hook(blocker.after),
            ):
                stack.callback(handle.remove)
        yield


def hidden_keys(layout: Layout, knock_out: KnockOut, width: int, height: int) -> npt.NDArray[np.int64]:
    """The keys of places of which more than half of what lies in the picture lies in the boxes together.

    Boxes that touch are one region. A region that meets none of these places takes the one that it covers most of if
    it is small beside places, or if nothing would be knocked out else: a long band that is narrower than half a place
    takes none of what it runs along. Of grids that show the same twice (the crops of pan-and-scan) this holds of each.
    A box outside the picture takes none. Once all places that show anything of the picture are out, all its other
    keys are as well.
    """
    boxes = [box for box in (box.clipped(width, height) for box in knock_out.boxes) if box is not None]
    regions = {f"region {number}": region for number, region in enumerate(_regions(boxes))}
    covered = coverage(layout.blocks, width, height, {_TOGETHER: boxes, **regions})
    shares = {name: covered.of_part[:, covered.parts.index(name)] for name in covered.named}
    if not shares:
        return np.empty(0, np.int64)
    shows = covered.in_picture > 0
    out = shows & (shares.pop(_TOGETHER) > _HALF * covered.in_picture)
    taken = [place for share in shares.values() for place in _taken(share, out, layout)]
    out[taken] = True
    if not (out == shows).all():
        return layout.keys[out]
    return np.concatenate([layout.keys, *layout.others.values()])


def _regions(boxes: Sequence[Box]) -> list[list[Box]]:
    """Boxes that overlap or touch, be it through others, together."""
    regions: list[list[Box]] = []
    for box in boxes:
        apart: list[list[Box]] = []
        joined = [box]
        for region in regions:
            if any(_touch(box, other) for other in region):
                joined += region
            else:
                apart.append(region)
        regions = [*apart, joined]
    return regions


def _touch(one: Box, other: Box) -> bool:
    return (
        max(one.x, other.x) <= min(one.x + one.w, other.x + other.w) + _TRACE
        and max(one.y, other.y) <= min(one.y + one.h, other.y + other.h) + _TRACE
    )


def _taken(share: npt.NDArray[np.float64], out: npt.NDArray[np.bool_], layout: Layout) -> Iterator[int]:
    """The place that a region takes in each grid that shows most of it and has none of it in a place that is out."""
    starts = np.cumsum([0, *(block.places for block in layout.blocks)])
    grids = [slice(start, end) for start, end in pairwise(starts.tolist())]
    sizes = [
        share[grid].sum() * block.box.area / block.places
        for grid, block in zip(grids, layout.blocks, strict=True)
    ]
    for grid, size in zip(grids, sizes, strict=True):
        here = share[grid]
        missed = size > max(sizes) / 2 and here[out[grid]].sum() < _TRACE
        if missed and (here.sum() <= _SMALL or not out.any()):
            yield grid.start + int(here.argmax())


@dataclass(frozen=True, slots=True)
class _Row:
    """What one row of a batch may not attend to, and where."""

    keys: npt.NDArray[np.int64]
    layers: frozenset[int]

    @classmethod
    def of(cls, layout: Layout | None, request: Request, count: int) -> _Row:
        """Of a request to a network with ``count`` layers."""
        if layout is None or request.knock_out is None:
            return cls(np.empty(0, np.int64), frozenset())
        height, width = request.image.shape[:2]
        layers = _chosen(request.knock_out.layers, layout.layers, count)
        keys = hidden_keys(layout, request.knock_out, width, height)
        return cls(keys, layers if len(keys) else frozenset())


def _chosen(wanted: tuple[int, int] | None, seeing: Sequence[int], count: int) -> frozenset[int]:
    if wanted is None:
        return frozenset(seeing)
    first, last = wanted
    if not 0 <= first <= last < count:
        raise ValueError(f"layers {first}-{last} cannot be knocked out: the model has layers 0-{count - 1}")
    found = frozenset(seeing).intersection(range(first, last + 1))
    if not found:
        listed = ", ".join(map(str, seeing))
        raise ValueError(f"none of the layers {first}-{last} sees the picture; those that do are {listed}")
    return found


def _layers(network: Any) -> Any:
    return network.get_decoder().layers


def _attention(network: Any, number: int) -> tuple[torch.nn.Module, bool]:
    """The attention of a layer, and whether it reads the picture's states rather than the text."""
    layer = _layers(network)[number]
    cross = getattr(layer, "cross_attn", None)
    return (layer.self_attn, False) if cross is None else (cross, True)


def _stacked(rows: Sequence[_Row], layer: int) -> torch.Tensor:
    """Bool ``[rows, keys]``: what is hidden in ``layer``; keys beyond these are not."""
    keys = 1 + max(int(row.keys.max()) for row in rows if len(row.keys))
    hidden = torch.zeros(len(rows), keys, dtype=torch.bool)
    for place, row in enumerate(rows):
        if layer in row.layers:
            hidden[place, torch.from_numpy(row.keys)] = True
    return hidden


class _Blocker:
    """Hooks around the attention of one layer: they change the mask that goes in, and blank what may not come out."""

    def __init__(self, layer: int, cross: bool, hidden: torch.Tensor) -> None:
        self._layer = layer
        self._cross = cross
        self._hidden = hidden
        self._blind: torch.Tensor | None = None

    def before(
        self, module: torch.nn.Module, args: tuple[Any, ...], given: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Take the hidden keys out of the mask, which is ``[rows, 1, queries, keys]``, boolean or added to scores."""
        mask: torch.Tensor | None = given.get("attention_mask")
        states = given["hidden_states"] if "hidden_states" in given else args[0]
        self._hidden = self._hidden.to(states.device)
        queries, keys = self._positions(states.shape[1], mask, given.get("past_key_values"))
        blocked = self._at(keys)[:, None, None, :]
        if not self._cross:
            blocked = blocked & ~self._at(queries)[:, None, :, None]
        causal = not self._cross and getattr(module, "is_causal", True)
        seen = _seen(mask, queries, keys, states.device, causal=causal)
        blind = seen.any(-1, keepdim=True) & ~(seen & ~blocked).any(-1, keepdim=True)
        blocked = (
            blocked & ~blind
        )  # a softmax over nothing is no number, so these rows attend, and are blanked
        self._blind = blind[:, 0]
        if mask is None or mask.dtype == torch.bool:
            given["attention_mask"] = seen & ~blocked
        else:
            given["attention_mask"] = mask.masked_fill(blocked, torch.finfo(mask.dtype).min)
        return args, given

    def after(self, module: torch.nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        """Blank the output ``[rows, queries, size]`` of rows that had no key left."""
        blind, self._blind = self._blind, None
        assert blind is not None
        attended, *rest = output
        return attended.masked_fill(blind, 0.0), *rest

    def _positions(self, count: int, mask: torch.Tensor | None, cache: Any) -> tuple[range, range]:
        """Where in the sequence the ``count`` queries and the keys of this pass stand."""
        if self._cross:
            return range(count), range(self._hidden.shape[1] if mask is None else mask.shape[-1])
        if cache is None:
            return range(count), range(count)
        start = int(cache.get_seq_length(self._layer))
        keys, offset = (int(size) for size in cache.get_mask_sizes(count, self._layer))
        return range(start, start + count), range(offset, offset + keys)

    def _at(self, positions: range) -> torch.Tensor:
        """Bool ``[rows, positions]``."""
        known = self._hidden[:, positions.start : positions.stop]
        return torch.nn.functional.pad(known, (0, len(positions) - known.shape[1]))


def _seen(
    mask: torch.Tensor | None, queries: range, keys: range, device: torch.device, *, causal: bool
) -> torch.Tensor:
    """Bool ``[rows or 1, 1, queries, keys]``; no mask means that all keys are seen, or those up to a query's place."""
    if mask is not None:
        return mask if mask.dtype == torch.bool else mask > torch.finfo(mask.dtype).min
    if not causal:
        return torch.ones(1, 1, len(queries), len(keys), dtype=torch.bool, device=device)
    where = torch.arange(keys.start, keys.stop, device=device)
    own = torch.arange(queries.start, queries.stop, device=device)
    return (where <= own[:, None])[None, None]
