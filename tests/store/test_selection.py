"""Choosing answers: a condition is one expression that reads the store, and a flip has two sides."""

from __future__ import annotations

from pathlib import Path

import pytest

from elena_wb.core import UsageError
from elena_wb.store import Outbox, Store, begin_run
from elena_wb.store.selection import Choice, checked, choose_answers
from tests.store.conftest import digest, generation, spec, stimulus

SMUGGLED = [
    "true) OR (true",
    "1=1; DROP TABLE runs",
    "1=1); DROP TABLE runs; SELECT (1=1",
    "1=1) UNION SELECT (2=2",
    "1=1) UNION SELECT generation_id FROM generations WHERE (1=1",
    "1=1) FROM generations WHERE (1=1",
    "1=1) LIMIT (1",
    "1=1) ORDER BY (1",
    "1=1), (2=2",
    "1=1) AS x, (SELECT 1",
    "1=1 /*",
    "1=1 --\n) GROUP BY (1",
    "$1 = 1",
    "?",
    "x = \0",
    "where emotion = 'fear'",
    " ",
]
READING_FILES = [
    "(SELECT count(*) FROM read_text('{file}')) > 0",
    "EXISTS (FROM '{file}')",
    "emotion IN (FROM read_csv('{file}'))",
    "(FROM glob('/*') LIMIT 1) IS NOT NULL",
    "getenv('HOME') <> ''",
]


def chosen(store: Store, runs: list[int], **choice: object) -> dict[int, tuple[str, ...]]:
    found = choose_answers(store, runs, Choice(**choice))  # type: ignore[arg-type]
    return {run: tuple(one.generation_id for one in answers) for run, answers in found.items()}


def test_every_answer_is_chosen_in_order_of_the_pictures_and_failed_calls_are_none(study):
    found = chosen(study, [1, 2])
    assert found == {
        1: tuple(digest("a", n, 0) for n in range(4)),
        2: tuple(digest("b", n, 0) for n in range(3)),
    }
    assert chosen(study, [1, 2], limit=2) == {run: ids[:2] for run, ids in found.items()}


def test_a_condition_chooses_among_the_answers_of_the_runs_named(study):
    assert chosen(study, [1], where="emotion = 'fear'") == {1: (digest("a", 1, 0),)}
    assert chosen(study, [2], where="NOT correct AND condition = 'face'") == {
        2: (digest("b", 1, 0), digest("b", 2, 0))
    }
    assert chosen(study, [1], where="generation_id IN (SELECT generation_id FROM body_parts)  -- all")[1]


@pytest.mark.parametrize("condition", SMUGGLED)
def test_a_condition_is_one_expression_and_nothing_else(condition):
    with pytest.raises(UsageError, match="--where"):
        checked(condition)


def test_a_condition_reads_the_store_and_no_file_and_changes_nothing(study, tmp_path: Path):
    (tmp_path / "secret").write_text("fear\n", "utf-8")
    for condition in (*READING_FILES, *SMUGGLED[:3]):
        with pytest.raises(UsageError, match="--where"):
            chosen(study, [1], where=condition.replace("{file}", str(tmp_path / "secret")))
    assert len(chosen(study, [1])[1]) == 4


def test_a_wrong_condition_is_explained_with_the_columns_there_are(study):
    with pytest.raises(UsageError, match="no column `emotoin`") as caught:
        chosen(study, [1], where="emotoin = 'fear'")
    assert "Did you mean `emotion`" in str(caught.value.hint)
    assert "correct, valence" in str(caught.value.hint)
    for wrong in ("emotion + 1 > 2", "no_such_function(emotion)", "count(*) > 1", "(emotion, run)"):
        with pytest.raises(UsageError, match="--where cannot be used") as caught:
            chosen(study, [1], where=wrong)
        assert "Columns: run_id" in str(caught.value.hint)


def test_flips_have_two_sides_and_bring_in_the_counterpart_of_a_run(study):
    pair = {1: (digest("a", 1, 0),), 2: (digest("b", 1, 0),)}
    assert chosen(study, [1, 2], flips=True) == pair
    assert chosen(study, [2], flips=True) == pair
    assert chosen(study, [1], flips=True) == pair
    assert chosen(study, [2], flips=True, where="condition = 'none' AND correct") == pair
    assert chosen(study, [2], flips=True, where="emotion = 'sadness'") == {1: (), 2: ()}


def test_flips_stay_within_the_runs_named_where_these_are_pairs(study):
    with Outbox(study) as outbox:
        begin_run(study, spec("c", condition="hands", name="hands"), [stimulus(n) for n in range(4)])
        for n in range(4):
            outbox.append(generation("c", n, emotion="disgust"))
    assert chosen(study, [1, 2], flips=True).keys() == {1, 2}
    assert {run: len(ids) for run, ids in chosen(study, [3], flips=True).items()} == {1: 4, 3: 4}
    assert chosen(study, [1], flips=True).keys() == {1, 2, 3}


def test_without_a_counterpart_there_are_no_flips(store):
    with Outbox(store) as outbox:
        begin_run(store, spec("a"), [stimulus(0)])
        outbox.append(generation("a", 0, emotion="fear"))
    with pytest.raises(UsageError, match="run 1 can be paired"):
        chosen(store, [1], flips=True)


def test_brackets_that_open_and_close_are_one_condition():
    assert checked("(emotion = 'fear') OR (emotion = 'anger')") == "(emotion = 'fear') OR (emotion = 'anger')"
