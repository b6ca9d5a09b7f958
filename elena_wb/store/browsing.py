"""Walking through answers: which of them pass a filter, as numbers of rows; a page of them; one of them whole.

A million numbers of rows are 8 MB and found in a few hundredths of a second; the lines that are looked at are read when
they are looked at. Nothing here holds a connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from elena_wb.core import Box
from elena_wb.store.database import DuckDBConnection, Store
from elena_wb.store.query import ask
from elena_wb.store.selection import checked

Rows = npt.NDArray[np.int64]
"""Numbers of rows of ``generations``. They hold until an answer is removed: read them again when the store changes."""

Correctness = Literal["right", "wrong"]
Flag = Literal[
    "failed", "refused", "unparsed", "abstained", "face left", "notes", "marked", "annotated", "looked at"
]
"""What can be said of an answer: its call failed; the model refused; it could not be read; it names no emotion; an
audit found a face in the masked picture; the program noted something; a reader marked it, or wrote a note; attention to
its picture was extracted."""
FLAGS: tuple[Flag, ...] = get_args(Flag)
Order = Literal["run", "picture", "emotion", "newest"]
ORDERS: tuple[Order, ...] = get_args(Order)

_LIMITS: Mapping[str, str | bool | int] = {"memory_limit": "192MB", "threads": 2}
"""Of the connections that look for rows: the interface leaves memory to others."""
_FLAGGED: Mapping[Flag, str] = {
    "failed": "g.status = 'error'",
    "refused": "g.status = 'refused'",
    "unparsed": "g.status = 'unparsed'",
    "abstained": "g.status = 'ok' AND g.emotion IS NULL",
    "face left": """EXISTS (FROM mask_audits AS a JOIN runs AS r ON r.run_id = g.run_id
        WHERE a.stimulus_id = g.stimulus_id AND a.masking = r.options->>'masking' AND a.residual_faces > 0)""",
    "notes": "len(g.notes) > 0",
    "marked": "g.generation_id IN (SELECT generation_id FROM marks WHERE marked)",
    "annotated": "g.generation_id IN (SELECT generation_id FROM marks WHERE note IS NOT NULL)",
    "looked at": "g.generation_id IN (SELECT generation_id FROM extractions)",
}
_ORDERED: Mapping[Order, str] = {
    "run": "g.run_id, g.rowid",
    "picture": "s.path, g.stimulus_id, g.repeat, g.run_id",
    "emotion": "g.emotion, g.rowid",
    "newest": "g.created_at DESC, g.rowid DESC",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which answers are meant; every criterion that is given must be met, empty ones count for nothing.

    ``run_ids``, ``emotions`` (``""`` is none named), ``truths`` and ``conditions`` take any of theirs; ``text`` stands
    anywhere in the answer, the parts it names, or the picture's name, in whatever case; ``flags`` must all hold;
    ``where`` is a condition in SQL over the columns of the view ``narratives``.
    """

    run_ids: tuple[int, ...] = ()
    emotions: tuple[str, ...] = ()
    truths: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    correct: Correctness | None = None
    text: str = ""
    flags: tuple[Flag, ...] = ()
    where: str = ""

    def as_json(self) -> dict[str, Any]:
        """What :meth:`from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: object) -> Filter:
        """The filter that was written; whatever cannot be read counts for nothing."""
        values = found if isinstance(found, dict) else {}
        read: dict[str, Any] = {}
        for field in fields(cls):
            value = values.get(field.name)
            if isinstance(field.default, tuple) and isinstance(value, list):
                kind = int if field.name == "run_ids" else str
                read[field.name] = tuple(one for one in value if isinstance(one, kind))
            elif isinstance(field.default, str) and isinstance(value, str):
                read[field.name] = value
        read["flags"] = tuple(flag for flag in read.get("flags", ()) if flag in FLAGS)
        if values.get("correct") in get_args(Correctness):
            read["correct"] = values["correct"]
        return cls(**read)


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


def matching(store: Store, wanted: Filter, order: Order = "run") -> Rows:
    """The rows of all answers that pass, in order; none where there is no store.

    Raises:
        UsageError: ``wanted.where`` is no condition, or names what there is not.
    """
    if not store.exists():
        return np.empty(0, np.int64)
    conditions, values = _conditions(wanted)
    by_user = _of_where(store, wanted.where) if wanted.where.strip() else None
    joins = "LEFT JOIN stimuli AS s USING (stimulus_id)" if order == "picture" or wanted.text else ""
    if wanted.truths or wanted.correct is not None:
        joins += """ JOIN runs AS r ON r.run_id = g.run_id LEFT JOIN truths AS t
            ON t.stimulus_id = g.stimulus_id AND t.scheme = coalesce(r.options->>'scheme', 'ekman7')"""
    sql = f"""SELECT g.rowid FROM generations AS g {joins}
              WHERE {" AND ".join(conditions) or "true"} ORDER BY {_ORDERED[order]}"""
    with store.read(_LIMITS) as connection:
        found = connection.execute(sql, values).fetchnumpy()["rowid"]
    rows = np.ascontiguousarray(found, dtype=np.int64)
    return rows if by_user is None else rows[np.isin(rows, by_user)]


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


def lines(store: Store, rows: Rows | Sequence[int]) -> pa.Table:
    """One line for each of ``rows``, in their order; a row that is gone is left out.

    Columns: ``row``, ``generation_id``, ``stimulus_id``, ``repeat`` and :data:`LINE_COLUMNS`. ``narrative`` is the
    beginning of the story (or of the error or the raw text where there is none); ``marks`` is ``*`` for a marked answer
    and ``+`` for one with a note.
    """
    listed = ",".join(str(int(row)) for row in rows)
    with store.read(_LIMITS) as connection:
        return connection.sql(f"""
            WITH asked AS (SELECT unnest([{listed}]::BIGINT[]) AS row,
                                  generate_subscripts([{listed}]::BIGINT[], 1) AS place),
            g AS MATERIALIZED (SELECT rowid AS row, * FROM generations WHERE rowid IN ({listed or "NULL"}))
            SELECT g.row, g.generation_id, g.stimulus_id, g.repeat,
                   coalesce(parse_filename(s.path), g.stimulus_id) AS picture, s.person_index AS person, g.run_id,
                   r.condition, t.label AS truth, g.emotion,
                   CASE WHEN g.status = 'error' OR t.label IS NULL THEN NULL
                        ELSE g.emotion IS NOT DISTINCT FROM t.label AND g.status = 'ok' END AS correct,
                   g.status,
                   concat(CASE WHEN m.marked THEN '*' END, CASE WHEN m.note IS NOT NULL THEN '+' END) AS marks,
                   left(coalesce(g.narrative, g.error, g.raw_text, ''), 160) AS narrative
            FROM asked JOIN g USING (row)
            JOIN runs AS r ON r.run_id = g.run_id
            LEFT JOIN (FROM stimuli WHERE stimulus_id IN (SELECT stimulus_id FROM g)) AS s
              ON s.stimulus_id = g.stimulus_id
            LEFT JOIN (FROM truths WHERE stimulus_id IN (SELECT stimulus_id FROM g)) AS t
              ON t.stimulus_id = g.stimulus_id AND t.scheme = coalesce(r.options->>'scheme', 'ekman7')
            LEFT JOIN marks AS m ON m.generation_id = g.generation_id
            ORDER BY asked.place""").to_arrow_table()


def page_of(store: Store, generation_id: str) -> AnswerPage | None:
    """One answer whole; ``None`` where it is gone."""
    with store.read(_LIMITS) as connection:
        cursor = connection.execute(_PAGE, {"id": generation_id})
        names = [column[0] for column in cursor.description or ()]
        row = cursor.fetchone()
        if row is None:
            return None
        found = dict(zip(names, row, strict=True))
        found["regions"] = _regions(connection, found["stimulus_id"])
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
    with store.read(_LIMITS) as connection:

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


_PAGE = """
WITH g AS MATERIALIZED (FROM generations WHERE generation_id = $id)
SELECT g.generation_id, g.run_id, coalesce(r.name, 'run ' || r.run_id) AS run, r.model_uri AS model,
       r.prompt_name AS prompt, r.condition, coalesce(r.options->>'scheme', 'ekman7') AS scheme,
       coalesce(s.dataset, r.dataset) AS dataset, g.stimulus_id, coalesce(s.path, g.stimulus_id) AS path,
       s.person_index, s.person_box, g.repeat, g.status, g.emotion, g.emotion_raw, t.label AS truth,
       t.labels AS truths, t.face_label, t.body_label,
       CASE WHEN g.status = 'error' OR t.label IS NULL THEN NULL
            ELSE g.emotion IS NOT DISTINCT FROM t.label AND g.status = 'ok' END AS correct,
       g.valence, g.arousal, g.dominance, g.explicit_description, g.implicit_description, g.narrative, g.raw_text,
       g.error, g.notes, g.latency_ms, g.cost_usd, g.created_at,
       (SELECT list({'phrase': phrase, 'part': part, 'group': part_group} ORDER BY position)
        FROM body_parts WHERE generation_id = $id) AS parts,
       (SELECT max(residual_faces) FROM mask_audits AS a
        WHERE a.stimulus_id = g.stimulus_id AND a.masking = r.options->>'masking') AS residual_faces,
       (SELECT count(*) FROM extractions WHERE generation_id = $id) AS attention,
       coalesce(m.marked, false) AS marked, m.note
FROM g JOIN runs AS r ON r.run_id = g.run_id
LEFT JOIN (FROM stimuli WHERE stimulus_id IN (SELECT stimulus_id FROM g)) AS s ON s.stimulus_id = g.stimulus_id
LEFT JOIN (FROM truths WHERE stimulus_id IN (SELECT stimulus_id FROM g)) AS t
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


def _conditions(wanted: Filter) -> tuple[list[str], dict[str, Any]]:
    found: list[str] = []
    values: dict[str, Any] = {}
    if wanted.run_ids:
        found.append(f"g.run_id IN ({','.join(str(int(one)) for one in wanted.run_ids)})")
    if wanted.emotions:
        found.append("coalesce(g.emotion, '') IN (SELECT unnest($emotions))")
        values["emotions"] = list(wanted.emotions)
    if wanted.truths:
        found.append("list_has_any(coalesce(t.labels, []), $truths)")
        values["truths"] = list(wanted.truths)
    if wanted.conditions:
        found.append("g.run_id IN (SELECT run_id FROM runs WHERE condition IN (SELECT unnest($conditions)))")
        values["conditions"] = list(wanted.conditions)
    if wanted.correct is not None:
        right = "(g.emotion IS NOT DISTINCT FROM t.label AND g.status = 'ok')"
        told = "g.status <> 'error' AND t.label IS NOT NULL"
        found.append(f"{told} AND {right}" if wanted.correct == "right" else f"{told} AND NOT {right}")
    if wanted.text:
        found.append("""(coalesce(g.raw_text, '') ILIKE $text ESCAPE '\\'
            OR coalesce(g.narrative, '') ILIKE $text ESCAPE '\\'
            OR coalesce(g.error, '') ILIKE $text ESCAPE '\\' OR parse_filename(s.path) ILIKE $text ESCAPE '\\')""")
        escaped = wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values["text"] = f"%{escaped}%"
    found += [_FLAGGED[flag] for flag in wanted.flags]
    return found, values


def _of_where(store: Store, where: str) -> Rows:
    """The rows that fulfil a user's condition, in the sandbox in which users' SQL runs."""
    sql = f"""SELECT g.rowid FROM generations AS g SEMI JOIN
              (SELECT generation_id FROM narratives WHERE (\n{checked(where)}\n)) USING (generation_id)"""
    with ask(store, sql) as answer:

        def rows(found: Any) -> Rows:
            return np.asarray(found.relation.fetchnumpy()["rowid"], dtype=np.int64)

        return answer(rows)
