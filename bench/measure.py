"""Timing a candidate against a baseline, in turn, so that noise hits both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One benchmark's result; ``ratio`` is what ``goal`` is about. Both amounts are in ``unit``, seconds as a rule."""

    name: str
    baseline: str
    baseline_s: float
    candidate_s: float
    ratio: float
    goal: str
    met: bool
    unit: str = "s"


def in_turn(
    baseline: Callable[[], object], candidate: Callable[[], object], *, rounds: int = 5
) -> tuple[float, float, float]:
    """Median seconds of each, and the median of the rounds' ratios candidate / baseline, after a warm-up."""
    baseline()
    candidate()
    pairs = []
    for _ in range(rounds):
        pairs.append((_seconds(baseline), _seconds(candidate)))
    return (
        statistics.median(first for first, _ in pairs),
        statistics.median(second for _, second in pairs),
        statistics.median(second / first for first, second in pairs),
    )


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
