"""Tiny models of four real architectures, built once per session, and pictures to show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from elena_wb_hf.options import HFOptions
from elena_wb_hf.provider import HFProvider

from elena_wb.core import Request, Sampling

if TYPE_CHECKING:
    from elena_wb_hf.model import HFModel


@pytest.fixture(scope="session", autouse=True)
def _home_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ELENA_WB_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("ELENA_WB_OFFLINE", raising=False)
        yield


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    from elena_wb_hf import testing  # imports torch, which collecting the tests need not wait for

    root = tmp_path_factory.mktemp("models")
    return {name: build(root / name) for name, build in testing.BUILDERS.items()}


@pytest.fixture(scope="session")
def opened(folders: dict[str, Path]) -> Iterator[Callable[..., HFModel]]:
    """Opens an architecture once for each set of options and shares it."""
    models: dict[tuple[str, str], HFModel] = {}

    def open_model(name: str, **options: Any) -> HFModel:
        key = (name, repr(sorted(options.items())))
        if key not in models:
            chosen = HFOptions(dtype="float32", device="cpu", **options)
            models[key] = HFProvider().open(str(folders[name]), chosen)
        return models[key]

    yield open_model
    for model in models.values():
        model.close()


@pytest.fixture
def question() -> Callable[..., Request]:
    """Makes a request about a picture of noise; the same ``picture`` number gives the same pixels."""

    def make(
        user: str = "What do you see?",
        *,
        picture: int = 0,
        size: tuple[int, int] = (60, 80),
        temperature: float = 0.0,
        **fields: Any,
    ) -> Request:
        pixels = np.random.default_rng(picture).integers(0, 256, (*size, 3), dtype=np.uint8)
        fields.setdefault("system", "You describe pictures.")
        fields.setdefault("max_tokens", 12)
        return Request(pixels, f"{picture}", user=user, sampling=Sampling(temperature=temperature), **fields)

    return make
