"""Walking through answers: lines of many, one of them whole, and what a filter can choose from.

Which answers pass a filter is found as numbers of rows (:mod:`elena_wb.store.searching`); the lines that are looked at
are read when they are looked at. Nothing here holds a connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from elena_wb.core import Box
from elena_wb.store.database import DuckDBConnection, Store
from elena_wb.store.filtering import (
    CORRECT,
    FLAGS,
    LABELS,
    ORDERS,
    Correctness,
    Filter,
    Flag,
    Order,
    condition_of,
)
from elena_wb.store.searching import Found, Rows, matching, searching, still_passing

__all__ = [
    "FLAGS",
    "LINE_COLUMNS",
    "ORDERS",
    "AnswerPage",
    "Correctness",
    "Filter",
    "Flag",
    "Found",
    "NamedPart",
    "Order",
    "Rows",
    "choices",
    "lines",
    "matching",
    "page_of",
    "searching",
]


@dataclass(frozen=True, slots=True)
class NamedPart:
    """A part of the body that an answer names: in its words, in the vocabulary's, and the vocabulary's group."""

    phrase: str
    part: str | None
    group: str | None


@dataclass(frozen=True, slots=True, eq=False)
class AnswerPage:
    """One answer with everything a reader wants; ``truths`` are all labels stated, ``truth`` the one if it is one.

    ``regions`` maps parts to boxes in pixels of the whole picture as displayed, from whoever found most of them:
    annotations first. ``attention`` counts the ways in which it was looked at.
    """

    generation_id: str
    run_id: int
    run: str
    model: str
    prompt: str
    condition: str
    scheme: str
    dataset: str | None
    stimulus_id: str
    path: str
    person_index: int | None
    person_box: Box | None
    repeat: int
    status: str
    emotion: str | None
    emotion_raw: str | None
    truth: str | None
    truths: tuple[str, ...]
    face_label: str | None
    body_label: str | None
    correct: bool | None
    valence: float | None
    arousal: float | None
    dominance: float | None
    explicit_description: str | None
    implicit_description: str | None
    narrative: str | None
    raw_text: str | None
    error: str | None
    notes: tuple[str, ...]
    latency_ms: float | None
    cost_usd: float | None
    created_at: datetime
    parts: tuple[NamedPart, ...]
    regions: Mapping[str, tuple[Box, ...]]
    residual_faces: int | None
    attention: int
    marked: bool
    note: str | None


LINE_COLUMNS = (
    "picture",
    "person",
    "run_id",
    "condition",
    "truth",
    "emotion",
    "correct",
    "status",
    "marks",
    "narrative",
)
"""The columns of :func:`lines` after ``row`` and ``generation_id``."""


def lines(store: Store, rows: Rows | Sequence[int], wanted: Filter | None = None) -> pa.Table:
    """One line for each of ``rows``, in their order; a row that is gone is left out.

    Numbers of rows may come to mean other answers when some are deleted: with ``wanted``, answers that do not pass it
    are left out too, so that nothing wrong is shown until the rows are found anew. Columns: ``row``,
    ``generation_id``, ``stimulus_id``, ``repeat`` and :data:`LINE_COLUMNS`. ``narrative`` is the beginning of the story
    (or of the error or the raw text where there is none); ``marks`` is ``*`` for a marked answer and ``+`` for one with
    a note.

    Raises:
        UsageError: ``wanted.where`` is no condition, or names what there is not.
    """
    asked = [int(row) for row in rows]
    passing = condition_of(wanted or Filter())
    needed = {"generation_id", "stimulus_id", "repeat", "run_id", "emotion", "status"}
    needed |= set(re.findall(r"\bg\.(\w+)", passing.sql))
    if wanted is not None and wanted.where.strip():
        kept = still_passing(store, wanted, asked)
        asked = [row for row in asked if row in kept]
    with store.read() as connection:
        connection.register("asked", pa.table({"row": pa.array(asked, pa.int64())}))
        within = f"WHERE rowid IN ({', '.join(map(str, asked)) or 'NULL'})"
        stimuli = connection.execute(f"SELECT DISTINCT stimulus_id FROM generations {within}").fetchall()
        # A list that stands in the query is looked for where the rows lie; one that is joined has all of them read.
        named = {f"stimulus_{number}": stimulus for number, (stimulus,) in enumerate(stimuli)}
        of_those = f"WHERE stimulus_id IN ({', '.join(f'${name}' for name in named) or 'NULL'})"
        return connection.sql(
            f"""
            WITH g AS MATERIALIZED (
                SELECT rowid AS row, {", ".join(sorted(needed))},
                       left(coalesce(narrative, error, raw_text, ''), 160) AS beginning
                FROM generations {within}
            )
            SELECT g.row, g.generation_id, g.stimulus_id, g.repeat,
                   coalesce(parse_filename(s.path), g.stimulus_id) AS picture, s.person_index AS person, g.run_id,
                   r.condition, t.label AS truth, g.emotion, {CORRECT} AS correct, g.status,
                   concat(CASE WHEN m.marked THEN '*' END, CASE WHEN m.note IS NOT NULL THEN '+' END) AS marks,
                   g.beginning AS narrative
            FROM (SELECT row, row_number() OVER () AS place FROM asked) JOIN g USING (row)
            JOIN runs AS r ON r.run_id = g.run_id
            LEFT JOIN (FROM stimuli {of_those}) AS s ON s.stimulus_id = g.stimulus_id
            LEFT JOIN (FROM truths {of_those}) AS t
              ON t.stimulus_id = g.stimulus_id AND t.scheme = coalesce(r.options->>'scheme', 'ekman7')
            LEFT JOIN marks AS m ON m.generation_id = g.generation_id
            WHERE {passing.sql}
            ORDER BY place""",
            params={**named, **passing.values},
        ).to_arrow_table()


def page_of(store: Store, generation_id: str, near: int | None = None) -> AnswerPage | None:
    """One answer whole; ``None`` where it is gone. ``near`` is the row where it was last."""
    with store.read() as connection:
        where = "SELECT rowid, stimulus_id FROM generations WHERE generation_id = ?"
        about = None
        if near is not None:
            about = connection.execute(f"{where} AND rowid = ?", [generation_id, near]).fetchone()
        if about is None:
            about = connection.execute(f"{where} LIMIT 1", [generation_id]).fetchone()
        if about is None:
            return None
        row_id, stimulus_id = about
        cursor = connection.execute(_PAGE, {"row": row_id, "stimulus": stimulus_id, "id": generation_id})
        names = [column[0] for column in cursor.description or ()]
        row = cursor.fetchone()
        if row is None:
            return None
        found = dict(zip(names, row, strict=True))
        found["regions"] = _regions(connection, stimulus_id)
    box = found["person_box"]
    found["person_box"] = None if box is None else Box(**box)
    found["parts"] = tuple(NamedPart(**part) for part in found["parts"] or ())
    for name in ("truths", "notes"):
        found[name] = tuple(found[name] or ())
    return AnswerPage(**found)


def choices(store: Store) -> Mapping[str, tuple[str, ...]]:
    """What a filter can choose from, by name of its field: ``emotions``, ``truths`` and ``conditions`` in the store."""
    if not store.exists():
        return {"emotions": (), "truths": (), "conditions": ()}
    with store.read() as connection:

        def listed(sql: str) -> tuple[str, ...]:
            return tuple(value for (value,) in connection.execute(sql).fetchall())

        return {
            "emotions": listed(
                "SELECT DISTINCT emotion FROM generations WHERE emotion IS NOT NULL ORDER BY ALL"
            ),
            "truths": listed(
                "SELECT DISTINCT label FROM labels WHERE label IS NOT NULL ORDER BY ALL LIMIT 200"
            ),
            "conditions": listed("SELECT DISTINCT condition FROM runs ORDER BY ALL"),
        }


_PAGE = f"""
WITH g AS MATERIALIZED (FROM generations WHERE rowid = $row AND generation_id = $id)
SELECT g.generation_id, g.run_id, coalesce(r.name, 'run ' || r.run_id) AS run, r.model_uri AS model,
       r.prompt_name AS prompt, r.condition, coalesce(r.options->>'scheme', 'ekman7') AS scheme,
       coalesce(s.dataset, r.dataset) AS dataset, g.stimulus_id, coalesce(s.path, g.stimulus_id) AS path,
       s.person_index, s.person_box, g.repeat, g.status, g.emotion, g.emotion_raw, t.label AS truth,
       {LABELS} AS truths, t.face_label, t.body_label,
       {CORRECT} AS correct,
       g.valence, g.arousal, g.dominance, g.explicit_description, g.implicit_description, g.narrative, g.raw_text,
       g.error, g.notes, g.latency_ms, g.cost_usd, g.created_at,
       (SELECT list({{'phrase': phrase, 'part': part, 'group': part_group}} ORDER BY position)
        FROM body_parts WHERE generation_id = $id) AS parts,
       (SELECT max(residual_faces) FROM mask_audits AS a
        WHERE a.stimulus_id = $stimulus AND a.masking = r.options->>'masking') AS residual_faces,
       (SELECT count(*) FROM extractions WHERE generation_id = $id) AS attention,
       coalesce(m.marked, false) AS marked, m.note
FROM g JOIN runs AS r ON r.run_id = g.run_id
LEFT JOIN (FROM stimuli WHERE stimulus_id = $stimulus) AS s ON s.stimulus_id = g.stimulus_id
LEFT JOIN (FROM truths WHERE stimulus_id = $stimulus) AS t
  ON t.stimulus_id = g.stimulus_id AND t.scheme = coalesce(r.options->>'scheme', 'ekman7')
LEFT JOIN marks AS m ON m.generation_id = g.generation_id
LIMIT 1
"""


def _regions(connection: DuckDBConnection, stimulus_id: str) -> Mapping[str, tuple[Box, ...]]:
    rows = connection.execute(
        """SELECT part, locator, x, y, w, h FROM regions WHERE stimulus_id = ?
           ORDER BY locator <> 'annotated', locator, x, y, w, h""",
        [stimulus_id],
    ).fetchall()
    found: dict[str, tuple[str, list[Box]]] = {}
    for part, locator, x, y, w, h in rows:
        by, boxes = found.setdefault(part, (locator, []))
        if by == locator:
            boxes.append(Box(x, y, w, h))
    return {part: tuple(boxes) for part, (_, boxes) in found.items()}
