"""What the tests of all plugins share: new stores are copies of one."""

from __future__ import annotations

from tests.conftest import _stores_are_copies

__all__ = ["_stores_are_copies"]
