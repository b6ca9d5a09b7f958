"""A comparison of two runs as it is told: every number against its query, scikit-learn and scipy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import wilcoxon
from sklearn.metrics import cohen_kappa_score, f1_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from elena_wb.analysis.clustered import share_of
from elena_wb.core import BodyPart, Label, Resampling
from elena_wb.findings import Chart, Section, Table
from elena_wb.findings.comparing import Compared, compare_runs
from elena_wb.findings.comparing_data import as_data
from elena_wb.findings.comparing_told import sections
from elena_wb.store import Store
from tests.findings.checking import checked_tables
from tests.findings.planted import put

EMOTIONS = ("anger", "fear", 'joy\'s "end"', "sadness")
FISTS, PALMS = BodyPart("clenched fists", "hands", "hands"), BodyPart("open palms", "palms", "hands")


def planted(store: Store, *, repeats: int = 1, pictures: int = 60, seed: int = 0) -> None:
    """Two runs of which the second is less often right, and everything that can happen to an answer happens."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, pictures)
    labels = {n: [Label("intended", "ekman7", EMOTIONS[truth[n]])] if n % 10 else [] for n in range(pictures)}
    for key, share in (("a", 0.8), ("b", 0.5)):
        answers: dict[int, Any] = {}
        for n in range(pictures):
            answers[n] = [one_answer(rng, truth[n], share) for _ in range(repeats)]
        put(store, key, answers, labels, condition="none" if key == "a" else "face")


def one_answer(rng: np.random.Generator, truth: int, share: float) -> Any:
    happens = rng.random()
    if happens < 0.12:
        return ("!error", "!refused", "!unparsed")[int(happens / 0.04)]
    emotion = EMOTIONS[truth if rng.random() < share else rng.integers(0, 4)] if happens > 0.17 else None
    rating = {name: int(rng.integers(1, 8)) + (share < 0.6) for name in ("valence", "arousal")}
    parts = (FISTS, PALMS)[: rng.integers(0, 3)]
    return {"emotion": emotion, "raw_text": f"x{rng.integers(3)}", "body_parts": parts, **rating}


def piece(told: tuple[Section, ...], title: str) -> Table:
    (found,) = [
        one for section in told for one in section.pieces if isinstance(one, Table) and one.title == title
    ]
    return found


def pairs_of(of: Compared) -> tuple[Any, Any, Any]:
    kept = of.paired & (of.answers.truth >= 0)
    return of.answers.first[kept], of.answers.second[kept], of.answers.truth[kept]


@pytest.mark.parametrize("repeats", [1, 3])
def test_every_number_of_every_table_comes_out_of_its_query(store, repeats):
    planted(store, repeats=repeats)
    compared = compare_runs(store, "1", "2", resampling=Resampling(200))
    told = sections(compared)
    assert checked_tables(store, told) == [
        "What changed",
        "Answers in run 1 (rows) and run 2 (columns)",
        f"Pictures whose emotion changed (the first 20 of {len(compared.flips)}; JSON has all)",
        "Right answers",
        "Scores of the pairs",
        "F1 of each label",
        "Emotions named, among pairs read on both sides",
        "Ratings, 1 to 10",
    ]
    assert [section.name for section in told] == [
        "compared",
        "changes",
        "right",
        "emotions",
        "ratings",
        "tests",
    ]
    assert all(section.shows and section.title for section in told)
    charts = [one for section in told for one in section.pieces if isinstance(one, Chart)]
    assert [chart.reference for chart in charts] == [0, 0, 0]
    assert [mark.label for mark in charts[1].series[0].marks] == [
        one.emotion for one in compared.changes.named
    ]


def test_scores_and_tests_are_those_of_other_libraries(store):
    planted(store)
    compared = compare_runs(store, "1", "2", resampling=Resampling(500))
    first, second, truth = pairs_of(compared)
    labels = np.unique(truth).tolist()
    macro = [
        f1_score(truth, side, labels=labels, average="macro", zero_division=0) for side in (first, second)
    ]
    assert compared.scores is not None
    found = compared.scores.figures["macro_f1"]
    assert (found.first.value, found.second.value) == pytest.approx(tuple(macro))
    assert found.change.low < macro[1] - macro[0] < found.change.high < 0
    a, b = compared.answers.first[compared.read], compared.answers.second[compared.read]
    assert compared.agreement.value == pytest.approx(cohen_kappa_score(a, b))
    right_first, right_second = first == truth, second == truth
    table = [[int((a & b).sum()) for b in (right_second, ~right_second)] for a in (right_first, ~right_first)]
    right, valence, _ = compared.tests
    assert (right.of, right.test, right.n) == ("right answers", "McNemar, exact", len(first))
    assert right.p == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert right.p == compared.changes.correct.p
    apart = (compared.answers.second_vad - compared.answers.first_vad)[compared.read, 0]
    apart = apart[np.isfinite(apart)]
    assert valence.n == len(apart)
    method = "asymptotic" if (apart != 0).sum() > 50 else "auto"
    assert valence.p == pytest.approx(wilcoxon(apart, method=method, correction=False).pvalue, abs=0.01)
    corrected = multipletests([one.p for one in compared.tests], method="holm")[1]
    assert [one.p_holm for one in compared.tests] == pytest.approx(corrected.tolist())
    assert compared.ratings["arousal"].test.effect > 0


def test_repeats_count_once_for_each_picture(store):
    # Right twice as often in the first run: of 4 pictures, though of 12 pairs.
    put(store, "a", {n: [{"emotion": "fear", "valence": 5}] * 3 for n in range(4)})
    put(
        store,
        "b",
        {n: [{"emotion": "anger", "valence": 5 + (n + r) % 3} for r in range(3)] for n in range(4)},
    )
    compared = compare_runs(store, "1", "2", resampling=Resampling(100))
    right, valence = compared.tests
    assert (right.test, right.n, right.p) == ("sign test of pictures", 4, 2 / 16)
    assert {one.p for one in (compared.changes.correct, *compared.changes.named)} == {2 / 16}
    assert "Of no emotion can be told" in str(sections(compared))
    flips = compared.changes.flips
    assert (flips.value, flips.n, flips.low) == (
        1,
        12,
        pytest.approx(share_of(np.arange(12) // 3, np.full(12, True)).low),
    )
    assert compared.ratings["valence"].n == 12
    assert (valence.n, valence.p) == (4, 2 / 16)
    assert compared.ratings["valence"].change.value == 1
    assert math.isnan(compared.ratings["valence"].change.low), "each picture moved as far: no other is known"


def test_one_pair_is_told_without_an_interval_and_unread_pairs_without_a_number(store):
    put(store, "a", {0: {"emotion": "fear", "valence": 3}})
    put(store, "b", {0: {"emotion": "fear", "valence": 3}})
    put(store, "c", {0: "!refused"})
    same = sections(compare_runs(store, "1", "2"))
    assert "always name the same one emotion" in same[1].shows
    assert [row[1:] for row in piece(same, "Scores of the pairs").rows] == [
        ("1.000", "1.000", ".000", "")
    ] * 4
    assert piece(same, "Ratings, 1 to 10").rows == (("valence", "1", "+0.00", "", "0.00", "–"),)
    assert piece(same, "Tests, two-sided").rows == (
        ("right answers", "McNemar, exact", "1", "1", "1"),
        ("valence", "Wilcoxon, signed ranks", "1", "–", "–"),
    )
    assert checked_tables(store, same)
    refused = sections(compare_runs(store, "1", "3"))
    assert "no pair could be read on both sides" in refused[1].shows
    assert [section.name for section in refused] == ["compared", "changes", "right", "tests"]
    assert "Emotions named" not in str(refused)
    assert checked_tables(store, refused)


def test_without_labels_nothing_is_said_of_right_answers(store):
    answers = {n: {"emotion": EMOTIONS[n % 3]} for n in range(6)}
    put(store, "a", answers, {n: [] for n in range(6)})
    put(store, "b", answers | {5: {"emotion": "anger"}}, {n: [] for n in range(6)})
    compared = compare_runs(store, "1", "2")
    told = sections(compared)
    assert [section.name for section in told] == ["compared", "changes", "right", "emotions"]
    assert told[2].pieces == ()
    assert as_data(compared)["scores"] is None
    assert as_data(compared)["tests"] == []


def test_many_outcomes_are_told_as_the_most_frequent_changes(store):
    names = [f"an emotion with a long name {n:02d}" for n in range(12)]
    put(store, "a", {n: names[n % 12] for n in range(30)}, {n: [] for n in range(30)})
    put(store, "b", {n: names[n * n % 12] for n in range(30)}, {n: [] for n in range(30)})
    told = sections(compare_runs(store, "1", "2"))
    assert "Most frequent changes" in checked_tables(store, told)


def test_as_data_has_every_number_once_and_nothing_that_json_has_not(store):
    planted(store, pictures=30)
    data = as_data(compare_runs(store, "1", "2", resampling=Resampling(50, 7)))
    assert data["scores"]["figures"]["macro_f1"]["change"]["n"] == data["right"]["n"]
    assert set(data["scores"]["f1"]) == set(EMOTIONS)
    assert data["shifts"]["dominance"] == {
        "n": 0,
        "stimuli": 0,
        **dict.fromkeys(("mean", "low", "high", "mean_size", "rank_biserial", "p")),
        "moved": 0,
        "p_is_exact": True,
    }
    assert (data["resamples"], data["seed"]) == (50, 7)
    assert data["kappa"]["low"] < data["kappa"]["value"] < data["kappa"]["high"]
