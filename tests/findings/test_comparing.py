"""Two runs of a real store, compared question by question."""

from __future__ import annotations

import time
from typing import Any

import pytest

from elena_wb.core import BodyPart, UsageError
from elena_wb.findings.comparing import compare_runs
from elena_wb.store import begin_run
from tests.findings.planted import put
from tests.store.conftest import spec


def test_answers_are_paired_by_picture_and_repeat_and_the_rest_is_counted_as_lost(store):
    put(store, "a", {0: ["fear", "anger"], 1: "fear", 2: "!error", 3: "!refused", 4: "fear", 6: None})
    put(store, "b", {0: ["fear", "fear"], 1: "anger", 2: "fear", 3: "fear", 5: "fear", 6: "fear"})
    found = compare_runs(store, "1", "2")
    assert found.changes.pairs == 5
    assert found.repeats
    lost = found.changes.lost
    assert (lost.failed_first, lost.missing_first, lost.missing_second, lost.total) == (1, 1, 1, 3)
    assert [(flip.picture, flip.repeat, flip.first, flip.second, flip.truth) for flip in found.flips] == [
        ("0000.jpg", 1, "anger", "fear", "fear"),
        ("0001.jpg", 0, "fear", "anger", "fear"),
        ("0006.jpg", 0, "(no emotion)", "fear", "fear"),
    ]


def test_words_body_parts_and_ratings_are_compared_too(store):
    fists = BodyPart("clenched fists", "hands", "hands")
    palms = BodyPart("open palms", "hands", "hands")
    aura = BodyPart("aura", None, None)
    same = {"emotion": "fear", "raw_text": "x", "valence": 2, "body_parts": (fists, aura)}
    put(store, "a", {0: same, 1: same, 2: same, 3: {"emotion": "fear"}})
    reordered = same | {"body_parts": (aura, palms), "raw_text": "y"}
    fewer = same | {"body_parts": (fists,), "valence": 5}
    put(store, "b", {0: same, 1: reordered, 2: fewer, 3: {"emotion": "fear"}})
    changes = compare_runs(store, "1", "2").changes
    assert (changes.words.value, changes.words.n) == (1 / 4, 4)
    assert (changes.parts.value, changes.parts.n) == (1 / 3, 3)
    assert (changes.shifts["valence"].n, changes.shifts["valence"].mean) == (3, 1.0)
    assert changes.shifts["arousal"].n == 0


def test_what_lies_between_the_runs_is_read_from_what_the_store_recorded(store):
    def of(quantisation: str) -> dict[str, Any]:
        card = {"name": "gemma", "quantisation": quantisation}
        return {"model_digest": quantisation, "model_card": card, "name": quantisation}

    put(store, "a", {0: {"emotion": "fear", "answered_by": "v1"}}, **of("F16"))
    put(store, "c", {0: {"emotion": "fear", "answered_by": "v2"}}, **of("F16") | {"name": "later"})
    put(store, "b", {0: "anger"}, **of("Q4_0"))
    found = compare_runs(store, "F16", "Q4_0")
    assert [(cause.aspect, cause.first, cause.second) for cause in found.causes] == [
        ("quantisation", "F16", "Q4_0")
    ]
    assert found.first.unfinished == "running"
    later = compare_runs(store, "F16", "later")
    assert [cause.aspect for cause in later.causes] == ["version that answered"]


def test_a_name_of_several_runs_is_not_guessed_at(store):
    put(store, "a", {0: "fear"}, name="study")
    put(store, "b", {0: "fear"}, name="study")
    with pytest.raises(UsageError, match="name of 2 runs: 1, 2"):
        compare_runs(store, "study", "1")
    assert compare_runs(store, "1", "2").changes.pairs == 1


def test_runs_that_cannot_be_compared_are_refused_with_the_reason(store):
    put(store, "a", {0: "fear"})
    put(store, "b", {1: "fear"})
    put(store, "c", {0: "Peace"}, options={"scheme": "emotic26"})
    with pytest.raises(UsageError, match="no answers to the same questions"):
        compare_runs(store, "1", "2")
    with pytest.raises(UsageError, match=r"labels of ekman7 .* emotic26"):
        compare_runs(store, "1", "3")
    with pytest.raises(UsageError, match="the same run"):
        compare_runs(store, "1", "1")
    with pytest.raises(UsageError, match="There is no run `9`"):
        compare_runs(store, "1", "9")


def test_a_hundred_thousand_pairs_are_compared_within_seconds(store):
    for key in "ab":
        begin_run(store, spec(key), [])
    with store.write() as connection:
        connection.execute("""
            INSERT INTO generations (generation_id, run_id, stimulus_id, repeat, status, raw_text, emotion, valence,
                                     attempts, created_at)
            SELECT r || '-' || s, r, 's' || s, 0, 'ok', 'text ' || (s + r) % 3,
                   ['fear', 'anger', 'joy'][1 + (s * r) % 3], s % 10, 1, now()::TIMESTAMP
            FROM range(1, 3) AS runs(r), range(100000) AS stimuli(s)""")
    started = time.perf_counter()
    changes = compare_runs(store, "1", "2").changes
    assert time.perf_counter() - started < 30
    assert changes.pairs == 100_000
    assert changes.flips.value == pytest.approx(2 / 3, abs=1e-4)
