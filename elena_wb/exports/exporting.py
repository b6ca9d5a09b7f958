"""Runs into a file or a folder: one function for all kinds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from elena_wb.core import SetupError, Upload, UsageError
from elena_wb.exports.kinds import Kind
from elena_wb.store import Store, drain_orphans, show_run
from elena_wb.store.exporting import RowFormat, copy_answers
from elena_wb.store.saving import refuse_own_files

if TYPE_CHECKING:
    from elena_wb.exports.pictures import Wanted
    from elena_wb.plugins import PluginHost

_ROWS: dict[Kind, RowFormat] = {Kind.PARQUET: "parquet", Kind.CSV: "csv", Kind.JSONL: "jsonl"}


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """``paths`` lets whole paths leave, ``marks`` a reader's marks and notes (bundles only).

    ``pictures`` go into a folder of kind ``datasets``: ``none``, those ``allowed`` to leave this machine, or ``all``.
    ``uploads`` are the user's settings of where the pictures of folders may go. ``resamples`` and ``seed`` are of the
    intervals in LaTeX tables.
    """

    paths: bool = False
    marks: bool = False
    pictures: Wanted = "none"
    uploads: Mapping[str, Upload] = field(default_factory=dict)
    resamples: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: ``count`` things of a ``kind`` called ``of`` (answers, regions, tables), the sha256 of a file,
    and what a user should know. ``left_out`` counts answers that the kind has no room for."""

    kind: Kind
    path: Path
    count: int
    of: str
    sha256: str | None = None
    left_out: int = 0
    notes: tuple[str, ...] = ()


def export_runs(
    store: Store,
    run_ids: Sequence[int],
    kind: Kind,
    output: Path,
    *,
    options: ExportOptions | None = None,
    host: PluginHost | None = None,
) -> Exported:
    """Write runs to ``output``: beside it first, so that a failure leaves an earlier export as it was.

    ``host`` makes pictures as models were shown them, and metrics for LaTeX tables.

    Raises:
        UsageError: there is no such run, the file is the store's own, or the kind cannot hold these runs.
        SetupError: the store cannot be read, or the file cannot be written.
    """
    options = options or ExportOptions()
    run_ids = tuple(dict.fromkeys(run_ids))
    if options.marks and kind != Kind.BUNDLE:
        raise UsageError(f"Marks go into files for another store only, not into {kind}.")
    if options.pictures != "none" and kind != Kind.DATASETS:
        raise UsageError(f"Pictures go into folders of the kind datasets only, not into {kind}.")
    refuse_own_files(store, output)
    if output.is_dir() and kind != Kind.DATASETS:
        raise UsageError(f"{output} is a folder.", hint="Name a file in it.")
    drain_orphans(store, patient=True)
    for run_id in run_ids:
        show_run(store, run_id)
    if kind == Kind.DATASETS:
        from elena_wb.exports.hub import write_folder

        return write_folder(store, run_ids, output, options, host)
    return _beside(output, lambda draft: _write(store, run_ids, kind, draft, options, host))


def _write(
    store: Store,
    run_ids: Sequence[int],
    kind: Kind,
    draft: Path,
    options: ExportOptions,
    host: PluginHost | None,
) -> Exported:
    match kind:
        case Kind.BUNDLE:
            from elena_wb.exports.bundle import write_bundle

            return write_bundle(store, run_ids, draft, paths=options.paths, marks=options.marks)
        case Kind.COCO:
            from elena_wb.exports.coco import write_coco

            return write_coco(store, run_ids, draft, paths=options.paths)
        case Kind.ELENA:
            from elena_wb.exports.elena import write_elena

            return write_elena(store, run_ids, draft, paths=options.paths)
        case Kind.LATEX:
            from elena_wb.exports.latex import write_latex

            return write_latex(store, run_ids, draft, options, host)
    count = copy_answers(store, run_ids, _ROWS[kind], draft, paths=options.paths)
    return Exported(kind, draft, count, "answers")


def _beside(output: Path, write: Callable[[Path], Exported]) -> Exported:
    """Let ``write`` write a draft, and put it in the place of ``output`` once it is whole and on the disk."""
    draft = output.with_name(f".{output.name}.part")
    try:
        try:
            draft.touch()  # tells at once, and in plain words, where nothing can be written
            written = write(draft)
            with draft.open("rb+") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
            draft.replace(output)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as problem:
        raise SetupError(f"Cannot write {output}: {problem.strerror or problem}.") from problem
    return Exported(written.kind, output, written.count, written.of, digest, written.left_out, written.notes)
