"""A key that is none, requests about noise, and models opened at servers of the tests' own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elena_wb_gemini.options import GeminiOptions
from elena_wb_gemini.provider import GeminiProvider

from elena_wb.core import Model, Request, Sampling
from tests.loopback import Unreliable

_KEY = "AIzaSyFake-key+of/these=tests0123456789"
_SCHEMA = {
    "title": "answer",
    "type": "object",
    "properties": {
        "narrative": {"type": "string", "minLength": 3},
        "emotion": {"type": "string", "enum": ["Anger", "Fear", "Joy"]},
        "valence": {"type": "integer", "minimum": 1, "maximum": 10},
    },
    "required": ["narrative", "emotion"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, this key, and nothing else from the environment that the client would heed."""
    for name in ("ELENA_WB_OFFLINE", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_GENAI_API_VERSION", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ELENA_WB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GOOGLE_API_KEY", _KEY)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def key() -> str:
    """The key that models are opened with; it must show nowhere."""
    return _KEY


@pytest.fixture
def question() -> Callable[..., Request]:
    """Makes a request about a picture of noise; the same number gives the same pixels."""

    def make(picture: int = 0, *, size: tuple[int, int] = (24, 32), **fields: Any) -> Request:
        pixels = np.random.default_rng(picture).integers(0, 256, (*size, 3), dtype=np.uint8)
        fields.setdefault("system", "You describe pictures.")
        fields.setdefault("user", "How does the person feel?")
        fields.setdefault("schema", _SCHEMA)
        return Request(pixels, f"{picture}-{size}", sampling=fields.pop("sampling", Sampling()), **fields)

    return make


@pytest.fixture
def open_at() -> Iterator[Callable[..., Model]]:
    """Opens a model at a server and closes it when the test is over."""
    opened: list[Model] = []

    def open_model(server: Unreliable, name: str = "gemini-2.5-flash", **options: Any) -> Model:
        model = GeminiProvider().open(name, GeminiOptions(base_url=server.url, **options))
        opened.append(model)
        return model

    yield open_model
    for model in opened:
        model.close()
