"""Parts that answers name beside those in their pictures, counted by hand."""

from __future__ import annotations

import pytest

from elena_wb.core import Box, Region
from elena_wb.findings.mentions import families, hidden_by, parts_mentioned
from elena_wb.findings.mentions_told import sections
from elena_wb.masking import NOTHING_HIDDEN
from elena_wb.store import add_regions
from elena_wb.vocabulary import body_part
from tests.findings.checking import checked_tables
from tests.findings.planted import put
from tests.store.conftest import digest

FACE = Region("face", Box(1, 2, 3, 4), "annotated")
LEFT = Region("left_hand", Box(1, 2, 3, 4), "annotated")
LEGS = Region("left-leg", Box(1, 2, 3, 4), "annotated")


def answer(*phrases: str, **fields):
    return {"emotion": "fear", "body_parts": tuple(map(body_part, phrases)), **fields}


def counts(run):
    """(part, state) → answers, how many name it, and in how many pictures none does."""
    return {
        (one.part, one.state): (one.named.n, round(one.named.value * one.named.n), one.never)
        for one in run.mentions
    }


@pytest.fixture
def study(store):
    """Four pictures: two with a face, one with a hand alone, one in which nothing is marked."""
    answers = {
        0: answer("wide eyes", "raised eyebrows", "clenched fingers"),
        1: answer("knees bent", "hair"),
        2: answer("a tight smile", "palms", "pounding heart", "aura"),
        3: answer("smile", "hands"),
        4: "!refused",
    }
    regions = {0: [FACE, LEFT], 1: [FACE, LEGS], 2: [LEFT], 4: [FACE]}
    put(store, "a", answers, regions=regions)
    return store


def test_named_parts_are_set_beside_what_somebody_looked_for(study):
    (run,) = parts_mentioned(study, [1]).runs
    assert counts(run) == {
        ("face", "found"): (2, 1, 1),
        ("face", "missed"): (1, 1, 0),  # the smile of picture 2; nobody looked at picture 3
        ("hands", "found"): (2, 2, 0),
        ("hands", "missed"): (1, 0, 1),
        ("legs", "found"): (1, 1, 0),
        ("legs", "missed"): (2, 0, 2),
    }
    assert {one.locators for one in run.mentions} == {("annotated",)}


def test_a_detector_that_found_nothing_has_looked_all_the_same_and_the_data_are_believed(study):
    add_regions(study, "yunet,score=0.7", {digest("s", n): () for n in (0, 3)})
    (run,) = parts_mentioned(study, [1]).runs
    assert counts(run)["face", "found"] == (2, 1, 1)  # the data mark the face that the detector overlooks
    assert counts(run)["face", "missed"] == (2, 2, 0)
    face = next(one for one in run.mentions if one.part == "face")
    assert face.locators == ("annotated", "yunet,score=0.7")
    add_regions(study, "fingers", {digest("s", 0): (Region("fingers", Box(1, 1, 1, 1), "fingers"),)})
    (run,) = parts_mentioned(study, [1]).runs
    assert counts(run)["fingers", "found"] == (1, 1, 0)
    assert counts(run)["hands", "found"] == (2, 1, 1)  # fingers are looked for apart by now


def test_hidden_parts_are_told_apart_from_those_that_are_not_there(study):
    hidden = answer("wide eyes", "fists")
    shown = answer("wide eyes", notes=(f"no face found: {NOTHING_HIDDEN}",))
    put(study, "b", {0: [hidden, answer()], 2: shown}, condition="face:blur")
    put(study, "c", {0: hidden}, condition="face:control")
    put(study, "d", {0: hidden, 3: hidden}, condition="left-hand+head")
    _, masked, control, head = parts_mentioned(study, [1, 2, 3, 4]).runs
    assert counts(masked) == {
        ("face", "hidden"): (2, 1, 0),
        ("hands", "found"): (3, 1, 1),
        ("legs", "missed"): (3, 0, 2),
    }
    assert counts(control)["face", "found"] == (1, 1, 0)
    assert counts(head) == {
        ("face", "hidden"): (2, 2, 0),
        ("head", "hidden"): (2, 0, 2),
        ("legs", "missed"): (1, 0, 1),
    }
    told = sections(parts_mentioned(study, [1, 2, 3, 4]))
    assert checked_tables(study, told) == [
        "Parts that nobody found in the picture, named all the same",
        "Parts that the condition hides, named all the same",
        "Parts found in the picture, and how often they are named",
    ]
    assert "1 (20.0 %) are of parts that nobody found" in told[0].shows


def test_where_nobody_looked_nothing_is_said(store):
    put(store, "a", {0: answer("face"), 1: "!error"})
    found = parts_mentioned(store, [1])
    assert found.runs[0].mentions == ()
    assert sections(found) == ()


@pytest.mark.parametrize(
    ("condition", "hidden", "partly"),
    [
        ("none", set(), set()),
        ("face", {"face", "nose"}, set()),
        ("head:blur@yunet", {"head", "face", "nose"}, set()),
        ("face:knock-out", set(), set()),
        ("left-hand+right-hand", {"hands", "fingers"}, set()),
        ("left_arm", set(), {"arms"}),
        ("right-hand", set(), {"hands", "fingers"}),
        ("background", set(), set()),
        ("body", {"face", "hands", "fingers", "nose"}, set()),
        ("no condition at all!", set(), set()),
    ],
)
def test_what_a_condition_hides(condition, hidden, partly):
    assert hidden_by(condition, {"hands", "fingers", "nose"}) == (hidden, partly)


def test_a_part_counts_as_what_was_looked_for():
    assert families({"face", "nose", "torso"}) == {
        "face": "face",
        "nose": "nose",
        "torso": "torso",
        **dict.fromkeys(("eyes", "brows", "forehead", "mouth", "jaw", "chin", "cheeks"), "face"),
        **dict.fromkeys(("chest", "back", "abdomen"), "torso"),
    }
