"""``elena-wb runs export``, ``import`` and ``diff``: runs as files, and two runs side by side."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elena_wb.cli.finding_output import Resamples, Runs, Seed
from elena_wb.cli.options import AsJson, open_store, settings
from elena_wb.cli.output import print_json, print_table, say, warn
from elena_wb.errors import ExitCode, WorkbenchError

if TYPE_CHECKING:
    from elena_wb.exports import Imported
    from elena_wb.findings.differing import Difference
    from elena_wb.store.questions import Shared


class ExportKind(StrEnum):
    """What runs can be written as."""

    BUNDLE = "bundle"
    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"
    COCO = "coco"
    ELENA = "elena"
    DATASETS = "datasets"
    LATEX = "latex"


class Pictures(StrEnum):
    """Which pictures go along."""

    NONE = "none"
    ALLOWED = "allowed"
    ALL = "all"


def export(
    ctx: typer.Context,
    runs: Runs,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PATH", help="The file, or the folder, to write.")
    ],
    kind: Annotated[
        ExportKind | None,
        typer.Option(
            "--as",
            help="bundle: for another store (.elena-runs). parquet, csv, jsonl: an answer a row, as the view "
            "narratives has it. coco: regions of the pictures. elena: answers as ELENA's scripts write them. "
            "datasets: a folder for Hugging Face datasets. latex: tables of scores and changes (.tex).",
            show_default="what PATH is called",
        ),
    ] = None,
    paths: Annotated[
        bool,
        typer.Option("--paths", help="Write whole paths of files on this machine, not only their names."),
    ] = False,
    marks: Annotated[
        bool, typer.Option("--marks", help="bundle: marks and notes that were made while reading go along.")
    ] = False,
    pictures: Annotated[
        Pictures,
        typer.Option(
            help="datasets: pictures as the models were shown them; allowed leaves out those that must stay "
            "on this machine, all does not.",
        ),
    ] = Pictures.NONE,
    resamples: Resamples = 1000,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Write runs to a file or a folder for other programs, or for another store.

    No key leaves in an export, and no folder of this machine but what tells pictures of one name apart; pictures and
    marks leave only where an option says so, ratings never. A file of that name is replaced once the new one is whole;
    a folder that holds anything is not. In CSV an apostrophe stands before text that a spreadsheet would take for a
    formula: for exact text take Parquet or JSONL. Where answers had to be left out, because the kind has no place for
    them, the exit code is 4.
    """
    from elena_wb.exports import ExportOptions, Kind, export_runs, kind_of
    from elena_wb.plugins import plugin_host
    from elena_wb.store.scorable import resolve_runs

    chosen = kind_of(output, None if kind is None else Kind(kind))
    store = open_store(ctx)
    options = ExportOptions(paths, marks, pictures.value, settings(ctx).uploads, resamples, seed)
    written = export_runs(
        store, resolve_runs(store, runs), chosen, output, options=options, host=plugin_host()
    )
    for note in written.notes:
        say(note)
    if as_json:
        print_json({**asdict(written), "kind": str(written.kind), "path": str(written.path)})
    else:
        say(f"Wrote {written.count:,} {written.of} to {written.path}.")
        if written.sha256:
            say(f"sha256 {written.sha256}")
    if written.left_out:
        warn(f"{written.left_out:,} answers are not in it.")
        raise typer.Exit(ExitCode.PARTIAL)


def import_(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Files that `runs export` wrote for other stores.")],
    as_json: AsJson = False,
) -> None:
    """Take runs of another store into this one.

    Every file is checked before anything is written, and comes in whole or not at all. Runs get new numbers. A run
    that is here already gains the answers it lacks, also in place of failures; what is here stays as it is, and the
    same file again changes nothing. Where an answer is here with other words, that is told and the exit code is 4. The
    checksum tells damage; it does not tell who made a file.
    """
    from elena_wb.exports import import_runs

    store = open_store(ctx)
    done: list[Imported] = []
    failures: list[WorkbenchError] = []
    for file in dict.fromkeys(files):
        try:
            done.append(import_runs(store, file))
        except WorkbenchError as problem:
            if len(files) == 1:
                raise
            failures.append(problem)
            warn(problem.message)
    for one in done:
        _tell(one)
    if as_json:
        print_json([{**asdict(one), "changed": one.changed} for one in done])
    elif done:
        columns = ("run", "name", "model", "condition", "new", "added", "same", "failed there", "differing")
        print_table(
            columns,
            [
                (
                    *(of.run_id, of.name or "", of.model, of.condition, "yes" if of.new else "no"),
                    *(of.added, of.same, of.kept, of.differing),
                )
                for one in done
                for of in one.merged.runs
            ],
        )
    if failures and not done:
        raise typer.Exit(failures[0].exit_code)
    if failures or any(one.differing for one in done):
        raise typer.Exit(ExitCode.PARTIAL)


def _tell(one: Imported) -> None:
    merged = one.merged
    added = sum(run.added for run in merged.runs)
    if one.changed:
        say(
            f"{one.path}: {added:,} answers, {merged.stimuli:,} stimuli and {merged.extractions:,} looks at attention "
            "came in."
        )
    else:
        say(f"{one.path}: everything in it is here already; nothing was changed.")
    if one.differing:
        warn(f"{one.differing:,} answers of {one.path} are here with other words or values, which stay.")
    for count, what in ((merged.labels_differing, "labels"), (merged.regions_differing, "regions")):
        if count:
            say(f"{count:,} stimuli have other {what} here from the same source; these stay.")


def diff(
    ctx: typer.Context,
    first: Annotated[str, typer.Argument(metavar="RUN", help="Number or name of a run.")],
    second: Annotated[str, typer.Argument(metavar="RUN", help="Number or name of another.")],
    as_json: AsJson = False,
) -> None:
    """Say what lies between two runs, and how many questions they share and answer alike.

    A question is the same where picture as sent, model, prompt, sampling and seed are. `elena-wb compare` has the
    statistics.
    """
    from elena_wb.findings.differing import differences
    from elena_wb.store import drain_orphans, resolve_run, show_run
    from elena_wb.store.pairing import answered_by
    from elena_wb.store.questions import shared_questions

    store = open_store(ctx)
    if store.exists():
        drain_orphans(store)
    ids = [resolve_run(store, text) for text in (first, second)]
    shown = [{**show_run(store, run_id), "answered_by": answered_by(store, run_id)} for run_id in ids]
    between = differences(shown[0], shown[1])
    shared = shared_questions(store, ids[0], ids[1])
    if as_json:
        print_json(
            {
                "first": ids[0],
                "second": ids[1],
                "differences": [asdict(one) for one in between],
                "answers": asdict(shared),
            }
        )
        return
    _show(ids, between, shared)


def _show(ids: list[int], between: tuple[Difference, ...], shared: Shared) -> None:
    rows = [
        (one.aspect if one.matters else f"{one.aspect} (changes no answer)", one.first, one.second)
        for one in between
    ]
    print_table(
        ("what", f"run {ids[0]}", f"run {ids[1]}"),
        [*rows, ("answers", shared.first, shared.second)],
    )
    if not between:
        say("Nothing that is recorded of them differs.")
    say(
        f"{shared.asked:,} answers in both are about the same picture and repeat; {shared.only_first:,} are in run "
        f"{ids[0]} only, {shared.only_second:,} in run {ids[1]} only."
    )
    told = (
        "Whether they were asked the very same cannot be told: their answers were imported."
        if shared.asked and not shared.known_question
        else f"Asked the very same, pixels, model and all: {shared.same_question:,}."
    )
    say(told)
    say(
        f"Answered in both: {shared.answered:,}; word for word the same: {shared.same_words:,}; with the same "
        f"emotion: {shared.same_emotion:,}."
    )
