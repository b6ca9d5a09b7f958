"""A store, the built-in plugins, and copies made as the command makes them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from elena_wb import builtin
from elena_wb.engine.copies.making import CopyReport, make_copies
from elena_wb.engine.copies.plan import CopyOrder, plan_copies
from elena_wb.plugins import PluginHost, build_host
from elena_wb.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store.duckdb")


@pytest.fixture
def host() -> PluginHost:
    return build_host([], [("builtin", builtin)])


@pytest.fixture
def mask(store: Store, host: PluginHost) -> Callable[..., CopyReport]:
    def run(sources: Path | Sequence[Path], out: Path, *conditions: str, **options: Any) -> CopyReport:
        given = [sources] if isinstance(sources, Path) else list(sources)
        order = CopyOrder(given, out, conditions or ("face@annotated",), **options)
        return make_copies(plan_copies(order, host, store), listener=lambda _: None, stop=threading.Event())

    return run
