"""``elena-wb runs``: what has been run, and keeping order among it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from elena_wb.cli import runs_moving
from elena_wb.cli.options import AsJson, open_store
from elena_wb.cli.output import dollars, print_json, print_listing, print_table, say

app = typer.Typer(
    help="List, show, rename, delete, export, import and compare runs.", invoke_without_command=True
)

app.command("export")(runs_moving.export)
app.command("import")(runs_moving.import_)
app.command("diff")(runs_moving.diff)

RunName = Annotated[str, typer.Argument(metavar="RUN", help="Number or name of a run.")]


@app.callback()
def default(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List, show, rename, delete, export, import and compare runs."""
    if ctx.invoked_subcommand is None:
        listing(ctx, as_json=as_json)


@app.command("list")
def listing(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every run, oldest first, with how far it got."""
    from elena_wb.store import list_runs

    rows = []
    for run in list_runs(open_store(ctx)):
        row = asdict(run)
        row["done"] = f"{run.generations - run.errors}/{run.planned}"
        row["cost"] = dollars(run.cost_usd)
        row["started"] = run.started_at.strftime("%Y-%m-%d %H:%M")
        rows.append(row)
    columns = [
        "run_id",
        "name",
        "model_uri",
        "prompt_name",
        "condition",
        "dataset",
        "status",
        "done",
        "errors",
    ]
    empty = "There are no runs yet. `elena-wb demo` or `elena-wb run` makes some."
    if as_json:
        for row in rows:
            del row["done"], row["started"], row["cost"]
    if any(row["cost_usd"] for row in rows):
        columns.append("cost")
    print_listing(rows, [*columns, "started"], as_json=as_json, empty=empty)


@app.command()
def show(ctx: typer.Context, run: RunName, as_json: AsJson = False) -> None:
    """Everything recorded of one run: model, prompt, options, environment, counts."""
    from elena_wb.store import resolve_run, show_run

    store = open_store(ctx)
    shown = show_run(store, resolve_run(store, run))
    if as_json:
        print_json(dict(shown))
        return
    rows = (
        (key, json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value)
        for key, value in shown.items()
    )
    print_table(["what", "value"], rows)


@app.command()
def rename(
    ctx: typer.Context, run: RunName, name: Annotated[str, typer.Argument(help="The new name.")]
) -> None:
    """Give a run another name."""
    from elena_wb.store import rename_run, resolve_run

    store = open_store(ctx)
    run_id = resolve_run(store, run)
    rename_run(store, run_id, name)
    say(f"Run {run_id} is now called {name}.")


@app.command()
def delete(
    ctx: typer.Context,
    run: RunName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a run with all its answers, and what people marked and rated of them; pictures and labels stay."""
    from elena_wb.store import delete_run, drain_orphans, resolve_run, show_run
    from elena_wb.store.rating_results import count_ratings

    store = open_store(ctx)
    run_id = resolve_run(store, run)
    drain_orphans(store, patient=True)
    count = sum(show_run(store, run_id)["generations"].values())
    if not yes:
        rated = count_ratings(store, run_id)
        ratings = f" and {rated} ratings by people" if rated else ""
        typer.confirm(f"Delete run {run_id} with {count} answers{ratings}?", abort=True, err=True)
    say(f"Deleted run {run_id} with {delete_run(store, run_id)} answers.")
