"""Tests of one session are made together, and corrected for being several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from elena_wb.analysis.corrections import holm

Tested = TypeVar("Tested", bound=Any)


def corrected(found: Sequence[Tested]) -> tuple[Tested, ...]:
    """Each with ``p_holm``, which is its ``p`` corrected by Holm for all of them."""
    p_values = holm([one.p for one in found])
    return tuple(replace(one, p_holm=p) for one, p in zip(found, p_values, strict=True))
