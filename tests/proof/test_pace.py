"""The program finds the pace that a server bears, and waits for as long as it is asked to."""

from __future__ import annotations

import time

import pytest

from tests.conftest import Program
from tests.loopback import Account, Call, Unreliable, faults
from tests.loopback.faults import RetryStyle
from tests.proof.remotes import GEMINI, OPENAI, Pictures, Remote, check_each_answer_stored_once, only


@only(GEMINI)
def test_as_many_calls_run_at_once_as_a_server_bears_and_hardly_more(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folder = pictures(150)
    with Unreliable(remote.api(), delay=0.05, account=Account(at_once=3)) as server:
        program("run", str(folder), "-m", remote.uri(server), "-p", "naive")
        check_each_answer_stored_once(program, folder, server)
    assert server.count("limit") < 40
    granted = [call for call in server.asked if call.fault is None]
    assert len(granted) == 150


@only(OPENAI)
def test_the_number_at_once_grows_shrinks_when_asked_to_slow_down_and_grows_again(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folder = pictures(240)
    with Unreliable(remote.api(), delay=0.12) as server:

        def slow_down(call: Call) -> faults.Fault | None:
            return faults.rate_limited(0.05) if call.number is not None and 120 <= call.number < 124 else None

        server.script = slow_down
        program("run", str(folder), "-m", remote.uri(server, concurrency=12), "-p", "naive")
        check_each_answer_stored_once(program, folder, server)
    at = [call.began for call in server.asked]
    before = server.most_at_once(at[60], at[119])
    trough = server.most_at_once(at[140] - 0.02, at[145])
    after = server.most_at_once(at[-60], at[-1])
    assert before >= 8, (before, trough, after)
    assert trough < before, (before, trough, after)
    assert after > trough, (before, trough, after)
    assert server.most_at_once() <= 12


@pytest.mark.parametrize(
    ("remote", "style"),
    [
        (OPENAI, "seconds"),
        (OPENAI, "date"),
        (OPENAI, "milliseconds"),
        (GEMINI, "seconds"),
        (GEMINI, "retry-info"),
    ],
    ids=lambda value: getattr(value, "name", value),
    indirect=["remote"],
)
def test_no_call_comes_before_the_time_that_the_server_asked_for(
    program: Program, pictures: Pictures, remote: Remote, style: RetryStyle
) -> None:
    folder = pictures(12)
    with Unreliable(remote.api(), delay=0.02) as server:
        wait = 1.5
        told: list[float] = []

        def ask_to_wait(call: Call) -> faults.Fault | None:
            if call.number != 5:
                return None
            told.append(time.monotonic())
            return faults.rate_limited(wait, style)

        server.script = ask_to_wait
        program("run", str(folder), "-m", remote.uri(server, concurrency=2), "-p", "naive")
        check_each_answer_stored_once(program, folder, server)
    # One call may have been on its way when the server spoke.
    later = [call.began - told[0] for call in server.asked if call.began > told[0] + 0.3]
    assert len(later) >= 5
    assert min(later) > wait - 0.02
    assert len([call for call in server.asked if told[0] < call.began < told[0] + 0.3]) <= 1


@only(OPENAI)
def test_a_server_that_is_down_for_a_while_is_tried_by_single_calls(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folder = pictures(60)
    with Unreliable(remote.api(), delay=0.03) as server:
        down: list[float] = []

        def break_down(call: Call) -> faults.Fault | None:
            if call.number is None or call.number < 30:
                return None
            down.append(time.monotonic())
            return faults.status(503) if down[-1] - down[0] < 2.0 else None

        server.script = break_down
        program("run", str(folder), "-m", remote.uri(server), "-p", "naive")
        check_each_answer_stored_once(program, folder, server)
    assert server.count("503") <= 16 + 10
