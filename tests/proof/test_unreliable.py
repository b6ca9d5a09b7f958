"""A run against a server that fails a third of the time ends as if nothing had happened, without waste."""

from __future__ import annotations

import pytest

from tests.conftest import Program
from tests.loopback import Share, Unreliable, faults
from tests.proof.remotes import OPENAI, Pictures, Remote, check_each_answer_stored_once, rows, stored

MIXED = (
    faults.rate_limited(),
    faults.rate_limited(0.05),
    faults.rate_limited(0.05, "milliseconds"),
    faults.rate_limited(0.05, "retry-info"),
    faults.status(500),
    faults.status(503),
    faults.status(503, retry_after=0.05),
    faults.status(529),
    faults.plain_status(502),
    faults.reset_before,
    faults.reset_after,
    faults.cut_body,
    faults.hang_up,
    faults.invalid_json,
    faults.html,
    faults.empty_body,
)


def test_500_pictures_against_a_server_that_fails_30_percent_of_the_calls(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folder = pictures(500)
    share = Share(0.3, MIXED, seed=1)
    perfect = share.calls_needed(500)
    assert 660 < perfect < 770
    with Unreliable(remote.api(), share, delay=0.01) as server:
        program("run", str(folder), "-m", remote.uri(server, timeout=20), "-p", "naive")
        check_each_answer_stored_once(program, folder, server)
    assert rows(program, "SELECT status, planned FROM runs") == [["done", "500"]]
    assert server.answered_twice() == []
    assert len(server.asked) <= 1.3 * perfect
    attempts = rows(program, "SELECT sum(attempts) FROM generations")
    assert int(attempts[0][0]) == len(server.asked)


def test_stalls_slow_answers_and_trickles_end_at_the_time_limit(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folder = pictures(12)
    share = Share(0.3, [faults.stall(600), faults.slow_headers(600), faults.drip(600, pieces=6000)], seed=2)
    assert {"stall", "slow headers", "drip"} <= {fault.name for n in range(12) if (fault := share.dealt(n))}
    with Unreliable(remote.api(), share) as server:
        program(
            "run", str(folder), "-m", remote.uri(server, timeout=1), "-p", "naive"
        )  # ends within two minutes
        check_each_answer_stored_once(program, folder, server)


def test_every_picture_gets_a_row_whatever_worthless_answers_come_first(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folder = pictures(8)
    worthless = [faults.empty, faults.no_content, faults.strange_types, faults.json_null, faults.json_list]
    worthless += [faults.not_utf8, faults.garbage]
    with Unreliable(remote.api(), worthless) as server:
        program("run", str(folder), "-m", remote.uri(server, concurrency=1), "-p", "naive", code=None)
        answers = stored(program, folder)
    assert [len(generations) for generations in answers.values()] == [1] * 8
    statuses = [status for ((status, _),) in answers.values()]
    assert set(statuses) <= {"ok", "error"}
    assert statuses.count("ok") >= 6
    assert server.answered_twice() == []


def test_refusals_are_stored_as_such_and_not_asked_for_again(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folder = pictures(5)
    script = [None, faults.refused, faults.blocked, faults.prohibited, None]
    with Unreliable(remote.api(), script) as server:
        program("run", str(folder), "-m", remote.uri(server, concurrency=1), "-p", "naive")
        assert len(server.asked) == 5
    statuses = [status for ((status, _),) in stored(program, folder).values()]
    assert sorted(statuses) == ["ok", "ok", "refused", "refused", "refused"]


def test_a_truncated_answer_is_an_answer_and_says_so(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folder = pictures(2)
    with Unreliable(remote.api(), [faults.truncated, None]) as server:
        program("run", str(folder), "-m", remote.uri(server, concurrency=1), "-p", "naive", code=None)
        assert len(server.asked) == 2
    reasons = rows(program, "SELECT finish_reason FROM generations ORDER BY 1")
    assert reasons == [["length"], ["stop"]]


def test_a_second_reply_on_the_connection_is_not_taken_for_the_next_answer(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folder = pictures(20)
    share = Share(0.5, [faults.twice, faults.two_answers], seed=4)
    with Unreliable(remote.api(), share) as server:
        program("run", str(folder), "-m", remote.uri(server, concurrency=2), "-p", "naive")
        check_each_answer_stored_once(program, folder, server)
        assert len(server.asked) == 20


def test_a_huge_body_ends_one_call_and_not_the_program(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folder = pictures(3)
    with Unreliable(remote.api(), [faults.huge(64)]) as server:
        program("run", str(folder), "-m", remote.uri(server, concurrency=1), "-p", "naive", code=None)
    answers = stored(program, folder)
    assert sum(status == "ok" for ((status, _),) in answers.values()) >= 2


def test_a_redirect_is_not_followed(program: Program, pictures: Pictures, remote: Remote) -> None:
    with Unreliable(remote.api()) as elsewhere, Unreliable(remote.api()) as server:
        away = faults.redirect(f"http://localhost:{elsewhere.port}/")
        server.script = lambda call: away
        done = program("run", str(pictures(2)), "-m", remote.uri(server), "-p", "naive", code=None)
        assert done.returncode != 0
        assert elsewhere.calls == []
    assert "http://localhost" in done.stderr or "HTTP 307" in done.stderr


def test_a_server_that_is_not_there_is_named_at_once(
    program: Program, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OPENAI.variable, OPENAI.key)
    with Unreliable(OPENAI.api()) as server:
        uri = OPENAI.uri(server, timeout=2)
    done = program("run", str(pictures(3)), "-m", uri, "-p", "naive", code=None)
    assert done.returncode in (1, 3)
    assert f"127.0.0.1:{server.port}" in done.stderr
