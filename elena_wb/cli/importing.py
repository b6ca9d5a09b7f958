"""``elena-wb import``: published answers into the store."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elena_wb.cli.options import AsJson, open_store, settings
from elena_wb.cli.output import print_json, print_table, say, warn
from elena_wb.errors import ExitCode

if TYPE_CHECKING:
    from elena_wb.engine.imports.importing import Imported

_SHOWN_PROBLEMS = 20


class Importer(StrEnum):
    """Whose files can be read."""

    ELENA = "elena"


def import_(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Files of answers.")],
    importer: Annotated[
        Importer,
        typer.Option("--as", help="elena: the JSON files that ELENA's scripts write, in any of their forms."),
    ],
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[,OPTION=VALUE]…",
            help="What the pictures are of.",
            show_default="the dataset that has such names",
        ),
    ] = None,
    pictures: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER", help="Where the pictures are, to link the answers to them; repeatable."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option("-m", "--model", help="Which model answered.", show_default="imported:FILE")
    ] = None,
    condition: Annotated[
        str,
        typer.Option(
            metavar="SPEC",
            help="What had been hidden from the model by a mask: PARTS[:STYLE]. Faces that the pictures themselves "
            "hide, as BESST's do, are no condition.",
        ),
    ] = "none",
    name: Annotated[str | None, typer.Option(help="A name for the runs.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take published answers into the store, each file as a run with the provenance "imported".

    Without the pictures, answers are known by the names of their files; where a dataset writes its labels into
    these, they can be scored. The same file again changes nothing. Entries that are no answers are reported, and
    the exit code is 4.
    """
    from elena_wb.engine.imports.importing import ImportRequest, import_answers
    from elena_wb.plugins import plugin_host

    request = ImportRequest(
        files, dataset, pictures or (), model, condition, name, uploads=settings(ctx).uploads
    )
    results = import_answers(request, plugin_host(), open_store(ctx))
    for result in results:
        _tell(result)
    _print(results, as_json=as_json)
    if any(result.bad_entries for result in results):
        raise typer.Exit(ExitCode.PARTIAL)


def _tell(result: Imported) -> None:
    """What there is to say about one file, on stderr."""
    for problem in result.problems[:_SHOWN_PROBLEMS]:
        warn(f"{problem.where} {problem.reason}")
    if len(result.problems) > _SHOWN_PROBLEMS:
        say(f"… and {len(result.problems) - _SHOWN_PROBLEMS} more of {result.file}.")
    if result.new:
        total = sum(result.counts.values())
        say(
            f"{result.file}: {total} answers are run {result.run_id} now; {result.linked} are linked to pictures, "
            f"{result.labelled} can be scored against a label."
        )
    else:
        say(f"{result.file}: these answers are run {result.run_id} already; nothing was changed.")
    for note in result.notes:
        say(note)


def _print(results: Sequence[Imported], *, as_json: bool) -> None:
    rows: list[dict[str, object]] = [
        {
            "run": result.run_id,
            "status": result.status,
            "ok": result.counts.get("ok", 0),
            "abstained": result.abstained,
            "unparsed": result.counts.get("unparsed", 0),
            "refused": result.counts.get("refused", 0),
            "failed": result.counts.get("error", 0),
            "left out": result.bad_entries,
        }
        for result in results
    ]
    if as_json:
        for row, result in zip(rows, results, strict=True):
            row |= {
                "file": str(result.file),
                "new": result.new,
                "model": result.model,
                "dataset": result.dataset,
                "linked": result.linked,
                "labelled": result.labelled,
                "problems": [
                    {"where": problem.where, "reason": problem.reason} for problem in result.problems
                ],
            }
        print_json(rows)
        return
    print_table(tuple(rows[0]), [tuple(row.values()) for row in rows])
