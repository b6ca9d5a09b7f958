"""Answers by pattern: what is counted together, what is true, and what is left out."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from elena_wb.core import ABSTAINED, REFUSED, UNPARSED, Answers, Column, Label, Stimulus, UsageError
from elena_wb.store import AuditRecord, Outbox, Store, begin_run
from elena_wb.store.answers import Group, Selection, groupable, read_answers
from elena_wb.store.scorable import Coverage, MaskAudit, describe_run, resolve_runs
from tests.store.conftest import digest, generation, spec, stimulus

EMOTION: frozenset[Column] = frozenset({"emotion"})
HIDDEN = "nothing of it is hidden"


def said(label: str, source: str = "d", scheme: str = "ekman7") -> Label:
    return Label(source, scheme, label)


def fill(store: Store, pictures: list[Stimulus], answers: list[list[str | None]], **changes: object) -> int:
    """One run; each picture gets one answer after the other, ``"!refused"`` being a status."""
    run_id = begin_run(store, spec(**changes), pictures)
    with Outbox(store) as outbox:
        for number, given in enumerate(answers):
            for repeat, emotion in enumerate(given):
                status = emotion[1:] if emotion and emotion.startswith("!") else "ok"
                outbox.append(
                    generation(
                        "k",
                        number,
                        status,
                        emotion=emotion if status == "ok" else None,
                        repeat=repeat,
                        error="x" if status == "error" else None,
                    )
                )
    return run_id


def read(store: Store, run_id: int, **choices: object) -> Answers:
    (found,) = read_answers(store, run_id, Selection(**choices), (), EMOTION).values()  # type: ignore[arg-type]
    return found


def patterns(of: Answers) -> Counter[tuple[tuple[str, ...], tuple[str | int, ...]]]:
    counted: Counter[tuple[tuple[str, ...], tuple[str | int, ...]]] = Counter()
    for place, count in enumerate(of.stimuli):
        truth = tuple(label for label, true in zip(of.labels, of.truth[place], strict=True) if true)
        given = of.emotion[of.pattern == place]
        named = [of.labels[code] if code >= 0 else int(code) for code in given]
        counted[truth, tuple(sorted(named, key=str))] += int(count)
    return counted


def test_equal_stimuli_are_one_pattern_whatever_the_order_of_their_answers(store: Store) -> None:
    pictures = [stimulus(n, said("fear")) for n in range(3)] + [stimulus(3, said("anger")), stimulus(4)]
    run_id = fill(
        store,
        pictures,
        [
            ["fear", "anger"],
            ["anger", "fear"],
            ["fear", "fear"],
            [None, "!refused", "!unparsed", "!error"],
            ["fear"],
        ],
    )
    found = read(store, run_id)
    assert patterns(found) == {
        (("fear",), ("anger", "fear")): 2,
        (("fear",), ("fear", "fear")): 1,
        (("anger",), (ABSTAINED, REFUSED, UNPARSED)): 1,
        ((), ("fear",)): 1,
    }
    assert (len(found.stimuli), found.n) == (4, 10)


@pytest.mark.parametrize(
    ("labels", "source", "true"),
    [
        ((said("fear", "intended"), said("anger", "face")), None, {"fear"}),
        ((said("fear", "intended"), said("anger", "face")), "face", {"anger"}),
        ((said("fear", "face"), said("fear", "body")), None, {"fear"}),
        ((said("fear", "face"), said("anger", "body")), None, set()),
        ((said("fear", "a"), said("anger", "b")), None, {"fear", "anger"}),
        ((said("peace", scheme="heco8"),), None, {"neutral"}),
        (
            (said("pain", scheme="emotic26"), said("pleasure", scheme="emotic26")),
            None,
            {"sadness", "happiness"},
        ),
        ((said("esteem", scheme="emotic26"),), None, set()),
    ],
)
def test_truth_is_what_the_view_calls_true_or_what_the_source_says(
    store: Store, labels: tuple[Label, ...], source: str | None, true: set[str]
) -> None:
    run_id = fill(store, [stimulus(0, *labels)], [["fear"]])
    ((truth, _),) = patterns(read(store, run_id, source=source))
    assert set(truth) == true
    if source is None:
        with store.read() as connection:
            (label,) = connection.execute("SELECT truth FROM narratives").fetchall()[0]
        assert label == (next(iter(true)) if len(true) == 1 else None)


def test_answers_in_another_scheme_are_mapped_and_counted(store: Store) -> None:
    pictures = [stimulus(n, said("happiness", scheme="emotic26")) for n in range(3)]
    run_id = fill(store, pictures, [["pleasure"], ["esteem"], ["fear"]], options={"scheme": "emotic26"})
    own = read(store, run_id)
    assert "esteem" in own.labels
    assert patterns(own)[("happiness",), ("esteem",)] == 1
    mapped = read(store, run_id, scheme="ekman7")
    assert mapped.labels[0] == "happiness"
    assert patterns(mapped) == {
        (("happiness",), ("happiness",)): 1,
        (("happiness",), (ABSTAINED,)): 1,
        (("happiness",), ("fear",)): 1,
    }
    assert describe_run(store, run_id, Selection(scheme="ekman7")).answers_unmapped == 1
    with pytest.raises(UsageError, match="nothing maps to `ekman`") as caught:
        read(store, run_id, scheme="ekman")
    assert "ekman7" in (caught.value.hint or "")


def test_feelings_and_label_scores_come_with_the_answers_that_state_them(store: Store) -> None:
    pictures = [
        stimulus(0, Label("d", "emotic26", "pain", 3, math.nan, 4)),
        stimulus(1, Label("d", "emotic26", None, 7, 8, 9)),
    ]
    run_id = begin_run(store, spec(), pictures)
    with Outbox(store) as outbox:
        outbox.append(generation("k", 0, emotion="fear", valence=2.0, arousal=5.0))
        outbox.append(generation("k", 1, emotion="fear", valence=6.5, arousal=1.0, dominance=2.0))
    with store.write() as connection:
        connection.execute(
            "INSERT INTO label_scores VALUES (?, 'fear', -0.5), (?, 'anger', -2)", [digest("k", 0, 0)] * 2
        )
    (found,) = read_answers(store, run_id, Selection(), (), frozenset({"vad", "scores"})).values()
    order = np.argsort(found.vad[:, 0])
    assert np.array_equal(found.vad[order], [[2, 5, math.nan], [6.5, 1, 2]], equal_nan=True)
    truth = found.truth_vad[found.pattern][order]
    assert np.array_equal(truth, [[3, math.nan, 4], [7, 8, 9]], equal_nan=True)
    scores = dict(zip(found.labels, found.scores[order][0], strict=True))
    assert (scores["fear"], scores["anger"]) == (-0.5, -2.0)
    assert math.isnan(scores["neutral"])
    assert np.isnan(found.scores[order][1]).all()
    assert set(found.emotion) == {ABSTAINED}, "the emotion was not asked for"


def test_label_scores_in_another_scheme_are_the_sums_over_what_corresponds(store: Store) -> None:
    run_id = fill(store, [stimulus(0), stimulus(1)], [["pain"], ["pain"]], options={"scheme": "emotic26"})
    told = {
        0: {"pain": -1.0, "suffering": -2.0, "sadness": -900.0, "fear": -3.0, "esteem": -0.1},
        1: {"pain": -math.inf, "suffering": -math.inf, "sadness": -math.inf, "fear": -800.0},
    }
    rows = [(digest("k", n, 0), label, score) for n, of in told.items() for label, score in of.items()]
    with store.write() as connection:
        connection.executemany("INSERT INTO label_scores VALUES (?, ?, ?)", rows)
    (found,) = read_answers(
        store, run_id, Selection(scheme="ekman7"), (), frozenset({"emotion", "scores"})
    ).values()
    place = {label: found.labels.index(label) for label in found.labels}
    first, second = sorted(found.scores.tolist(), key=lambda of: -of[place["fear"]])
    assert first[place["sadness"]] == pytest.approx(math.log(math.exp(-1) + math.exp(-2)))
    assert (first[place["fear"]], second[place["fear"]]) == (-3.0, -800.0)
    assert second[place["sadness"]] == -math.inf
    assert math.isnan(first[place["anger"]])


def test_what_metrics_share_cannot_be_written_to(store: Store) -> None:
    found = read(store, fill(store, [stimulus(0, said("fear"))], [["fear"]]))
    for name in ("stimuli", "truth", "truth_vad", "pattern", "emotion", "vad", "scores"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(found, name)[:] = 0


def test_groups_are_columns_of_the_store_and_attributes_of_stimuli(store: Store) -> None:
    odd = 'what\'s "this".$x'
    pictures = [
        stimulus(0, said("fear"), attributes={"view": "45", odd: "a"}, split="val"),
        stimulus(1, said("fear"), attributes={"view": "90"}),
        stimulus(2, said("anger")),
    ]
    run_id = fill(store, pictures, [["fear"], ["fear"], ["fear"]])
    assert {"view", odd, "condition", "residual_faces"} <= set(groupable(store, [run_id]))

    def sizes(*by: str) -> dict[Group, int]:
        return {key: of.n for key, of in read_answers(store, run_id, Selection(), by, EMOTION).items()}

    assert sizes("view") == {("45",): 1, ("90",): 1, (None,): 1}
    assert sizes(odd) == {("a",): 1, (None,): 2}
    assert sizes("truth", "split") == {("anger", None): 1, ("fear", "val"): 1, ("fear", None): 1}
    for column in groupable(store, [run_id]):
        assert sum(sizes(column).values()) == 3, column


@pytest.mark.parametrize(
    "name", ["$age", "*", "", "$", "/x", "~1", "a/b", 'a"b', "a.b", "#", "\\", "attribute.x"]
)
def test_an_attribute_of_any_name_can_be_grouped_by(store: Store, name: str) -> None:
    pictures = [stimulus(n, attributes={name: value, "x": "y"}) for n, value in enumerate("aab")]
    run_id = fill(store, pictures, [["fear"]] * 3)
    column = f"attribute.{name}"
    assert column in groupable(store, [run_id])
    found = read_answers(store, run_id, Selection(), (column,), EMOTION)
    assert {group: of.n for group, of in found.items()} == {("a",): 2, ("b",): 1}


def test_an_attribute_called_like_a_column_is_reached_by_its_full_name(store: Store) -> None:
    pictures = [
        stimulus(n, attributes={"condition": value}) for n, value in enumerate(["patient", "control"])
    ]
    run_id = fill(store, pictures, [["fear"]] * 2)

    def groups(column: str) -> set[Group]:
        return set(read_answers(store, run_id, Selection(), (column,), EMOTION))

    assert groups("condition") == {("none",)}
    assert groups("attribute.condition") == {("patient",), ("control",)}


def test_sources_that_say_what_is_true_of_the_same_pictures_are_named(store: Store) -> None:
    pictures = [
        stimulus(0, said("fear", "besst"), said("anger", "folder"), said("fear", "face")),
        stimulus(1, Label("besst", "ekman7", "fear", 1, 1, 1), Label("rater", "ekman7", None, 2, 2, 2)),
        stimulus(2, said("fear", "other")),
        stimulus(3, said("fear", "besst"), said("thrilled", "nobody", scheme="nobodys")),
        stimulus(4, said("fear", "besst"), said("anger", "folder")),
    ]
    run_id = fill(store, pictures, [["fear"]] * 4)
    found = describe_run(store, run_id, Selection())
    assert (found.sources, found.several_sources) == (("besst", "folder", "rater"), 2)
    alone = describe_run(store, run_id, Selection(source="besst"))
    assert (alone.sources, alone.several_sources) == ((), 0)


def test_pictures_that_show_what_should_be_hidden_can_be_left_out(store: Store) -> None:
    options = {"masking": "face:box"}
    run_id = begin_run(store, spec(condition="face", options=options), [stimulus(n) for n in range(4)])
    with Outbox(store) as outbox:
        for n in range(4):
            notes = (f"no face found: {HIDDEN}",) if n == 2 else ()
            outbox.append(generation("k", n, emotion="fear", notes=notes))
        for n, detector, faces in ((0, "x", 0), (0, "y", 0), (1, "x", 0), (1, "y", 1), (2, "x", 0)):
            outbox.append(AuditRecord(digest("s", n), "face", "face:box", detector, faces))
        outbox.append(AuditRecord(digest("s", 3), "face", "face:blur", "x", 0))
    selection = Selection(audited_only=True, nothing_hidden=HIDDEN)
    assert read_answers(store, run_id, selection, (), EMOTION)[()].n == 1
    assert read_answers(store, run_id, Selection(nothing_hidden=HIDDEN), (), EMOTION)[()].n == 4
    assert describe_run(store, run_id, selection).audit == MaskAudit(3, 1, 1, hides_face=True)


@pytest.mark.parametrize("condition", ["none", "face:control"])
def test_where_no_face_is_to_be_hidden_no_audit_is_asked_for(store: Store, condition: str) -> None:
    run_id = fill(store, [stimulus(0)], [["fear"]], condition=condition)
    assert read(store, run_id, audited_only=True, nothing_hidden=HIDDEN).n == 1


def test_coverage_counts_labels_kinds_and_stimuli_left_out(store: Store) -> None:
    pictures = [
        stimulus(0, said("pain", scheme="emotic26"), said("esteem", scheme="emotic26")),
        stimulus(1, said("esteem", scheme="emotic26")),
        stimulus(2, said("pain", scheme="emotic26"), said("fear")),
        stimulus(3, said("thrilled", scheme="nobodys")),
        stimulus(4),
        stimulus(5, said("esteem", scheme="emotic26")),
    ]
    run_id = fill(store, pictures, [["fear"]] * 5)
    found = describe_run(store, run_id, Selection())
    assert found.coverage == (
        Coverage("emotic26", "elena-wb", 4, 2, 2, 1),
        Coverage("nobodys", "", 1, 0, 1, 0),
    )
    assert (found.stimuli, found.unlabelled, found.unmapped) == (5, 1, 2)


def test_a_label_source_that_says_nothing_of_the_run_is_named(store: Store) -> None:
    run_id = fill(store, [stimulus(0, said("fear", "face"))], [["fear"]])
    with pytest.raises(UsageError, match="`fase`") as caught:
        describe_run(store, run_id, Selection(source="fase"))
    assert "face" in (caught.value.hint or "")


def test_a_name_stands_for_every_run_that_bears_it(store: Store) -> None:
    for key, name in (("a", "pilot"), ("b", "pilot"), ("c", "other"), ("d", "2")):
        begin_run(store, spec(key, name=name), [])
    assert resolve_runs(store, ["pilot"]) == (1, 2)
    assert resolve_runs(store, ["2", "pilot"]) == (2, 1)
    with pytest.raises(UsageError, match="no run `pilots`"):
        resolve_runs(store, ["pilots"])
