"""The views agree with independent computations."""

from __future__ import annotations

import random

import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score

from elena_wb.core import BodyPart, Condition, Label
from elena_wb.masking import NOTHING_HIDDEN
from elena_wb.store import AuditRecord, Outbox, Store, begin_run
from elena_wb.store.query import named_queries, named_query
from tests.store.conftest import digest, generation, spec, stimulus

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
        row = connection.execute(
            "SELECT n, answered, accuracy, macro_f1, uar, weighted_f1 FROM scores"
        ).fetchall()[0]
    given = [answer or "(none)" for answer in answers]
    present = sorted(set(truth))
    assert row[:2] == (301, 300)
    assert row[2] == pytest.approx(accuracy_score(truth, given))
    assert row[3] == pytest.approx(f1_score(truth, given, labels=present, average="macro", zero_division=0))
    assert row[4] == pytest.approx(
        recall_score(truth, given, labels=present, average="macro", zero_division=0)
    )
    assert row[5] == pytest.approx(
        f1_score(truth, given, labels=present, average="weighted", zero_division=0)
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
        ((Label("d", "heco8", "peace"),), "neutral"),
        ((Label("d", "heco8", "peace"), Label("d", "heco8", "excitement")), None),
        ((Label("d", "emotic26", "happiness"), Label("d", "emotic26", "pleasure")), "happiness"),
        ((Label("d", "emotic26", "engagement"), Label("d", "emotic26", "pain")), "sadness"),
        ((Label("d", "emotic26", "engagement"),), None),
        ((Label("d", "nobodys", "fear"),), None),
    ]
    begin_run(store, spec(), [stimulus(n, *labels) for n, (labels, _) in enumerate(cases)])
    with store.read() as connection:
        found = connection.execute(
            "SELECT t.label FROM stimuli LEFT JOIN truth AS t USING (stimulus_id) ORDER BY path"
        ).fetchall()
    assert [label for (label,) in found] == [expected for _, expected in cases]


def test_truth_holds_all_labels_and_the_feelings_of_any_scheme(store: Store) -> None:
    stated = [
        (
            Label("d", "emotic26", "happiness", 6, 4, 5),
            Label("d", "emotic26", "annoyance", 6, 4, 5),
            Label("face", "ekman7", "fear", 1, 1, 1),
        ),
        (Label("d", "emotic26", None, 7, float("nan"), 2),),
    ]
    begin_run(store, spec(), [stimulus(n, *labels) for n, labels in enumerate(stated)])
    with store.read() as connection:
        found = connection.execute(
            """SELECT t.label, labels, face_label, valence, arousal, dominance
               FROM stimuli JOIN truth AS t USING (stimulus_id) ORDER BY path"""
        ).fetchall()
    assert found == [(None, ["anger", "happiness"], "fear", 6, 4, 5), (None, None, None, 7, None, 2)]


def test_answers_are_held_against_labels_of_their_own_scheme(store: Store) -> None:
    labels = (Label("d", "emotic26", "peace"), Label("d", "emotic26", "engagement"))
    pictures = [stimulus(0, labels[0]), stimulus(1, labels[1])]
    for key, scheme in (("a", "ekman7"), ("b", "emotic26")):
        begin_run(store, spec(key, options={"scheme": scheme}, experiment=key), pictures)
    with Outbox(store) as outbox:
        outbox.append(generation("a", 0, emotion="neutral"), generation("a", 1, emotion="neutral"))
        outbox.append(generation("b", 0, emotion="engagement"), generation("b", 1, emotion="engagement"))
    with store.read() as connection:
        rows = connection.execute(
            "SELECT run_id, truth, correct FROM narratives ORDER BY run_id, picture"
        ).fetchall()
        scores = connection.execute("SELECT labelled, accuracy FROM scores").fetchall()
    assert rows == [(1, "neutral", True), (1, None, None), (2, "peace", False), (2, "engagement", True)]
    assert scores == [(1, 1.0), (2, 0.5)]


def test_narratives_say_how_many_faces_the_worst_audit_found(store: Store) -> None:
    pictures = [stimulus(n, attributes={"view": "45"}, split="val", person_index=n) for n in range(3)]
    begin_run(store, spec("a", condition="face", options={"masking": "box"}), pictures)
    begin_run(store, spec("b", options={"masking": "none"}), pictures)
    with Outbox(store) as outbox:
        outbox.append(*(generation(key, n, emotion="fear") for key in "ab" for n in range(3)))
        for number, detector, faces in ((0, "x", 0), (0, "y", 2), (1, "x", 0)):
            outbox.append(AuditRecord(digest("s", number), "face", "box", detector, faces))
    with store.read() as connection:
        rows = connection.execute(
            """SELECT run_id, residual_faces, split, person_index, attributes->>'view'
               FROM narratives ORDER BY run_id, picture"""
        ).fetchall()
    assert [row[1] for row in rows] == [2, 0, None, None, None, None]
    assert rows[1] == (1, 0, "val", 1, "45")


def test_a_condition_is_paired_with_its_control_too(store: Store) -> None:
    for key, condition in (("n", "none"), ("f", "face"), ("c", "face:control")):
        begin_run(store, spec(key, condition=condition), [stimulus(0)])
        with Outbox(store) as outbox:
            outbox.append(generation(key, 0, emotion="fear" if key == "f" else "anger"))
    with store.read() as connection:
        rows = connection.execute(
            "SELECT condition_a, condition_b, flipped FROM pairs ORDER BY ALL"
        ).fetchall()
    assert rows == [
        ("face", "face:control", True),
        ("none", "face", True),
        ("none", "face:control", False),
    ]


def test_only_runs_that_point_persons_out_alike_are_paired(store: Store) -> None:
    # Runs 1 and 2 cut persons out; run 1 is of a time when nothing else was possible and does not say so.
    ways = (("none", {}), ("face", {"person": "crop"}), ("none", {"person": "outline"}))
    for number, (condition, options) in enumerate((*ways, ("face", {"person": "outline"}))):
        begin_run(store, spec(str(number), condition=condition, options=options), [stimulus(0)])
        with Outbox(store) as outbox:
            outbox.append(generation(str(number), 0, emotion="fear"))
    with store.read() as connection:
        assert connection.execute("SELECT run_a, run_b FROM pairs ORDER BY ALL").fetchall() == [
            (1, 2),
            (3, 4),
        ]


def test_imported_runs_are_paired_by_the_name_of_their_model(store: Store) -> None:
    imported = {"provenance": "imported"}
    for number, (condition, model, options) in enumerate(
        (
            ("none", "gemini:a", imported),
            ("face", "gemini:a", imported),
            ("face", "gemini:b", imported),
            ("face", "gemini:a", {}),
        )
    ):
        run = spec(
            str(number), condition=condition, model_uri=model, model_digest=str(number), options=options
        )
        begin_run(store, run, [stimulus(0)])
        with Outbox(store) as outbox:
            outbox.append(generation(str(number), 0, emotion="fear"))
    with store.read() as connection:
        assert connection.execute("SELECT run_a, run_b FROM pairs").fetchall() == [(1, 2)]


def test_narratives_put_everything_on_one_line(study: Store) -> None:
    with study.read() as connection:
        row = connection.execute("""
            SELECT picture, truth, emotion, correct, body_parts, prompt FROM narratives
            WHERE run = 'face' ORDER BY picture""").fetchall()
    assert row[1] == ("0001.jpg", "fear", "anger", False, ["hands", "aura"], "elena")
    assert [line[3] for line in row] == [True, False, False, None]


def test_shifts_are_counted_where_both_answers_state_the_feeling(store: Store) -> None:
    for key, condition in (("a", "none"), ("b", "face")):
        begin_run(store, spec(key, condition=condition), [stimulus(n) for n in range(5)])
        with Outbox(store) as outbox:
            for n in range(5):
                felt = {"valence": n + (key == "b")} if n < 2 else {"arousal": 4} if n < 3 else {}
                outbox.append(
                    generation(key, n, emotion="fear", **{name: float(v) for name, v in felt.items()})
                )
    with store.read() as connection:
        row = connection.execute(named_query("vad-shift").sql).fetchall()[0]
    assert row[4:] == (2, 1.0, 1, 0.0, 0, None)


def facial_words(store: Store) -> list[tuple[str, str]]:
    with store.read() as connection:
        found = connection.execute(named_query("facial-words-under-mask").sql).fetchall()
    return [(condition, picture) for _, condition, picture, *_ in found]


@pytest.mark.parametrize(
    "condition",
    [
        "none",
        "face",
        "body:box",
        "hands+head@yunet",
        "hands",
        "face:control",
        "face:control,seed=2",
        "face-paint",
    ],
)
def test_facial_words_are_those_under_conditions_that_hide_the_face(store: Store, condition: str) -> None:
    begin_run(store, spec(condition=condition), [stimulus(0)])
    with Outbox(store) as outbox:
        outbox.append(generation("k", 0, emotion="fear", body_parts=(BodyPart("smile", "mouth", "face"),)))
    expected = [(condition, "0000.jpg")] if Condition.parse(condition).hides_face else []
    assert facial_words(store) == expected


def test_facial_words_about_pictures_that_show_the_face_are_left_out(store: Store) -> None:
    begin_run(store, spec(condition="face", options={"masking": "m"}), [stimulus(n) for n in range(4)])
    with Outbox(store) as outbox:
        for n in range(4):
            notes = (f"no face found: {NOTHING_HIDDEN}",) if n == 1 else ("mended",) if n == 2 else ()
            smile = (BodyPart("smile", "mouth", "face"),)
            outbox.append(generation("k", n, emotion="fear", body_parts=smile, notes=notes))
        outbox.append(AuditRecord(digest("s", 0), "face", "m", "x", 1))
        outbox.append(AuditRecord(digest("s", 2), "face", "m", "x", 0))
    assert facial_words(store) == [("face", "0002.jpg"), ("face", "0003.jpg")]


@pytest.mark.parametrize("query", named_queries(), ids=lambda query: query.name)
def test_every_named_query_runs_and_says_what_it_answers(study: Store, query: object) -> None:
    with study.read() as connection:
        connection.execute(query.sql).fetchall()
    assert query.question.endswith("?")
