"""Where the places that a model can attend to lie, and which keys of its attention they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from elena_wb.core import Block, Box, ModelError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NOTHING: Mapping[str, npt.NDArray[np.int64]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The places of one request's picture.

    ``blocks`` are in pixels of the request's picture. ``keys`` is int64 ``[places]``: for each place of all blocks,
    one after the other, its position among the keys of the attention that sees the picture: for self-attention the
    column of ``input_ids`` with the padding on the left counted, for cross-attention (``cross``) the slot among the
    states of the picture. ``others`` maps names (``class token``, ``absent``) to int64 arrays of keys that belong to
    the picture and to no place of it.

    ``layers`` are the numbers of the decoder's layers that see the picture, ascending. ``question_from`` is the first
    column of ``input_ids`` after the picture: in cross-attention, rows before it mean nothing.
    """

    blocks: tuple[Block, ...]
    keys: npt.NDArray[np.int64]
    others: Mapping[str, npt.NDArray[np.int64]]
    cross: bool
    layers: tuple[int, ...]
    question_from: int

    def __post_init__(self) -> None:
        places = sum(block.places for block in self.blocks)
        if len(self.keys) != places:
            raise ModelError(
                f"The model reads the picture as {len(self.keys)} keys, where its settings make {places} places.",
                hint="The configuration and the processor of this model do not belong together, or the text holds "
                "the model's own sign for a picture. `elena-wb occlude` works with any model.",
            )


@dataclass(frozen=True, slots=True)
class Placed:
    """How a processor puts a picture on what the network is shown: ``shown = picture * scale + offset``.

    ``scale`` and ``offset`` are for x and y; what is shown is counted in pixels from its top left.
    """

    scale: tuple[float, float]
    offset: tuple[float, float] = (0.0, 0.0)

    def back(self, x: float, y: float, w: float, h: float) -> Box:
        """The rectangle of what is shown, in pixels of the picture; it may reach beyond it."""
        return Box(
            (x - self.offset[0]) / self.scale[0],
            (y - self.offset[1]) / self.scale[1],
            w / self.scale[0],
            h / self.scale[1],
        )
