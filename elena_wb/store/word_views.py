"""The views that the vocabulary's words for emotions make: the words themselves, and where answers mention them."""

from __future__ import annotations

from elena_wb.vocabulary.emotion_words import FOREIGN_LETTER, emotion_words

FIELDS = ("narrative", "explicit_description", "implicit_description")
"""The texts of an answer in which words are looked for."""


def emotion_views() -> str:
    """SQL that makes ``emotion_words`` and ``emotion_mentions``."""
    words = emotion_words()
    families = ",\n".join(
        "    ("
        + ", ".join(map(_quoted, (of.name, "|".join(of.words), *map(of.labels.get, words.taxonomies))))
        + ")"
        for of in words.families
    )
    columns = ", ".join(words.taxonomies)
    texts = "\n        UNION ALL ".join(
        f"SELECT generation_id, run_id, stimulus_id, repeat, '{name}' AS field, {_ascii(name)} AS said FROM read"
        for name in FIELDS
    )
    return f"""
CREATE OR REPLACE VIEW emotion_words AS
WITH families(family, words, {columns}) AS (VALUES
{families}
)
SELECT unnest(string_split(words, '|')) AS word, family, taxonomy, label, {_quoted(words.source)} AS source
FROM families UNPIVOT INCLUDE NULLS (label FOR taxonomy IN ({columns}));
COMMENT ON VIEW emotion_words IS 'English words for emotions, and the label of each taxonomy that they come to.';
COMMENT ON COLUMN emotion_words.word IS 'The word, in lower case; a blank stands for a hyphen, too.';
COMMENT ON COLUMN emotion_words.family IS 'The emotion it is a word for.';
COMMENT ON COLUMN emotion_words.taxonomy IS 'A label scheme.';
COMMENT ON COLUMN emotion_words.label IS 'What the word comes to there; NULL where it has no counterpart.';
COMMENT ON COLUMN emotion_words.source IS 'Who chose the words and their labels: elena-wb, which is us.';

CREATE OR REPLACE VIEW emotion_mentions AS
WITH read AS (FROM generations WHERE status = 'ok'),
texts AS (
        {texts}
),
mentions AS (
    SELECT * EXCLUDE (said), unnest(regexp_extract_all(said, {_quoted(words.pattern)})) AS mention FROM texts
),
spelt AS (
    SELECT * EXCLUDE (mention), lower(regexp_replace(replace(mention, '’', ''''), '[\\s-]+', ' ', 'g')) AS word
    FROM mentions
)
FROM spelt SEMI JOIN emotion_words USING (word);
COMMENT ON VIEW emotion_mentions IS 'Each word for an emotion in the texts of an answer; none right after "not".';
COMMENT ON COLUMN emotion_mentions.generation_id IS 'The answer.';
COMMENT ON COLUMN emotion_mentions.run_id IS 'The run.';
COMMENT ON COLUMN emotion_mentions.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN emotion_mentions.repeat IS 'Counts the answers to the same question from 0.';
COMMENT ON COLUMN emotion_mentions.field IS 'Where it stands: narrative, explicit_description or implicit_description.';
COMMENT ON COLUMN emotion_mentions.word IS 'The word, as emotion_words has it.';
"""


def _ascii(column: str) -> str:
    """The text with every letter beyond ASCII made an ``x``; most texts have none and stay as they are."""
    foreign = f"regexp_replace({column}, {_quoted(FOREIGN_LETTER)}, 'x', 'g')"
    return f"CASE WHEN strlen({column}) = length({column}) THEN {column} ELSE {foreign} END"


def _quoted(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
