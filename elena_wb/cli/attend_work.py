"""Looking at answers, run by run: with progress, Ctrl-C as designed, one model open at a time, pictures if wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from elena_wb.cli.interrupts import stopping_on_interrupt
from elena_wb.cli.output import say, warn
from elena_wb.engine.open_models import OpenModels
from elena_wb.errors import ExitCode

if TYPE_CHECKING:
    from elena_wb.cli.attend_pictures import Album
    from elena_wb.core import Upload
    from elena_wb.engine.attending import AttentionPlan, AttentionResult, Wanted
    from elena_wb.plugins import PluginHost
    from elena_wb.store import Store
    from elena_wb.store.selection import Chosen

SHOWN_FAILURES = 20
_LAST_WORDS = "What was looked at and stored is kept; the same command goes on from there."


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be looked at, run by run."""

    wanted: Wanted
    plans: Sequence[AttentionPlan]

    @property
    def to_do(self) -> int:
        """Answers to be looked at."""
        return sum(len(plan.to_do) for plan in self.plans)


def plan_work(
    chosen: Mapping[int, Sequence[Chosen]],
    wanted: Wanted,
    host: PluginHost,
    store: Store,
    *,
    fresh: bool,
    out: Path | None,
    uploads: Mapping[str, Upload],
) -> tuple[Work, Album | None]:
    """Compare the answers ``chosen`` with what the store knows of them; loads no weights.

    With ``out`` those that were looked at and are not in that folder yet are looked at again, to be drawn: the picture
    as the model was shown it is not stored. ``uploads`` are the user's settings of where pictures may go.

    Raises:
        UsageError: a run cannot be looked at: it was imported, or its model is not there any more; or the folder
            cannot take pictures.
    """

    from elena_wb.engine.attending import plan_attentions

    of_run = {run_id: {one.generation_id for one in answers} for run_id, answers in chosen.items() if answers}
    plans = plan_attentions(of_run, wanted, host, store, fresh=fresh, uploads=uploads)
    if out is None:
        return Work(wanted, tuple(plans.values())), None
    from elena_wb.cli.attend_pictures import Album

    again = {run_id: only for run_id, only in of_run.items() if plans[run_id].done}
    whole = {**plans, **plan_attentions(again, wanted, host, store, fresh=True, uploads=uploads)}
    stimuli = {
        one.item.stimulus.stimulus_id: one.item.stimulus for plan in whole.values() for one in plan.to_do
    }
    album = Album(
        out, wanted, stimuli.values(), [source for plan in plans.values() for source in plan.sources]
    )
    for run_id, plan in plans.items():
        missing = {one.answer.generation_id for one in plan.to_do}
        undrawn = {
            one.answer.generation_id
            for one in whole[run_id].to_do
            if not album.holds(one.answer.generation_id)
        }
        if undrawn - missing:
            say(
                f"Looked at before, and looked at again to be drawn: {len(undrawn - missing)} of run {run_id}."
            )
            plans[run_id] = replace(
                whole[run_id],
                to_do=tuple(
                    one for one in whole[run_id].to_do if one.answer.generation_id in undrawn | missing
                ),
                done=plan.done - len(undrawn - missing),
            )
    return Work(wanted, tuple(plans.values())), album


def carry_out(
    work: Work, store: Store, models: OpenModels, *, events: bool, album: Album | None = None
) -> ExitCode:
    """Look at what is missing, tell what failed, and say how it went."""
    from elena_wb.cli.progress import watching

    if album is not None and album.note:
        warn(album.note)
    if not work.to_do and not any(plan.skipped for plan in work.plans):
        say("Nothing is missing: every answer was looked at in this way.")
    results: list[AttentionResult] = []
    with stopping_on_interrupt(_LAST_WORDS) as stop, watching(events=events) as listener:
        try:
            for plan in work.plans:
                if stop.is_set():
                    break
                results.append(
                    plan.carry_out(
                        store,
                        listener=listener,
                        stop=stop,
                        open_model=models.opener(plan.address, plan.card.digest),
                        watch=None if album is None else album.add,
                    )
                )
        finally:
            if album is not None:
                album.save()
    _tell(work, results)
    if album is not None and album.written:
        say(f"{album.written} pictures are in {album.folder.root}; index.csv lists them.")
    return _exit_code(work, results, interrupted=stop.is_set())


def _tell(work: Work, results: Sequence[AttentionResult]) -> None:
    """What was left out, and what failed."""
    skipped = [left_out for plan in work.plans for left_out in plan.skipped]
    _list("Left out", skipped, style=None)
    failures = [
        failure
        for plan, result in zip(work.plans, results, strict=False)
        for failure in result.failures[len(plan.skipped) :]
    ]
    _list("Failed", failures, style="red")


def _list(what: str, of: Sequence[tuple[str, str]], *, style: str | None) -> None:
    for path, reason in of[:SHOWN_FAILURES]:
        say(f"{what}: {path}: {reason}", style=style)
    if len(of) > SHOWN_FAILURES:
        say(f"… and {len(of) - SHOWN_FAILURES} more.")


def _exit_code(work: Work, results: Sequence[AttentionResult], *, interrupted: bool) -> ExitCode:
    stopped = any(result.interrupted for result in results) or len(results) < len(work.plans)
    if interrupted and stopped:
        return ExitCode.INTERRUPTED
    amiss = sum(
        result.failed + result.skipped - len(plan.skipped)
        for plan, result in zip(work.plans, results, strict=True)
    )
    if amiss and not any(result.extracted for result in results):
        return ExitCode.FAILED
    excluded = any(problem.excludes for plan in work.plans for problem in plan.problems)
    return ExitCode.PARTIAL if amiss or excluded else ExitCode.OK
