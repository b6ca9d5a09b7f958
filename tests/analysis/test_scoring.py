"""A metric that breaks its contract fails alone, whatever it does instead."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from elena_wb.analysis.scoring import Failed, Scored, score_groups
from elena_wb.analysis.single_label import SingleLabel
from elena_wb.core import Answers, Crosstab, Estimate, Resampling, Scores
from tests.analysis.answers import answers

SOUND = {"x": Estimate(0.5, 0.1, 0.9, 3)}
QUICK = Resampling(20)


def scored(
    give: Callable[[Answers], Any], reads: Any = frozenset({"emotion"})
) -> tuple[Scored, tuple[Failed, ...]]:
    """What becomes of a metric that gives this, with one of ours after it."""

    class Made:
        def score(self, of: Answers, resampling: Resampling) -> Any:
            return give(of)

    Made.reads = reads  # type: ignore[attr-defined]
    of = answers([{0}, {1}, {1}], [[0], [1], [2]])
    (group,), failed = score_groups(
        lambda columns: {(): of}, {"made": Made, "single-label": SingleLabel}, QUICK
    )  # type: ignore[dict-item]
    return group, failed


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ({"x": 1}, "returned dict"),
        (Scores("t", 5, None), "figures are NoneType"),  # type: ignore[arg-type]
        (Scores("t", 5, {"x": 0.5}), "'x' is float"),  # type: ignore[dict-item]
        (Scores("t", 5, {1: SOUND["x"]}), "figures is int"),  # type: ignore[dict-item]
        (Scores("t", 5, {"x": Estimate(None, 0, 0, 3)}), "'x' holds NoneType"),  # type: ignore[arg-type]
        (Scores("t", 5, {"x": Estimate(0.5, 0, 0, 3.5)}), "n of the figure 'x' is float"),  # type: ignore[arg-type]
        (Scores("t", None, SOUND), "n is NoneType"),  # type: ignore[arg-type]
        (Scores(None, 5, SOUND), "title is NoneType"),  # type: ignore[arg-type]
        (Scores("t", 5, SOUND, {"c": 3}), "'c' are int"),  # type: ignore[dict-item]
        (Scores("t", 5, SOUND, notes="hello"), "notes are str"),  # type: ignore[arg-type]
        (Scores("t", 5, SOUND, confusion=[[1]]), "confusion is list"),  # type: ignore[arg-type]
        (
            Scores("t", 5, SOUND, confusion=Crosstab(("a",), ("b",), np.ones((2, 1), dtype=int))),
            "shape (2, 1)",
        ),
        (Scores("t", 5, SOUND, confusion=Crosstab(("a",), ("b",), np.array([[0.5]]))), "no counts"),
    ],
)
def test_scores_of_another_shape_are_the_failure_of_their_metric_alone(scores: Any, words: str) -> None:
    group, (failed,) = scored(lambda _: scores)
    assert failed.metric == "made"
    assert words in failed.reason
    assert group.metrics["single-label"].figures["accuracy"].value == pytest.approx(2 / 3)


def test_numbers_and_lists_of_other_libraries_become_our_own() -> None:
    figure = Estimate(np.float32(0.5), np.float64(0.25), np.float64("nan"), np.int64(3))  # type: ignore[arg-type]
    cross = Crosstab(["a"], ["b"], [[1]])  # type: ignore[arg-type]
    group, failed = scored(lambda _: Scores("t", np.int64(5), {"x": figure}, confusion=cross, notes=["n"]))  # type: ignore[arg-type]
    assert failed == ()
    found = group.metrics["made"]
    kinds = [type(one) for one in (found.n, found.figures["x"].value, found.figures["x"].n)]
    assert kinds == [int, float, int]
    assert found.notes == ("n",)
    assert found.confusion is not None
    assert (found.confusion.rows, found.confusion.counts.tolist()) == (("a",), [[1]])


def test_classes_and_confusions_without_content_are_left_out() -> None:
    empty = Crosstab((), (), np.zeros((0, 0), dtype=np.int64))
    group, failed = scored(lambda _: Scores("t", 5, {}, {"c": {}}, empty))
    assert failed == ()
    assert (group.metrics["made"].classes, group.metrics["made"].confusion) == ({}, None)


@pytest.mark.parametrize(
    ("reads", "words"),
    [("emotion", "not a set"), (None, "not a set"), ({"emotions"}, "emotion, vad, scores")],
)
def test_columns_that_do_not_exist_are_refused_before_anything_is_scored(reads: Any, words: str) -> None:
    group, (failed,) = scored(lambda _: pytest.fail("it was asked"), reads)
    assert words in failed.reason
    assert list(group.metrics) == ["single-label"]


def test_a_metric_that_ends_the_program_ends_only_itself() -> None:
    _, (failed,) = scored(lambda _: sys.exit(3))
    assert failed.reason == "SystemExit: 3"
