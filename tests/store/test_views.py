"""The views agree with independent computations."""

from __future__ import annotations

import random

import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score

from elena_wb.core import Label
from elena_wb.store import Outbox, Store, begin_run
from elena_wb.store.query import named_queries
from tests.store.conftest import generation, spec, stimulus

EMOTIONS = ["happiness", "sadness", "fear", "anger", "surprise", "disgust", "neutral"]


@pytest.mark.parametrize("seed", range(3))
def test_scores_agree_with_scikit_learn(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    labels = EMOTIONS[: 4 + seed]
    truth = [chance.choice(labels) for _ in range(300)]
    answers = [chance.choice([*EMOTIONS, None, t, t, t]) for t in truth]
    begin_run(store, spec(), [stimulus(n, Label("intended", "ekman7", t)) for n, t in enumerate(truth)])
    with Outbox(store) as outbox:
        for n, answer in enumerate(answers):
            status = "ok" if answer else chance.choice(["ok", "unparsed", "refused"])
            outbox.append(generation("k", n, status, emotion=answer))
        outbox.append(generation("k", 0, "error", error="x", repeat=1))
    with store.read() as connection:
        row = connection.execute("SELECT n, answered, accuracy, macro_f1, uar FROM scores").fetchall()[0]
    given = [answer or "(none)" for answer in answers]
    present = sorted(set(truth))
    assert row[:2] == (301, 300)
    assert row[2] == pytest.approx(accuracy_score(truth, given))
    assert row[3] == pytest.approx(f1_score(truth, given, labels=present, average="macro", zero_division=0))
    assert row[4] == pytest.approx(
        recall_score(truth, given, labels=present, average="macro", zero_division=0)
    )


def test_pairs_join_conditions_and_flips_are_those_that_differ(study: Store) -> None:
    with study.read() as connection:
        pairs = connection.execute(
            "SELECT picture, condition_a, condition_b, emotion_a, emotion_b, flipped FROM pairs ORDER BY picture"
        ).fetchall()
        flips = connection.execute("SELECT picture FROM flips").fetchall()
    assert pairs == [
        ("0000.jpg", "none", "face", "anger", "anger", False),
        ("0001.jpg", "none", "face", "fear", "anger", True),
        ("0002.jpg", "none", "face", "anger", None, None),
    ]
    assert flips == [("0001.jpg",)]


def test_truth_is_what_the_data_states_or_face_and_body_agree_on(store: Store) -> None:
    def says(**sources: str) -> tuple[Label, ...]:
        return tuple(Label(source, "ekman7", label) for source, label in sources.items())

    cases = [
        (says(intended="fear", face="anger", body="fear"), "fear"),
        (says(face="anger", body="anger"), "anger"),
        (says(face="anger", body="fear"), None),
        (says(d1="anger", d2="fear"), None),
        ((Label("d", "heco8", "Peace"),), None),
    ]
    begin_run(store, spec(), [stimulus(n, *labels) for n, (labels, _) in enumerate(cases)])
    with store.read() as connection:
        found = connection.execute(
            "SELECT t.label FROM stimuli LEFT JOIN truth AS t USING (stimulus_id) ORDER BY path"
        ).fetchall()
    assert [label for (label,) in found] == [expected for _, expected in cases]


def test_narratives_put_everything_on_one_line(study: Store) -> None:
    with study.read() as connection:
        row = connection.execute("""
            SELECT picture, truth, emotion, correct, body_parts, prompt FROM narratives
            WHERE run = 'face' ORDER BY picture""").fetchall()
    assert row[1] == ("0001.jpg", "fear", "anger", False, ["hands", "aura"], "elena")
    assert [line[3] for line in row] == [True, False, False, None]


@pytest.mark.parametrize("query", named_queries(), ids=lambda query: query.name)
def test_every_named_query_runs_and_says_what_it_answers(study: Store, query: object) -> None:
    with study.read() as connection:
        connection.execute(query.sql).fetchall()
    assert query.question.endswith("?")
