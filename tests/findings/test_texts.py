"""Explicit against implicit, and narratives that name the emotion: counted by hand and by a plain loop."""

from __future__ import annotations

import re

import pytest

from elena_wb.core import BodyPart
from elena_wb.findings.emotion_named import outright
from elena_wb.findings.emotion_named_told import sections as named_sections
from elena_wb.findings.text_shares import explicit_and_implicit
from elena_wb.findings.text_shares_told import sections as share_sections
from elena_wb.vocabulary import load_scheme
from tests.findings.checking import checked_tables
from tests.findings.planted import put

HEART = BodyPart("heart", "heart", "internal")
ARM = BodyPart("arm", "arms", "upper")


def answer(emotion, explicit=None, implicit=None, narrative=None, parts=()):
    return {
        "emotion": emotion,
        "explicit_description": explicit,
        "implicit_description": implicit,
        "narrative": narrative,
        "body_parts": parts,
    }


def story(emotion, narrative):
    return answer(emotion, narrative=narrative)


def test_words_are_counted_under_the_heading_under_which_they_stand(store):
    put(
        store,
        "a",
        {
            0: answer("fear", "arms  up\n\thigh", "a cold\r\nknot", "Someone waits.", (HEART, ARM)),
            1: answer("fear", "one two three", None, "   ", (ARM,)),
            2: answer("anger", "", "hot", None, (HEART, HEART, BodyPart("aura", None, None))),
            3: answer(None),
            4: "!refused",
        },
    )
    put(store, "b", {0: "!error"})
    first, second = explicit_and_implicit(store, [1, 2]).runs
    whole = first.whole
    assert whole is not None
    assert (whole.answers, whole.per_answer) == (4, 12 / 4)
    assert {kind: one.value for kind, one in whole.words.items()} == pytest.approx(
        {"explicit": 6 / 12, "implicit": 4 / 12, "narrative": 2 / 12}
    )
    assert {kind: one.value for kind, one in whole.having.items()} == {
        "explicit": 2 / 4,
        "implicit": 2 / 4,
        "narrative": 1 / 4,
    }
    assert (whole.implicit.value, whole.implicit.n) == (4 / 10, 4)
    assert (whole.internal.value, whole.internal.n) == (3 / 5, 5)
    assert [(one.emotion, one.answers, one.implicit.value) for one in first.emotions[:2]] == [
        ("fear", 2, 3 / 9),
        ("anger", 1, 1.0),
    ]
    assert first.emotions[2].emotion is None
    assert second.whole is None
    told = share_sections(explicit_and_implicit(store, [1, 2]))
    assert checked_tables(store, told) == [
        "Share of the words that are",
        "Words of the two descriptions that are of the implicit one",
        "Answers that have each text",
        "Parts named that are inside the body",
    ]
    assert share_sections(explicit_and_implicit(store, [2])) == ()


def test_repeats_of_a_picture_widen_the_interval_of_words(store):
    long, short = answer("fear", "a " * 30, "b " * 10), answer("fear", "a " * 10, "b " * 30)
    put(store, "a", {n: [long if n % 2 else short] * 4 for n in range(40)})
    put(store, "b", {n: long if n % 2 else short for n in range(40)})
    repeated, once = (run.whole for run in explicit_and_implicit(store, [1, 2]).runs)
    assert repeated is not None
    assert once is not None
    assert repeated.implicit.value == once.implicit.value == 0.5
    # 1.96 standard errors of a mean of forty pictures, .25 apart from .5 each, with t for z
    assert repeated.implicit.high - 0.5 == pytest.approx(2.023 * 0.25 / 40**0.5, rel=0.02)
    assert (repeated.implicit.low, repeated.implicit.high) == pytest.approx(
        (once.implicit.low, once.implicit.high)
    )


STORIES = [
    ("fear", "He was AFRAID, very afraid."),
    ("fear", "She felt no fear at all."),
    ("fear", "A fearsome, sadly told tale"),
    ("anger", "Fear and anger; anger and fear."),
    ("anger", "anger"),
    ("anger", "angers or dangerous"),
    ("neutral", "A neutral  emotion_less face"),
    ("happiness", "überglücklich, glücklich!"),
    ("happiness", "unhappy happy-go-lucky joy"),
    ("sadness", "it was ärgerlich"),
    (None, "pure joy"),
    ("surprise", "[red]surprise[/red]\x1b[31m \u202e'); DROP TABLE runs; --\n" + "word " * 25_000),
    ("disgust", "x" * 100_000 + " disgust"),
]


def plainly(text):
    """The labels that stand in a text as whole words, by a loop over single words."""
    words = load_scheme("ekman7").words
    apart = [word for word in re.split(r"[\W]+", text.lower()) if word]
    return {words[word] for word in apart if word in words}


def test_emotions_are_found_as_whole_words_of_the_scheme(store):
    put(store, "a", dict(enumerate([story(*one) for one in STORIES] + [story("fear", " "), "!refused"])))
    (run,) = outright(store, [1]).runs
    whole = run.whole
    assert whole is not None
    own = sum(emotion in plainly(text) for emotion, text in STORIES)
    other = sum(bool(plainly(text) - {emotion}) for emotion, text in STORIES)
    assert (own, other) == (9, 5)
    figures = [(round(one.value * one.n), one.n) for one in (whole.own, whole.other, whole.either)]
    assert figures == [(own, 13), (other, 13), (sum(bool(plainly(text)) for _, text in STORIES), 13)]
    by = {one.emotion: (one.own.value, one.other.value) for one in run.emotions}
    assert by["fear"] == pytest.approx((2 / 3, 1 / 3))
    assert by["anger"] == pytest.approx((2 / 3, 1 / 3))
    assert by[None] == (0.0, 1.0)
    counted = {word.word: (word.label, word.narratives, word.own) for word in run.words}
    assert counted["anger"] == ("anger", 2, 2)
    assert counted["fear"] == ("fear", 2, 1)
    told = named_sections(outright(store, [1]))
    assert checked_tables(store, told) == [
        "Narratives that name the emotion answered, or another",
        "Words that name an emotion",
    ]


def test_examples_are_few_short_and_plain(store):
    put(store, "a", {n: story(*STORIES[11 if n else 12]) for n in range(5)})
    (section,) = named_sections(outright(store, [1]))
    examples = [piece for piece in section.pieces if isinstance(piece, str)]
    assert len(examples) == 3
    assert all(len(one) < 300 and one.isprintable() for one in examples)
    assert examples[0].endswith("xxx disgust”")
    assert "DROP" in examples[1]  # as text, with what would turn it round made visible
    assert "\\u202e" in examples[1]


def test_the_longest_row_of_words_counts_and_each_run_has_its_scheme(store):
    put(store, "a", {0: story("Suffering", "physical suffering")}, options={"scheme": "emotic26"})
    put(store, "b", {0: story("sadness", "suffering, sad")})
    put(store, "c", {0: story("x", "x")}, options={"scheme": "gone"})
    found = outright(store, [1, 2, 3])
    emotic = load_scheme("emotic26")
    (wanted,) = emotic.named_in("physical suffering")
    assert [(word.word, word.label) for word in found.runs[0].words] == [("physical suffering", wanted)]
    assert [word.word for word in found.runs[1].words] == ["sad"]
    assert found.unknown == (3,)
    told = named_sections(found)
    assert len(checked_tables(store, told)) == 2
    assert any("run 3 answers is not installed" in str(piece) for piece in told[0].pieces)
    assert named_sections(outright(store, [3])) == ()
