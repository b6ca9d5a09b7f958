"""What a declared study would ask, printed before anything is asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from elena_wb.cli.output import dollars, print_json, print_table, say, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from elena_wb.core import WorkbenchError
    from elena_wb.engine.estimating import Estimate
    from elena_wb.experiments import ExperimentPlan, Part

_WHAT = ("name", "run", "model", "prompt", "condition", "seed")
_COUNTS = ("ok", "unparsed", "refused", "failed", "there before", "answered")


def print_plan(planned: ExperimentPlan, *, limit_usd: float | None, as_json: bool) -> None:
    """The whole plan on stdout: every run, what is missing of it, and what all of it may cost at most."""
    tell_parts(planned)
    rows = [row for part in planned.planned for row in _rows(part)]
    estimates = planned.estimates()
    asked = [
        (part, estimate) for part, estimate in zip(planned.planned, estimates, strict=True) if part.to_ask
    ]
    if as_json:
        print_json(_as_data(planned, rows, asked, limit_usd))
        return
    print_table(*telling(tuple(rows[0]), [tuple(row.values()) for row in rows]))
    models = sorted({part.request.model_uri for part in planned.planned})
    say(
        f"{len(rows)} runs of {len(models)} {'model' if len(models) == 1 else 'models'}: {planned.to_ask} calls. "
        "Nothing was asked or written."
    )
    if len(models) == 1:
        say(f"The model is {models[0]}.")
    for line in _costs(asked):
        say(line)
    if limit_usd is not None:
        spent = f", of which {dollars(planned.spent_usd)} is spent" if planned.spent_usd else ""
        say(f"The study stops before it exceeds {dollars(limit_usd)}{spent}.")
    if planned.experiment.attention is not None:
        say("Then the models that are asked on this machine are looked at: the attention in their answers.")


def tell_parts(planned: ExperimentPlan) -> None:
    """What was left out of the parts and why, and where their pictures are sent, on stderr; each thing once."""
    told: dict[str, None] = {}
    for part in planned.planned:
        study = part.study
        assert study is not None
        told |= dict.fromkeys((*study.card.notes, *study.notes))
        told |= dict.fromkeys(f"{problem.where}: {problem.reason}" for problem in study.problems)
    for text in told:
        warn(text)
    for part in planned.refused:
        if part.trouble is not None:
            say(f"{part.title}: {_in_words(part.trouble)}", style="red")


def tell_destinations(planned: ExperimentPlan) -> None:
    """Where pictures are about to be sent."""
    where = {
        destination: None
        for part in planned.planned
        if part.to_ask and part.study is not None
        for destination in [part.study.address.destination]
        if destination is not None
    }
    if where:
        say(f"Pictures are sent to {' and '.join(where)}.")


def _rows(part: Part) -> list[dict[str, object]]:
    assert part.study is not None
    return [
        {
            "run": plan.spec.name or "",
            "model": part.request.model_uri,
            "prompt": f"{plan.spec.prompt_name} ({plan.setting.prompt.variant})",
            "condition": plan.spec.condition,
            "seed": plan.setting.seed,
            "pictures": len(plan.stimuli),
            "answered": plan.answered,
            "failed": plan.failed,
            "to ask": len(plan.items),
        }
        for plan in part.study.plans
    ]


def _costs(asked: Sequence[tuple[Part, Estimate | None]]) -> list[str]:
    """The most that may be used, model by model where there are several, and of all that is known."""
    known = [(part, found) for part, found in asked if found is not None]
    if not known:
        return []
    tokens = sum(found.tokens for _, found in known)
    costs = [found.cost_usd for _, found in known]
    remote = [part for part, _ in known if part.study is not None and part.study.address.destination]
    cost = ""
    if None not in costs and remote:
        dates = sorted(
            {
                part.study.card.priced_on
                for part in remote
                if part.study is not None and part.study.card.priced_on
            }
        )
        of = f" at the prices of {', '.join(dates)}" if dates else ""
        cost = f" and {dollars(sum(one or 0.0 for one in costs))}{of}"
    elif remote:
        cost = "; what they cost is not known"
    return [
        f"At most {tokens:,} tokens{cost}, if all pictures are like the first and nothing is asked twice."
    ]


def _as_data(
    planned: ExperimentPlan,
    rows: Sequence[dict[str, object]],
    asked: Sequence[tuple[Part, Estimate | None]],
    limit_usd: float | None,
) -> dict[str, Any]:
    known = [found for _, found in asked if found is not None]
    costs = [found.cost_usd for found in known]
    return {
        "name": planned.experiment.name,
        "calls": planned.to_ask,
        "runs": list(rows),
        "refused": [
            {"part": part.title, "reason": _in_words(part.trouble)}
            for part in planned.refused
            if part.trouble is not None
        ],
        "at_most": {
            "tokens": sum(found.tokens for found in known),
            "cost_usd": None if None in costs else sum(cost or 0.0 for cost in costs),
        }
        if known
        else None,
        "spent_usd": planned.spent_usd,
        "max_cost": limit_usd,
    }


def _in_words(trouble: WorkbenchError) -> str:
    return " ".join(filter(None, (trouble.message, trouble.hint)))


def telling(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> tuple[list[str], list[list[object]]]:
    """The table as it is for programs; for people without columns that are the same in all of several runs.

    What was counted is left out only where all counts are 0, so that the rest has room on a terminal.
    """
    kept = list(range(len(columns)))
    if sys.stdout.isatty():
        kept = [at for at in kept if not _says_nothing(columns[at], [row[at] for row in rows])]
    return [columns[at] for at in kept], [[row[at] for at in kept] for row in rows]


def _says_nothing(column: str, cells: Sequence[object]) -> bool:
    if column in _COUNTS:
        return not any(cells)
    return column in _WHAT and len(cells) > 1 and len(set(cells)) == 1
