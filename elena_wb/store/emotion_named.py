"""Narratives that name an emotion outright: whole words, scanned by DuckDB's RE2."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from elena_wb.store.database import Store

_LETTER: Final = r"\pL\pN_"
_FOREIGN: Final = r"[^\x00-\x7F]"
_WORD = re.compile(r"[^\W_]+")
_AROUND = 60
"""Characters of an example on each side of the word."""


@dataclass(frozen=True, slots=True)
class SchemeWords:
    """The runs that answer in a label scheme, and its words: what stands in a sentence → the label."""

    run_ids: tuple[int, ...]
    words: Mapping[str, str]

    def naming(self) -> str:
        """A query: ``run_id``, ``answer``, ``word`` and ``label`` for each time that a narrative names a label.

        Case does not matter, anything but a letter or digit ends a word, and of several words that are an alias
        together the longest row counts.
        """
        labels = {" ".join(_WORD.findall(word)): label for word, label in self.words.items()}
        labels.pop("", None)
        rows = ", ".join(f"({_text(word)}, {_text(label)})" for word, label in sorted(labels.items()))
        longest_first = sorted(labels, key=lambda word: (-len(word), word))
        once = "|".join(word.replace(" ", f"[^{_LETTER}]+") for word in longest_first)
        apart = "|".join(word.replace(" ", "  ") for word in longest_first)
        # RE2's \b knows letters of ASCII alone, and what it finds does not eat the blank before the next word. Texts
        # with other letters, which are few, have their words set two blanks apart instead.
        spread = f"'  ' || regexp_replace(said, '[^{_LETTER}]+', '  ', 'g') || '  '"
        plainly = rf"\b(?:{once})\b"
        anywhere = f"(?:^|[^{_LETTER}])(?:{once})(?:$|[^{_LETTER}])"
        return f"""SELECT run_id, answer, word, label FROM (
        SELECT run_id, answer, regexp_replace(unnest(CASE
                   WHEN NOT regexp_matches(said, {_text(_FOREIGN)})
                   THEN regexp_extract_all(said, {_text(plainly)})
                   WHEN regexp_matches(said, {_text(anywhere)})
                   THEN regexp_extract_all({spread}, {_text(f" ({apart}) ")}, 1)
                   ELSE [] END), '[^{_LETTER}]+', ' ', 'g') AS word
        FROM (SELECT run_id, rowid AS answer, lower(narrative) AS said FROM generations
              WHERE status = 'ok' AND run_id IN ({_listed(self.run_ids)}))
    ) JOIN (VALUES {rows}) AS words(word, label) USING (word)"""


def per_answer(schemes: Sequence[SchemeWords]) -> dict[str, str]:
    """Common table expressions: of the narratives, of the words in them, and of what each one names.

    The last, ``emotion_answers``, has ``run_id``, ``emotion``, ``picture``, and whether the narrative names the emotion
    answered (``own``), another one of the scheme (``other``), or either (``either``).
    """
    run_ids = [run_id for scheme in schemes for run_id in scheme.run_ids]
    return {
        "emotion_told": f"""SELECT g.run_id, g.rowid AS answer, g.emotion,
           hash(coalesce(s.picture_id, g.stimulus_id)) AS picture
    FROM generations AS g LEFT JOIN stimuli AS s USING (stimulus_id)
    WHERE g.status = 'ok' AND trim(g.narrative) <> '' AND g.run_id IN ({_listed(run_ids)})""",
        "emotion_naming": "\n    UNION ALL ".join(scheme.naming() for scheme in schemes),
        "emotion_answers": """SELECT run_id, emotion, picture, coalesce(own, false) AS own,
           coalesce(other, false) AS other, own IS NOT NULL AS either
    FROM emotion_told LEFT JOIN (
        SELECT answer, bool_or(n.label IS NOT DISTINCT FROM t.emotion) AS own,
               bool_or(n.label IS DISTINCT FROM t.emotion) AS other
        FROM emotion_naming AS n JOIN emotion_told AS t USING (answer) GROUP BY answer
    ) USING (answer)""",
    }


def with_(parts: Mapping[str, str]) -> str:
    """Common table expressions in the order given."""
    return "WITH " + ",\n".join(f"{name} AS (\n    {sql}\n)" for name, sql in parts.items())


@dataclass(frozen=True, eq=False)
class Named:
    """What narratives name.

    ``sums`` has a row for each run and emotion, and for the whole of each run (``whole``): over so many ``pictures``
    the ``answers`` with a narrative, those that name the emotion answered (``own``), another (``other``) or either
    (``either``), and the sums over pictures of squares and products (``own_hh``, ``own_ho``, …, ``oo``). ``words`` has
    how many answers of a run name a ``label`` by a ``word``, ``own`` of them as their answer. ``examples`` are a few
    places where the answered emotion is named: ``run_id``, ``picture`` (a file's name), ``emotion``, ``excerpt``.
    """

    sums: pa.Table
    words: pa.Table
    examples: pa.Table


def emotions_named(
    store: Store,
    schemes: Sequence[SchemeWords],
    *,
    examples: int = 3,
    settings: Mapping[str, str | bool | int] | None = None,
) -> Named:
    """Look for words of each scheme in the narratives of its runs, at most so many ``examples`` of each."""
    parts = per_answer(schemes)
    moments = ", ".join(
        f"sum({kind}) AS {kind}, sum({kind} * {kind}) AS {kind}_hh, sum({kind} * answers) AS {kind}_ho"
        for kind in ("own", "other", "either")
    )
    counts = ", ".join(f"count(*) FILTER ({kind})::DOUBLE AS {kind}" for kind in ("own", "other", "either"))
    with store.read(settings) as connection:
        for name, sql in parts.items():
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}").fetchall()
        sums = connection.sql(f"""
            SELECT run_id, emotion, whole, count(*) AS pictures, sum(answers) AS answers,
                   sum(answers * answers) AS oo, {moments}
            FROM (
                SELECT run_id, emotion, picture, grouping(emotion) = 1 AS whole, count(*)::DOUBLE AS answers, {counts}
                FROM emotion_answers GROUP BY GROUPING SETS ((run_id, emotion, picture), (run_id, picture))
            ) GROUP BY run_id, emotion, whole""").to_arrow_table()
        words = connection.sql("""
            SELECT n.run_id, word, label, count(DISTINCT answer) AS answers,
                   count(DISTINCT answer) FILTER (label IS NOT DISTINCT FROM emotion) AS own
            FROM emotion_naming AS n JOIN emotion_told USING (answer)
            GROUP BY n.run_id, word, label ORDER BY n.run_id, own DESC, answers DESC, word""").to_arrow_table()
        found = connection.sql(
            f"""
            WITH first AS (
                SELECT answer, min(word) AS word FROM emotion_naming AS n JOIN emotion_told AS t USING (answer)
                WHERE label = emotion GROUP BY answer
            ),
            chosen AS (
                SELECT t.run_id, t.emotion, g.narrative, word, coalesce(parse_filename(s.path), '') AS picture,
                       g.repeat, answer
                FROM first JOIN emotion_told AS t USING (answer)
                JOIN generations AS g ON g.rowid = answer LEFT JOIN stimuli AS s USING (stimulus_id)
                QUALIFY row_number() OVER (PARTITION BY t.run_id ORDER BY picture, repeat, answer) <= $examples
            )
            SELECT run_id, picture, emotion,
                   regexp_extract(narrative, '(?is)((?:^|.{{0,{_AROUND}}}[^{_LETTER}])'
                       || replace(word, ' ', '[^{_LETTER}]+') || '(?:$|[^{_LETTER}].{{0,{_AROUND}}}))', 1) AS excerpt
            FROM chosen ORDER BY run_id, picture, repeat, answer""",
            params={"examples": examples},
        ).to_arrow_table()
    return Named(sums, words, found)


def _listed(run_ids: Sequence[int]) -> str:
    return ", ".join(str(int(run_id)) for run_id in run_ids)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
