"""Several runs compared, or conditions: every number against its query and other libraries, and who is meant."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from elena_wb.core import Label, Resampling, UsageError
from elena_wb.findings import Table
from elena_wb.findings.comparing import compare_runs
from elena_wb.findings.comparing_many import ComparedMany, compare_many, compare_pairs
from elena_wb.findings.comparing_many_told import sections
from elena_wb.findings.comparing_what import meant_by
from elena_wb.store import Store
from tests.findings.checking import checked_tables
from tests.findings.planted import put

EMOTIONS = ("anger", "fear", "joy", "sadness")
FEW = Resampling(200)


def planted(store: Store, *, repeats: int = 1, labelled: bool = True, **of_runs: Any) -> None:
    """Three runs of 40 pictures that are right less and less often; the last was not asked about all."""
    truth = np.random.default_rng(9).integers(0, 4, 40)
    labels = {n: [Label("intended", "ekman7", EMOTIONS[truth[n]])] if labelled else [] for n in range(40)}
    for place, (key, share) in enumerate((("a", 0.9), ("b", 0.6), ("c", 0.3))):
        rng = np.random.default_rng(place)
        answers = {
            n: [one_answer(rng, int(truth[n]), share) for _ in range(repeats)]
            for n in range(40 - 4 * (place == 2))
        }
        put(store, key, answers, labels, condition=("none", "face", "hands")[place], **of_runs)


def one_answer(rng: np.random.Generator, truth: int, share: float) -> Any:
    happens = rng.random()
    if happens < 0.12:
        return ("!error", "!refused", "!unparsed")[int(happens / 0.04)]
    emotion = EMOTIONS[truth if rng.random() < share else rng.integers(0, 4)] if happens > 0.17 else None
    return {
        "emotion": emotion,
        "valence": float(rng.integers(1, 8)) + 0.5,
        "arousal": float(truth + rng.integers(1, 3)),
    }


def table(found: ComparedMany, title: str) -> Table:
    (one,) = [
        one
        for section in sections(found)
        for one in section.pieces
        if isinstance(one, Table) and one.title == title
    ]
    return one


@pytest.mark.parametrize("repeats", [1, 2])
def test_every_number_of_every_table_comes_out_of_its_query(store, repeats):
    planted(store, repeats=repeats)
    found = compare_many(store, [1, 2, 3], FEW)
    assert checked_tables(store, sections(found)) == ["Agreement of all runs", "Pairs of runs"]
    assert list(found.alpha) == ["emotion", "valence", "arousal"]
    assert found.alpha["emotion"].low < found.alpha["emotion"].value < found.alpha["emotion"].high
    assert found.alpha["arousal"].value > 0.5 > found.alpha["valence"].value
    assert found.questions == 40 * repeats
    assert (found.repeats, "sign test" in sections(found)[-1].not_shown) == (repeats > 1,) * 2


def test_a_pair_among_many_says_what_the_comparison_of_the_two_says(store):
    planted(store)
    found = compare_many(store, [1, 2, 3], FEW)
    assert [(pair.first, pair.second) for pair in found.pairs] == [(1, 2), (1, 3), (2, 3)]
    for pair in found.pairs:
        alone = compare_runs(store, str(pair.first), str(pair.second), resampling=FEW)
        assert alone.scores is not None
        assert (pair.pairs, pair.lost) == (alone.changes.pairs, alone.changes.lost.total)
        assert pair.flips == alone.changes.flips
        assert pair.p == alone.changes.correct.p
        assert pair.accuracy.value == pytest.approx(alone.scores.figures["accuracy"].change.value)
        assert pair.macro_f1.value == pytest.approx(alone.scores.figures["macro_f1"].change.value)
        assert pair.kappa.value == pytest.approx(alone.agreement.value)
        assert pair.causes == tuple(one.aspect for one in alone.causes)
    raw = [pair.p for pair in found.pairs]
    assert [pair.p_holm for pair in found.pairs] == pytest.approx(
        multipletests(raw, method="holm")[1].tolist()
    )
    assert "differs between runs 2 and 3" in sections(found)[-1].shows


def test_runs_without_labels_ratings_or_common_questions_are_told_as_far_as_can_be(store):
    planted(store, labelled=False)
    put(store, "d", dict.fromkeys(range(50, 53), "joy"), {n: [] for n in range(50, 53)})
    found = compare_many(store, [1, 2, 4], FEW)
    assert table(found, "Pairs of runs").columns[-1] == "κ"
    assert table(found, "Pairs of runs").rows[1] == ("1", "4", "0", "43", "–", "–")
    assert "Nothing is known to be true" in sections(found)[-1].shows
    assert all(math.isnan(pair.p_holm) for pair in found.pairs)
    assert checked_tables(store, sections(found))
    nothing = compare_many(store, [4, 3], FEW)
    assert math.isnan(nothing.alpha["emotion"].value)
    assert "is not defined" in sections(nothing)[1].shows


def test_what_differs_among_the_runs_is_a_column_each(store):
    put(store, "a", {0: "joy"}, condition="none")
    put(store, "b", {0: "joy"}, condition="face", seed=3, options={"sampling": {"temperature": 1.0}})
    put(store, "c", {0: "joy"}, prompt_name="naive")
    shown = table(compare_many(store, [1, 2, 3], FEW), "Runs")
    assert shown.columns == ("run", "model", "condition", "sampling", "seed", "prompt")
    assert [row[0] for row in shown.rows] == ["1", "2", "3"]
    assert [row[2] for row in shown.rows] == ["none", "face", "none"]
    assert [row[5] for row in shown.rows] == ["elena", "elena", "naive"]
    assert [row[4] for row in shown.rows] == ["0", "3", "0"]


def test_runs_of_different_schemes_are_refused(store):
    put(store, "a", {0: "joy"})
    put(store, "b", {0: "Peace"}, options={"scheme": "emotic26"})
    with pytest.raises(UsageError, match="labels of ekman7 and emotic26"):
        compare_many(store, [1, 2])


def test_conditions_stand_for_the_pairs_of_runs_alike_in_all_else(store):
    for model in ("m1", "m2"):
        for condition in ("none", "face", "face+hands:box"):
            put(store, model + condition, {0: "joy", 1: "fear"}, condition=condition, model_digest=model)
    put(store, "again", {0: "joy"}, condition="face", model_digest="m1", seed=7)
    put(store, "empty", {0: "!error"}, condition="eyes")
    assert meant_by(store, ["none", "face"]).pairs == ((1, 2), (4, 5))
    assert meant_by(store, ["Face", "NONE"]).pairs == ((2, 1), (5, 4))
    assert meant_by(store, ["none", "hands+face:box"]).pairs == ((1, 3), (4, 6))
    everything = meant_by(store, ["none", "face", "face+hands:box"])
    assert everything.pairs == ((1, 2), (4, 5), (1, 3), (4, 6), (2, 3), (5, 6))
    found = compare_pairs(store, everything.pairs, everything.conditions, FEW)
    assert [(pair.first, pair.second) for pair in found.pairs] == list(everything.pairs)
    told = sections(found)
    assert [section.name for section in told] == ["runs", "pairs"]
    assert told[0].title == "Conditions none, face and face+hands:box compared"
    assert "6 pairs of runs are alike in all but the condition" in told[0].shows
    assert checked_tables(store, told) == ["Pairs of runs"]


def test_names_of_runs_go_before_conditions_and_stand_for_all_runs_that_bear_them(store):
    put(store, "a", {0: "joy"}, name="face", condition="none")
    put(store, "b", {0: "joy"}, name="study", condition="face")
    put(store, "c", {0: "joy"}, name="study", condition="none")
    assert meant_by(store, ["face", "2"]).run_ids == (1, 2)
    assert meant_by(store, ["study"]).run_ids == (2, 3)
    assert meant_by(store, ["study", "face"]).run_ids == (2, 3, 1)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["1"], "Only run 1 is meant"),
        (["1", "1"], "are the same run, 1"),
        (["none"], "Only the condition none is meant"),
        (["none", "face"], "No two runs under none and face are alike in all else"),
        (["1", "face"], "`face` is a condition, but `1` is not"),
        (
            ["none", "hands"],
            "`none` is a condition, but `hands` is not: there are answers under none, face",
        ),
        (["1", "nonsense"], "There is no run `nonsense`"),
        (["1", "9"], "There is no run `9`"),
    ],
)
def test_what_is_not_clear_is_said_with_what_there_is(store, texts, said):
    put(store, "a", {0: "joy"}, condition="none")
    put(store, "b", {0: "joy"}, condition="face", prompt_name="another")
    with pytest.raises(UsageError, match=said):
        meant_by(store, texts)
