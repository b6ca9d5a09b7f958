"""Whose turn it is to be asked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from elena_wb.core import Request
from elena_wb.engine.answering import Question, failure
from elena_wb.engine.turns import Turns

PICTURE = np.zeros((2, 2, 3), dtype=np.uint8)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def question(key: int) -> Question:
    return Question(key, Request(PICTURE, str(key), "", "what?"))


def many() -> Iterator[Question]:
    return (question(key) for key in range(1000))


def keys(turns: Turns, count: int, **how: bool) -> list[int]:
    return [one.key for one in turns.take(count, **how)]


def test_new_questions_come_in_their_order_until_there_are_none() -> None:
    turns = Turns(iter([question(1), question(2), question(3)]), 10)
    assert [keys(turns, 2), keys(turns, 2), keys(turns, 2)] == [[1, 2], [3], []]
    assert turns.due_in is None


def test_a_question_that_waits_is_asked_before_new_ones_once_its_time_has_come() -> None:
    clock = Clock()
    turns = Turns(many(), 10, clock=clock)
    (first,) = turns.take(1)
    turns.postpone(first.after(failure("busy")), failure("busy"), 5.0, 0)
    assert keys(turns, 1) == [1]
    assert turns.due_in == 5.0
    clock.now = 5.0
    assert turns.due_in == 0.0
    assert keys(turns, 1) == [0]
    assert keys(turns, 1) == [2]


def test_a_server_that_was_away_is_tried_with_a_question_that_never_failed() -> None:
    clock = Clock()
    turns = Turns(many(), 10, clock=clock)
    (first,) = turns.take(1)
    turns.postpone(first, failure("busy"), 0.0, 0)
    assert keys(turns, 1, new_first=True) == [1]
    assert keys(turns, 1) == [0]


def test_no_new_pictures_are_loaded_while_many_wait() -> None:
    clock = Clock()
    turns = Turns(many(), 3, clock=clock)
    for one in turns.take(3):
        turns.postpone(one, failure("busy"), 9.0, 0)
    assert keys(turns, 1) == keys(turns, 1, new_first=True) == []
    clock.now = 9.0
    assert keys(turns, 3) == [0, 1, 2]


def test_a_batch_that_has_room_beside_what_is_asked_again_is_filled_with_new_questions() -> None:
    turns = Turns(many(), 10, clock=Clock())
    first, *_ = turns.take(3)
    turns.postpone(first, failure("busy"), 0.0, 0)
    assert keys(turns, 3) == [0, 3, 4]


def test_parts_of_a_broken_batch_come_first_and_in_no_larger_batches() -> None:
    turns = Turns(many(), 10)
    batch = turns.take(4)
    turns.put_back(batch[2:])
    turns.put_back(batch[:2])
    assert [keys(turns, 8), keys(turns, 1), keys(turns, 8)] == [[0, 1], [2], [3]]


def test_suspects_are_those_that_kept_failing_while_others_were_answered() -> None:
    turns = Turns(many(), 10)
    often, once, unlucky = turns.take(3)
    busy = failure("busy")
    for _ in range(2):
        often = often.after(busy)
        unlucky = unlucky.after(busy)
    turns.postpone(often, busy, 0.0, successes=3)
    turns.postpone(once.after(busy), busy, 0.0, successes=3)
    turns.postpone(unlucky, busy, 0.0, successes=7)
    assert [one.key for one, _ in turns.suspects(successes=7)] == [often.key]
    assert turns.waiting == 2
