"""The report of a declared study: where it goes, and what it says is missing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from elena_wb.cli.output import say, warn
from elena_wb.errors import SetupError, UsageError

if TYPE_CHECKING:
    from elena_wb.config import Settings
    from elena_wb.experiments import Carried, Experiment
    from elena_wb.report import Missing
    from elena_wb.store import Store

_OURS = b'<meta name="generator" content="elena-wb'
_LOOKED_AT = 4096


def beside(file: Path, declared: Experiment) -> Path:
    """Where the report goes of the study that ``file`` declares.

    Raises:
        UsageError: something else than a report is there: that a file says so is no reason to write over it.
    """
    output = file.absolute().parent / (declared.report.file or f"{file.stem}.html")
    try:
        with output.open("rb") as there:
            ours = _OURS in there.read(_LOOKED_AT)
    except FileNotFoundError:
        return output
    except OSError:
        ours = False
    if not ours:
        raise UsageError(
            f"{output} is there, and is no report of this program.",
            hint="Write the report elsewhere with --report FILE, or none with --no-report.",
        )
    return output


def check(store: Store, output: Path) -> None:
    """Look at where the report is to be, before anything is asked.

    Raises:
        UsageError: it is the store itself, or a folder.
        SetupError: nothing can be written there.
    """
    from elena_wb.report.writing import check_output

    check_output(store, output)
    folder = output.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise SetupError(
            f"The report cannot be written to {folder}.",
            hint="Name another place with --report FILE, or write none with --no-report.",
        )


def write(
    declared: Experiment,
    carried: Carried,
    store: Store,
    settings: Settings,
    output: Path,
    command: str,
    run_ids: Sequence[int],
) -> bool:
    """Write the report and say where it is; whether everything that belongs into it could be made."""
    from elena_wb.plugins import plugin_host
    from elena_wb.report import ReportOptions, write_report

    written = write_report(
        store,
        plugin_host(),
        run_ids,
        output,
        ReportOptions(
            title=declared.title or declared.name,
            question=declared.question,
            pictures=declared.report.pictures,
            pairs=declared.report.pairs,
            metrics=declared.metrics,
            commands=(command,),
            missing=tuple(missing(carried)),
            uploads=settings.uploads,
        ),
    )
    say(f"The report is {written.path}: {written.size / 1e6:.1f} MB, {written.pictures} pictures and maps.")
    for one in written.missing:
        warn(f"{one.what} could not be made: {one.why}")
    return not written.missing


def missing(carried: Carried) -> Iterator[Missing]:
    """What the study asks for and does not have."""
    from elena_wb.report import Missing

    for outcome in carried.outcomes:
        study, trouble = outcome.part.study, outcome.trouble
        if trouble is not None:
            yield Missing(outcome.part.title, trouble.message)
            continue
        plans = study.plans if study is not None else ()
        for result, plan in zip(outcome.results, plans, strict=False):
            unasked = len(plan.items) - result.asked
            if unasked > 0:
                of = f"run {result.run_id} ({plan.spec.condition})"
                yield Missing(
                    of, f"{unasked} of its questions are still to be asked. {result.reason or ''}".rstrip()
                )
        begun = {result.run_id for result in outcome.results}
        if len(begun) < len(plans):
            yield Missing(outcome.part.title, f"{len(plans) - len(begun)} of its runs were not begun.")
    for looked in carried.looked:
        if looked.trouble is not None:
            yield Missing("Attention", looked.trouble.message)
