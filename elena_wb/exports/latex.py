"""Tables for a paper: how right the answers of runs are, and what changed between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from elena_wb.core import Crosstab, Resampling, UsageError
from elena_wb.exports.exporting import Exported, ExportOptions
from elena_wb.exports.kinds import Kind
from elena_wb.findings import Piece, Table, comparing_told, scores_told
from elena_wb.findings.comparing import compare_runs
from elena_wb.findings.latex import latex
from elena_wb.findings.pieces import flattened
from elena_wb.findings.scores import scores_of
from elena_wb.store import Store
from elena_wb.store.leaving import bare_uri, bare_words

if TYPE_CHECKING:
    from elena_wb.plugins import PluginHost


def write_latex(
    store: Store, run_ids: Sequence[int], path: Path, options: ExportOptions, host: PluginHost | None
) -> Exported:
    """Write the tables of ``elena-wb score``'s findings and, of several runs, of the first compared with each other."""
    resampling = Resampling(options.resamples, options.seed)
    metrics = host.makers("metrics") if host is not None else {}
    found: list[Piece] = [
        *flattened(scores_told.sections(scores_of(store, run_ids, metrics, resampling=resampling)))
    ]
    notes: list[str] = []
    for other in run_ids[1:]:
        try:
            compared = compare_runs(store, str(run_ids[0]), str(other), resampling=resampling)
        except UsageError as problem:
            notes.append(f"Runs {run_ids[0]} and {other} are not compared: {problem.message}")
            found.append(notes[-1])
            continue
        told = flattened(comparing_told.sections(compared))
        found += _named(told, f"Runs {run_ids[0]} and {other}") if len(run_ids) > 2 else told
    if not options.paths:
        found = [_bared(piece) for piece in found]
    path.write_text(latex(found), encoding="utf-8", errors="backslashreplace")
    tables = sum(isinstance(piece, Table | Crosstab) for piece in found)
    return Exported(Kind.LATEX, path, tables, "tables", notes=tuple(notes))


def _bared(piece: Piece) -> Piece:
    """The piece without folders, which models and options name."""
    if isinstance(piece, str):
        return bare_words(piece)
    if not isinstance(piece, Table):
        return piece
    rows = tuple(tuple(map(bare_uri, row)) for row in piece.rows)
    return replace(piece, title=bare_words(piece.title), rows=rows)


def _named(told: Iterator[Piece], pair: str) -> Iterator[Piece]:
    for piece in told:
        yield replace(piece, title=f"{pair}: {piece.title}") if isinstance(piece, Table) else piece
