"""Runs of another store taken into this one, in one transaction; what is there already stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from elena_wb.core import UsageError
from elena_wb.store.checking import incoming_tables
from elena_wb.store.database import DuckDBConnection, Store
from elena_wb.store.schema import first_row


@dataclass(frozen=True, slots=True)
class MergedRun:
    """One run that came: its number here, whether it is ``new`` here, and what became of its answers.

    ``added`` came in, ``same`` were here already, ``kept`` are here and the file had only their failure, and
    ``differing`` are here with other words or values, and stay as they are here.
    """

    run_id: int
    run_key: str
    name: str | None
    model: str
    condition: str
    new: bool
    added: int
    same: int
    kept: int
    differing: int


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of a bundle: its runs, and how many stimuli bear labels or regions here that differ from its own."""

    runs: tuple[MergedRun, ...]
    stimuli: int
    extractions: int
    marks: int
    labels_differing: int
    regions_differing: int


_VERDICTS = """
CREATE OR REPLACE TEMP TABLE verdicts AS
SELECT i.generation_id, m.run_id, CASE
    WHEN g.generation_id IS NULL THEN 'new'
    WHEN g.run_id <> m.run_id THEN 'differs'
    WHEN i.status = 'error' THEN 'kept'
    WHEN g.status = 'error' THEN 'new'
    WHEN ({incoming}) IS DISTINCT FROM ({stored}) THEN 'differs'
    WHEN p.parts IS DISTINCT FROM q.parts THEN 'differs'
    ELSE 'same' END AS verdict
FROM incoming_generations AS i JOIN run_map AS m ON m.old_id = i.run_id
LEFT JOIN generations AS g USING (generation_id)
LEFT JOIN ({parts} incoming_body_parts SEMI JOIN generations USING (generation_id) GROUP BY ALL) AS p
    USING (generation_id)
LEFT JOIN ({parts} body_parts SEMI JOIN incoming_generations USING (generation_id) GROUP BY ALL) AS q
    USING (generation_id)
"""
_PARTS = "SELECT generation_id, list((position, phrase, part, part_group) ORDER BY position) AS parts FROM"
_SETS = {"labels": "source", "regions": "locator", "searches": "locator", "mask_audits": "masking, detector"}
_NOT_COMPARED = frozenset({"run_id", "generation_id", "error", "notes", "retried_for"})
"""Numbers of a store, and what this program says of an answer: folders were left out of it on the way."""


def merge(store: Store, files: Mapping[str, Path], maps: Mapping[str, str]) -> Merged:
    """Take the tables of a bundle in, checked before (:func:`elena_wb.store.checking.check_tables`).

    ``files`` has the Parquet file of each table; ``maps`` says under which name each file of attention maps lies
    beside this store. A run is known by its key, an answer by its identity: answers that are missing here come in,
    also in place of failures, and those that are here stay. Stimuli, labels and regions that this store knows stay
    as they are, but that of two policies for a picture the stricter counts.

    Raises:
        UsageError: a run of the same key has another specification here.
        SetupError: the store cannot be written.
    """
    with store.write() as connection, incoming_tables(connection, files):
        _put_runs(connection)
        stimuli, labels, regions = _put_stimuli(connection)
        _judge(connection)
        _put_answers(connection)
        extractions = _put_attention(connection, maps)
        marks = _put_marks(connection) if "marks" in files else 0
        _settle(connection)
        runs = _told(connection)
        for table in ("verdicts", "run_map"):
            connection.execute(f"DROP TABLE {table}")
    return Merged(runs, stimuli, extractions, marks, labels, regions)


def _put_runs(connection: DuckDBConnection) -> None:
    other = connection.execute(
        """SELECT r.run_id FROM incoming_runs AS i JOIN runs AS r USING (run_key)
           WHERE i.spec_digest <> r.spec_digest ORDER BY r.run_id"""
    ).fetchall()
    if other:
        raise UsageError(
            f"A run in it has the key of run {other[0][0]} here, but another specification.",
            hint="One of the two was changed by hand; nothing was taken in.",
        )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE run_map AS SELECT run_id AS old_id, run_key, "
        "run_key NOT IN (SELECT run_key FROM runs) AS is_new, NULL::INTEGER AS run_id FROM incoming_runs"
    )
    connection.execute(
        """INSERT INTO runs BY NAME SELECT * EXCLUDE (run_id)
               REPLACE (CASE status WHEN 'running' THEN 'interrupted' ELSE status END AS status)
           FROM incoming_runs ANTI JOIN runs USING (run_key) ORDER BY incoming_runs.run_id"""
    )
    connection.execute(
        "UPDATE run_map SET run_id = r.run_id FROM runs AS r WHERE r.run_key = run_map.run_key"
    )


def _put_stimuli(connection: DuckDBConnection) -> tuple[int, int, int]:
    """How many stimuli are new, and how many have labels and regions that differ."""
    connection.execute(
        """UPDATE stimuli AS s SET width = coalesce(s.width, i.width), height = coalesce(s.height, i.height),
               upload = CASE WHEN 'local-only' IN (s.upload, i.upload) THEN 'local-only'
                             WHEN 'masked-only' IN (s.upload, i.upload) THEN 'masked-only' ELSE s.upload END
           FROM incoming_stimuli AS i WHERE s.stimulus_id = i.stimulus_id
             AND (s.width IS NULL AND i.width IS NOT NULL OR s.height IS NULL AND i.height IS NOT NULL
                  OR i.upload = 'local-only' AND s.upload <> 'local-only'
                  OR i.upload = 'masked-only' AND s.upload = 'allowed')"""
    )
    new = first_row(
        connection,
        "INSERT INTO stimuli BY NAME SELECT * FROM incoming_stimuli ANTI JOIN stimuli USING (stimulus_id)",
    )
    differing = {}
    for table, key in _SETS.items():
        keys = f"stimulus_id, {key}"
        stored = "(SELECT stimulus_id, locator FROM searches UNION SELECT stimulus_id, locator FROM regions)"
        there = stored if table in ("regions", "searches") else table
        connection.execute(f"CREATE OR REPLACE TEMP TABLE stored_sets AS SELECT DISTINCT {keys} FROM {there}")
        if table in ("labels", "regions"):
            differing[table] = _differing(connection, table, keys)
        if table == "regions":  # the sets of searches are judged before these regions count among the stored
            connection.execute(
                """INSERT INTO searches BY NAME SELECT * FROM incoming_searches
                   ANTI JOIN stored_sets USING (stimulus_id, locator)"""
            )
        elif table == "searches":
            continue
        connection.execute(
            f"INSERT INTO {table} BY NAME SELECT * FROM incoming_{table} ANTI JOIN stored_sets USING ({keys})"
        )
    connection.execute("DROP TABLE stored_sets")
    return int(new[0]) if new else 0, differing["labels"], differing["regions"]


def _differing(connection: DuckDBConnection, table: str, keys: str) -> int:
    """How many stimuli have a set of the same source in both, with other rows."""
    columns = [
        name
        for (name,) in connection.execute(
            f"""SELECT c.column_name FROM duckdb_columns() AS c JOIN (DESCRIBE SELECT * FROM incoming_{table}) AS i
               USING (column_name) WHERE c.table_name = '{table}' ORDER BY c.column_index"""
        ).fetchall()
    ]
    shown = ", ".join(f"{name}::VARCHAR" for name in columns)
    both = f"SEMI JOIN stored_sets USING ({keys})"
    ours = f"SELECT {shown} FROM {table} SEMI JOIN incoming_{table} USING ({keys})"
    theirs = f"SELECT {shown} FROM incoming_{table} {both}"
    place = columns.index("stimulus_id") + 1
    row = first_row(
        connection,
        f"""SELECT count(DISTINCT columns_{place}) FROM (
                (({theirs}) EXCEPT ALL ({ours})) UNION ALL (({ours}) EXCEPT ALL ({theirs}))
            ) AS d({", ".join(f"columns_{n}" for n in range(1, len(columns) + 1))})""",
    )
    return int(row[0]) if row else 0


def _judge(connection: DuckDBConnection) -> None:
    names = [
        name
        for name, *_ in connection.execute("DESCRIBE SELECT * FROM incoming_generations").fetchall()
        if name not in _NOT_COMPARED
    ]
    connection.execute(
        _VERDICTS.format(
            incoming=", ".join(f"i.{name}" for name in names),
            stored=", ".join(f"g.{name}" for name in names),
            parts=_PARTS,
        )
    )


def _put_answers(connection: DuckDBConnection) -> None:
    new = "(SELECT generation_id FROM verdicts WHERE verdict = 'new')"
    for table in ("generations", "body_parts", "label_scores"):
        connection.execute(f"DELETE FROM {table} WHERE generation_id IN {new}")
    connection.execute(
        """INSERT INTO generations BY NAME SELECT i.* EXCLUDE (run_id), v.run_id
           FROM incoming_generations AS i JOIN verdicts AS v USING (generation_id) WHERE v.verdict = 'new'"""
    )
    for table in ("body_parts", "label_scores"):
        connection.execute(
            f"INSERT INTO {table} BY NAME SELECT * FROM incoming_{table} WHERE generation_id IN {new}"
        )


def _put_attention(connection: DuckDBConnection, maps: Mapping[str, str]) -> int:
    """How many extractions came in."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE looks AS SELECT extraction_id FROM incoming_extractions
           WHERE extraction_id NOT IN (SELECT extraction_id FROM extractions)
             AND generation_id IN (SELECT generation_id FROM verdicts WHERE verdict IN ('new', 'same'))"""
    )
    named = ", ".join("(?, ?)" for _ in maps) or "(NULL, NULL)"
    came = first_row(
        connection,
        f"""INSERT INTO extractions BY NAME SELECT i.* REPLACE (n.here AS maps)
            FROM incoming_extractions AS i SEMI JOIN looks USING (extraction_id)
            LEFT JOIN (VALUES {named}) AS n(there, here) ON n.there = i.maps""",
        [text for pair in maps.items() for text in pair],
    )
    connection.execute(
        "INSERT INTO attention BY NAME SELECT * FROM incoming_attention SEMI JOIN looks USING (extraction_id)"
    )
    connection.execute("DROP TABLE looks")
    return int(came[0]) if came else 0


def _put_marks(connection: DuckDBConnection) -> int:
    came = first_row(
        connection,
        """INSERT INTO marks BY NAME SELECT * FROM incoming_marks ANTI JOIN marks USING (generation_id)
           WHERE generation_id IN (SELECT generation_id FROM verdicts WHERE verdict IN ('new', 'same'))""",
    )
    return int(came[0]) if came else 0


def _settle(connection: DuckDBConnection) -> None:
    """Give runs that gained answers the status that they have with them."""
    connection.execute(
        """UPDATE runs SET planned = greatest(runs.planned, i.planned),
               finished_at = CASE WHEN runs.status = 'running' THEN NULL
                                  ELSE coalesce(runs.finished_at, i.finished_at) END,
               status = CASE
               WHEN runs.status = 'running' OR greatest(runs.planned, i.planned) >
                   (SELECT count(*) FROM generations AS g WHERE g.run_id = runs.run_id) THEN runs.status
               WHEN EXISTS (FROM generations AS g WHERE g.run_id = runs.run_id AND g.status = 'error')
               THEN 'partial' ELSE 'done' END
           FROM incoming_runs AS i JOIN run_map AS m USING (run_key)
           WHERE runs.run_key = i.run_key AND NOT m.is_new
             AND EXISTS (FROM verdicts AS v WHERE v.run_id = runs.run_id AND v.verdict = 'new')"""
    )


def _told(connection: DuckDBConnection) -> tuple[MergedRun, ...]:
    rows = connection.execute(
        """SELECT r.run_id, r.run_key, r.name, r.model_uri, r.condition, m.is_new,
                  count(*) FILTER (v.verdict = 'new'), count(*) FILTER (v.verdict = 'same'),
                  count(*) FILTER (v.verdict = 'kept'), count(*) FILTER (v.verdict = 'differs')
           FROM run_map AS m JOIN runs AS r USING (run_id) LEFT JOIN verdicts AS v USING (run_id)
           GROUP BY ALL ORDER BY r.run_id"""
    ).fetchall()
    return tuple(MergedRun(*row) for row in rows)
