"""Which pairs are looked at, and in what order, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from elena_wb.analysis.comparing import FAILED, MISSING, UNKNOWN, SideBySide, compare
from elena_wb.analysis.pair_order import WHICH, distances, places
from elena_wb.core import ABSTAINED, REFUSED, UNPARSED

LABELS = ("anger", "fear")
ANGER, FEAR = range(2)
NONE = math.nan
FIRST = [ANGER, FEAR, ANGER, ABSTAINED, FEAR, REFUSED, MISSING, FAILED, UNPARSED]
SECOND = [ANGER, ANGER, ANGER, FEAR, UNPARSED, REFUSED, FEAR, FEAR, FEAR]
TRUTH = [ANGER, ANGER, FEAR, UNKNOWN, FEAR, FEAR, FEAR, FEAR, FEAR]


def answers() -> SideBySide:
    n = len(FIRST)
    no = np.zeros(n, dtype=np.bool_)
    vad = np.full((n, 3), 5.0)
    moved = vad.copy()
    moved[1] = (8.0, 9.0, 5.0)
    moved[2] = (NONE, 6.0, NONE)
    moved[3] = NONE
    codes = (np.array(given, dtype=np.int32) for given in (FIRST, SECOND, TRUTH))
    return SideBySide(LABELS, *codes, no, no, no, vad, moved)


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("all", [0, 1, 2, 3, 4, 5, 8]),
        ("flips", [1, 3]),
        ("only first right", [4]),
        ("only second right", [1, 8]),
        ("one not read", [4, 8]),
        ("lost", [6, 7]),
    ],
)
def test_the_pairs_that_are_meant_are_found(which, expected):
    assert places(answers(), which, "picture").tolist() == expected


def test_flips_come_first_and_the_rest_stays_in_order():
    assert places(answers(), "all", "flips first").tolist() == [1, 3, 0, 2, 4, 5, 8]


def test_the_farthest_shift_comes_first_and_unknown_ones_last():
    assert distances(answers())[:4].tolist() == [0.0, 5.0, 1.0, -1.0]
    assert places(answers(), "all", "largest shift").tolist() == [1, 2, 0, 4, 5, 8, 3]


def test_what_is_listed_is_what_is_counted():
    changes = compare(answers())
    counts = {which: len(places(answers(), which, "picture")) for which in WHICH}
    assert counts == {
        "all": changes.pairs,
        "flips": len(changes.flipped),
        "only first right": changes.correct.only_first,
        "only second right": changes.correct.only_second,
        "one not read": changes.one_read,
        "lost": changes.lost.total,
    }
