"""The queries with which a reader checks the tables of a session of rating."""

from __future__ import annotations

from collections.abc import Sequence

from elena_wb.store.rating_results import REASONS

_PICTURE = "LEFT JOIN (SELECT stimulus_id, picture_id FROM stimuli) AS m USING (stimulus_id)"


def of_raters(session: int) -> str:
    """Columns ``items``, ``rated``, ``skipped`` by rater in order of coming."""
    return f"""SELECT row_number() OVER (ORDER BY sitting_id) AS rater, count(p.position) AS items,
       count(p.rated_at) - count(p.skipped) AS rated, count(p.skipped) AS skipped
FROM rating_sittings LEFT JOIN rating_places AS p USING (sitting_id)
WHERE session_id = {session} GROUP BY sitting_id ORDER BY sitting_id"""


def of_means(session: int, scale: str) -> str:
    """Columns ``mean``, ``sd``, ``answers`` and ``ratings`` by run."""
    return f"""SELECT run_id, avg(value) AS mean, stddev_samp(value) AS sd, count(DISTINCT item) AS answers,
       count(*) AS ratings
FROM ratings WHERE session_id = {session} AND scale = '{scale}' AND NOT again GROUP BY ALL ORDER BY run_id"""


def of_pairs(session: int, scale: str, wanted: Sequence[tuple[int, int]]) -> str:
    """Columns ``difference``, ``pictures``, ``ratings`` within raters and stimuli, by two runs."""
    return f"""WITH said AS (
    SELECT run_id, sitting_id, stimulus_id, avg(value) AS value
    FROM ratings WHERE session_id = {session} AND scale = '{scale}' AND NOT again GROUP BY ALL
)
SELECT a.run_id AS first, b.run_id AS second, avg(b.value - a.value) AS difference,
       count(DISTINCT coalesce(m.picture_id, stimulus_id)) AS pictures, count(*) AS ratings
FROM said AS a JOIN said AS b USING (sitting_id, stimulus_id)
{_PICTURE}
WHERE (a.run_id, b.run_id) IN ({_tuples(wanted)}) GROUP BY ALL ORDER BY first, second"""


def of_apart(session: int, scale: str, wanted: Sequence[tuple[int, int]]) -> str:
    """Columns ``difference``, ``pictures`` and ``ratings`` by two runs, all ratings taken together."""
    return f"""WITH said AS (
    SELECT run_id, avg(value) AS mean, count(*) AS ratings,
           list(DISTINCT coalesce(m.picture_id, stimulus_id)) AS pictures
    FROM ratings {_PICTURE}
    WHERE session_id = {session} AND scale = '{scale}' AND NOT again GROUP BY ALL
)
SELECT a.run_id AS first, b.run_id AS second, b.mean - a.mean AS difference,
       len(list_distinct(a.pictures || b.pictures)) AS pictures, a.ratings + b.ratings AS ratings
FROM said AS a CROSS JOIN said AS b
WHERE (a.run_id, b.run_id) IN ({_tuples(wanted)}) ORDER BY first, second"""


def of_choices(session: int, question: str) -> str:
    """Columns ``first``, ``second``, ``equal`` and ``share of second`` by two runs."""
    return f"""SELECT run_a, run_b, count(*) FILTER (preferred = 'a') AS first,
       count(*) FILTER (preferred = 'b') AS second, count(*) FILTER (preferred = 'equal') AS equal,
       second / nullif(first + second, 0) AS "share of second"
FROM preferences WHERE session_id = {session} AND scale = '{question}' AND NOT again
GROUP BY run_a, run_b ORDER BY run_a, run_b"""


def of_pictures(session: int, question: str) -> str:
    """Columns ``first``, ``second`` and ``tied`` by two runs: pictures, by what more choices are for."""
    return f"""WITH by_picture AS (
    SELECT run_a, run_b, coalesce(m.picture_id, stimulus_id) AS picture,
           count(*) FILTER (preferred = 'b') - count(*) FILTER (preferred = 'a') AS towards
    FROM preferences {_PICTURE}
    WHERE session_id = {session} AND scale = '{question}' AND NOT again GROUP BY ALL
)
SELECT run_a, run_b, count(*) FILTER (towards < 0) AS first, count(*) FILTER (towards > 0) AS second,
       count(*) FILTER (towards = 0) AS tied
FROM by_picture GROUP BY ALL ORDER BY run_a, run_b"""


def of_sides(session: int, questions: Sequence[str]) -> str:
    """Columns ``left``, ``right``, ``equal`` and ``share of left`` by question."""
    return f"""SELECT scale AS question, count(*) FILTER (side = 'left') AS "left",
       count(*) FILTER (side = 'right') AS "right", count(*) FILTER (side = 'equal') AS equal,
       count(*) FILTER (side = 'left') / nullif(count(*) FILTER (side <> 'equal'), 0) AS "share of left"
FROM preferences WHERE session_id = {session} AND NOT again
GROUP BY scale ORDER BY list_position({_listed(questions)}, scale)"""


def of_agreement(session: int, questions: Sequence[str], *, single: bool, same_rater: bool) -> str:
    """Columns ``same``, ``apart``, ``items`` and ``pairs`` by question."""
    view, said = ("ratings", "value") if single else ("preferences", "preferred")
    apart = "avg(abs(a.value - b.value)) AS apart, " if single else ""
    if same_rater:
        items = "count(DISTINCT (item, a.sitting_id))"
        pairs = "a.sitting_id = b.sitting_id AND NOT a.again AND b.again"
    else:
        items = "count(DISTINCT item)"
        pairs = "a.sitting_id < b.sitting_id AND NOT a.again AND NOT b.again"
    return f"""WITH said AS (FROM {view} WHERE session_id = {session})
SELECT scale AS question, avg((a.{said} = b.{said})::INTEGER) AS same, {apart}{items} AS items, count(*) AS pairs
FROM said AS a JOIN said AS b USING (scale, item) WHERE {pairs}
GROUP BY scale ORDER BY list_position({_listed(questions)}, scale)"""


def of_skipped(session: int) -> str:
    """Column ``times`` by reason."""
    return f"""SELECT skipped AS reason, count(*) AS times FROM rating_places JOIN rating_sittings USING (sitting_id)
WHERE session_id = {session} AND skipped IS NOT NULL GROUP BY ALL ORDER BY times DESC, reason LIMIT {REASONS}"""


def _listed(names: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{name}'" for name in names) + "]"


def _tuples(wanted: Sequence[tuple[int, int]]) -> str:
    return ", ".join(f"({int(first)}, {int(second)})" for first, second in wanted)
