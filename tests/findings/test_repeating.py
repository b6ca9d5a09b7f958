"""Repeats and paraphrases: planted runs, counts by hand, and the queries that check them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elena_wb.analysis.agreement import krippendorff_alpha
from elena_wb.core import BodyPart, Resampling
from elena_wb.findings.repeating import repeatability
from elena_wb.findings.repeating_told import sections
from elena_wb.store import Store
from tests.findings.checking import checked_tables
from tests.findings.planted import put

WARM = {"scheme": "ekman7", "sampling": {"temperature": 0.7}, "max_tokens": 600}
FISTS = (BodyPart("fists", "hands", "hands"),)


def wording_of(store: Store, prompt: str, answers: dict[int, Any], **changes: Any) -> int:
    options = WARM if prompt == "elena" else WARM | {"paraphrase_of": "elena"}
    fields = {"prompt_name": prompt, "options": options, "prompt_digest": prompt} | changes
    return put(store, f"{prompt} {sorted(changes.items())}", answers, **fields)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Run 1 asks repeatedly, 2 and 3 in other words, 4 is another model, 5 another prompt, 6 says what 2 does again.

    Run 7 asks repeatedly, and no two answers to a question can be read.
    """
    store = Store(tmp_path_factory.mktemp("asked") / "study.duckdb", lock_timeout=20)
    first = {"emotion": "fear", "valence": 3, "narrative": "He runs away", "body_parts": FISTS}
    second = first | {"valence": 4, "narrative": "he runs off", "body_parts": ()}
    wording_of(
        store,
        "elena",
        {
            0: [first, second],
            1: ["fear", "anger", "!refused"],
            2: ["anger", None],
            3: "fear",
            4: ["!error", "joy"],
        },
    )
    wording_of(store, "elena-paraphrase-1", {0: "fear", 1: "anger", 2: "!unparsed", 3: "sadness", 9: "fear"})
    wording_of(store, "elena-paraphrase-2", {0: "fear", 1: "anger", 2: "anger", 3: None})
    wording_of(store, "elena-paraphrase-2", {0: "anger"}, model_digest="other")
    wording_of(store, "naive", {0: "fear"}, options=WARM)
    wording_of(store, "elena-paraphrase-1", {0: "fear"}, name="again")
    wording_of(store, "naive", {0: ["!refused", "fear"], 1: ["fear", "!error"]}, options=WARM, name="unread")
    return store


def test_repeats_are_compared_picture_by_picture(asked):
    found = repeatability(asked, [1, 2, 5], Resampling(50))
    (run,) = found.runs
    assert found.once == (2, 5)
    assert (run.repeats, run.pictures) == (3, 5)
    assert (run.same.all_agree.value, run.same.all_agree.n) == (pytest.approx(1 / 3), 3)
    codes = np.array([[0, 0], [0, 1], [1, 2]])
    assert run.same.alpha["emotion"].value == pytest.approx(krippendorff_alpha(codes, "nominal").value)
    assert run.words.value == pytest.approx(2 / 4)
    assert (run.parts.value, run.parts.n) == (0, 1)


def test_runs_that_differ_in_the_wording_alone_are_compared_with_the_original(asked):
    (group,) = repeatability(asked, [3, 2, 1, 4, 5, 6], Resampling(50)).paraphrased
    assert [one.run_id for one in group.phrasings] == [1, 3, 2]
    assert (group.of, group.original, group.left_out) == ("elena", True, (6,))
    _, second, first = group.phrasings
    assert (first.flips.value, first.flips.n) == (pytest.approx(2 / 3), 3)
    assert (second.flips.value, second.flips.n) == (pytest.approx(2 / 4), 4)
    codes = np.array([[0, 0, 0], [0, 1, 1], [1, 1, -1], [0, 2, 3]])
    assert group.same.alpha["emotion"].value == pytest.approx(krippendorff_alpha(codes, "nominal").value)
    assert (group.again.value, group.again.n, group.again_in) == (pytest.approx(2 / 3), 3, 1)
    low, high = group.spread("accuracy")
    assert low == min(one.accuracy.value for one in group.phrasings) < high


def test_runs_that_differ_in_anything_else_are_no_paraphrases_of_one_another(store):
    wording_of(store, "elena", {0: "fear"})
    again = WARM | {"paraphrase_of": "elena"}
    for changed in (
        {"model_digest": "other"},
        {"condition": "face"},
        {"seed": 7},
        {"options": again | {"sampling": {"temperature": 1.0}}},
        {"options": again | {"prompt_variant": "masked"}},
        {"options": WARM},
    ):
        run_id = wording_of(store, "elena-paraphrase-1", {0: "anger"}, **changed)
        assert repeatability(store, [1, run_id]).paraphrased == ()
    same = wording_of(store, "elena-paraphrase-1", {0: "anger"})
    assert len(repeatability(store, [1, same]).paraphrased) == 1


def test_without_the_original_the_first_paraphrase_stands_for_it(asked):
    found = repeatability(asked, [2, 3])
    (group,) = found.paraphrased
    assert (group.original, group.phrasings[0].run_id, group.again) == (False, 2, None)
    (section,) = sections(found)
    assert "No run with elena itself" in str(section.pieces[0])


def test_every_table_can_be_checked_with_its_query(asked):
    told = sections(repeatability(asked, [7, 1, 2, 3], Resampling(20)))
    assert told[0].shows.startswith("In run 1, two answers")
    assert "No picture has two answers that could be read in run 7." in told[0].pieces
    assert sections(repeatability(asked, [7])) == ()
    assert [section.name for section in told] == ["repeats", "paraphrases-1"]
    assert len(checked_tables(asked, told)) == 5
    assert "asked again in the same words, 66.7 % do" in told[1].shows


def test_one_answer_each_in_the_same_words_is_nothing_to_tell(asked):
    assert sections(repeatability(asked, [2, 4, 5])) == ()
    assert sections(repeatability(asked, [])) == ()


def test_constant_and_unread_repeats_mislead_nobody(store):
    put(store, "same", {n: ["fear", "fear"] for n in range(3)})
    put(store, "unread", {n: ["!unparsed", "!refused"] for n in range(3)})
    found = repeatability(store, [1, 2], Resampling(20))
    same, unread = found.runs
    assert same.same.all_agree.value == 1
    assert np.isnan(same.same.alpha["emotion"].value)
    assert unread.same.all_agree.n == 0
    told = sections(found)
    assert "run 1" in told[0].shows.lower()
