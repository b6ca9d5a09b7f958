"""A copy of the model in each of several processes of this machine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from elena_wb.core import Model, ModelJob, Needs, SetupError
from elena_wb.executors.machine import CARDS, cards, cores, free_memory, threads_of
from elena_wb.executors.process import ProcessWorker
from elena_wb.executors.spread import Spread

_MOST_UNKNOWN = 4
"""Copies of a model of which nobody can tell how much memory it takes."""


class ProcessesExecutor:
    """Worker processes, each with a copy of the model and its share of the cores and graphics cards.

    Where ``workers`` is not said there are as many as the graphics cards take; on a machine without, as the cores and
    the free memory do.
    """

    def __init__(self, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise ValueError("there is at least one worker")
        self._workers = workers

    def open(self, job: ModelJob) -> Model:
        """See :meth:`elena_wb.core.Executor.open`."""
        found = cards() if job.needs.gpus > 0 else ()
        workers = self._workers or most_workers(job.needs, found)
        shares = card_shares(job.needs, found)

        def make(number: int) -> ProcessWorker:
            share: Mapping[str, str] = {CARDS: shares[number % len(shares)]} if shares else {}
            return ProcessWorker(job, {**threads_of(workers), **share})

        return Spread(job, make, workers, where="in processes of this machine")


def most_workers(needs: Needs, cards: Sequence[str]) -> int:
    """How many copies this machine takes, at least one.

    Raises:
        SetupError: they need graphics cards, and those cannot be told apart.
    """
    if needs.gpus > 0:
        if not cards:
            raise SetupError(
                "The model runs on a graphics card, and how many there are cannot be told: there is no `nvidia-smi`.",
                hint=f"Say how many copies there are to be (`processes,workers=2`), or name the cards in {CARDS}.",
            )
        return max(1, len(card_shares(needs, cards)))
    by_cores = max(1, cores() // math.ceil(needs.cpus))
    if needs.memory_bytes is None:
        return min(by_cores, _MOST_UNKNOWN)
    free = free_memory()
    return by_cores if free is None else max(1, min(by_cores, free // max(1, needs.memory_bytes)))


def card_shares(needs: Needs, cards: Sequence[str]) -> list[str]:
    """What each copy in turn is to see of ``cards``: some of its own, or one that it shares with others.

    Empty where there are no cards; where there are fewer than one copy needs, it sees all.
    """
    if not cards or needs.gpus <= 0:
        return []
    if needs.gpus < 1:
        return [card for _ in range(int(1 / needs.gpus)) for card in cards]
    each = math.ceil(needs.gpus)
    groups = [cards[start : start + each] for start in range(0, len(cards) - each + 1, each)]
    return [",".join(group) for group in groups or [cards]]
