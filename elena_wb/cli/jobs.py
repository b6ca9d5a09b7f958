"""``elena-wb jobs``: commands that the interface has started, which go on without it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elena_wb.cli.options import AsJson, store_path
from elena_wb.cli.output import dollars, print_json, print_listing, print_table, say

if TYPE_CHECKING:
    from elena_wb.jobs import Job, Progress

app = typer.Typer(
    help="List, show, stop and forget the commands that the interface has started.",
    invoke_without_command=True,
)

Number = Annotated[int, typer.Argument(metavar="JOB", min=1, help="Number of a job.")]


@app.callback()
def default(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List, show, stop and forget the commands that the interface has started."""
    if ctx.invoked_subcommand is None:
        listing(ctx, as_json=as_json)


@app.command("list")
def listing(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every job of the store, oldest first, with how far it got. They run one after the other."""
    from elena_wb.jobs import is_idle, jobs, progress

    path = store_path(ctx)
    rows = []
    for job in jobs(path):
        how_far = progress(path, job)
        rows.append({**_told(job), "done": how_far.done, "to_do": how_far.to_do, "failed": how_far.failures})
    if not as_json:
        for row in rows:
            row["done"] = f"{row['done']}/{row['to_do']}" if row["to_do"] else ""
    columns = ("number", "state", "done", "failed", "title", "created_at")
    print_listing(rows, columns, as_json=as_json, empty="There are no jobs.")
    if not as_json and is_idle(path):
        say("Jobs wait, and no process works through them; `elena-wb jobs start` starts one.")


@app.command()
def show(ctx: typer.Context, job: Number, as_json: AsJson = False) -> None:
    """Everything known of a job: its command, how far it got, what it said last."""
    from elena_wb.jobs import find, progress

    path = store_path(ctx)
    found = find(path, job)
    how_far = progress(path, found)
    if as_json:
        print_json({**_told(found), "progress": asdict(how_far)})
        return
    command = shlex.join(
        ["elena-wb", "--store", str(path), *(["--offline"] if found.offline else ()), *found.argv]
    )
    print_table(
        ("what", "value"),
        [
            ("command", command),
            ("folder", found.cwd),
            *((name, value) for name, value in _told(found).items() if name not in ("argv", "cwd")),
            *_how_far(how_far),
        ],
    )


@app.command()
def cancel(ctx: typer.Context, job: Number) -> None:
    """Stop a job: what is in flight is finished and every answer kept; given again, it is stopped at once."""
    from elena_wb.jobs import cancel as stop

    stopped = stop(store_path(ctx), job)
    if stopped.state == "cancelled":
        say(f"Job {job} will not be started.")
    elif stopped.interrupts > 1:
        say(f"Job {job} is stopped at once. Every answer that had arrived is kept.")
    else:
        say(f"Job {job} finishes what is in flight; the same command again stops it at once.")


@app.command()
def forget(ctx: typer.Context, job: Number) -> None:
    """Take an ended job off the list; what it put into the store stays."""
    from elena_wb.jobs import forget as take_away

    take_away(store_path(ctx), job)
    say(f"Job {job} is forgotten.")


@app.command()
def start(ctx: typer.Context) -> None:
    """Go on with jobs that wait while nothing works through them, as after a restart of the machine."""
    from elena_wb.jobs import is_idle, wake

    path = store_path(ctx)
    if not is_idle(path):
        say("No job waits for anybody.")
        return
    wake(path)
    say("The jobs that wait are worked through.")


def _told(job: Job) -> dict[str, Any]:
    """A job as JSON: all of it but what concerns its processes alone."""
    return {name: value for name, value in asdict(job).items() if name not in ("environment", "interrupts")}


def _how_far(found: Progress) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [
        ("done", f"{found.done}/{found.to_do}"),
        ("failed", found.failures),
        ("runs", ", ".join(map(str, found.run_ids))),
    ]
    rates: Mapping[str, float | None] = {"per second": found.per_second, "seconds left": found.seconds_left}
    rows += [(name, f"{value:.2f}") for name, value in rates.items() if value is not None]
    if found.cost_usd is not None:
        rows.append(("cost", dollars(found.cost_usd)))
    rows += [("message", message) for message in found.messages]
    return rows + [("stderr", line) for line in found.stderr]
