"""What the tests of findings share."""

from __future__ import annotations

from pathlib import Path

import pytest

from elena_wb.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "study.duckdb", lock_timeout=20)
