"""Which runs to compare, where nobody has said so."""

from __future__ import annotations

from collections.abc import Sequence

from elena_wb.core import UNMASKED
from elena_wb.store import RunSummary


def partner(runs: Sequence[RunSummary], run_id: int) -> int | None:
    """The run that is most worth comparing with ``run_id``; ``None`` where there is no other.

    The same question asked of the same model under another condition, then whatever has most in common with it; of
    equals, that which started nearest to it. Runs without answers come last.
    """
    this = next((run for run in runs if run.run_id == run_id), None)
    others = [run for run in runs if run.run_id != run_id]
    if this is None or not others:
        return None

    def standing(other: RunSummary) -> tuple[object, ...]:
        return (
            not other.generations,
            other.model_uri != this.model_uri,
            other.prompt_name != this.prompt_name,
            other.dataset != this.dataset,
            other.condition == this.condition,
            other.experiment != this.experiment,
            str(UNMASKED) not in (this.condition, other.condition),
            abs(other.run_id - run_id),
            -other.run_id,
        )

    return min(others, key=standing).run_id


def proposed(runs: Sequence[RunSummary]) -> tuple[int, int] | None:
    """Two runs to begin with: the latest that has answers and its partner, the unmasked one first."""
    answered = [run for run in runs if run.generations] or list(runs)
    for run in reversed(answered):
        other = partner(runs, run.run_id)
        if other is not None:
            return in_order(runs, run.run_id, other)
    return None


def in_order(runs: Sequence[RunSummary], one: int, other: int) -> tuple[int, int]:
    """The two numbers, the unmasked run first, else the older."""
    unmasked = {run.run_id for run in runs if run.condition == str(UNMASKED)}
    first, second = sorted((one, other), key=lambda run_id: (run_id not in unmasked, run_id))
    return first, second
