"""Answers of queries as files and streams, batch by batch: a million rows need no more memory than a few."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

_BATCH = 10_000
Relation = duckdb.DuckDBPyRelation


def batches(relation: Relation, rows: int = _BATCH) -> pa.RecordBatchReader:
    """The rows as Arrow record batches of at most ``rows``; the method's name differs between DuckDB versions."""
    reader = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    return reader(rows)


def text_rows(relation: Relation) -> Iterator[tuple[str | None, ...]]:
    """The rows with every value as DuckDB writes it; NULL is ``None``."""
    for batch in batches(relation.project("COLUMNS(*)::VARCHAR")):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def write_csv(relation: Relation, out: BinaryIO) -> None:
    """Comma-separated values with a header; NULL is an empty field."""
    _separated(relation, out, ",")


def write_tsv(relation: Relation, out: BinaryIO) -> None:
    """Tab-separated values with a header; NULL is an empty field."""
    _separated(relation, out, "\t")


def write_jsonl(relation: Relation, out: BinaryIO) -> None:
    """One JSON object a line."""
    for row in _json_rows(relation):
        out.write(row + b"\n")


def write_json(relation: Relation, out: BinaryIO) -> None:
    """A JSON array of objects."""
    separator = b"[\n"
    for row in _json_rows(relation):
        out.write(separator + row)
        separator = b",\n"
    out.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def write_markdown(relation: Relation, out: BinaryIO) -> None:
    """A Markdown table; line breaks become ``<br>``."""
    out.write(_markdown_row(relation.columns) + _markdown_row(["---"] * len(relation.columns), escape=False))
    for row in text_rows(relation):
        out.write(_markdown_row(["" if cell is None else cell for cell in row]))


def write_parquet(relation: Relation, out: BinaryIO) -> None:
    """A Parquet file. Intervals, which Parquet lacks, become text."""
    reader = batches(_projected(relation, {"INTERVAL": "{0}::VARCHAR"}))
    with pq.ParquetWriter(out, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


def write_arrow(relation: Relation, out: BinaryIO) -> None:
    """An Arrow IPC file."""
    reader = batches(_projected(relation, {}))
    with pa.ipc.new_file(out, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


WRITERS: dict[str, Callable[[Relation, BinaryIO], None]] = {
    "csv": write_csv,
    "tsv": write_tsv,
    "json": write_json,
    "jsonl": write_jsonl,
    "md": write_markdown,
    "parquet": write_parquet,
    "arrow": write_arrow,
}
BINARY = frozenset({"parquet", "arrow"})


def _separated(relation: Relation, out: BinaryIO, delimiter: str) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    try:
        writer.writerow(relation.columns)
        writer.writerows(text_rows(relation))
        text.flush()
    finally:
        text.detach()


def _json_rows(relation: Relation) -> Iterator[bytes]:
    finite = "CASE WHEN isfinite({0}) THEN {0} END"
    clean = _projected(relation, {"DOUBLE": finite, "FLOAT": finite})
    for batch in batches(clean.set_alias("answer").project("to_json(answer)::VARCHAR")):
        for row in batch.column(0).to_pylist():
            yield row.encode()


def _projected(relation: Relation, by_type: dict[str, str]) -> Relation:
    """The relation with unique column names, and columns of some types replaced by an expression."""
    unique = relation.project("COLUMNS(*)")
    terms = []
    for name, kind in zip(unique.columns, unique.types, strict=True):
        quoted = '"' + name.replace('"', '""') + '"'
        terms.append(by_type.get(str(kind), "{0}").format(quoted) + " AS " + quoted)
    return unique.project(", ".join(terms))


def _markdown_row(cells: list[Any], *, escape: bool = True) -> bytes:
    if escape:
        cells = [
            cell.replace("\\", "\\\\").replace("|", "\\|").replace("\r\n", "\n").replace("\n", "<br>")
            for cell in cells
        ]
    return f"| {' | '.join(cells)} |\n".encode()
