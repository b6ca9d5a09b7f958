"""Words for emotions: found whole, in any case, not where they are negated, and true to the label schemes."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.errors import UsageError
from elena_wb.store import Store
from elena_wb.vocabulary import emotion_words, load_scheme, scheme_names
from tests.findings.planted import put

WORDS = emotion_words()
SAID = [
    ("She is furious, then SAD.", ("furious", "sad")),
    ("Ill-at-ease and light hearted", ("ill at ease", "light hearted")),
    ("at ease", ("at ease",)),
    ("He is not happy; no sign of fear, never really angry.", ()),
    ("It isn’t sad, it isn't grim: rather than grief, relief", ("relief",)),
    ("Not only sad but angry", ("sad", "angry")),
    ("neither joy nor sorrow, yet afraid", ("afraid",)),
    ("Joyfully—her joy/fear: 'awe'", ("joyfully", "joy", "fear", "awe")),
    ("enraged enrage, discontent, fearsome, unhappily", ("enraged", "unhappily")),
    ("éfear fearé e\u0301fear fear\u0301 Überangst", ()),
    ("A contents page, a blue shirt, relaxed shoulders, tense arms, in pain", ()),
    ("In spite of it her nervous system, its sympathetic nervous branch; gaze-aversion", ()),
    (
        "A nervous, sympathetic look; she couldn’t be happier",
        ("nervous", "sympathetic", "couldn't be happier"),
    ),
    ("Trying to calm down", ()),
    ("", ()),
    ("彼は怒っている", ()),
]


@pytest.mark.parametrize(("text", "words"), SAID)
def test_words_are_found_whole_and_not_where_they_are_negated(text, words):
    assert WORDS.found_in(text) == words


def test_the_store_finds_the_same_words_in_every_text_of_an_answer(tmp_path):
    store = Store(tmp_path / "s.duckdb")
    texts = {
        n: {"narrative": text, "implicit_description": "a sense of dread"} for n, (text, _) in enumerate(SAID)
    }
    put(store, "a", {**texts, 90: {"narrative": None, "explicit_description": "glee"}})
    with store.read() as connection:
        rows = connection.execute(
            """SELECT parse_filename(path), field, list(word ORDER BY word)
               FROM emotion_mentions JOIN stimuli USING (stimulus_id) GROUP BY ALL"""
        ).fetchall()
    found = {(int(name[:4]), field): words for name, field, words in rows}
    for number, (_, words) in enumerate(SAID):
        assert found.get((number, "narrative"), []) == sorted(words)
        assert found[number, "implicit_description"] == ["dread"]
    assert found[90, "explicit_description"] == ["glee"]


@pytest.mark.parametrize("taxonomy", WORDS.taxonomies)
def test_words_go_where_the_scheme_has_them_as_aliases(taxonomy):
    scheme, labels = load_scheme(taxonomy), WORDS.labels(taxonomy)
    assert set(labels.values()) - {None} == set(scheme.names)
    for word, label in labels.items():
        of_scheme = scheme.canonical(word)
        assert of_scheme in (None, label), (word, label, of_scheme)
    names = [name for name in scheme.names if labels.get(name) != name]
    assert names == []


def test_there_are_several_hundred_and_each_stands_once():
    words = [word for family in WORDS.families for word in family.words]
    assert len(words) == len(set(words)) > 500
    assert all(word == word.lower().strip() and word.isascii() for word in words)
    assert WORDS.source == "elena-wb"


def test_a_taxonomy_without_mapping_is_refused_and_the_words_are_no_scheme():
    with pytest.raises(UsageError, match="not mapped to `emotic26`"):
        WORDS.labels("emotic26")
    assert "emotion_words" not in scheme_names()


@given(st.text())
def test_any_text_can_be_searched(text):
    assert set(WORDS.found_in(text)) <= WORDS.labels("ekman7").keys()


def test_long_texts_end_quickly():
    began = time.process_time()
    for text in ("not very " * 30_000, "no sign of " * 30_000, "a" * 300_000, "isn't " * 60_000):
        WORDS.found_in(text)
    assert time.process_time() - began < 3
