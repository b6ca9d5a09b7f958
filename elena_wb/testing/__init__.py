"""The contract of each kind of plugin as functions, for plugin authors to call from their tests.

Each runs one plugin through everything that the host relies on, raises an ``AssertionError`` that says what the
contract asks for and what was seen, and returns what it checked. Needs no test framework. May import every room
but the command line and the interfaces.
"""

from __future__ import annotations

from elena_wb.testing.inspection import Report
from elena_wb.testing.models import check_model

__all__ = ["Report", "check_model"]
