"""Ctrl-C and a sudden death lose no answer that had come, and the next command asks exactly the rest."""

from __future__ import annotations

import signal
import time

from tests.conftest import Program, rows
from tests.loopback import Unreliable, faults
from tests.proof.remotes import GEMINI, OPENAI, Pictures, Remote, check_each_answer_stored_once, only


def _wait_for(server: Unreliable, answers: int) -> None:
    deadline = time.monotonic() + 90
    while len(server.answered) < answers:
        assert time.monotonic() < deadline, f"only {len(server.answered)} answers came"
        time.sleep(0.005)


def test_ctrl_c_stores_what_is_in_flight_and_the_next_command_asks_the_rest(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folder = pictures(60)
    with Unreliable(remote.api(), delay=0.3) as server:
        command = ("run", str(folder), "-m", remote.uri(server, concurrency=8), "-p", "naive")
        process = program.start(*command)
        _wait_for(server, 12)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        answered = len(server.answered)
        assert 12 <= answered < 60
        assert len(server.asked) == answered
        assert rows(program, "SELECT count(*) FROM generations WHERE status = 'ok'") == [[str(answered)]]
        assert rows(program, "SELECT status FROM runs") == [["interrupted"]]
        server.delay = 0.0
        program(*command)
        check_each_answer_stored_once(program, folder, server)
        assert len(server.asked) == 60
        assert server.answered_twice() == []


@only(OPENAI)
def test_ctrl_c_ends_a_wait_that_a_server_asked_for(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    with Unreliable(remote.api(), [None, faults.rate_limited(200)]) as server:
        process = program.start(
            "run", str(pictures(6)), "-m", remote.uri(server, concurrency=1), "-p", "naive"
        )
        _wait_for(server, 1)
        while server.count("429") < 1:
            time.sleep(0.01)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=100)  # much less than the server asked for
    assert process.returncode == 130, err


@only(GEMINI)
def test_a_sudden_death_loses_no_answer_that_had_come_but_those_just_under_way(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folder = pictures(60)
    at_once = 4
    with Unreliable(remote.api(), delay=0.05) as server:
        command = ("run", str(folder), "-m", remote.uri(server, concurrency=at_once), "-p", "naive")
        deaths = 3
        for death in range(1, deaths + 1):
            process = program.start(*command)
            _wait_for(server, 12 * death)
            process.kill()
            process.communicate()
        program(*command)
        check_each_answer_stored_once(program, folder, server)
        # An answer counts as received once the program could have read it whole.
        assert len(server.answered_twice()) <= deaths * at_once
        assert len(server.asked) <= 60 + deaths * at_once
