"""Models on servers, as a user names them, and what is needed to run the program against the servers of the tests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb
import pytest
from PIL import Image

from tests.conftest import Program
from tests.loopback import Gemini, OpenAI, Unreliable, emotion_of
from tests.loopback.api import API

Pictures = Callable[..., Path]


@dataclass(frozen=True)
class Remote:
    """One kind of model on a server. ``variable`` is the environment variable that holds its key."""

    name: str
    make: Callable[..., API]
    model: str
    options: Mapping[str, str]
    variable: str
    key: str

    def uri(self, server: Unreliable, **options: Any) -> str:
        """The model's URI with this server as its address."""
        given = {"base_url": server.url, "image_format": "png", **self.options, **options}
        return f"{self.name}:{self.model}?{urlencode(given)}"

    def api(self, **options: Any) -> API:
        """What a server of this kind speaks."""
        return self.make((self.model,), **options)

    def set_price(self, program: Program, *, input_usd: float, output_usd: float) -> None:
        """Put a price (US dollars per million tokens) on the model, as a user does who pays for it."""
        config = program.home / "config"
        config.mkdir(parents=True, exist_ok=True)
        table = f'[{self.name}."{self.model}"]\nupdated = "2026-01-01"\n'
        (config / "prices.toml").write_text(f"{table}input = {input_usd}\noutput = {output_usd}\n", "utf-8")


# Without a probe every call is about a picture of the user's, so that calls can be counted; the servers hold models
# that have no price, unless a test sets one.
OPENAI = Remote(
    "openai",
    OpenAI,
    "tiny-vision",
    {"key": "openai", "probe": "off"},
    "OPENAI_API_KEY",
    "sk-proj-0penA1/K+y=planted",
)
GEMINI = Remote(
    "gemini", Gemini, "gemini-2.5-flash", {}, "GEMINI_API_KEY", "AIzaSy-Gem1n1/K+y=planted_in_a_test"
)
REMOTES = (OPENAI, GEMINI)


def only(remote: Remote) -> pytest.MarkDecorator:
    """For what is the host's doing, whichever model is asked: one kind of model is enough."""
    return pytest.mark.parametrize("remote", [remote], ids=[remote.name], indirect=True)


def rows(program: Program, sql: str) -> list[list[str]]:
    """The rows of a query of the store as texts, read without the program: it has ended and left nothing outside."""
    with duckdb.connect(str(program.home / "data" / "elena-wb.duckdb"), read_only=True) as connection:
        return [
            ["" if cell is None else str(cell) for cell in row] for row in connection.execute(sql).fetchall()
        ]


def digest_of(path: Path) -> str:
    """The digest that servers note as a picture's ``pixels``."""
    with Image.open(path) as image:
        return hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()


def stored(program: Program, folder: Path) -> dict[str, list[tuple[str, str]]]:
    """(status, emotion as answered) of all generations for each picture in ``folder``, by digest of its pixels."""
    found: dict[str, list[tuple[str, str]]] = {digest_of(path): [] for path in sorted(folder.glob("*.png"))}
    sql = "SELECT s.path, g.status, g.emotion_raw FROM generations g JOIN stimuli s USING (stimulus_id)"
    for path, status, emotion in rows(program, sql):
        found[digest_of(Path(path))].append((status, emotion))
    return found


def sent(server: Unreliable) -> dict[str, list[str | None]]:
    """The emotions that a server answered for each picture, by digest of its pixels."""
    found: dict[str, list[str | None]] = {}
    for call in server.answered:
        for question in call.questions:
            found.setdefault(question.pictures[0].pixels, []).append(emotion_of(question))
    return found


def check_each_answer_stored_once(program: Program, folder: Path, server: Unreliable) -> None:
    """Every picture has one answer in the store, and it is the one that the server gave for that picture."""
    given = sent(server)
    for digest, generations in stored(program, folder).items():
        assert len(generations) == 1, f"{len(generations)} rows for one picture: {generations}"
        ((status, emotion),) = generations
        assert status == "ok"
        assert emotion in given[digest], "the answer to another picture was stored"
    counts = rows(
        program,
        "SELECT count(*), count(DISTINCT stimulus_id), count(DISTINCT generation_id) FROM generations",
    )
    assert len(set(counts[0])) == 1
