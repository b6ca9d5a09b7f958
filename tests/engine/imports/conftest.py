"""A store, the plugins, trees of pictures, and files of answers brought into the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from elena_wb import builtin
from elena_wb.engine.imports.importing import Imported, ImportRequest, import_answers
from elena_wb.plugins import PluginHost, build_host
from elena_wb.store import Store
from tests import scripted
from tests.engine.imports.helpers import (
    Pictures,
    _Plugin,
)


@pytest.fixture
def host() -> PluginHost:
    return build_host([], [("builtin", builtin), ("scripted", scripted), ("postures", _Plugin())])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store.duckdb")


@pytest.fixture
def bring(tmp_path: Path, host: PluginHost, store: Store) -> Callable[..., Imported]:
    """Writes the answers to a file and imports it."""

    def run(answers: Mapping[str, Any], file: str = "answers.json", **options: Any) -> Imported:
        path = tmp_path / file
        path.write_text(json.dumps(answers), "utf-8")
        (result,) = import_answers(ImportRequest([path], **options), host, store)
        return result

    return run


@pytest.fixture
def postures(pictures: Pictures) -> Path:
    """Four pictures of the dataset, one of them in a folder of its own."""
    folder = pictures(4)
    for number, name in enumerate(("p1H_45.png", "p2S_45.png", "p3H_90.png", "p4S_90.png")):
        (folder / f"{number:04d}.png").rename(folder / name)
    (folder / "postures").touch()
    (folder / "more").mkdir()
    (folder / "p4S_90.png").rename(folder / "more" / "p4S_90.png")
    return folder


@pytest.fixture
def moods(tmp_path: Path, pictures: Pictures) -> Path:
    """A folder in which the only picture is `happy/001.png`."""
    root = tmp_path / "moods"
    pictures(1).rename(tmp_path / "made")
    (root / "happy").mkdir(parents=True)
    (tmp_path / "made" / "0000.png").rename(root / "happy" / "001.png")
    return root
