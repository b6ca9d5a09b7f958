"""The database's search for facial words finds what the vocabulary's own finds."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from elena_wb.vocabulary import facial_mentions
from elena_wb.vocabulary.body import facial_patterns
from elena_wb.vocabulary.facial_sql import speaks_of_face

SENTENCES = (
    "A broad smile.",
    "They face the wall.",
    "He must face of all things the truth.",
    "his face the color of ash",
    "Her face is covered by a box.",
    "one hand over their mouth",
    "hands smiling at her mouth",
    "hands and then the face",
    "a hand, an open one, near the face",
    "palms press with great care against both cheeks",
    "A LOOK OF fear; eye-level, tears  at the paper",
    "the person\u2019s face the door",
    "two faced the crowd, faces a new day",
    "poker face, watch-face, in the blink of an eye",
    "an expression of emotion, a bodily expression",
    "The face cannot be seen. No facial cues.",
    "someone faces ofering hands",
    "they face is what it is, they face show business, and they face shore winds",
    "surfaces and typefaces",
    "crying out, jaw-dropping, tongue in cheek",
    "without\n any\tfacial  cues, and face-\n to-face; they can\u2019t see the face",
    "Before the face\n\nof a clock,\nthe person faces\r\n the door with a look  of",
    "",
    "héros, visage\u0301, ｆａｃｅ",
)


def found(texts: Sequence[str]) -> list[bool]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT unnest($texts) AS said, generate_subscripts($texts, 1) AS n",
                           {"texts": list(texts)})  # fmt: skip
        rows = connection.execute(f"SELECT {speaks_of_face('said')} FROM t ORDER BY n").fetchall()
    return [row[0] for row in rows]


def test_sentences_that_speak_of_a_face_are_told_from_those_that_only_use_its_words():
    said = SENTENCES[:-1]
    assert found(said) == [bool(facial_mentions(text)) for text in said]
    assert found(["His arms hang down."]) == [False]


def test_sentences_side_by_side_are_told_apart_as_well():
    pieces = [piece for text in SENTENCES[:-1] for piece in (text, text.lower(), text.rstrip("."))]
    pairs = [f"{a} {b}" for a in pieces[::2] for b in pieces[::3]]
    assert found(pairs) == [bool(facial_mentions(text)) for text in pairs]


def test_no_pattern_is_left_that_the_database_cannot_take():
    assert len(facial_patterns()[1]) > 10
    sql = speaks_of_face("said")
    assert "(?=" not in sql
    assert "(?!" not in sql
    assert "(?<" not in sql
    assert found(["x" * 25_000 + " smile", "smile " + "x" * 25_000]) == [False, True]


def test_an_answer_without_words_is_none_that_speaks():
    with duckdb.connect() as connection:
        assert connection.execute(f"SELECT {speaks_of_face('NULL::VARCHAR')}").fetchone() == (False,)
