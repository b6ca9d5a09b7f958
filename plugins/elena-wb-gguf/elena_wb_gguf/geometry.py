"""Where in a picture the places lie that a text model reads in its stead, by the kind of projector.

Only kinds whose way with pictures was checked against llama.cpp are here; others are refused rather than guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

from elena_wb.core import Block, Box, ModelError
from elena_wb_gguf.facts import ProjectorFacts

KNOWN = ("gemma3",)
"""``gemma3``: the picture is stretched to a square, whose patches are pooled to a square of places, row by row."""


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


def blocks(facts: ProjectorFacts, patches: Sequence[int], width: int, height: int) -> tuple[Block, ...]:
    """The grids of a picture of ``width`` x ``height`` pixels that was read in parts of so many tokens each.

    Raises:
        ModelError: the kind is not known, or does not come in such parts.
    """
    require_known(facts)
    side = isqrt(patches[0]) if len(patches) == 1 else 0
    if not side or side * side != patches[0] or facts.side % (side * facts.patch):
        raise ModelError(
            f"This `{facts.kind}` projector makes {', '.join(map(str, patches))} places of patches of "
            f"{facts.patch} pixels out of {facts.side} × {facts.side}, which is no square of whole patches."
        )
    return (Block("picture", side, side, Box(0.0, 0.0, float(width), float(height))),)
