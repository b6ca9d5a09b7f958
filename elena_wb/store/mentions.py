"""Parts of the body that answers name, beside those that somebody looked for in their pictures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from elena_wb.store.database import Store

ANNOTATED: Final = "annotated"
"""Locator of the regions that come with the data."""

_LOOKS = """
seen AS (
    SELECT DISTINCT stimulus_id, locator, coalesce(f.family, translate(r.part, '-_', '  ')) AS family
    FROM regions AS r LEFT JOIN families AS f ON f.region = replace(r.part, '-', '_')
),
able AS (
    SELECT DISTINCT locator, NULL AS dataset, family FROM seen WHERE locator <> 'annotated'
    UNION SELECT DISTINCT locator, NULL, 'face' FROM searches WHERE split_part(locator, ',', 1) IN ({finders})
    UNION SELECT DISTINCT 'annotated', s.dataset, family
    FROM seen JOIN stimuli AS s USING (stimulus_id) WHERE locator = 'annotated'
),
looks AS (
    SELECT stimulus_id, locator, family FROM searches JOIN able USING (locator) WHERE locator <> 'annotated'
    UNION SELECT stimulus_id, locator, family FROM seen
    UNION SELECT o.stimulus_id, 'annotated', family
    FROM (SELECT DISTINCT stimulus_id FROM seen WHERE locator = 'annotated') AS o
    JOIN stimuli AS s USING (stimulus_id)
    JOIN able ON able.locator = 'annotated' AND able.dataset IS NOT DISTINCT FROM s.dataset
),
states AS (
    SELECT l.stimulus_id, l.family, bool_or(s.family IS NOT NULL) AS found
    FROM looks AS l LEFT JOIN (SELECT DISTINCT stimulus_id, family FROM seen) AS s USING (stimulus_id, family)
    GROUP BY ALL
)"""
"""``looks``: who looked for what in which stimulus; ``states``: whether anybody found it there."""


@dataclass(frozen=True, slots=True)
class Words:
    """How parts are called: ``families`` of regions (``left_hand`` → hands) and ``finders``, which look for faces."""

    families: Mapping[str, str]
    finders: Collection[str]


def looked_for(store: Store, run_ids: Sequence[int], words: Words) -> dict[int, dict[str, tuple[str, ...]]]:
    """Of each run, the parts that somebody looked for in pictures that it has answers about, and who looked."""
    with store.read() as connection:
        rows = connection.execute(
            f"""WITH families(region, family) AS ({_families(words)}), {looks(words)},
                asked AS (SELECT DISTINCT run_id, stimulus_id FROM generations
                          WHERE status = 'ok' AND run_id IN (SELECT unnest($runs)))
                SELECT run_id, family, list(DISTINCT locator ORDER BY locator <> 'annotated', locator)
                FROM asked JOIN looks USING (stimulus_id) GROUP BY ALL ORDER BY ALL""",
            {"runs": list(run_ids)},
        ).fetchall()
    found: dict[int, dict[str, tuple[str, ...]]] = {run_id: {} for run_id in run_ids}
    for run_id, family, locators in rows:
        found[run_id][family] = tuple(locators)
    return found


def looks(words: Words) -> str:
    """Common table expressions ``looks`` and ``states``, after one called ``families`` (region, family)."""
    return _LOOKS.format(finders=", ".join(_text(name) for name in words.finders))


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be counted.

    ``family_of`` maps parts as answers name them to those that are looked for; ``hidden`` are, by run, those that its
    condition hides, ``partly`` those that it hides in part, which count nowhere. An answer whose notes contain
    ``nothing_hidden`` counts for no part that its run hides.
    """

    run_ids: tuple[int, ...]
    words: Words
    family_of: Mapping[str, str]
    hidden: Mapping[int, Collection[str]]
    partly: Mapping[int, Collection[str]]
    nothing_hidden: str

    def parts(self, answers: str = "answers") -> dict[str, str]:
        """Common table expressions, each of which needs those before it at most; the last is ``of_picture``.

        ``answers`` is a table or expression with the columns of the one called so. ``of_picture`` has, for each run,
        ``family``, ``state`` (``hidden``, ``found`` or ``missed``) and ``picture``, ``x`` answers, ``y`` of which name
        the part.
        """
        hides = [
            (run_id, family, wholly)
            for wholly, by_run in ((1, self.hidden), (0, self.partly))
            for run_id, of in by_run.items()
            for family in sorted(of)
        ]
        return {
            "states": f"""WITH families(region, family) AS ({_families(self.words)}), {looks(self.words)}
    SELECT hash(stimulus_id) AS stimulus, family, found FROM states""",
            "answers": f"""SELECT g.run_id, g.rowid AS answer, generation_id, hash(g.stimulus_id) AS stimulus,
           hash(coalesce(s.picture_id, g.stimulus_id)) AS picture,
           len(list_filter(coalesce(g.notes, []),
                           lambda note: contains(note, {_text(self.nothing_hidden)}))) > 0 AS bare
    FROM generations AS g LEFT JOIN stimuli AS s USING (stimulus_id)
    WHERE g.status = 'ok' AND g.run_id IN ({", ".join(map(str, self.run_ids))})""",
            "naming": f"""SELECT DISTINCT run_id, answer, family
    FROM body_parts JOIN ({_pairs(self.family_of.items())}) AS f(part, family) USING (part)
    JOIN {answers} USING (generation_id)""",
            "hides": f"SELECT * FROM ({_pairs(hides, columns=3)}) AS h(run_id, family, wholly)",
            "judged": """SELECT a.run_id, answer, picture, s.family, IF(s.found, 'found', 'missed') AS state
    FROM answers AS a JOIN states AS s USING (stimulus)
    ANTI JOIN hides AS h ON h.run_id = a.run_id AND h.family = s.family
    UNION ALL
    SELECT a.run_id, answer, picture, h.family, 'hidden'
    FROM answers AS a JOIN hides AS h USING (run_id) WHERE h.wholly = 1 AND NOT a.bare""",
            "of_picture": """SELECT j.run_id, j.family, state, picture,
           count(*)::DOUBLE AS x, count(n.family)::DOUBLE AS y
    FROM judged AS j LEFT JOIN naming AS n USING (answer, family) GROUP BY ALL""",
        }

    def check(self, rows: Sequence[tuple[str, int]], state: str) -> str:
        """A query for a reader: parts and runs in this order, where the part is in this state."""
        wanted = _pairs([(place, family, run_id) for place, (family, run_id) in enumerate(rows)], columns=3)
        return f"""WITH {_with(self.parts())},
wanted(place, family, run_id) AS ({wanted})
SELECT family AS part, run_id AS run, sum(x)::BIGINT AS answers, sum(y) / sum(x) AS named,
       count(*) AS pictures, count(*) FILTER (y = 0) AS never
FROM wanted JOIN of_picture USING (run_id, family) WHERE state = {_text(state)}
GROUP BY place, family, run_id ORDER BY place"""


def mentions(
    store: Store, asked: Question, *, settings: Mapping[str, str | bool | int] | None = None
) -> pa.Table:
    """How often answers name parts that were found, were looked for in vain, or were hidden.

    A row for each run, ``family`` and ``state`` (``hidden``, ``found`` or ``missed``), with sums over pictures of the
    answers (``x``), those naming the part (``y``), ``xx``, ``xy``, ``yy``, the number of ``pictures``, and of those in
    which no answer names it (``never``). Runs are counted one after the other, which bounds the memory.
    """
    parts = asked.parts("mention_answers")
    with store.read(settings) as connection:
        for name in ("states", "answers", "naming"):
            connection.execute(f"CREATE OR REPLACE TEMP TABLE mention_{name} AS {parts[name]}").fetchall()
        found = []
        for run_id in asked.run_ids:
            of_run = {
                "states": "FROM mention_states",
                "answers": f"FROM mention_answers WHERE run_id = {int(run_id)}",
                "naming": f"FROM mention_naming WHERE run_id = {int(run_id)}",
                **{name: parts[name] for name in ("hides", "judged", "of_picture")},
            }
            found.append(
                connection.sql(
                    f"""WITH {_with(of_run)}
                    SELECT run_id, family, state, sum(x) AS x, sum(y) AS y, sum(x * x) AS xx, sum(x * y) AS xy,
                           sum(y * y) AS yy, count(*) AS pictures, count(*) FILTER (y = 0) AS never
                    FROM of_picture GROUP BY ALL ORDER BY ALL"""
                ).to_arrow_table()
            )
    return pa.concat_tables(found)


def _with(parts: Mapping[str, str]) -> str:
    return ",\n".join(f"{name} AS (\n    {sql}\n)" for name, sql in parts.items())


def _families(words: Words) -> str:
    return _pairs(words.families.items())


def _pairs(rows: Collection[tuple[object, ...]], columns: int = 2) -> str:
    """Rows as a query; of none, one without rows."""
    if not rows:
        return f"SELECT {', '.join(['NULL'] * columns)} WHERE false"
    return "VALUES " + ", ".join(
        f"({', '.join(str(cell) if isinstance(cell, int) else _text(str(cell)) for cell in row)})"
        for row in rows
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
