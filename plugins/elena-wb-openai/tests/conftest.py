"""A home of its own for each test, small pictures to ask about, and models opened on servers of the tests' own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elena_wb_openai.options import OpenAIOptions
from elena_wb_openai.provider import OpenAIProvider

from elena_wb.core import Request, Sampling
from tests.loopback import Unreliable

SCHEMA: dict[str, Any] = {
    "title": "answer",
    "type": "object",
    "properties": {
        "emotion": {"type": "string", "enum": ["Happiness", "Sadness", "Fear", "Anger"]},
        "narrative": {"type": "string"},
    },
    "required": ["emotion", "narrative"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither the user's keys and prices nor the environment's reach a test."""
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
        "ELENA_WB_OFFLINE",
    ):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    monkeypatch.setenv("ELENA_WB_HOME", str(home))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.chdir(tmp_path)
    return home


@pytest.fixture
def question() -> Callable[..., Request]:
    """A request about the n-th of many pictures."""

    def make(number: int = 0, **fields: Any) -> Request:
        pixels = np.random.default_rng(number).integers(0, 255, (48, 64, 3), dtype=np.uint8)
        given: dict[str, Any] = {
            "system": "You look closely.",
            "user": "What does this person feel? Answer in JSON.",
            "schema": SCHEMA,
            "sampling": Sampling(),
            "seed": 5,
            "max_tokens": 64,
        }
        return Request(pixels, f"{number:064x}", **{**given, **fields})

    return make


@pytest.fixture
def opened() -> Iterator[Callable[..., Any]]:
    """Opens ``tiny-vision`` on a server (or several, or an address), and closes it at the end."""
    with ExitStack() as models:

        def open_(*servers: Unreliable | str, model: str = "tiny-vision", **options: Any) -> Any:
            urls = ",".join(server if isinstance(server, str) else server.url for server in servers)
            chosen = OpenAIOptions.model_validate({"base_url": urls, "timeout": 5.0, **options})
            made = OpenAIProvider().open(model, chosen)
            models.callback(made.close)
            return made

        yield open_
