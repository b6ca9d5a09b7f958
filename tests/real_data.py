"""Photographs and weights that may not be committed: beside the checkout, or where a variable says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

NEEDED = bool(os.environ.get("ELENA_WB_TESTS_NEED_DATA"))
"""Whether a test without its data fails, as continuous integration wants it."""

ROOT = Path(os.environ.get("ELENA_WB_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")


def real(relative: str) -> Path:
    """The path below the test data; where it is missing the test is skipped, or fails if data is ``NEEDED``."""
    path = ROOT / relative
    if not path.exists():
        (pytest.fail if NEEDED else pytest.skip)(f"the test data folder has no {relative} (looked in {ROOT})")
    return path
