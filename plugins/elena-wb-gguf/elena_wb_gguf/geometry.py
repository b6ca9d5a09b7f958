"""Where in a picture the places lie that a text model reads in its stead, by the kind of projector.

Only kinds whose way with pictures was checked against llama.cpp are here; others are refused rather than guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, isqrt
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from elena_wb.core import Block, Box, ModelError
from elena_wb_gguf.facts import ProjectorFacts

KNOWN: Mapping[str, str] = MappingProxyType(
    {
        "gemma3": "stretched",
        "qwen2vl_merger": "letterboxed",
        "qwen2.5vl_merger": "letterboxed",
    }
)
"""What becomes of a picture, by the kind of projector.

``stretched``: this plugin makes a square of it, whose patches are pooled to a square of places. ``letterboxed``:
llama.cpp resizes it to whole double patches, keeping its shape, and pads what is left over. Places go row by row.
"""

_NAME = "picture"


class Part(NamedTuple):
    """A picture as it is read: its tokens, and the grid that llama.cpp says they are."""

    tokens: int
    columns: int
    rows: int


def require_known(facts: ProjectorFacts) -> None:
    """Make sure that the places of this kind of projector are known.

    Raises:
        ModelError: they are not.
    """
    if facts.kind not in KNOWN or not (facts.side and facts.patch):
        raise ModelError(
            f"Where the places of a `{facts.kind or 'nameless'}` projector lie in a picture is not known here, so "
            "that nobody can tell where the model looked.",
            hint="`elena-wb occlude` works with any model: it hides parts and tells what changes.",
        )


def blocks(facts: ProjectorFacts, parts: Sequence[Part], width: int, height: int) -> tuple[Block, ...]:
    """The grids of a picture of ``width`` x ``height`` pixels that was read in these parts.

    Raises:
        ModelError: the kind is not known, or does not come in such parts.
    """
    require_known(facts)
    if len(parts) != 1:
        raise ModelError(f"This `{facts.kind}` projector reads a picture in {len(parts)} parts, not in one.")
    if KNOWN[facts.kind] == "stretched":
        return (_stretched(facts, parts[0], float(width), float(height)),)
    return (_letterboxed(facts, parts[0], width, height),)


def _stretched(facts: ProjectorFacts, part: Part, width: float, height: float) -> Block:
    count = isqrt(part.tokens)
    if count * count != part.tokens or facts.side % (count * facts.patch):
        raise ModelError(
            f"This `{facts.kind}` projector makes {part.tokens} places of patches of {facts.patch} pixels out of "
            f"{facts.side} × {facts.side}, which is no square of whole patches."
        )
    return Block(_NAME, count, count, Box(0.0, 0.0, width, height))


def _letterboxed(facts: ProjectorFacts, part: Part, width: int, height: int) -> Block:
    """The canvas in pixels of the picture; sizes are rounded as llama.cpp does, in float32."""
    if part.columns * part.rows != part.tokens:
        raise ModelError(
            f"This `{facts.kind}` projector makes {part.tokens} places of {part.columns} × {part.rows}."
        )
    wide, high = 2 * facts.patch * part.columns, 2 * facts.patch * part.rows
    scale = min(np.float32(wide) / np.float32(width), np.float32(high) / np.float32(height))
    shown = [min(ceil(np.float32(size) * scale), most) for size, most in ((width, wide), (height, high))]
    left, top = (wide - shown[0]) // 2, (high - shown[1]) // 2
    across, down = width / shown[0], height / shown[1]  # pixels of the picture for one of the canvas
    return Block(_NAME, part.rows, part.columns, Box(-left * across, -top * down, wide * across, high * down))
