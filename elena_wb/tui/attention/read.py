"""What the attention screen reads in threads: an answer and its counterpart, what could be looked at, and jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elena_wb.errors import WorkbenchError
from elena_wb.store.as_where import as_where, runs_of
from elena_wb.store.counterparts import Counterpart, counterparts
from elena_wb.store.filtering import Filter
from elena_wb.tui.attention.orders import Which, one_answer

if TYPE_CHECKING:
    from elena_wb.engine.glance import Side
    from elena_wb.jobs import Job, Progress
    from elena_wb.plugins import PluginHost
    from elena_wb.store import Store
    from elena_wb.store.looks import Look

_RUNS_OFFERED = 20


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """An answer that was read, those to the same question, and the one of them that is to be seen beside it."""

    side: Side
    counterparts: tuple[Counterpart, ...]
    other: Side | None


def open_answer(
    store: Store,
    host: PluginHost,
    generation_id: str,
    *,
    way: str | None,
    like: Look | None,
    beside: int | None,
) -> Opened:
    """Read an answer by the look ``way``, or by one made as ``like`` was where it has one, or by the latest.

    ``beside`` says which counterpart is read, too; ``None`` for none.

    Raises:
        UsageError: the answer is gone.
    """
    from elena_wb.engine.glance import side_of

    side = side_of(store, host, generation_id, like=like, way=way)
    if side.look is None and side.looks:
        side = side_of(store, host, generation_id)
    others = counterparts(store, generation_id)
    if beside is None or not others:
        return Opened(side, others, None)
    other = others[beside % len(others)]
    return Opened(side, others, side_of(store, host, other.generation_id, like=side.look))


def choices_of(
    store: Store, run_id: int | None, generation_id: str | None, kept: object
) -> tuple[Which, ...]:
    """What could be looked at: the answer at hand, what the last filter ``kept`` passes, runs, and flips.

    Without an answer at hand the latest runs are offered.
    """
    if not store.exists():
        return ()
    found = []
    if run_id is not None and generation_id is not None:
        found.append(one_answer(run_id, generation_id))
    wanted = Filter.from_json(kept)
    if wanted != Filter():
        try:
            runs, count = runs_of(store, wanted)
        except WorkbenchError:
            runs, count = (), 0
        if runs:
            found.append(Which("what the filter of Narratives shows", runs, as_where(wanted), count=count))
    return (*found, *_of_runs(store, run_id))


def looking(store_path: Path) -> list[tuple[Job, Progress]]:
    """The jobs that look at answers, in their order, and how far each has got."""
    from elena_wb.jobs import jobs, progress

    return [(job, progress(store_path, job)) for job in jobs(store_path) if job.argv[:1] == ("attend",)]


def way_of(side: Side) -> str:
    """How an answer was looked at, in a line."""
    look = side.look
    if look is None:
        return (
            "Not looked at in this way. Press e to look."
            if side.looks
            else "Not looked at yet. Press e to look."
        )
    at = [one.extraction_id for one in side.looks].index(look.extraction_id) + 1
    several = f"way {at} of {len(side.looks)} (w): " if len(side.looks) > 1 else ""
    heads = {"mean": "mean of heads", "max": "largest head", "each": "each head"}[look.heads]
    layers = "all layers" if look.layers == "all" else f"layers {look.layers}"
    kept = "" if look.maps is not None else " · no maps kept"
    return f"{several}{look.method}, {heads}, {layers}, words {look.tokens}{kept} · {look.created_at:%Y-%m-%d %H:%M}"


def _of_runs(store: Store, run_id: int | None) -> Sequence[Which]:
    with store.read() as connection:
        rows = connection.execute(
            """SELECT run_id, coalesce(name, ''), condition,
                      (SELECT count(*) FROM generations AS g WHERE g.run_id = r.run_id AND status <> 'error')
               FROM runs AS r WHERE coalesce($run = run_id, true) ORDER BY run_id DESC LIMIT $most""",
            {"run": run_id, "most": _RUNS_OFFERED},
        ).fetchall()
    found = []
    for number, name, condition, count in rows:
        told = f"{number}, {name}" if name else f"{number}"
        found.append(Which(f"all of run {told} ({condition})", (int(number),), count=int(count)))
        found.append(Which(f"flips of run {told} ({condition}), on both sides", (int(number),), flips=True))
    return found
