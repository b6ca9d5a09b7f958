"""One request of a batch, as the modules of the architectures look at it, and what each of them provides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from elena_wb.core import ModelError
from elena_wb_hf.geometry.layout import Layout

ANY_MODEL = "`elena-wb occlude` works with any model."


@dataclass(frozen=True, slots=True)
class Case:
    """Row ``row`` of the ``inputs`` that ``processor`` made for ``network``.

    ``width`` and ``height`` are those of the request's picture, ``shown`` those of the picture that the processor was
    given: smaller where a limit was set.
    """

    network: Any
    processor: Any
    inputs: Mapping[str, Any]
    row: int
    width: int
    height: int
    shown: tuple[int, int]

    @property
    def config(self) -> Any:
        """The network's configuration."""
        return self.network.config

    @property
    def shrunk(self) -> tuple[float, float]:
        """How many pixels the processor was given for one of the request's picture: in x and in y."""
        return self.shown[0] / self.width, self.shown[1] / self.height

    def layers(self) -> tuple[int, ...]:
        """All layers of the decoder."""
        return tuple(range(int(self.config.get_text_config().num_hidden_layers)))

    def columns(self) -> npt.NDArray[np.int64]:
        """The columns of ``input_ids`` that stand for the picture, ascending.

        Raises:
            ModelError: there is none.
        """
        ids = self.inputs["input_ids"][self.row].cpu().numpy()
        found = np.flatnonzero(ids == self.config.image_token_id).astype(np.int64)
        if not len(found):
            raise ModelError("The model's prompt holds no sign for the picture.", hint=ANY_MODEL)
        return found

    def require_one_picture(self, pictures: int) -> None:
        """Make sure that there are as many ``pictures`` as rows.

        Raises:
            ModelError: there are not.
        """
        rows = len(self.inputs["input_ids"])
        if pictures != rows:
            raise ModelError(
                f"The processor made {pictures} pictures for {rows} questions, so it is not known which belongs where.",
                hint=ANY_MODEL,
            )


@dataclass(frozen=True, slots=True)
class Family:
    """What one module knows: the ``model_type`` of the vision towers, and the names of the classes that prepare
    pictures, less the ending that says what they compute with.

    ``require`` takes a configuration and a processor, and raises a ModelError for settings that move places in ways
    that ``layout`` does not know.
    """

    towers: tuple[str, ...]
    processors: tuple[str, ...]
    require: Callable[[Any, Any], None]
    layout: Callable[[Case], Layout]


def setting(processor: Any, name: str) -> Any:
    """A setting of the pictures' preparation: the processor's own default goes before that of its picture part."""
    own: Mapping[str, Any] = getattr(processor, "images_kwargs", None) or {}
    return own[name] if name in own else getattr(processor.image_processor, name, None)


def unknown_setting(processor: Any, why: str) -> ModelError:
    """What to raise for settings of a processor that move places in ways that are not known; ``why`` names them."""
    name = type(processor.image_processor).__name__
    return ModelError(f"Where the places lie in a picture is not known for {name} {why}.", hint=ANY_MODEL)


def shrunk_size(width: int, height: int, max_image_side: int | None) -> tuple[int, int]:
    """Width and height once a picture was made as small as :class:`elena_wb_hf.chat.Chat` makes it."""
    if max_image_side is None or max(width, height) <= max_image_side:
        return width, height
    stand_in = Image.new(
        "1", (width, height)
    )  # Pillow rounds in its own way; a picture in bits costs next to nothing
    stand_in.thumbnail((max_image_side, max_image_side))
    return stand_in.size
