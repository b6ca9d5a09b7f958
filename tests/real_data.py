"""Photographs and weights that may not be committed: beside the checkout, or where a variable says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("ELENA_WB_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")


def real(relative: str) -> Path:
    """The path below the test data; the test is skipped where it is missing."""
    path = ROOT / relative
    if not path.exists():
        pytest.skip(f"the test data folder has no {relative} (looked in {ROOT})")
    return path
