"""What came of a session of blind rating: by scale and by whose the answers were, and how well raters agree."""

from __future__ import annotations

from dataclasses import dataclass

from elena_wb.store.database import Store
from elena_wb.store.schema import first_row


@dataclass(frozen=True, slots=True)
class Rated:
    """The ratings of one run's answers on one scale, first showings only."""

    scale: str
    run_id: int
    model: str
    condition: str
    ratings: int
    raters: int
    mean: float
    sd: float | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choices between the answers of two runs, first showings only; ``left``: how often the left one."""

    scale: str
    run_a: int
    condition_a: str
    run_b: int
    condition_b: str
    choices: int
    prefer_a: int
    prefer_b: int
    equal: int
    left: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two judgements of one item on one scale were the same: of two raters, or of one rater twice.

    ``apart`` is the mean distance of the two on the scale; ``None`` for pairs.
    """

    scale: str
    same_rater: bool
    compared: int
    equal: int
    apart: float | None


@dataclass(frozen=True, slots=True)
class Results:
    """All of it, and why items were skipped: reason → how often."""

    rated: tuple[Rated, ...]
    chosen: tuple[Chosen, ...]
    agreement: tuple[Agreement, ...]
    skipped: tuple[tuple[str, int], ...]


def results(store: Store, session_id: int) -> Results:
    """What was said so far."""
    with store.read() as connection:
        rated = connection.execute(
            """SELECT scale, run_id, model, condition, count(*), count(DISTINCT rater), avg(value), stddev_samp(value)
               FROM ratings WHERE session_id = ? AND NOT again GROUP BY ALL ORDER BY scale, run_id""",
            [session_id],
        ).fetchall()
        chosen = connection.execute(
            """SELECT scale, run_a, condition_a, run_b, condition_b, count(*), count(*) FILTER (preferred = 'a'),
                      count(*) FILTER (preferred = 'b'), count(*) FILTER (preferred = 'equal'),
                      count(*) FILTER (side = 'left')
               FROM preferences WHERE session_id = ? AND NOT again GROUP BY ALL ORDER BY scale, run_a, run_b""",
            [session_id],
        ).fetchall()
        agreement = connection.execute(
            """WITH said AS (
                   SELECT t.sitting_id, p.item, p.again, v.scale, v.value, v.preferred
                   FROM rating_values AS v JOIN rating_places AS p USING (sitting_id, position)
                   JOIN rating_sittings AS t USING (sitting_id) WHERE t.session_id = ?)
               SELECT a.scale, a.sitting_id = b.sitting_id AS same_rater, count(*),
                      count(*) FILTER (a.value IS NOT DISTINCT FROM b.value
                                       AND a.preferred IS NOT DISTINCT FROM b.preferred),
                      avg(abs(a.value - b.value))
               FROM said AS a JOIN said AS b ON a.item = b.item AND a.scale = b.scale AND NOT a.again
                AND ((a.sitting_id = b.sitting_id AND b.again) OR (a.sitting_id < b.sitting_id AND NOT b.again))
               GROUP BY ALL ORDER BY same_rater, a.scale""",
            [session_id],
        ).fetchall()
        skipped = connection.execute(
            """SELECT skipped, count(*) FROM rating_places JOIN rating_sittings USING (sitting_id)
               WHERE session_id = ? AND skipped IS NOT NULL GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT 20""",
            [session_id],
        ).fetchall()
    return Results(
        tuple(Rated(*row) for row in rated),
        tuple(Chosen(*row) for row in chosen),
        tuple(Agreement(*row) for row in agreement),
        tuple((reason, count) for reason, count in skipped),
    )


def count_ratings(store: Store, run_id: int) -> int:
    """How many items that people rated, or skipped, hold an answer of a run, and go with it."""
    with store.read() as connection:
        row = first_row(
            connection,
            """SELECT count(*) FROM rating_places AS p JOIN rating_sittings AS t USING (sitting_id)
               JOIN rating_items AS i ON i.session_id = t.session_id AND i.item = p.item
               WHERE p.rated_at IS NOT NULL AND EXISTS (FROM generations AS g WHERE g.run_id = ?
                   AND g.generation_id IN (i.generation_a, i.generation_b))""",
            [run_id],
        )
    return 0 if row is None else int(row[0])
