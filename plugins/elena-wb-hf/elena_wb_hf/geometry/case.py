"""One request of a batch, as the modules of the architectures look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from elena_wb.core import ModelError

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
    def shrunk(self) -> tuple[float, float]:
        """Pixels that the processor was given for one of the request's picture: in x and in y."""
        return self.shown[0] / self.width, self.shown[1] / self.height

    def layers(self) -> tuple[int, ...]:
        """All layers of the decoder."""
        return tuple(range(int(self.network.config.get_text_config().num_hidden_layers)))

    def columns(self) -> npt.NDArray[np.int64]:
        """The columns of ``input_ids`` that stand for the picture, ascending.

        Raises:
            ModelError: there is none.
        """
        ids = self.inputs["input_ids"][self.row].cpu().numpy()
        found = np.flatnonzero(ids == self.network.config.image_token_id).astype(np.int64)
        if not len(found):
            raise ModelError("The model's prompt holds no sign for the picture.", hint=ANY_MODEL)
        return found

    def require_one_picture(self, pictures: int) -> None:
        """Raises:
        ModelError: there are not as many ``pictures`` as rows.
        """
        rows = len(self.inputs["input_ids"])
        if pictures != rows:
            raise ModelError(
                f"The processor made {pictures} pictures of the {rows} that it was given, so it is not known which "
                "is which.",
                hint=ANY_MODEL,
            )


def shrunk_size(width: int, height: int, max_image_side: int | None) -> tuple[int, int]:
    """Width and height once a picture was made as small as :class:`elena_wb_hf.chat.Chat` makes it."""
    if max_image_side is None or max(width, height) <= max_image_side:
        return width, height
    stand_in = Image.new(
        "1", (width, height)
    )  # Pillow rounds in its own way; one bit a pixel costs next to nothing
    stand_in.thumbnail((max_image_side, max_image_side))
    return stand_in.size


def refuse(processor: Any, why: str) -> ModelError:
    """What to raise for a processor that prepares pictures in a way that is not known here."""
    name = type(processor.image_processor).__name__
    return ModelError(f"Where the places lie in a picture is not known for {name} {why}.", hint=ANY_MODEL)


def require_processor(processor: Any, known: tuple[str, ...], settings: Mapping[str, Any]) -> None:
    """Make sure that pictures are prepared by one of the classes ``known`` and with these ``settings``.

    Names are compared without the ending that says what the class computes with.

    Raises:
        ModelError: they are not; names the class or the setting.
    """
    image_processor = processor.image_processor
    name = type(image_processor).__name__
    if name.removesuffix("Pil").removesuffix("Fast") not in known:
        raise refuse(processor, "with this architecture")
    for setting, wanted in settings.items():
        value = getattr(image_processor, setting, None)
        if bool(value) is not wanted:
            raise refuse(processor, f"with {setting}={value}")
