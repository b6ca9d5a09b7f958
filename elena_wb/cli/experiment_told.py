"""What a declared study tells: before its parts, after its last question, and what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elena_wb.cli import run
from elena_wb.cli.experiment_plan import tell_destinations, tell_parts, telling
from elena_wb.cli.output import dollars, print_table, say, warn

if TYPE_CHECKING:
    from elena_wb.experiments import Carried, ExperimentPlan, Part
    from elena_wb.store import Store

_SHOWN = 20


def tell_plan(planned: ExperimentPlan, limit_usd: float | None) -> None:
    """What is about to be done, on stderr."""
    tell_parts(planned)
    there = sum(
        plan.answered for part in planned.planned if part.study is not None for plan in part.study.plans
    )
    before = f"; {there} answers are there and are not asked for again" if there else ""
    if planned.to_ask:
        say(f"{planned.experiment.name}: {planned.to_ask} questions{before}.")
        tell_destinations(planned)
    else:
        say(f"{planned.experiment.name}: nothing is missing{before}.")
    if limit_usd is not None and planned.spent_usd:
        say(f"Earlier sittings have spent {dollars(planned.spent_usd)} of {dollars(limit_usd)}.")


def begin(part: Part) -> None:
    """Name the part that is about to be asked."""
    if part.to_ask:
        say(f"{part.title} · {part.to_ask} to ask")


def tell_outcomes(carried: Carried, heard: run.Heard, store: Store) -> None:
    """What audits found, what failed, and why anything ended before its end, on stderr."""
    results = [result for outcome in carried.outcomes for result in outcome.results]
    for outcome in carried.outcomes:
        if outcome.part.study is not None:
            run.tell_audit(outcome.part.study, outcome.results, store)
    heard.tell_failures()
    run.tell_ends(results)
    for outcome in carried.outcomes:
        trouble = outcome.trouble
        if trouble is not None and outcome.part.trouble is None:
            say(f"{outcome.part.title}: {trouble.message} {trouble.hint or ''}".rstrip(), style="red")
    for looked in carried.looked:
        failures = [failure for result in looked.results for failure in result.failures]
        for path, reason in failures[:_SHOWN]:
            say(f"Not looked at: {path}: {reason}")
        if len(failures) > _SHOWN:
            say(f"… and {len(failures) - _SHOWN} more.")
        if looked.trouble is not None:
            warn(f"Attention: {looked.trouble.message} {looked.trouble.hint or ''}".rstrip())
    earlier = sum(
        plan.failed
        for outcome in carried.outcomes
        if outcome.part.study is not None
        for plan in outcome.part.study.plans
    )
    if earlier or heard.failures:
        say(f"{earlier + len(heard.failures)} answers failed; --retry-failed asks for them again.")


def print_runs(carried: Carried) -> None:
    """The runs on stdout."""
    columns = ["run", "name", "model", "prompt", "condition", "seed", "status", "ok", "unparsed", "refused"]
    columns += ["failed", "there before"]
    rows: list[list[object]] = []
    costly = any(result.cost_usd for outcome in carried.outcomes for result in outcome.results)
    for outcome in carried.outcomes:
        if outcome.part.study is None:
            continue
        for result, plan in zip(outcome.results, outcome.part.study.plans, strict=False):
            rows.append(
                [
                    result.run_id,
                    plan.spec.name,
                    outcome.part.request.model_uri,
                    plan.spec.prompt_name,
                    plan.spec.condition,
                    plan.setting.seed,
                    result.status,
                    result.ok,
                    result.unparsed,
                    result.refused,
                    result.failed,
                    plan.answered,
                    *([dollars(result.cost_usd)] if costly else []),
                ]
            )
    if rows:
        print_table(*telling([*columns, *(["cost"] if costly else [])], rows))
