"""How narratives are worded: planted narratives of several scripts, and the queries that check what is told."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from elena_wb.core import Resampling
from elena_wb.findings import Table
from elena_wb.findings.wording import wording
from elena_wb.findings.wording_told import sections
from elena_wb.store import Store
from tests.findings.checking import checked_tables
from tests.findings.planted import put

LONG = (
    "The man stands with both arms raised high above the head while the crowd behind him cheers and the light of the "
    "evening sun falls upon the grey stones of the old market square in the town where he was born and grew up long ago"
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("told") / "study.duckdb", lock_timeout=20)
    put(
        store,
        "a",
        {
            0: {"narrative": LONG},
            1: {"narrative": LONG.upper() + " !"},
            2: {"narrative": LONG.replace("grey", "black")},
            3: {"narrative": "Übel, nai\u0308ve \x1b[31m[red]don’t[/red]\x1b[0m \u202edon't e\u0301té ÉTÉ"},
            4: {"narrative": "!!! …"},
            5: {"narrative": "彼は怒っている。彼は怒っている"},
            6: {"narrative": ""},
            7: "!refused",
            8: [{"narrative": "The same words twice"}, {"narrative": "the same words twice"}],
        },
    )
    put(store, "label only", {0: "fear"})
    return store


def test_length_variety_and_repetition_are_measured_over_words_of_any_script(told):
    found = wording(told, [1, 2], Resampling(50))
    (run,) = found.runs
    assert (run.narratives, run.looked_at) == (8, 8)
    lengths = [46, 46, 46, 10, 0, 2, 4, 4]
    assert run.words.value == pytest.approx(sum(lengths) / 8)
    assert run.hdd.n == 3
    times = [Counter(text.lower().split()).values() for text in (LONG, LONG, LONG.replace("grey", "black"))]
    plainly = [sum(1 - math.comb(46 - f, 42) / math.comb(46, 42) for f in of) / 42 for of in times]
    assert run.hdd.value == pytest.approx(sum(plainly) / 3)
    # The two about picture 8 are no repetition about another picture.
    assert run.same.value == pytest.approx(2 / 8)
    assert run.near.value == pytest.approx(3 / 8)
    (family,) = run.families
    assert (family.narratives, family.pictures) == (3, 3)
    assert family.example in (LONG, LONG.upper() + " !")


def test_every_table_can_be_checked_with_its_query(told):
    found = wording(told, [1, 2], Resampling(20))
    (section,) = sections(found)
    assert checked_tables(told, [section]) == [
        "Length and variety of each narrative",
        "Variety of all narratives together",
        "Narratives that repeat about another picture",
    ]
    families = [piece for piece in section.pieces if isinstance(piece, Table)][-1]
    assert all(len(row[1]) <= 160 for row in families.rows)


def test_of_many_narratives_as_many_as_wanted_are_drawn_the_same_ones_every_time(told):
    put(told, "many", {})
    with told.write() as connection:
        connection.execute("""
            INSERT INTO generations (generation_id, run_id, stimulus_id, repeat, status, narrative, attempts,
                                     created_at)
            SELECT 'g' || n, 3, 's' || n, 0, 'ok', 'word' || n % 50 || ' and word' || n || ' go on', 1,
                   now()::TIMESTAMP
            FROM range(1500) AS t(n)""")
    found = wording(told, [3], Resampling(20), most=100)
    (run,) = found.runs
    assert (run.narratives, run.looked_at) == (1_500, 1_000)
    assert repr(wording(told, [3], Resampling(20), most=100)) == repr(found)
    (section,) = sections(found)
    assert "1,000 were drawn at random" in str(section.pieces[0])
    checked_tables(told, [section])


def test_no_narrative_is_nothing_to_tell(told):
    assert sections(wording(told, [2])) == ()
    assert sections(wording(told, [])) == ()
