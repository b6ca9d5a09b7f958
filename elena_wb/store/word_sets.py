"""Which emotions the texts of answers name in words, beside the labels of the answers and of the pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from elena_wb.store.database import Store
from elena_wb.vocabulary import emotion_words, find_mapping, load_scheme, scheme_names

NO_WORDS = "none"
_ANSWERS = """
WITH places AS (SELECT * FROM (VALUES {places}) AS p(label, place)),
counterparts AS (SELECT * FROM (VALUES {counterparts}) AS c(scheme, label, place)),
runs_asked AS (SELECT run_id, coalesce(options->>'scheme', 'ekman7') AS scheme FROM runs WHERE run_id IN ({runs})),
answers AS (
    SELECT g.run_id, {generation} AS generation_id, g.stimulus_id, r.scheme, g.emotion,
           coalesce(g.narrative, '') <> '' AS has_story
    FROM generations AS g JOIN runs_asked AS r USING (run_id)
    WHERE g.status = 'ok'
      AND (coalesce(g.narrative, '') <> '' OR coalesce(g.explicit_description, '') <> ''
           OR coalesce(g.implicit_description, '') <> '')
),
named AS (
    SELECT generation_id, coalesce(bit_or(1::BIGINT << place) FILTER (field = 'narrative'), 0) AS in_story,
           coalesce(bit_or(1::BIGINT << place), 0) AS in_all,
           count(*) AS words, count(place) AS mapped, count(*) FILTER (field = 'narrative') AS story_words,
           count(place) FILTER (field = 'narrative') AS story_mapped
    FROM {mentions} JOIN (FROM emotion_words WHERE taxonomy = '{taxonomy}') USING (word)
    LEFT JOIN places USING (label)
    WHERE run_id IN ({runs}) GROUP BY generation_id
),
true_of AS (
    SELECT t.stimulus_id, t.scheme, bit_or(1::BIGINT << c.place) AS truth
    FROM (SELECT stimulus_id, scheme, unnest(coalesce(labels, [label])) AS label FROM truths) AS t
    JOIN counterparts AS c USING (scheme, label) GROUP BY ALL
),
sets AS (
    SELECT a.run_id, a.generation_id, a.stimulus_id, a.has_story, c.place AS own,
           coalesce(1::BIGINT << c.place, 0) AS own_set, coalesce(t.truth, 0) AS truth_set,
           coalesce(n.in_story, 0) AS in_story, coalesce(n.in_all, 0) AS in_all,
           coalesce(n.words, 0) AS words, coalesce(n.mapped, 0) AS mapped, coalesce(n.story_words, 0) AS story_words,
           coalesce(n.story_mapped, 0) AS story_mapped
    FROM answers AS a
    LEFT JOIN counterparts AS c ON c.scheme = a.scheme AND c.label = a.emotion
    LEFT JOIN true_of AS t ON t.stimulus_id = a.stimulus_id AND t.scheme = a.scheme
    LEFT JOIN named AS n USING (generation_id)
)
"""


def counterparts(scheme: str, taxonomy: str) -> Mapping[str, str]:
    """What each label of ``scheme`` is called in ``taxonomy``; the labels without a counterpart are left out.

    A scheme is its own counterpart; otherwise a mapping of the vocabulary counts, and where there is none the name
    of the label as a word for an emotion.
    """
    mapping = find_mapping(scheme, taxonomy)
    if mapping is not None:
        return mapping.labels
    if scheme not in scheme_names():  # of a plugin that is gone
        return {}
    of_word = emotion_words().labels(taxonomy)
    found = {name: of_word.get(name) for name in load_scheme(scheme).names}
    return {name: label for name, label in found.items() if label is not None}


def word_sets_sql(
    run_ids: Sequence[int],
    schemes: Sequence[str],
    taxonomy: str,
    *,
    mentions: str = "emotion_mentions",
    generation: str = "g.generation_id",
) -> str:
    """The beginning of a query that has the relation ``sets``: one row for each answer that says something in words.

    Columns: ``run_id``, ``generation_id``, ``stimulus_id``, ``has_story`` (it has a narrative); ``own``, the place in
    the taxonomy of the answer's own label, or NULL; sets of labels as bits, ``1 << place``: ``own_set``,
    ``truth_set`` (what is true of the picture), ``in_story`` (named in the narrative), ``in_all`` (in the narrative or
    a description); ``words`` and ``story_words`` count the mentions, ``mapped`` and ``story_mapped`` those whose word
    the taxonomy has a place for. ``schemes`` are those of the answers, ``mentions`` a table to be read instead of the
    view, whose ``generation_id`` is what ``generation`` makes of a generation.
    """
    names = load_scheme(taxonomy).names
    emotion_words().labels(taxonomy)
    places = ", ".join(f"('{name}', {place})" for place, name in enumerate(names))
    rows = [
        f"('{scheme}', '{label}', {names.index(to)})"
        for scheme in dict.fromkeys(schemes)
        for label, to in counterparts(scheme, taxonomy).items()
    ]
    return _ANSWERS.format(
        places=places,
        counterparts=", ".join(rows) or "('', '', NULL::INTEGER)",
        runs=_listed(run_ids),
        taxonomy=taxonomy,
        mentions=mentions,
        generation=generation,
    )


def read_word_sets(
    store: Store,
    run_ids: Sequence[int],
    schemes: Sequence[str],
    taxonomy: str,
    most: int,
    *,
    settings: Mapping[str, str | bool | int] | None = None,
) -> tuple[pa.Table, list[tuple[int, str, int]]]:
    """The columns of :func:`word_sets_sql`, with a number ``picture`` in place of the ids; and the frequent words.

    These are the rows of :func:`frequent_words_sql`. The texts are searched once for both.
    """
    sets = word_sets_sql(
        run_ids, schemes, taxonomy, mentions="mentions_read", generation="hash(g.generation_id)"
    )
    with store.read(settings) as connection:
        connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE mentions_read AS
                SELECT run_id, hash(generation_id) AS generation_id, field, word
                FROM emotion_mentions WHERE run_id IN ({_listed(run_ids)})"""
        ).fetchall()
        table = connection.sql(
            f"""{sets}
            SELECT run_id, (hash(coalesce(picture_id, stimulus_id)) >> 1)::BIGINT AS picture, has_story,
                   coalesce(own, -1)::INTEGER AS own, own_set, truth_set, in_story, in_all, words, mapped,
                   story_words, story_mapped
            FROM sets LEFT JOIN stimuli USING (stimulus_id)"""
        ).to_arrow_table()
        frequent = connection.execute(frequent_words_sql(run_ids, most, "mentions_read")).fetchall()
    return table, frequent


def frequent_words_sql(run_ids: Sequence[int], most: int, mentions: str = "emotion_mentions") -> str:
    """The words that most answers of each run mention: ``run_id``, ``word``, ``answers``."""
    runs = _listed(run_ids)
    return f"""
SELECT run_id, word, count(DISTINCT generation_id) AS answers
FROM {mentions} WHERE run_id IN ({runs}) GROUP BY run_id, word
QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY answers DESC, word) <= {most}
ORDER BY list_position([{runs}], run_id), answers DESC, word
"""


def _listed(run_ids: Sequence[int]) -> str:
    return ", ".join(map(str, run_ids)) or "NULL"
