"""The contract of each kind of plugin as functions, for plugin authors to call from their tests.

Each runs one plugin through everything that the host relies on, raises an ``AssertionError`` that says what the
contract asks for and what was seen, and returns what it checked. Needs no test framework. May import every room
but the command line and the interfaces.
"""

from __future__ import annotations

from elena_wb.testing.datasets import check_dataset
from elena_wb.testing.executors import check_executor
from elena_wb.testing.inspection import Report
from elena_wb.testing.locators import check_locator
from elena_wb.testing.maskers import check_masker
from elena_wb.testing.metrics import check_metric
from elena_wb.testing.models import check_model

__all__ = [
    "Report",
    "check_dataset",
    "check_executor",
    "check_locator",
    "check_masker",
    "check_metric",
    "check_model",
]
