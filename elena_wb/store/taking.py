"""An answer taken into memory to be looked at: bounded, and every value as DuckDB writes it."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass

import pyarrow as pa

from elena_wb.store.database import Store
from elena_wb.store.formats import batches
from elena_wb.store.query import Answer, ask

MOST_ROWS = 1_000_000
MOST_BYTES = 128 << 20
"""What is taken at most; an answer of more is cut, and says so."""

_BATCH = 2048
_NUMBER = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL\(\d+,\d+\))")


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows of an answer: ``rows`` holds text alone, NULL where there is no value.

    ``kinds`` are DuckDB's types, ``complete`` is whether there were no more rows, and ``seconds`` how long it took,
    waiting for the store included.
    """

    sql: str
    rows: pa.Table
    kinds: tuple[str, ...]
    complete: bool
    seconds: float

    @property
    def names(self) -> tuple[str, ...]:
        """The columns; one whose name stands twice has a number behind it."""
        return tuple(self.rows.column_names)

    def is_number(self, column: int) -> bool:
        """Whether the values of a column are single numbers."""
        kind = self.kinds[column]
        return _NUMBER.fullmatch(kind) is not None

    def cell(self, row: int, column: int) -> str | None:
        """One value, whole."""
        value = self.rows[column][row].as_py()
        return None if value is None else str(value)


def take(
    store: Store,
    sql: str,
    stop: threading.Event,
    *,
    most_rows: int = MOST_ROWS,
    most_bytes: int = MOST_BYTES,
) -> Taken:
    """Ask ``sql`` in the sandbox of the command line, without writing, and keep the first rows of its answer.

    Raises:
        UsageError, SetupError, StoppedError: as :func:`elena_wb.store.query.ask`.
    """
    began = time.monotonic()

    def consume(answer: Answer) -> Taken:
        relation = answer.relation
        if relation is None:
            return Taken(sql, pa.table({}), (), True, time.monotonic() - began)
        kinds = tuple(map(str, relation.types))
        reader = batches(relation.project("COLUMNS(*)::VARCHAR"), _BATCH)
        kept: list[pa.RecordBatch] = []
        rows = size = 0
        complete = True
        for batch in reader:
            room = min(most_rows - rows, batch.num_rows)
            if size + batch.nbytes > most_bytes:
                room = min(room, int((most_bytes - size) / batch.nbytes * batch.num_rows))
            if room < batch.num_rows:
                complete = False
                batch = batch.take(
                    pa.array(range(max(room, 0 if kept else 1)))
                )  # a copy, to let go of the rest
            kept.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if not complete:
                break
        return Taken(
            sql, pa.Table.from_batches(kept, reader.schema), kinds, complete, time.monotonic() - began
        )

    with ask(store, sql, stop=stop) as answer:
        return answer(consume)
