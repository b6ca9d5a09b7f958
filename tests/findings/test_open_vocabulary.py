"""The words for emotions in answers, beside labels: planted answers, hand counts, and the queries that check them."""

from __future__ import annotations

import pytest

from elena_wb.core import Label, Resampling, UsageError
from elena_wb.findings.open_vocabulary import open_vocabulary
from elena_wb.findings.open_vocabulary_told import sections
from elena_wb.store import Store
from tests.findings.checking import checked_tables
from tests.findings.planted import put

ANSWERS = {
    0: {
        "emotion": "fear",
        "narrative": "She is afraid, not angry.",
        "implicit_description": "Dread and fury.",
    },
    1: {"emotion": "fear", "narrative": "They wait.", "explicit_description": "Arms crossed in anger"},
    2: {"emotion": "neutral", "narrative": "He is bored."},
    3: {"emotion": None, "explicit_description": "A happy crowd"},
    4: [
        {"emotion": "sadness", "narrative": "Grief."},
        {"emotion": "joy?", "narrative": "[red]\x1b[31m\ufffd"},
    ],
    5: "!refused",
    6: {"emotion": "fear"},
    7: {"emotion": "anger", "narrative": "Ein Mann, wütend; 怒り"},
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("told") / "study.duckdb", lock_timeout=20)
    labels = {
        1: (Label("x", "ekman7", "fear"), Label("x", "ekman7", "anger")),
        2: (),
        7: (Label("x", "emotic26", "engagement"),),
    }
    put(store, "a", ANSWERS, labels=labels, condition="face")
    put(store, "label only", {0: "fear"})
    put(store, "peace", {0: {"emotion": "peace", "narrative": "Joy"}}, options={"scheme": "emotic26"})
    put(
        store, "fury", {0: {"emotion": "anger", "narrative": "Fury and love"}}, options={"scheme": "emotic26"}
    )
    put(store, "gone", {0: {"emotion": "glum", "narrative": "Joy"}}, options={"scheme": "gone'; --"})
    return store


def test_words_are_compared_with_the_own_label_and_with_all_that_is_true(told):
    found = open_vocabulary(told, [1, 2])
    (run,) = found.runs  # the second run says nothing in words
    assert (run.run_id, run.condition, run.answers) == (1, "face", 7)
    assert run.with_words.value == pytest.approx(5 / 7)
    assert (run.stories_with_words.value, run.stories_with_words.n) == (pytest.approx(3 / 6), 6)
    # afraid, dread, fury; anger; bored (no label); happy; grief
    assert (run.mapped.value, run.mapped.n) == (pytest.approx(6 / 7), 7)
    assert (run.story_mapped.value, run.story_mapped.n) == (pytest.approx(2 / 3), 3)
    # Own labels: fear {fear, anger}, fear {anger}, neutral {}, sadness {sadness}, anger {}.
    assert run.with_label.precision.value == pytest.approx((1 / 2 + 0 + 0 + 1 + 0) / 5)
    assert run.with_label.recall.value == pytest.approx((1 + 0 + 0 + 1 + 0) / 5)
    assert run.with_label.f.value == pytest.approx(2 * 0.3 * 0.4 / 0.7)
    # Truths: fear; fear and anger; none; fear; fear twice; none that maps.
    assert run.with_truth.f.n == 5
    assert run.with_truth.precision.value == pytest.approx((1 / 2 + 1 + 0 + 0 + 0) / 5)
    assert run.with_truth.recall.value == pytest.approx((1 + 1 / 2 + 0 + 0 + 0) / 5)
    assert (run.story_with_label.precision.value, run.story_with_label.f.n) == (pytest.approx(2 / 5), 5)
    rows = dict(zip(run.by_label.rows, run.by_label.counts.tolist(), strict=True))
    assert run.by_label.columns == ("happiness", "sadness", "fear", "anger", "neutral", "none")
    assert rows["fear"] == [0, 0, 1, 2, 0, 0]
    assert rows["none"] == [1, 0, 0, 0, 0, 1]
    assert dict(run.frequent)["dread"] == 1


def test_every_table_can_be_checked_with_its_query_in_another_taxonomy_too(told):
    for taxonomy in ("ekman7", "parrott6"):
        found = open_vocabulary(told, [3, 1], taxonomy, Resampling(20))
        assert [run.run_id for run in found.runs] == [3, 1]
        (section,) = sections(found)
        assert len(checked_tables(told, [section])) == 5


def test_labels_of_a_scheme_without_a_mapping_go_by_their_names(told):
    (run,) = open_vocabulary(told, [4], "parrott6").runs
    assert run.with_label.precision.value == pytest.approx(1 / 2)
    assert run.by_label.rows == ("anger",)


def test_labels_of_a_scheme_that_nobody_knows_any_more_are_compared_with_nothing(told):
    found = open_vocabulary(told, [5])
    (run,) = found.runs
    assert (run.with_label.f.n, run.with_words.value, found.unlike) == (0, 1, ("gone'; --",))
    (section,) = sections(found)
    assert "No label of gone" in str(section.pieces[0])
    checked_tables(told, [section])


def test_nothing_in_words_is_nothing_to_tell_and_an_unknown_taxonomy_is_refused(told):
    assert sections(open_vocabulary(told, [2])) == ()
    with pytest.raises(UsageError, match="not mapped to `heco8`"):
        open_vocabulary(told, [1], "heco8")
    with pytest.raises(UsageError, match="There is no run `9`"):
        open_vocabulary(told, [9])
