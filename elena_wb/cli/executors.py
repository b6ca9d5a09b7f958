"""``--executor``: where the model answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from elena_wb.cli.output import say
from elena_wb.errors import UsageError

if TYPE_CHECKING:
    from elena_wb.core import Executor, Model
    from elena_wb.engine.study import Study
    from elena_wb.experiments import ExperimentPlan
    from elena_wb.plugins import PluginHost

ExecutorOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--executor",
        metavar="NAME[,OPTION=VALUE]…",
        help="Where the model answers: `local` is this process, `processes,workers=N` copies of it on this machine.",
        show_default="local",
    ),
]
_LOCAL = "local"


def chosen_executor(written: str | None, host: PluginHost) -> Executor | None:
    """What ``--executor`` names; ``None`` where the model is to answer in this process, as it does without.

    Raises:
        UsageError: there is no such executor, or an option is unknown or not acceptable.
    """
    from elena_wb.core import Choice, Executor

    if written is None:
        return None
    try:
        choice = Choice.parse(written)
    except ValueError as error:
        raise UsageError(f"`--executor {written}`: {error}.", hint="Write NAME[,OPTION=VALUE]….") from error
    made = host.make("executors", choice)
    if not isinstance(made, Executor):
        raise UsageError(f"`{choice.name}` is no executor: it has no `open`. This is a fault of its plugin.")
    return None if choice.name == _LOCAL else made


def opened_by(executor: Executor | None, study: Study) -> Callable[[], Model] | None:
    """What opens the model of ``study`` through ``executor``; ``None`` for the usual way.

    Raises:
        UsageError: the model is asked over the network.
    """
    if executor is None:
        return None
    from elena_wb.executors import job_of

    job = job_of(study.address, study.card)
    return partial(executor.open, job)


def tell_where(executor: str, planned: ExperimentPlan) -> None:
    """Which models of a declared study answer through the executor written so, on stderr.

    Raises:
        UsageError: none does: all are asked over the network.
    """
    from elena_wb.executors import job_of

    studies = [part.study for part in planned.planned if part.study is not None]
    here = sorted({study.card.uri for study in studies if study.address.destination is None})
    if studies and not here:
        job_of(studies[0].address, studies[0].card)
    if here:
        servers = (
            "; those on servers are asked as ever" if len(here) < len({s.card.uri for s in studies}) else ""
        )
        say(f"{', '.join(here)}: answered by `{executor}`{servers}.")
