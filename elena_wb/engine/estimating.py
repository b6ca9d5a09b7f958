"""What a study may cost, before anything is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from elena_wb.core import Prices, Request, Usage
from elena_wb.engine.models import ModelAddress
from elena_wb.engine.plan import RunPlan
from elena_wb.engine.prefetch import Picture

_LOOKED_AT = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """The most tokens and US dollars that the calls of each run can use, if all pictures are like its first."""

    runs: tuple[Usage | None, ...]

    @property
    def tokens(self) -> int:
        """The most tokens of all runs."""
        return sum(run.tokens for run in self.runs if run is not None)

    @property
    def cost_usd(self) -> float | None:
        """The most that all runs can cost; ``None`` where the price of any is unknown."""
        costs = [run.cost_usd for run in self.runs if run is not None]
        return None if None in costs else sum(cost or 0.0 for cost in costs)


def estimate(address: ModelAddress, plans: Sequence[RunPlan]) -> Estimate | None:
    """What ``plans`` can use at most, every question asked once; ``None`` if the model's provider cannot tell.

    Prepares one picture of each run, as it would be sent. A run without any usable picture has no figure.
    """
    provider = address.provider
    if not isinstance(provider, Prices):
        return None
    runs: list[Usage | None] = []
    for plan in plans:
        request = _first_request(plan)
        if request is None:
            runs.append(None)
            continue
        one = provider.at_most(address.reference, address.options, request)
        count = len(plan.items)
        runs.append(Usage(one.tokens * count, None if one.cost_usd is None else one.cost_usd * count))
    return Estimate(tuple(runs))


def _first_request(plan: RunPlan) -> Request | None:
    recipe = plan.setting.recipe
    for item in plan.items[:_LOOKED_AT]:
        (prepared,) = recipe.prepare([item], Picture(item.stimulus.path))
        if prepared.request is not None:
            return prepared.request
    return None
