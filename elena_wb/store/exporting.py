"""What other programs want of runs: answers, regions, and answers as ELENA's scripts write them, batch by batch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa

from elena_wb.core import SetupError
from elena_wb.store.database import DuckDBConnection, Store, told_of
from elena_wb.store.formats import batches
from elena_wb.store.leaving import FOLDERS, bare_uri, shortest_names
from elena_wb.store.mentions import ANNOTATED

READING: Mapping[str, str | bool | int] = {"memory_limit": "1200MB", "threads": 2}
"""An export leaves memory to others, and sorts on disk what has no room."""
_ANSWERS_STREAM: Mapping[str, str | bool | int] = {
    **READING,
    # Or answers with all their texts are kept in memory to look up their parts, rather than the other way round.
    "disabled_optimizers": "build_side_probe_side",
}

_COLUMNS = (
    *("run_id", "run", "experiment", "model", "model_digest", "prompt", "prompt_digest", "condition", "seed"),
    *("dataset", "split", "picture", "person_index", "attributes", "repeat", "status", "emotion", "truth"),
    *("correct", "face_label", "body_label", "valence", "arousal", "dominance", "body_parts", "part_groups"),
    *("narrative", "explicit_description", "implicit_description", "emotion_raw", "raw_text"),
    *("residual_faces", "error", "attempts", "retried_for", "answered_by", "latency_ms", "cost_usd"),
    *("created_at", "stimulus_id", "generation_id"),
)
ANSWER_COLUMNS = (*_COLUMNS[:12], "path", *_COLUMNS[12:])
"""The columns of exported answers; ``path`` is there only where whole paths are asked for."""

_LISTS = ("body_parts", "part_groups", "retried_for")
_NUMBERS = ("valence", "arousal", "dominance", "latency_ms", "cost_usd")
_FORMULA = r"'^([=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}])'"
_SPLIT = "coalesce(nullif(split, ''), 'train')"
RowFormat = Literal["parquet", "csv", "jsonl"]
_COPIED: Mapping[RowFormat, str] = {
    "parquet": "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20000",
    "csv": "FORMAT csv, HEADER",
    "jsonl": "FORMAT json",
}


def copy_answers(
    store: Store,
    run_ids: Sequence[int],
    kind: RowFormat,
    path: Path,
    *,
    paths: bool = False,
    split: str | None = None,
) -> int:
    """Write the answers of runs, or those about stimuli of one ``split``, to the file ``path``, one a row; how many.

    ``csv`` has lists as JSON, a missing value as nothing and an empty text as ``""``, and an apostrophe before text
    that a spreadsheet would take for a formula; ``jsonl`` has lists and attributes as they are, and null for what
    JSON has no number for. Times are UTC.

    Raises:
        SetupError: the store cannot be read, or the file cannot be written.
    """
    with reading(store, _ANSWERS_STREAM) as connection:
        named = _named_columns(kind, paths=paths)
        rows = f"SELECT {named} FROM ({answers_sql(connection, run_ids)})"
        if split is not None:
            rows += f" WHERE {_SPLIT} = {quoted(split)}"
        copied = connection.execute(f"COPY ({rows}) TO {quoted(str(path))} ({_COPIED[kind]})").fetchall()
    return int(copied[0][0])


def answers_sql(connection: DuckDBConnection, run_ids: Sequence[int]) -> str:
    """A query for the answers with :data:`ANSWER_COLUMNS`, without folders in models and errors."""
    runs = connection.execute(
        "SELECT run_id, model_uri FROM runs WHERE run_id IN (SELECT unnest(?))", [list(run_ids)]
    ).fetchall()
    known = ", ".join(f"({int(run_id)}, {quoted(bare_uri(uri))})" for run_id, uri in runs) or "(NULL, NULL)"
    own = {
        "model": "known.model",
        "model_digest": "r.model_digest",
        "prompt_digest": "r.prompt_digest",
        "seed": "r.seed",
        "error": without_folders("n.error", "n.path"),
        "retried_for": each_without_folders("n.retried_for"),
    }
    columns = ", ".join(f"{own.get(name, 'n.' + name)} AS {name}" for name in ANSWER_COLUMNS)
    return f"""SELECT {columns} FROM narratives AS n JOIN runs AS r ON r.run_id = n.run_id
               JOIN (VALUES {known}) AS known(run_id, model) ON known.run_id = n.run_id"""


def _named_columns(kind: RowFormat, *, paths: bool) -> str:
    changed: dict[str, str] = {}
    if kind == "parquet":
        changed["attributes"] = "attributes::VARCHAR"
    else:
        changed |= {name: f"CASE WHEN isfinite({name}) THEN {name} END" for name in _NUMBERS}
        changed["created_at"] = "strftime(created_at, '%Y-%m-%dT%H:%M:%S.%fZ')"
    if kind == "csv":
        exact = {*_LISTS, *_NUMBERS, "attributes", "created_at", "correct", "run_id", "seed", "person_index"}
        exact |= {"repeat", "residual_faces", "attempts"}
        changed |= {name: f"to_json({name})::VARCHAR" for name in _LISTS}
        changed |= {
            name: f"regexp_replace({name}, {_FORMULA}, '''\\1')"
            for name in ANSWER_COLUMNS
            if name not in exact
        }
    names = ANSWER_COLUMNS if paths else _COLUMNS
    return ", ".join(f"{changed[name]} AS {name}" if name in changed else name for name in names)


@contextmanager
def reading(store: Store, settings: Mapping[str, str | bool | int] = READING) -> Iterator[DuckDBConnection]:
    """The store opened to export of it; what goes wrong with the store or the file is told in words.

    Raises:
        SetupError: the store cannot be read, or a file cannot be written.
    """
    with store.read(settings) as connection:
        try:
            yield connection
        except duckdb.Error as problem:
            told = told_of(problem, store.path)
            if told is None:
                raise
            raise SetupError(f"The export failed: {str(problem).partition(chr(10))[0]}") from problem


def splits_of(connection: DuckDBConnection, run_ids: Sequence[int]) -> list[str]:
    """The splits of the stimuli that runs have answers about; those without one are of ``train``."""
    rows = connection.execute(
        f"""SELECT DISTINCT {_SPLIT} FROM generations AS g
            LEFT JOIN stimuli AS s USING (stimulus_id) WHERE g.run_id IN (SELECT unnest(?)) ORDER BY 1""",
        [list(run_ids)],
    ).fetchall()
    return [split for (split,) in rows]


def pictures_of(connection: DuckDBConnection, run_ids: Sequence[int], *, paths: bool) -> list[dict[str, Any]]:
    """Every picture that runs have answers about: ``id`` from 1, ``file_name``, ``width``, ``height``, ``picture_id``.

    File names bear as many folders as tell them apart, or all with ``paths``.
    """
    rows = connection.execute(
        """SELECT coalesce(s.picture_id, s.stimulus_id), min(s.path), max(s.width), max(s.height)
           FROM stimuli AS s WHERE s.stimulus_id IN
               (SELECT stimulus_id FROM generations WHERE run_id IN (SELECT unnest(?)))
           GROUP BY 1 ORDER BY 2, 1""",
        [list(run_ids)],
    ).fetchall()
    names = [row[1] for row in rows] if paths else shortest_names([row[1] for row in rows])
    return [
        {"id": number, "file_name": name, "width": width, "height": height, "picture_id": picture_id}
        for number, (name, (picture_id, _, width, height)) in enumerate(zip(names, rows, strict=True), 1)
    ]


def regions_of(connection: DuckDBConnection, run_ids: Sequence[int]) -> pa.RecordBatchReader:
    """Every region of the stimuli of runs: ``picture_id``, ``part``, ``locator``, box, ``score``, ``landmarks`` (JSON),
    ``stimulus_id`` and ``person_index``. Annotations are of one person; what a detector found is of the picture, and
    comes once however many persons are asked about."""
    wanted = ", ".join(str(int(run_id)) for run_id in run_ids)
    return batches(
        connection.sql(
            f"""SELECT coalesce(s.picture_id, s.stimulus_id) AS picture_id, g.part, g.locator, g.x, g.y, g.w, g.h,
                       CASE WHEN isfinite(g.score) THEN g.score END AS score, g.landmarks::VARCHAR AS landmarks,
                       min(g.stimulus_id) AS stimulus_id,
                       any_value(s.person_index) FILTER (g.locator = '{ANNOTATED}') AS person_index
                FROM regions AS g JOIN stimuli AS s USING (stimulus_id)
                WHERE g.stimulus_id IN (SELECT stimulus_id FROM generations WHERE run_id IN ({wanted}))
                  AND isfinite(g.x) AND isfinite(g.y) AND isfinite(g.w) AND isfinite(g.h)
                GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, CASE WHEN g.locator = '{ANNOTATED}' THEN g.stimulus_id END
                ORDER BY ALL"""
        )
    )


def region_parts(connection: DuckDBConnection, run_ids: Sequence[int]) -> list[str]:
    """The parts that regions of the stimuli of runs are of."""
    rows = connection.execute(
        """SELECT DISTINCT part FROM regions WHERE stimulus_id IN
               (SELECT stimulus_id FROM generations WHERE run_id IN (SELECT unnest(?)))""",
        [list(run_ids)],
    ).fetchall()
    return [part for (part,) in rows]


def elena_paths(connection: DuckDBConnection, run_id: int) -> list[str]:
    """The paths that :func:`elena_entries` of a run gives."""
    rows = connection.execute(
        """SELECT DISTINCT coalesce(s.path, g.stimulus_id) FROM generations AS g
           LEFT JOIN stimuli AS s USING (stimulus_id) WHERE g.run_id = ? AND g.repeat = 0 ORDER BY 1""",
        [run_id],
    ).fetchall()
    return [path for (path,) in rows]


def elena_entries(connection: DuckDBConnection, run_id: int, *, numbered: bool) -> Iterator[tuple[str, str]]:
    """``(path, entry)`` of each answer of a run to the first asking; the entry is JSON as ELENA's scripts write it.

    They come by path, and of one picture by person.
    """
    emotion = "coalesce(upper(emotion[1]) || emotion[2:], emotion_raw, 'Unknown')"
    embodied = r"coalesce(nullif(regexp_extract(raw_text, '(?i)embodied emotion\W+(\w+)', 1), ''), 'Unknown')"
    finite = {name: f"CASE WHEN isfinite(g.{name}) THEN g.{name} END" for name in _NUMBERS[:3]}
    unsaid = f"'embodied_emotion': {embodied}, 'category': coalesce(emotion_raw, {emotion})"
    entry = (
        f"""CASE WHEN raw_text IS NULL THEN to_json({{{unsaid}, 'narrative': coalesce(narrative, 'N/A')}})
                 ELSE to_json({{{unsaid}, 'narrative': narrative, 'raw_response': raw_text}}) END"""
        if numbered
        else f"""to_json({{'explicit_description': explicit_description, 'implicit_description': implicit_description,
              'narrative': narrative, 'body_parts': coalesce(phrases, []), 'emotion': {emotion},
              'valence': {finite["valence"]}, 'arousal': {finite["arousal"]}, 'dominance': {finite["dominance"]}}})"""
    )
    error = without_folders("g.error", "s.path")
    relation = connection.sql(
        f"""SELECT coalesce(s.path, g.stimulus_id), CASE
                   WHEN g.status = 'error' THEN to_json({{'error': coalesce(nullif({error}, ''), 'failed')}})
                   WHEN g.status = 'refused' THEN to_json({{'error': coalesce(nullif(raw_text, ''), 'refused')}})
                   WHEN g.status = 'unparsed'
                   THEN to_json({{'category': 'Unknown', 'raw_response': coalesce(raw_text, '')}})
                   ELSE {entry} END::VARCHAR
            FROM generations AS g LEFT JOIN stimuli AS s USING (stimulus_id)
            LEFT JOIN (SELECT generation_id, list(phrase ORDER BY position) AS phrases FROM body_parts GROUP BY ALL)
                USING (generation_id)
            WHERE g.run_id = {int(run_id)} AND g.repeat = 0 ORDER BY 1, s.person_index NULLS FIRST, g.stimulus_id"""
    )
    for batch in batches(relation):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def without_folders(error: str, path: str) -> str:
    """The SQL of an error without folders; the ``path`` of the picture it is about may hold anything."""
    known = f"coalesce(replace({error}, {path}, parse_filename({path})), {error})"
    return f"regexp_replace({known}, {quoted(FOLDERS)}, '\\1', 'g')"


def each_without_folders(texts: str) -> str:
    """The SQL of a list of texts of this program without folders."""
    return f"list_transform({texts}, lambda one: regexp_replace(one, {quoted(FOLDERS)}, '\\1', 'g'))"


def quoted(text: str) -> str:
    """``text`` as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def run_facts(connection: DuckDBConnection, run_ids: Sequence[int]) -> list[dict[str, Any]]:
    """What names each run: number, key, name, model, prompt, condition, status, options (JSON read) and its answers."""
    cursor = connection.execute(
        """SELECT r.run_id, r.run_key, r.name, r.model_uri, r.prompt_name, r.condition, r.status, r.options,
                  count(g.generation_id) AS answers, count(*) FILTER (g.repeat > 0) AS repeats
           FROM runs AS r LEFT JOIN generations AS g USING (run_id)
           WHERE run_id IN (SELECT unnest(?)) GROUP BY ALL ORDER BY r.run_id""",
        [list(run_ids)],
    )
    names = [column[0] for column in cursor.description or ()]
    facts = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for one in facts:
        one["options"] = json.loads(one["options"] or "{}")
        one["model_uri"] = bare_uri(one["model_uri"])
    return facts


def column_meanings(connection: DuckDBConnection) -> dict[str, str]:
    """What each column of the view ``narratives`` means, by name."""
    rows = connection.execute(
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'narratives' AND comment IS NOT NULL"
    ).fetchall()
    return dict(rows)


def kept_here(store: Store) -> frozenset[str]:
    """The stimuli whose pictures must stay on this machine, as far as the store knows.

    Raises:
        SetupError: the store cannot be read.
    """
    with store.read() as connection:
        rows = connection.execute("SELECT stimulus_id FROM stimuli WHERE upload = 'local-only'").fetchall()
    return frozenset(stimulus_id for (stimulus_id,) in rows)
