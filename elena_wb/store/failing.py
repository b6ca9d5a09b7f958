"""What runs lost: calls that failed and why, answers that could not be used, pictures left out of the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from elena_wb.store.database import Store

WHY = 300
"""Characters of a reason that are kept."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Column names as a table has them, and a row of numbers for each run."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why calls of one run failed, and how often."""

    run_id: int
    why: str
    times: int


def losses_sql(run_ids: Sequence[int], nothing_hidden: str) -> str:
    """A row for each run; ``nothing_hidden`` is what a note says where a part was not found."""
    runs = _listed(run_ids)
    note = nothing_hidden.replace("'", "''")
    return f"""WITH audits AS (
    SELECT stimulus_id, masking, max(residual_faces) AS faces FROM mask_audits GROUP BY ALL
),
answers AS (
    SELECT r.run_id AS run, r.condition, r.planned, g.status, g.emotion, g.stimulus_id, a.faces, t.label AS truth,
           l.stimulus_id IS NULL AS unlabelled, t.stimulus_id IS NULL AS unmapped,
           len(list_filter(coalesce(g.notes, []), lambda note: contains(note, '{note}'))) > 0 AS unhidden
    FROM runs AS r
    LEFT JOIN generations AS g USING (run_id)
    LEFT JOIN audits AS a ON a.stimulus_id = g.stimulus_id AND a.masking = r.options->>'masking'
    LEFT JOIN (SELECT DISTINCT stimulus_id FROM labels WHERE label IS NOT NULL) AS l
      ON l.stimulus_id = g.stimulus_id
    LEFT JOIN truths AS t
      ON t.stimulus_id = g.stimulus_id AND t.scheme = coalesce(r.options->>'scheme', 'ekman7')
    WHERE r.run_id IN ({runs})
)
FROM (
    SELECT run, condition, any_value(planned) AS planned,
           count(status) FILTER (status <> 'error') AS answered,
           count(status) FILTER (status = 'error') AS failed,
           count(status) FILTER (status = 'refused') AS refused,
           count(status) FILTER (status = 'unparsed') AS unread,
           count(status) FILTER (status = 'ok' AND emotion IS NULL) AS abstained,
           count(status) FILTER (status <> 'error' AND unlabelled) AS "without a label",
           count(status) FILTER (status <> 'error' AND NOT unlabelled AND unmapped) AS "label not mapped",
           count(status) FILTER (status <> 'error' AND NOT unmapped AND truth IS NULL) AS "no single truth",
           count(status) FILTER (status <> 'error' AND unhidden) AS "nothing hidden",
           count(status) FILTER (status <> 'error' AND faces > 0) AS "face left"
    FROM answers GROUP BY run, condition
) ORDER BY list_position([{runs}], run)"""


def reasons_sql(run_ids: Sequence[int], most: int) -> str:
    """The most frequent reasons of failed calls, over all of these runs."""
    return f"""SELECT run_id AS run, left(coalesce(error, '(no reason given)'), {WHY}) AS reason, count(*) AS times
FROM generations WHERE run_id IN ({_listed(run_ids)}) AND status = 'error'
GROUP BY ALL ORDER BY times DESC, run, reason LIMIT {int(most)}"""


def losses(store: Store, run_ids: Sequence[int], nothing_hidden: str) -> Losses:
    """What each run lost on the way."""
    with store.read() as connection:
        found = connection.sql(losses_sql(run_ids, nothing_hidden))
        return Losses(tuple(found.columns), tuple(found.fetchall()))


def reasons(store: Store, run_ids: Sequence[int], most: int) -> tuple[Reason, ...]:
    """Why calls failed, the most frequent reasons first."""
    with store.read() as connection:
        rows = connection.execute(reasons_sql(run_ids, most)).fetchall()
    return tuple(Reason(*row) for row in rows)


def paths_asked_about(store: Store, run_ids: Sequence[int], most: int) -> tuple[tuple[str, ...], int]:
    """The files that these runs are about, at most so many, and how many there are; the latest place of each."""
    sql = f"""FROM (SELECT DISTINCT stimulus_id FROM generations WHERE run_id IN ({_listed(run_ids)}))
              JOIN stimuli USING (stimulus_id) WHERE len(coalesce(picture_id, '')) = 64"""
    with store.read() as connection:
        count = connection.execute(f"SELECT count(DISTINCT path) {sql}").fetchall()[0][0]
        rows = connection.execute(f"SELECT DISTINCT path {sql} ORDER BY path LIMIT {int(most)}").fetchall()
    return tuple(path for (path,) in rows), count


def _listed(run_ids: Sequence[int]) -> str:
    return ", ".join(str(int(run_id)) for run_id in run_ids)
