"""Lines of an outbox into the tables, in one transaction; the same line twice changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC
from operator import attrgetter

import duckdb
import pyarrow as pa

from elena_wb.store import tables
from elena_wb.store.attention import drop_attention
from elena_wb.store.database import Store
from elena_wb.store.maps import remove, unnamed
from elena_wb.store.records import (
    AuditRecord,
    GenerationRecord,
    Record,
    RegionsRecord,
    SizeRecord,
    from_line,
)

_TYPES = {
    "repeat": pa.int32(),
    "valence": pa.float64(),
    "arousal": pa.float64(),
    "dominance": pa.float64(),
    "notes": pa.list_(pa.string()),
    "body_parts": pa.list_(
        pa.struct([("phrase", pa.string()), ("part", pa.string()), ("group", pa.string())])
    ),
    "prompt_tokens": pa.int32(),
    "completion_tokens": pa.int32(),
    "latency_ms": pa.float64(),
    "cost_usd": pa.float64(),
    "attempts": pa.int32(),
    "retried_for": pa.list_(pa.string()),
    "label_scores": pa.list_(pa.struct([("label", pa.string()), ("logprob", pa.float64())])),
    "created_at": pa.timestamp("us"),
}
_COMPUTED = ("body_parts", "label_scores", "created_at")
_PLAIN = [f.name for f in fields(GenerationRecord) if f.name not in {"kind", *_COMPUTED}]
_plain_values = attrgetter(*_PLAIN)
_GENERATIONS = pa.schema(
    [("line", pa.int64()), *((name, _TYPES.get(name, pa.string())) for name in (*_PLAIN, *_COMPUTED))]
)
_AUDITS = pa.schema(
    [
        ("stimulus_id", pa.string()),
        ("condition", pa.string()),
        ("masking", pa.string()),
        ("detector", pa.string()),
        ("residual_faces", pa.int32()),
        ("worst_score", pa.float64()),
        ("faces", pa.string()),
        ("uncovered", pa.int32()),
        ("audited_at", pa.timestamp("us")),
    ]
)
_SIZES = pa.schema([("stimulus_id", pa.string()), ("width", pa.int32()), ("height", pa.int32())])

# Of several lines for one generation, the first answer counts; without any, the last failure.
_CHOOSE = """
CREATE OR REPLACE TEMP TABLE arriving AS
SELECT i.* EXCLUDE (run_key), r.run_id
FROM incoming AS i JOIN runs AS r USING (run_key)
QUALIFY row_number() OVER (
    PARTITION BY generation_id
    ORDER BY i.status = 'error', CASE WHEN i.status = 'error' THEN -line ELSE line END) = 1
"""
# What is stored stays, except a failure: an answer or a later failure takes its place.
_SETTLED = """
DELETE FROM arriving WHERE generation_id IN (
    SELECT generation_id FROM generations AS g JOIN arriving AS a USING (generation_id)
    WHERE g.status <> 'error' OR (a.status = 'error' AND a.created_at <= g.created_at))
"""
_REPLACED = "DELETE FROM {table} WHERE generation_id IN (SELECT generation_id FROM arriving)"
_PARTS = """
INSERT INTO body_parts
SELECT generation_id, position - 1, part.phrase, part.part, part."group"
FROM (SELECT generation_id, unnest(body_parts) AS part, generate_subscripts(body_parts, 1) AS position
      FROM arriving)
"""
_SCORES = """
INSERT INTO label_scores SELECT generation_id, score.label, score.logprob
FROM (SELECT generation_id, unnest(label_scores) AS score FROM arriving)
"""


@dataclass(frozen=True, slots=True)
class Drained:
    """What became of the lines: how many are in the store, and which could not be, with the reason."""

    stored: int
    rejected: tuple[tuple[bytes, str], ...] = ()


def drain_lines(store: Store, lines: Sequence[bytes], *, lock_timeout: float | None = None) -> Drained:
    """Enter complete lines into the store, in one transaction.

    Raises:
        StoreBusyError: the store could not be had within ``lock_timeout`` seconds; nothing was entered.
    """
    records: list[tuple[int, Record]] = []
    rejected: list[tuple[bytes, str]] = []
    for number, line in enumerate(lines):
        try:
            records.append((number, from_line(line)))
        except ValueError as problem:
            rejected.append((line, f"is damaged ({str(problem).partition(chr(10))[0]})"))
    if records:
        with store.write(lock_timeout=lock_timeout) as connection:
            strays, maps = _put_generations(
                connection, [(n, r) for n, r in records if isinstance(r, GenerationRecord)]
            )
            _put_regions(connection, (r for _, r in records if isinstance(r, RegionsRecord)))
            _put_sizes(connection, [r for _, r in records if isinstance(r, SizeRecord)])
            put_audits(connection, [r for _, r in records if isinstance(r, AuditRecord)])
            gone = unnamed(store, connection, maps) if maps else []
        remove(gone)
        rejected += [(lines[number], "belongs to a run that the store does not have") for number in strays]
    return Drained(len(lines) - len(rejected), tuple(rejected))


def _put_generations(
    connection: duckdb.DuckDBPyConnection, numbered: Sequence[tuple[int, GenerationRecord]]
) -> tuple[list[int], list[str]]:
    """The lines of runs that the store does not have, and the files of maps that may be needed no more."""
    if not numbered:
        return [], []
    rows = ((number, *_row(record)) for number, record in numbered)
    with tables.incoming(connection, _GENERATIONS, rows):
        connection.execute(_CHOOSE)
        strays = connection.execute("SELECT line FROM incoming ANTI JOIN runs USING (run_key)").fetchall()
    connection.execute(_SETTLED)
    maps = drop_attention(connection, "SELECT generation_id FROM arriving")
    for table in ("generations", "body_parts", "label_scores"):
        connection.execute(_REPLACED.format(table=table))
    connection.execute(
        "INSERT INTO generations BY NAME SELECT * EXCLUDE (line, body_parts, label_scores) FROM arriving"
    )
    connection.execute(_PARTS)
    connection.execute(_SCORES)
    connection.execute("DROP TABLE arriving")
    return [number for (number,) in strays], maps


def _row(record: GenerationRecord) -> Sequence[object]:
    parts = [{"phrase": p.phrase, "part": p.part, "group": p.group} for p in record.body_parts]
    scores = [{"label": label, "logprob": logprob} for label, logprob in record.label_scores.items()]
    when = record.created_at
    if when.tzinfo is not None:
        when = when.astimezone(UTC).replace(tzinfo=None)
    return (*_plain_values(record), parts, scores, when)


def _put_regions(connection: duckdb.DuckDBPyConnection, records: Iterable[RegionsRecord]) -> None:
    latest = {(record.locator, record.stimulus_id): record.regions for record in records}
    for locator in {locator for locator, _ in latest}:
        found = {stimulus_id: of for (by, stimulus_id), of in latest.items() if by == locator}
        tables.put_regions(connection, found, locator)


def _put_sizes(connection: duckdb.DuckDBPyConnection, records: Sequence[SizeRecord]) -> None:
    latest = {record.stimulus_id: (record.width, record.height) for record in records}
    if not latest:
        return
    with tables.incoming(connection, _SIZES, ((key, *size) for key, size in latest.items())):
        connection.execute("""
            UPDATE stimuli AS s SET width = i.width, height = i.height FROM incoming AS i
            WHERE s.stimulus_id = i.stimulus_id
              AND (s.width, s.height) IS DISTINCT FROM (i.width, i.height)""")


def put_audits(connection: duckdb.DuckDBPyConnection, records: Sequence[AuditRecord]) -> None:
    """Enter audits, each in place of an earlier one of the same stimulus, masking and detector."""
    latest = {(of.stimulus_id, of.masking, of.detector): of for of in records}
    if not latest:
        return
    with tables.incoming(connection, _AUDITS, map(_audit_row, latest.values())):
        connection.execute("""
            DELETE FROM mask_audits WHERE (stimulus_id, masking, detector) IN
                (SELECT (stimulus_id, masking, detector) FROM incoming)""")
        connection.execute("INSERT INTO mask_audits BY NAME SELECT * FROM incoming")


def _audit_row(of: AuditRecord) -> tuple[object, ...]:
    faces = [
        {"x": face.box.x, "y": face.box.y, "w": face.box.w, "h": face.box.h, "score": face.score}
        for face in of.faces
    ]
    worst = max((face.score for face in of.faces), default=None)
    return (
        *(of.stimulus_id, of.condition, of.masking, of.detector, of.residual_faces),
        *(worst, json.dumps(faces) if faces else None, of.uncovered, of.audited_at),
    )
