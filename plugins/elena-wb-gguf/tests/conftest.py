"""The embedded model as GGUF files, written once per session, and pictures to show it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from elena_wb_gguf.loading import Loading

from elena_wb.core import ModelCard, Request

if TYPE_CHECKING:
    from elena_wb_gguf.model import GGUFModel


@pytest.fixture(scope="session", autouse=True)
def _home_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ELENA_WB_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("ELENA_WB_OFFLINE", raising=False)
        yield


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Path]]:
    """Text model and projector in a format (``f32``), written on first use."""
    from elena_wb_tiny.gguf_export import export_gguf
    from elena_wb_tiny.provider import WEIGHTS

    root, made = tmp_path_factory.mktemp("gguf"), {}

    def files(format_name: str = "f32") -> tuple[Path, Path]:
        if format_name not in made:
            made[format_name] = export_gguf(WEIGHTS, root / format_name, format_name, ())
        return made[format_name]

    return files


@pytest.fixture(scope="session")
def picture() -> Callable[..., np.ndarray]:
    """A picture of coloured blocks: uint8 RGB ``[height, width, 3]``, another for each seed."""

    def draw(seed: int = 0, width: int = 90, height: int = 60) -> np.ndarray:
        blocks = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), dtype=np.uint8)
        rows, columns = np.arange(height) * 4 // height, np.arange(width) * 6 // width
        return np.ascontiguousarray(blocks[rows][:, columns])

    return draw


@pytest.fixture(scope="session")
def question(picture: Callable[..., np.ndarray]) -> Callable[..., Request]:
    """A request about a picture; ``seen`` is the picture's seed."""

    def ask(user: str = "Tell what this person feels.", *, seen: int = 0, **given: Any) -> Request:
        image = given.pop("image", None)
        image = picture(seen) if image is None else image
        digest = hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()
        settings = {"system": "You look at pictures.", "max_tokens": 24} | given
        return Request(image=image, image_digest=digest, user=user, **settings)

    return ask


@pytest.fixture
def card() -> ModelCard:
    return ModelCard(uri="gguf:tiny", name="tiny", digest="0" * 64)


@pytest.fixture
def opened(exported: Any, card: ModelCard) -> Iterator[Callable[..., GGUFModel]]:
    """Opens the embedded model in a child process, with what is given of a ``Loading``."""
    from elena_wb_gguf.model import GGUFModel, open_model  # collecting need not wait for it

    models: list[GGUFModel] = []

    def open_one(**given: Any) -> GGUFModel:
        text, projector = exported()
        settings: dict[str, Any] = {"text": text, "projector": projector, "threads": 1} | given
        model = open_model(Loading(**settings), card)
        assert isinstance(model, GGUFModel)
        models.append(model)
        return model

    yield open_one
    for model in models:
        model.close()
