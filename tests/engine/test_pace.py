"""How fast calls may follow one another, on a clock that the test turns."""

from __future__ import annotations

import math

import pytest

from elena_wb.core import Trouble
from elena_wb.engine.pace import Ending, Hold, Pace, Patience

ANSWERED = Ending(answered=True)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def failed(trouble: Trouble, retry_after_s: float | None = None) -> Ending:
    return Ending(False, trouble, retry_after_s, f"it was {trouble}")


def begin_all(pace: Pace) -> list[int]:
    """Begin calls until no more may begin."""
    numbers = []
    while pace.hold() is None:
        numbers.append(pace.begin())
    return numbers


def left(pace: Pace) -> float:
    hold = pace.hold()
    assert hold is not None
    return hold.seconds


def rounds(pace: Pace, count: int) -> list[int]:
    """How many calls were under way in each of so many rounds without any trouble."""
    widths = []
    for _ in range(count):
        numbers = begin_all(pace)
        widths.append(len(numbers))
        for number in numbers:
            pace.end(number, ANSWERED)
    return widths


def test_calls_at_once_begin_few_and_grow_by_one_with_each_round_of_successes(clock: Clock) -> None:
    assert rounds(Pace(7, clock=clock), 6) == [4, 5, 6, 7, 7, 7]
    assert rounds(Pace(2, clock=clock), 3) == [2, 2, 2]
    assert rounds(Pace(1, clock=clock), 3) == [1, 1, 1]


def test_being_told_to_slow_down_halves_once_for_all_calls_under_way(clock: Clock) -> None:
    pace = Pace(16, clock=clock)
    rounds(pace, 12)
    numbers = begin_all(pace)
    assert len(numbers) == 16
    for number in numbers[:10]:
        pace.end(number, failed("rate-limited"))
    assert pace.width == 8
    for number in numbers[10:]:
        pace.end(number, ANSWERED)
    assert pace.width == 8
    assert rounds(pace, 3) == [8, 9, 10]


def test_nobody_may_begin_while_too_many_are_under_way_after_halving(clock: Clock) -> None:
    pace = Pace(4, clock=clock)
    numbers = begin_all(pace)
    pace.end(numbers[0], failed("rate-limited"))
    assert pace.hold() == Hold(math.inf)
    pace.end(numbers[1], ANSWERED)
    assert pace.hold() == Hold(math.inf)
    pace.end(numbers[2], ANSWERED)
    assert pace.hold() is None


def test_one_at_a_time_that_is_told_to_slow_down_waits(clock: Clock) -> None:
    pace = Pace(1, clock=clock)
    pace.end(pace.begin(), failed("rate-limited"))
    assert 0 < left(pace) <= Patience().first_pause_s


def test_a_fault_of_the_server_pauses_all_calls_and_one_tries_before_the_rest(clock: Clock) -> None:
    pace = Pace(4, clock=clock)
    numbers = begin_all(pace)
    for number in numbers:
        pace.end(number, failed("server"))
    assert 0.05 <= left(pace) <= 0.1
    clock.now += 0.1
    assert len(begin_all(pace)) == 1
    pace.end(5, ANSWERED)
    assert len(begin_all(pace)) == 4


@pytest.mark.parametrize("trouble", ["server", "connection"])
def test_pauses_double_up_to_a_ceiling_and_begin_anew_after_a_success(clock: Clock, trouble: Trouble) -> None:
    pace = Pace(4, Patience(retries=100, first_pause_s=1.0, longest_wait_s=8.0), clock=clock)
    for longest in (1.0, 2.0, 4.0, 8.0, 8.0, 8.0):
        pace.end(pace.begin(), failed(trouble))
        assert longest / 2 <= left(pace) <= longest
        clock.now += longest
        assert pace.hold() is None
    pace.end(pace.begin(), ANSWERED)
    pace.end(pace.begin(), failed(trouble))
    assert left(pace) <= 1.0


def test_calls_that_were_under_way_at_a_fault_are_part_of_it(clock: Clock) -> None:
    pace = Pace(4, Patience(first_pause_s=1.0), clock=clock)
    numbers = begin_all(pace)
    pace.end(numbers[0], failed("server"))
    before = left(pace)
    for number in numbers[1:]:
        pace.end(number, failed("connection"))
    assert left(pace) == before


def test_a_server_that_asks_to_be_left_alone_is_left_alone_by_all(clock: Clock) -> None:
    pace = Pace(8, clock=clock)
    numbers = begin_all(pace)
    pace.end(numbers[0], failed("rate-limited", 30.0))
    pace.end(numbers[1], failed("rate-limited", 20.0))
    assert 30.0 <= left(pace) <= 31.0
    clock.now += 31.0
    for number in numbers[2:]:
        pace.end(number, ANSWERED)
    assert len(begin_all(pace)) == 1


@pytest.mark.parametrize("nonsense", [0.0, -5.0, math.nan, -math.inf])
def test_nonsense_asked_for_is_passed_over(clock: Clock, nonsense: float) -> None:
    pace = Pace(8, clock=clock)
    pace.end(pace.begin(), failed("rate-limited", nonsense))
    assert pace.hold() is None


def test_a_server_that_asks_for_ever_is_believed_for_a_month(clock: Clock) -> None:
    pace = Pace(8, clock=clock)
    pace.end(pace.begin(), failed("rate-limited", math.inf))
    assert left(pace) < 31 * 86_400


def test_too_many_pauses_without_a_success_give_up_with_the_last_reason(clock: Clock) -> None:
    pace = Pace(4, Patience(retries=5), clock=clock)
    for _ in range(5):
        assert pace.gave_up is None
        pace.end(pace.begin(), failed("connection"))
        clock.now += 100.0
    assert pace.gave_up is not None
    assert "it was connection" in pace.gave_up


def test_a_refusal_for_good_is_a_sign_of_life(clock: Clock) -> None:
    pace = Pace(4, Patience(retries=5), clock=clock)
    for _ in range(20):
        pace.end(pace.begin(), failed("server"))
        clock.now += 100.0
        pace.end(pace.begin(), ANSWERED)
    assert pace.gave_up is None


def test_waits_of_a_question_grow_and_stay_below_the_ceiling() -> None:
    patience = Patience(first_wait_s=0.5, longest_wait_s=60.0)
    for failures in range(1, 200):
        longest = min(60.0, 0.5 * 2 ** (failures - 1))
        assert all(0.0 <= patience.wait_s(failures) <= longest for _ in range(20))
    assert max(patience.wait_s(10) for _ in range(200)) > 30.0
