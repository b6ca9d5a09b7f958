"""How much of each answer is what it sees, what is felt within, and the story: counted in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa

from elena_wb.store.database import Store

FIELDS: Final = ("explicit_description", "implicit_description", "narrative")
KINDS: Final = ("explicit", "implicit", "narrative")
RATIOS: Final = {
    **{f"{kind}_words": (f"{kind}_words", "all_words") for kind in KINDS},
    "implicit_of_both": ("implicit_words", "both_words"),
    **{f"{kind}_answers": (f"{kind}_answers", "answers") for kind in KINDS},
}
"""Share → what is counted, and of what; sums over the answers about a picture."""


def word_count(column: str) -> str:
    """SQL for how many words a text has: what blanks, tabs and line breaks separate."""
    blanks = f"coalesce({column}, '')"
    for character in (9, 10, 13):
        blanks = f"replace({blanks}, chr({character}), ' ')"
    return f"len(list_filter(string_split({blanks}, ' '), lambda word: word <> ''))"


def counted(run_ids: Sequence[int]) -> str:
    """A query: for each answer that could be read, its run, emotion, picture and the number of words of each kind."""
    words = ",\n           ".join(
        f"{word_count(field)} AS {kind}_words" for kind, field in zip(KINDS, FIELDS, strict=True)
    )
    return f"""SELECT run_id, emotion, hash(coalesce(s.picture_id, g.stimulus_id)) AS picture,
           {words}
    FROM generations AS g LEFT JOIN stimuli AS s USING (stimulus_id)
    WHERE g.status = 'ok' AND run_id IN ({", ".join(str(int(run_id)) for run_id in run_ids)})"""


def text_shares(
    store: Store, run_ids: Sequence[int], *, settings: Mapping[str, str | bool | int] | None = None
) -> pa.Table:
    """Sums over answers by run and emotion, and over all answers of each run (``whole``).

    ``pictures``, ``answers``, words and answers of each kind, and for each of :data:`RATIOS` the sums over pictures of
    the squares of what is counted (``…_hh``) and of what it is a share of (``…_oo``), and of their product (``…_ho``).
    """
    kinds = [f"{kind}_{what}" for what in ("words", "answers") for kind in KINDS]
    summed = ", ".join(
        [f"sum({kind}_words)::DOUBLE AS {kind}_words" for kind in KINDS]
        + [f"count(*) FILTER ({kind}_words > 0)::DOUBLE AS {kind}_answers" for kind in KINDS]
        + ["count(*)::DOUBLE AS answers"]
    )
    totals = ", ".join(f"sum({name}) AS {name}" for name in [*kinds, "answers", "all_words", "both_words"])
    squares = ", ".join(_squares(*ratio) for ratio in RATIOS.items())
    sql = f"""
        SELECT run_id, emotion, whole, count(*) AS pictures, {totals}, {squares}
        FROM (
            SELECT *, explicit_words + implicit_words + narrative_words AS all_words,
                   explicit_words + implicit_words AS both_words
            FROM (
                SELECT run_id, emotion, picture, grouping(emotion) = 1 AS whole, {summed}
                FROM ({{answers}})
                GROUP BY GROUPING SETS ((run_id, emotion, picture), (run_id, picture))
            )
        ) GROUP BY run_id, emotion, whole"""
    with store.read(settings) as connection:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE words_counted AS {counted(run_ids)}").fetchall()
        return pa.concat_tables(
            connection.sql(
                sql.format(answers=f"FROM words_counted WHERE run_id = {int(run_id)}")
            ).to_arrow_table()
            for run_id in run_ids
        )


def _squares(name: str, ratio: tuple[str, str]) -> str:
    hits, of = ratio
    return (
        f"sum({hits} * {hits}) AS {name}_hh, sum({hits} * {of}) AS {name}_ho, sum({of} * {of}) AS {name}_oo"
    )


def internal_parts(
    store: Store, run_ids: Sequence[int], *, settings: Mapping[str, str | bool | int] | None = None
) -> pa.Table:
    """How many of the parts that answers name are inside the body, by run and emotion, and in all (``whole``).

    ``internal`` of ``parts`` phrases of a known group, over so many ``pictures``, and the sums over pictures of their
    squares and products (``hh``, ``ho``, ``oo``).
    """
    with store.read(settings) as connection:
        return connection.sql(
            """SELECT run_id, emotion, whole, count(*) AS pictures, sum(internal) AS internal, sum(parts) AS parts,
                      sum(internal * internal) AS hh, sum(internal * parts) AS ho, sum(parts * parts) AS oo
               FROM (
                   SELECT run_id, emotion, picture, grouping(emotion) = 1 AS whole, count(*)::DOUBLE AS parts,
                          count(*) FILTER (part_group = 'internal')::DOUBLE AS internal
                   FROM (
                       SELECT g.run_id, g.emotion, hash(coalesce(s.picture_id, g.stimulus_id)) AS picture, part_group
                       FROM body_parts AS b JOIN generations AS g USING (generation_id)
                       LEFT JOIN stimuli AS s USING (stimulus_id)
                       WHERE g.status = 'ok' AND part_group IS NOT NULL AND g.run_id IN (SELECT unnest($runs))
                   ) GROUP BY GROUPING SETS ((run_id, emotion, picture), (run_id, picture))
               ) GROUP BY run_id, emotion, whole""",
            params={"runs": list(run_ids)},
        ).to_arrow_table()
