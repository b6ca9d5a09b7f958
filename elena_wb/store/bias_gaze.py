"""In which ways the answers of runs were looked at, and which answers that are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from elena_wb.core import AttentionMethod, Heads
from elena_wb.store.answers import hides_face
from elena_wb.store.database import Store
from elena_wb.store.schema import first_row
from elena_wb.store.selection import Chosen


@dataclass(frozen=True, slots=True)
class Way:
    """A method and what was made of the heads, and the words that were looked at so: the emotion, then those of most
    answers.
    """

    method: AttentionMethod
    heads: Heads
    targets: tuple[str, ...]


def ways(store: Store, run_ids: Sequence[int]) -> tuple[Way, ...]:
    """The ways in which answers of these runs were looked at: raw weights and mean heads first."""
    with store.read() as connection:
        rows = connection.execute(
            """WITH of_run AS (
                   SELECT e.extraction_id, e.method, e.heads, e.generation_id
                   FROM extractions AS e JOIN generations AS g USING (generation_id)
                   WHERE g.run_id IN (SELECT unnest($runs::INTEGER[]))
               )
               SELECT method, heads, target, count(DISTINCT o.generation_id) AS answers
               FROM of_run AS o JOIN attention USING (extraction_id) WHERE share IS NOT NULL
               GROUP BY ALL""",
            {"runs": list(run_ids)},
        ).fetchall()
    found: dict[tuple[str, str], list[str]] = {}
    for method, heads, target, _ in sorted(rows, key=_rank):
        found.setdefault((method, heads), []).append(target)
    return tuple(
        Way(cast(AttentionMethod, method), cast(Heads, heads), tuple(targets))
        for (method, heads), targets in found.items()
    )


def _rank(row: tuple[str, str, str, int]) -> tuple[object, ...]:
    method, heads, target, answers = row
    return method != "raw", heads != "mean", method, heads, target != "emotion", -answers, target


def looked_answers(
    store: Store, run_id: int, way: Way, *, audited_only: bool, nothing_hidden: str
) -> tuple[Chosen, ...]:
    """The answers of a run that were looked at so; ``audited_only``, whose mask an audit found whole."""
    with store.read() as connection:
        condition = first_row(connection, "SELECT condition FROM runs WHERE run_id = ?", [run_id])
        audited = audited_only and condition is not None
        rows = connection.execute(
            """SELECT generation_id, stimulus_id, repeat FROM generations AS g
               SEMI JOIN (FROM extractions WHERE method = $method AND heads = $heads) USING (generation_id)
               LEFT JOIN (
                   SELECT stimulus_id, max(residual_faces) AS residual_faces FROM mask_audits
                   WHERE masking = (SELECT options->>'masking' FROM runs WHERE run_id = $run) GROUP BY stimulus_id
               ) AS a USING (stimulus_id)
               WHERE run_id = $run AND status <> 'error'
                 AND (NOT $face OR a.residual_faces = 0)
                 AND (NOT $audited OR NOT coalesce(list_bool_or(
                      list_transform(notes, lambda note: contains(note, $nothing_hidden))), false))
               ORDER BY stimulus_id, repeat""",
            {
                "run": run_id,
                "method": way.method,
                "heads": way.heads,
                "audited": audited,
                "face": audited and condition is not None and hides_face(condition[0]),
                "nothing_hidden": nothing_hidden,
            },
        ).fetchall()
    return tuple(Chosen(*row) for row in rows)
