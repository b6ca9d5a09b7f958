"""Finding out which key of a network sees which pixels, by changing pixels and looking at what it is given.

The attention inside the vision tower is switched off first, which mixes places: then a key's embedding depends on the
pixels of its own place and on nothing else, through everything between the processor and the language model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from elena_wb_hf.geometry import Layout, layout

from elena_wb.core import Box, Request

_MIXERS = ("out_proj", "o_proj", "attn.proj")  # what writes the outcome of attention, in the towers known


@dataclass(frozen=True)
class Seen:
    """What the network was given for one picture: float32 ``[keys, features]``, and where the keys lie."""

    keys: npt.NDArray[np.float32]
    where: Layout

    def places(self) -> list[Box]:
        return [block.place(k) for block in self.where.blocks for k in range(block.places)]


class _EnoughSeen(Exception):  # noqa: N818 - no error: what the language model makes of it is not asked for
    """Ends a pass once the language model would begin."""


@contextmanager
def unmixed(network: Any) -> Iterator[None]:
    """The vision tower without attention; put right again afterwards."""
    tower = [
        module
        for name, module in network.named_modules()
        if ("vision" in name or "visual" in name) and name.endswith(_MIXERS)
    ]
    assert tower
    weights = [weight for module in tower for weight in module.parameters()]
    kept = [weight.detach().clone() for weight in weights]
    with torch.no_grad():
        for weight in weights:
            weight.zero_()
    try:
        yield
    finally:
        with torch.no_grad():
            for weight, was in zip(weights, kept, strict=True):
                weight.copy_(was)


def look(model: Any, pictures: Sequence[npt.NDArray[np.uint8]], request: Request) -> list[Seen]:
    """What the language model is given for each of these pictures, which are asked about in one batch."""
    chat, network = model._chat, model.network
    requests = [replace(request, image=picture) for picture in pictures]
    inputs = chat.inputs(requests)
    given: list[torch.Tensor] = []

    def keep(states: torch.Tensor) -> None:
        given.append(states)
        raise _EnoughSeen

    cross = getattr(network.config.get_text_config(), "cross_attention_layers", None)
    if cross:
        reader = network.model.language_model.layers[cross[0]].cross_attn.k_proj
        hook = reader.register_forward_hook(lambda module, states, out: keep(states[0]))
    else:
        hook = network.model.language_model.register_forward_pre_hook(
            lambda module, args, kwargs: keep(kwargs["inputs_embeds"]), with_kwargs=True
        )
    try:
        with torch.inference_mode(), suppress(_EnoughSeen):
            network(**inputs)
    finally:
        hook.remove()
    features = given[0].reshape(len(pictures), -1, given[0].shape[-1]).float().numpy()
    height, width = pictures[0].shape[:2]
    return [
        Seen(
            features[row],
            layout(
                network,
                chat.processor,
                inputs,
                row,
                width,
                height,
                max_image_side=chat.max_image_side,
            ),
        )
        for row in range(len(pictures))
    ]


def ground(width: int, height: int) -> npt.NDArray[np.uint8]:
    """A picture of noise, so that no place looks like another."""
    rng = np.random.default_rng(width * 10_000 + height)
    return rng.integers(60, 140, (height, width, 3), dtype=np.uint8)


def planted(picture: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.uint8]:
    """``picture`` with a bright patch at ``box``, in whole pixels."""
    changed = picture.copy()
    changed[int(box.y) : int(box.y + box.h), int(box.x) : int(box.x + box.w)] = 255
    return changed


def reach(where: Layout, network: Any) -> tuple[float, float]:
    """How far a pixel can be smeared by resizing, in pixels of the picture: in x and in y.

    Three pixels of the coarser of the two pictures, which no filter in use exceeds, and one for rounding.
    """
    block = where.blocks[0]
    vision = network.config.vision_config
    pool = getattr(vision, "spatial_merge_size", 1)
    if network.config.model_type == "gemma3":
        pool = vision.image_size // vision.patch_size // block.columns
    fine = vision.patch_size * pool
    wide, high = block.box.w / block.columns / fine, block.box.h / block.rows / fine
    return 3 * max(1.0, wide) + 1, 3 * max(1.0, high) + 1


def touched(place: Box, patch: Box, by: tuple[float, float]) -> bool:
    """Whether ``place`` is no farther than ``by`` from ``patch``."""
    return (
        place.x < patch.x + patch.w + by[0]
        and patch.x < place.x + place.w + by[0]
        and place.y < patch.y + patch.h + by[1]
        and patch.y < place.y + place.h + by[1]
    )


def inside(place: Box, width: int, height: int) -> Box | None:
    """The whole pixels of the picture that lie within ``place``; ``None`` where there are none."""
    seen = place.clipped(width, height)
    if seen is None:
        return None
    left, top = math.ceil(seen.x - 1e-9), math.ceil(seen.y - 1e-9)
    right, bottom = math.floor(seen.x + seen.w + 1e-9), math.floor(seen.y + seen.h + 1e-9)
    return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None


def patches(model: Any, request: Request, every: int = 1) -> list[tuple[int, Box]]:
    """Each ``every``-th place that holds whole pixels of the request's picture, and those pixels."""
    height, width = request.image.shape[:2]
    (seen,) = look(model, [request.image], request)
    found = [(k, inside(place, width, height)) for k, place in enumerate(seen.places())]
    return [(k, box) for k, box in found if box is not None][::every]


def assert_each_patch_is_found(model: Any, request: Request, every: int = 1) -> int:
    """Plant a bright patch in one place after another.

    The key that the layout names must change most of all keys of its block, and no key whose place is out of the
    patch's reach may change at all, the class tokens and what is absent included. Returns how many were planted.
    """
    wanted = patches(model, request, every)
    for start in range(0, len(wanted), 12):
        some = wanted[start : start + 12]
        pictures = [request.image, *(planted(request.image, box) for _, box in some)]
        with unmixed(model.network):
            before, *after = look(model, pictures, request)
        by = reach(before.where, model.network)
        for (k, patch), seen in zip(some, after, strict=True):
            change = np.linalg.norm(seen.keys - before.keys, axis=1)
            block = _keys_of_its_block(seen.where, k)
            assert block[int(np.argmax(change[block]))] == seen.where.keys[k], (k, patch)
            allowed = [
                key
                for key, place in zip(seen.where.keys, seen.places(), strict=True)
                if touched(place, patch, by)
            ]
            assert set(np.flatnonzero(change > 1e-4)) <= set(allowed), (k, patch)
    return len(wanted)


def _keys_of_its_block(where: Layout, k: int) -> npt.NDArray[np.int64]:
    start = 0
    for block in where.blocks:
        if k < start + block.places:
            return where.keys[start : start + block.places]
        start += block.places
    raise IndexError(k)


def assert_exact_to_the_pixel(model: Any, request: Request) -> None:
    """Where nothing is resized: the first and the last pixel of each place change its key and no other."""
    for k, box in patches(model, request):
        corners = [Box(box.x, box.y, 1, 1), Box(box.x + box.w - 1, box.y + box.h - 1, 1, 1)]
        pictures = [request.image, *(planted(request.image, corner) for corner in corners)]
        with unmixed(model.network):
            before, *after = look(model, pictures, request)
        for seen in after:
            changed = np.flatnonzero(np.abs(seen.keys - before.keys).max(axis=1) > 1e-4)
            assert changed.tolist() == [seen.where.keys[k]], (k, box)
