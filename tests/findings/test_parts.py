"""Parts of the body that answers name, counted by hand."""

from __future__ import annotations

import math

import pytest

from elena_wb.core import BodyPart
from elena_wb.findings import Chart, Table
from elena_wb.findings.parts import parts_used
from elena_wb.findings.parts_told import sections
from tests.findings.checking import checked_tables
from tests.findings.planted import put

FISTS = BodyPart("clenched fists", "hands", "hands")
PALMS = BodyPart("open palms", "hands", "hands")
LIPS = BodyPart("pressed lips", "mouth", "face")
HEART = BodyPart("pounding heart", "heart", "internal")
AURA = BodyPart("aura", None, None)
HOSTILE = BodyPart("[red]\x1b[31m'); DROP TABLE runs; -- \u202e" + "x" * 5_000, None, None)


def answer(emotion, *parts):
    return {"emotion": emotion, "body_parts": parts}


def planted(store):
    """Run 1: seven answers read, one refused, one failed; run 2: one answer that names another part."""
    put(
        store,
        "a",
        {
            0: answer("anger", FISTS, PALMS, LIPS),
            1: answer("anger", FISTS, AURA),
            2: answer("anger", LIPS),
            3: answer("fear", HEART, HOSTILE),
            4: answer("fear"),
            5: answer(None, FISTS),
            6: answer("sadness", LIPS, LIPS),
            7: "!refused",
            8: "!error",
        },
    )
    put(store, "b", {0: answer("anger", BodyPart("cold feet", "feet", "lower"))}, condition="face")


@pytest.fixture
def study(store):
    planted(store)
    with store.write() as connection:  # what a refusal happens to name is no answer
        connection.execute("""
            INSERT INTO body_parts SELECT generation_id, 0, 'pounding heart', 'heart', 'internal' FROM generations
            WHERE status = 'refused'""").fetchall()
    return store


def test_a_part_counts_once_in_each_answer_that_could_be_read(study):
    first, second = parts_used(study, [1, 2]).runs
    assert {one.part: (round(one.named.value * one.named.n), one.named.n) for one in first.parts} == {
        "hands": (3, 7),
        "mouth": (3, 7),
        "heart": (1, 7),
    }
    assert [(one.part, one.group) for one in first.parts] == [
        ("hands", "hands"),
        ("mouth", "face"),
        ("heart", "internal"),
    ]
    assert (first.emotions, first.abstained, first.repeats) == (
        {"sadness": 1, "fear": 2, "anger": 3},
        1,
        False,
    )
    asked = first.asked
    assert (asked.read, asked.refused, asked.failed, asked.pictures) == (7, 1, 1, 7)
    assert (asked.silent, asked.phrases, asked.unknown) == (1, 11, 2)
    shares = {(one.emotion, one.part): one for one in first.parts_by_emotion}
    assert shares["anger", "hands"].named.value == pytest.approx(2 / 3)
    assert shares["anger", "hands"].elsewhere == pytest.approx(1 / 4)  # the abstention is among the others
    assert shares["fear", "heart"].named.value == 1 / 2
    assert math.isnan(shares["anger", "hands"].p_holm)
    groups = {(one.emotion, one.part): one.named.value for one in first.groups_by_emotion}
    assert groups["sadness", "face"] == 1
    assert [one.part for one in second.parts] == ["feet"]


def test_every_table_is_what_its_query_gives_and_says_what_was_left_out(study):
    told = sections(parts_used(study, [2, 1]))
    assert checked_tables(study, told) == [
        "Answers that name a part of the body",
        *(
            f"Run {run}: share of the answers with an emotion that name a {what}"
            for run in (2, 1)
            for what in ("group of parts", "part")
        ),
    ]
    words = "\n".join(str(piece) for section in told for piece in section.pieces if isinstance(piece, str))
    assert "7 answers about 7 pictures (1 refused and 1 failed: left out)" in words
    assert "2 of 11 phrases are about no part that the vocabulary knows" in words
    assert "DROP" not in words
    table = told[0].pieces[-2]
    assert isinstance(table, Table)
    assert ("hands", "2", "1", "0", "0.0 %") in [
        row[:5] for row in table.rows
    ]  # beside run 1, which names them
    chart = told[0].pieces[-1]
    assert isinstance(chart, Chart)
    assert len({tuple(mark.label for mark in series.marks) for series in chart.series}) == 1


def test_repeats_of_a_picture_are_taken_together_and_what_stands_out_is_told(store):
    angry, calm = answer("anger", FISTS), answer("neutral", LIPS)
    put(store, "a", {n: [angry if n % 2 else calm] * 3 for n in range(60)})
    (run,) = parts_used(store, [1]).runs
    assert run.repeats
    hands = next(one for one in run.parts if one.part == "hands")
    assert (hands.named.value, hands.named.n) == (0.5, 180)
    assert hands.named.high - hands.named.low > 0.24  # sixty pictures, not 180 answers
    shown = {(one.emotion, one.part): one for one in run.parts_by_emotion}
    assert shown["anger", "hands"].residual == pytest.approx(60**0.5)
    assert shown["anger", "mouth"].residual == pytest.approx(-(60**0.5))
    assert all(one.telling for one in run.parts_by_emotion)
    told = sections(parts_used(store, [1]))
    assert "Parts that go with an emotion beyond chance" in checked_tables(store, told)
    assert "hands with anger (100.0 %, else 0.0 %)" in told[1].shows
    assert "Boos" in " ".join(told[1].sources)


def test_persons_in_one_picture_are_taken_together(store):
    put(store, "a", {n: answer("anger" if n % 2 else "fear", FISTS if n % 3 else LIPS) for n in range(12)})
    alone = parts_used(store, [1]).runs[0]
    with store.write() as connection:
        connection.execute("UPDATE stimuli SET picture_id = substr(stimulus_id, 1, 1)").fetchall()
    together = parts_used(store, [1]).runs[0]
    assert (alone.repeats, together.repeats) == (False, True)
    assert together.asked.pictures < alone.asked.pictures == together.asked.read == 12
    assert together.parts[0].named.value == alone.parts[0].named.value


def test_runs_that_name_nothing_are_told_as_such(store):
    put(store, "a", {0: "!refused", 1: "!error"})
    put(store, "b", {0: "fear", 1: answer("fear", AURA)})
    used = parts_used(store, [1, 2])
    assert not used.any_named
    assert [(run.asked.read, run.parts) for run in used.runs] == [(0, ()), (2, ())]
    assert sections(used) == ()
