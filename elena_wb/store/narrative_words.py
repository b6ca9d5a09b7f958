"""The words of narratives: letters and digits of any script, in lower case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from elena_wb.store.database import Store

MOST_CHARACTERS, MOST_WORDS = 10_000, 500
"""Of a longer narrative only the beginning counts."""
_WORD = r"[\p{L}\p{M}\p{N}]+(?:[''-][\p{L}\p{M}\p{N}]+)*"


def words_of(column: str) -> str:
    """The SQL expression for the words of the text in ``column``: a list, in order."""
    folded = f"replace(lower(nfc_normalize(left({column}, {MOST_CHARACTERS}))), '’', '''')"
    return f"regexp_extract_all({folded}, '{_WORD}')[:{MOST_WORDS}]"


def told_sql(run_ids: Sequence[int], most: int) -> str:
    """The beginning of a query that has the relation ``told``: narratives of answers that could be read.

    Columns: ``run_id``, ``generation_id``, ``stimulus_id``, ``picture_id`` and ``words``. Of a run with more than
    ``most`` narratives, so many are drawn by a hash of their ids, always the same ones.
    """
    runs = ", ".join(map(str, run_ids)) or "NULL"
    return f"""WITH chosen AS (
    SELECT run_id, generation_id, stimulus_id FROM generations
    WHERE run_id IN ({runs}) AND status = 'ok' AND narrative <> ''
    QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY hash(generation_id), generation_id) <= {most}
),
told AS (
    SELECT c.*, coalesce(s.picture_id, c.stimulus_id) AS picture_id, {words_of("g.narrative")} AS words
    FROM chosen AS c JOIN generations AS g USING (generation_id) LEFT JOIN stimuli AS s ON s.stimulus_id = c.stimulus_id
)"""


def count_narratives(store: Store, run_ids: Sequence[int]) -> Mapping[int, int]:
    """How many answers of each run that could be read have a narrative; runs without any are left out."""
    with store.read() as connection:
        rows = connection.execute(
            """SELECT run_id, count(*) FROM generations
               WHERE run_id IN (SELECT unnest(?::INTEGER[])) AND status = 'ok' AND narrative <> '' GROUP BY run_id""",
            [list(run_ids)],
        ).fetchall()
    return dict(rows)


def read_words(
    store: Store,
    run_ids: Sequence[int],
    most: int,
    *,
    settings: Mapping[str, str | bool | int] | None = None,
) -> pa.Table:
    """The rows of :func:`told_sql`, by run and generation.

    Columns: ``run_id``, ``generation_id``, ``words``, and numbers that are the same for the same thing: ``picture``
    and ``text``, the words in their order.
    """
    sql = f"""{told_sql(run_ids, most)}
        SELECT run_id, generation_id, words,
               (hash(picture_id) >> 1)::BIGINT AS picture, (hash(words) >> 1)::BIGINT AS text
        FROM told ORDER BY run_id, generation_id"""
    with store.read(settings) as connection:
        return connection.sql(sql).to_arrow_table()


def narratives_of(store: Store, generation_ids: Sequence[str], most: int) -> Mapping[str, str]:
    """The first ``most`` characters of these narratives."""
    with store.read() as connection:
        rows = connection.execute(
            """SELECT generation_id, left(narrative, ?) FROM generations
               WHERE generation_id IN (SELECT unnest(?::VARCHAR[]))""",
            [most, list(generation_ids)],
        ).fetchall()
    return dict(rows)
