"""Whether a record of attention is what it says it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from elena_wb.core import AttentionQuestion, AttentionRecord, Block, Request
from elena_wb.testing.inspection import must


def check_record(record: AttentionRecord, request: Request, question: AttentionQuestion) -> None:
    """Hold a record against its own description and the question that it answers.

    Raises:
        Unmet: a shape, a type or a number is not as :class:`elena_wb.core.AttentionRecord` says.
    """
    must(isinstance(record, AttentionRecord), f"{record!r}, which is no AttentionRecord")
    _check_blocks(record, request)
    _check_axes(record, question)
    targets, layers = len(question.targets), len(record.layers)
    heads, places = len(record.heads), sum(block.places for block in record.blocks)
    known = np.array(record.tokens) > 0
    _check_numbers("weights", record.weights, (targets, layers, heads, places), known)
    for name, mass in record.elsewhere.items():
        must(isinstance(name, str) and name, f"elsewhere holds the name {name!r}")
        _check_numbers(f"elsewhere[{name!r}]", mass, (targets, layers, heads), known)
    if record.baseline is not None:
        everywhere = np.ones(layers, bool)
        if not request.user and bool(np.isnan(record.baseline).all()):
            everywhere[:] = False
        _check_numbers("baseline", record.baseline, (layers, heads, places), everywhere)


def _check_blocks(record: AttentionRecord, request: Request) -> None:
    height, width = request.image.shape[:2]
    must(record.blocks, "a record without blocks")
    for block in record.blocks:
        must(isinstance(block, Block), f"{block!r}, which is no Block")
        must(
            block.rows >= 1 and block.columns >= 1,
            f"a block of {block.rows} rows and {block.columns} columns",
        )
        corners = (block.box.x, block.box.y, block.box.w, block.box.h)
        must(bool(np.isfinite(corners).all()) and block.box.area > 0, f"a block over {block.box}")
    seen = [block.box.clipped(width, height) for block in record.blocks]
    must(any(seen), f"no block lies in the picture, which is {width}×{height}: {record.blocks}")


def _check_axes(record: AttentionRecord, question: AttentionQuestion) -> None:
    layers = record.layers
    must(
        layers and all(_is_count(layer) for layer in layers) and len(set(layers)) == len(layers),
        f"the layers are {layers!r}",
    )
    if question.layers is None:
        must(list(layers) == sorted(layers), f"the layers are {layers!r}, out of order")
    if question.heads == "each":
        must(
            record.heads and all(_is_count(head) for head in record.heads), f"the heads are {record.heads!r}"
        )
    else:
        must(
            record.heads == (None,), f"the heads are {record.heads!r}, where their {question.heads} is asked"
        )
    for name in ("tokens", "first_token"):
        counts = getattr(record, name)
        sound = len(counts) == len(question.targets) and all(_is_count(count) for count in counts)
        must(sound, f"{name} is {counts!r}, for {len(question.targets)} targets")
    for target, tokens in zip(question.targets, record.tokens, strict=True):
        must(
            not tokens or any(end > start for start, end in target.spans),
            f"{tokens} tokens for `{target.name}`, which has no text",
        )
    must(all(isinstance(note, str) for note in record.notes), f"the notes are {record.notes!r}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check_numbers(what: str, numbers: Any, shape: tuple[int, ...], known: Any) -> None:
    """``known`` says which of the first axis are numbers; the others are NaN."""
    must(isinstance(numbers, np.ndarray) and numbers.dtype == np.float32, f"{what} is no float32 array")
    must(numbers.shape == shape, f"{what} has the shape {numbers.shape}, and {shape} is what it stands for")
    must(bool(np.isfinite(numbers[known]).all()), f"{what} is not finite")
    negative = int((numbers[known] < 0).sum())
    must(not negative, f"{what} holds {negative} negative numbers")
    must(bool(np.isnan(numbers[~known]).all()), f"{what} has numbers for a target without a token")
