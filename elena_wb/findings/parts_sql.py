"""Queries over the store with which a reader checks which parts of the body answers name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

_READ = """answers AS (
    SELECT run_id, generation_id, emotion FROM generations WHERE status = 'ok' AND run_id IN ({runs})
)"""


def by_run(rows: Sequence[tuple[str, int]]) -> str:
    """Shares of answers that name a part: a row for each part and run, in this order."""
    listed = values((place, part, run_id) for place, (part, run_id) in enumerate(rows))
    return f"""WITH {_READ.format(runs=ids(run_id for _, run_id in rows))},
wanted(place, part, run_id) AS (VALUES {listed}),
counted AS (SELECT run_id, count(*) AS answers FROM answers GROUP BY run_id),
named AS (
    SELECT run_id, part, count(DISTINCT generation_id) AS naming
    FROM answers JOIN body_parts USING (generation_id) GROUP BY ALL
)
SELECT part, run_id AS run, answers, coalesce(naming, 0) AS naming, coalesce(naming, 0) / answers AS share
FROM wanted JOIN counted USING (run_id) LEFT JOIN named USING (run_id, part) ORDER BY place"""


def by_emotion(run_id: int, heads: Mapping[str, str], parts: Sequence[str], *, column: str = "part") -> str:
    """Shares of the answers with each emotion that name each part (or group): a row for each part.

    ``heads`` are what the columns of the emotions are called.
    """
    shares = ",\n       ".join(
        f"""count(DISTINCT generation_id) FILTER (emotion = {text(emotion)})
           / (SELECT count(*) FROM answers WHERE emotion = {text(emotion)}) AS {name(head)}"""
        for emotion, head in heads.items()
    )
    listed = values(enumerate(parts))
    return f"""WITH {_READ.format(runs=int(run_id))},
wanted(place, part) AS (VALUES {listed}),
named AS (SELECT {column} AS part, generation_id, emotion FROM answers JOIN body_parts USING (generation_id))
SELECT part,
       {shares}
FROM wanted LEFT JOIN named USING (part) GROUP BY part, place ORDER BY place"""


def telling(rows: Sequence[tuple[int, str, str]]) -> str:
    """Of each run, emotion and part: the share that name the part with this emotion, and without."""
    listed = values((place, *row) for place, row in enumerate(rows))
    return f"""WITH {_READ.format(runs=ids(run_id for run_id, _, _ in rows))},
wanted(place, run_id, felt, part) AS (VALUES {listed}),
naming AS (
    SELECT DISTINCT run_id, generation_id, part FROM answers JOIN body_parts USING (generation_id)
)
SELECT run_id AS run, felt AS emotion, part, count(*) FILTER (emotion = felt) AS answers,
       count(n.part) FILTER (emotion = felt) / count(*) FILTER (emotion = felt) AS share,
       count(n.part) FILTER (emotion IS DISTINCT FROM felt)
           / count(*) FILTER (emotion IS DISTINCT FROM felt) AS others
FROM wanted AS w JOIN answers USING (run_id) LEFT JOIN naming AS n USING (run_id, generation_id, part)
GROUP BY place, run_id, felt, part ORDER BY place"""


def values(rows: Iterable[Iterable[object]]) -> str:
    """Rows of numbers and text as ``VALUES`` has them."""
    return ", ".join(
        f"({', '.join(str(cell) if isinstance(cell, int) else text(str(cell)) for cell in row)})"
        for row in rows
    )


def ids(run_ids: Iterable[int]) -> str:
    """Numbers of runs, each once."""
    return ", ".join(str(int(run_id)) for run_id in dict.fromkeys(run_ids))


def text(value: str) -> str:
    """``value`` as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def name(column: str) -> str:
    """``column`` as the name of a column."""
    return '"' + column.replace('"', '""') + '"'
