"""Several servers of one model share the work, and one that fails does not hold up the others."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from elena_wb_openai.addresses import Address
from elena_wb_openai.servers import Server, Servers

from elena_wb.core import Request
from tests.loopback import OpenAI, Unreliable, faults


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def made(count: int, clock: Clock) -> tuple[Servers, list[Server]]:
    servers = [Server(Address(f"http://s{number}/v1"), client=None) for number in range(count)]  # type: ignore[arg-type]
    return Servers(servers, clock), servers


def test_the_server_with_fewest_calls_in_flight_is_asked(clock: Clock) -> None:
    servers, (first, second) = made(2, clock)
    with servers.turn() as one, servers.turn() as two:
        assert {one, two} == {first, second}
        with servers.turn():
            assert sorted((first.in_flight, second.in_flight)) == [1, 2]
    assert (first.in_flight, second.in_flight) == (0, 0)


def test_calls_one_after_the_other_take_turns(clock: Clock) -> None:
    servers, _ = made(3, clock)
    asked: Counter[str] = Counter()
    for _ in range(30):
        with servers.turn() as server:
            asked[server.address.url] += 1
    assert set(asked.values()) == {10}


def test_a_server_that_fails_again_rests_twice_as_long_up_to_a_minute(clock: Clock) -> None:
    servers, (bad, _) = made(2, clock)
    servers.failed(bad)
    assert bad.rests_until <= clock.now  # once may be chance
    rests = []
    for _ in range(9):
        servers.failed(bad)
        rests.append(bad.rests_until - clock.now)
        clock.now = bad.rests_until
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_calls_that_were_under_way_do_not_lengthen_the_rest(clock: Clock) -> None:
    servers, (bad, _) = made(2, clock)
    for _ in range(16):
        servers.failed(bad)
    assert bad.rests_until - clock.now == 1


def test_a_resting_server_is_left_alone_and_one_answer_makes_up_for_all(clock: Clock) -> None:
    servers, (bad, good) = made(2, clock)
    servers.failed(bad)
    servers.failed(bad)
    for _ in range(5):
        with servers.turn() as server:
            assert server is good
    servers.went_well(bad)
    with servers.turn() as server:
        assert server is bad


def test_where_all_rest_the_one_that_wakes_first_is_asked(clock: Clock) -> None:
    servers, (one, other) = made(2, clock)
    for server in (one, one, other, other):
        servers.failed(server)
    clock.now += 1.0
    servers.failed(one)  # wakes in two seconds; the other is awake
    servers.failed(other)
    servers.failed(other)
    clock.now += 0.5
    with servers.turn() as server:
        assert server is min((one, other), key=lambda each: each.rests_until)


def test_work_is_spread_over_servers(opened: Callable[..., Any], question: Callable[..., Request]) -> None:
    with Unreliable(OpenAI(), delay=0.02) as one, Unreliable(OpenAI(), delay=0.02) as two:
        model = opened(one, two)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda number: next(model.generate([question(number)])), range(40)))
        assert all(answer.finish_reason == "stop" for answer in answers)
        assert abs(len(one.asked) - len(two.asked)) <= 4


def test_a_server_that_dies_in_the_middle_costs_no_answer(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI()) as survivor:
        with Unreliable(OpenAI()) as mortal:
            model = opened(mortal, survivor)
            answers = list(model.generate([question(number) for number in range(6)]))
            assert len(mortal.asked) > 1
        answers += model.generate([question(number) for number in range(6, 30)])
    assert all(answer.finish_reason == "stop" for answer in answers)


def test_a_faulty_server_is_asked_ever_more_seldom(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI()) as good, Unreliable(OpenAI()) as bad:
        model = opened(bad, good)
        before = len(bad.asked)
        bad.script = faults.status(503)
        answers = list(model.generate([question(number) for number in range(40)]))
        assert len(bad.asked) - before == 2
    assert sum(answer.finish_reason == "stop" for answer in answers) == 38


@pytest.mark.parametrize("weak_first", [True, False])
@pytest.mark.parametrize("probe", ["on", "off"])
def test_servers_that_take_different_forms_are_all_asked_in_one_that_each_takes(
    opened: Callable[..., Any], question: Callable[..., Request], weak_first: bool, probe: str
) -> None:
    with Unreliable(OpenAI()) as strong, Unreliable(OpenAI(refuses={"response_format"})) as weak:
        model = opened(*((weak, strong) if weak_first else (strong, weak)), probe=probe)
        answers = list(model.generate([question(number) for number in range(8)]))
        assert all(answer.finish_reason == "stop" for answer in answers)
        assert strong.asked[-1].body.get("response_format") is None
        assert len(weak.answered) >= 4


def test_the_identity_of_the_run_does_not_depend_on_who_answered(opened: Callable[..., Any]) -> None:
    with Unreliable(OpenAI()) as one, Unreliable(OpenAI()) as two:
        assert opened(one, two).card.digest == opened(two, one).card.digest


def test_closing_does_no_harm_to_a_call_that_hangs_and_it_ends_in_its_time(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI()) as server:
        model = opened(server, timeout=1.0)
        server.script = faults.stall(100.0)
        answers: list[Any] = []
        thread = threading.Thread(target=lambda: answers.extend(model.generate([question()])))
        thread.start()
        while len(server.asked) < 2:  # the first, tiny question and this one
            assert thread.is_alive()
            time.sleep(0.01)
        model.close()
        model.close()
        thread.join(30.0)
        assert not thread.is_alive()
    assert [answer.finish_reason for answer in answers] == ["error"]
