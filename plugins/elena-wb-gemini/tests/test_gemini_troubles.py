"""Errors of HTTP, connections and clocks: told, timed and never repeated by the client itself."""

from __future__ import annotations

import datetime
import threading
import time

import pytest
from elena_wb_gemini.options import GeminiOptions
from elena_wb_gemini.problems import until_midnight_in_california
from elena_wb_gemini.provider import GeminiProvider

from elena_wb.core import ModelError
from tests.loopback import Certificate, Gemini, Unreliable, faults


def _error(status, details=(), message="no", code_name="RESOURCE_EXHAUSTED", as_list=False):
    """An error as Google sends it."""
    error = {"error": {"code": status, "message": message, "status": code_name, "details": list(details)}}
    sent = [error] if as_list else error
    return faults.anything(lambda wire, api, call: wire.send_json(status, sent))


RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}


def _quota(identity):
    violation = {
        "quotaMetric": "generate_content_free_tier_requests",
        "quotaId": identity,
        "quotaValue": "250",
    }
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}


@pytest.fixture
def ask(open_at, question):
    """The response to one question to a server that does this, and the calls that it took."""

    def once(fault, **options):
        with Unreliable(Gemini(), fault) as server:
            (response,) = open_at(server, **options).generate([question()])
            assert len(server.calls) == 1, "the client repeated a call by itself"
            return response

    return once


@pytest.mark.parametrize(
    ("fault", "trouble", "wait"),
    [
        (faults.rate_limited(), "rate-limited", None),
        (faults.rate_limited(7), "rate-limited", 7),
        (faults.rate_limited(3.5, "retry-info"), "rate-limited", 3.5),
        (_error(429, [RETRY_INFO, _quota("GenerateRequestsPerMinutePerProject")]), "rate-limited", 37),
        (_error(429, [RETRY_INFO], as_list=True), "rate-limited", 37),
        (_error(429, [{"@type": "x/google.rpc.RetryInfo", "retryDelay": "soon"}]), "rate-limited", None),
        (_error(429, ["odd", {"violations": "odd"}, {"violations": [1, {}]}]), "rate-limited", None),
        (faults.status(500), "server", None),
        (faults.status(503, retry_after=2), "server", 2),
        (_error(503, [RETRY_INFO]), "server", 37),
        (faults.plain_status(502), "server", None),
        (faults.status(504), "server", None),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_what_may_be_asked_again_says_so_and_when(ask, fault, trouble, wait):
    response = ask(fault)
    assert (response.finish_reason, response.trouble, response.retryable) == ("error", trouble, True)
    assert response.retry_after_s == wait
    assert response.latency_ms > 0


def test_a_quota_of_a_day_asks_to_be_left_alone_until_the_day_ends(ask):
    response = ask(_error(429, [_quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), RETRY_INFO]))
    left = until_midnight_in_california(datetime.datetime.now(datetime.UTC))
    assert response.retry_after_s == pytest.approx(max(left, 37), abs=30)
    assert "quota of this day" in response.error


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        ("2026-01-10T07:00:00+00:00", 1),
        ("2026-07-10T06:00:00+00:00", 1),
        ("2026-07-10T07:00:00+00:00", 24),
        ("2026-03-08T08:00:00+00:00", 23),  # clocks go forward there
        ("2026-11-01T07:00:00+00:00", 25),
    ],
)
def test_googles_day_ends_at_midnight_in_california(now, hours):
    assert until_midnight_in_california(datetime.datetime.fromisoformat(now)) == hours * 3600


def test_a_question_that_google_cannot_take_is_told_once_with_a_way_out(ask):
    response = ask(
        _error(400, message="The specified schema produces a constraint that has too many states.")
    )
    assert (response.finish_reason, response.retryable, response.trouble) == ("error", False, None)
    assert "structured=json" in response.error
    assert "structured" not in ask(_error(400, message="Request contains an invalid argument.")).error


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (faults.status(401), "does not accept the key"),
        (faults.status(403), "does not accept the key"),
        (_error(404, message="models/x is not found", code_name="NOT_FOUND"), "knows no model"),
        (
            _error(400, code_name="FAILED_PRECONDITION", message="User location is not supported"),
            "this account",
        ),
        (_error(400, [{"reason": "API_KEY_INVALID"}]), "does not accept the key"),
        (_error(400, message="API key expired. Please renew the API key."), "does not accept the key"),
    ],
    ids=["401", "403", "404", "location", "invalid key", "expired key"],
)
def test_what_no_question_would_fare_better_with_ends_the_run(open_at, question, fault, says):
    with Unreliable(Gemini(), fault) as server, pytest.raises(ModelError, match=says) as caught:
        list(open_at(server).generate([question(0), question(1)]))
    assert caught.value.hint
    assert len(server.calls) == 1


def test_a_wrong_key_is_never_shown(open_at, question, key):
    with Unreliable(Gemini(), keys={"another"}) as server, pytest.raises(ModelError) as caught:
        list(open_at(server).generate([question()]))
    assert key not in caught.value.message + caught.value.hint
    assert "keys set gemini" in caught.value.hint


@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_server_that_repeats_the_key_in_an_error_does_not_make_it_known(ask, key, status):
    response = ask(faults.echo_error(status))
    assert key not in response.error
    assert "[key]" in response.error


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        (faults.cut_body, "connection"),
        (faults.reset_before, "connection"),
        (faults.reset_after, "connection"),
        (faults.hang_up, "connection"),
        (faults.garbage, "connection"),
        (faults.slow_headers(5), "timeout"),
        (faults.stall(5), "timeout"),
        (faults.drip(5, 50), "timeout"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_broken_and_slow_connections_end_in_time(ask, fault, trouble):
    started = time.monotonic()
    response = ask(fault, timeout=0.5)
    assert time.monotonic() - started < 3
    assert (response.finish_reason, response.trouble, response.retryable) == ("error", trouble, True)


def test_a_server_that_is_not_there_is_a_connection_trouble(question, open_at):
    with Unreliable(Gemini()) as server:
        pass
    (response,) = open_at(server).generate([question()])
    assert (response.trouble, response.retryable) == ("connection", True)


def test_a_reply_without_end_is_not_read_to_the_end(ask, monkeypatch):
    monkeypatch.setattr("elena_wb_gemini.client._LARGEST_REPLY", 2**20)
    response = ask(faults.huge(8))
    assert (response.finish_reason, response.trouble) == ("error", "reply")


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path, question, open_at):
    with Unreliable(Gemini(), certificate=Certificate.make(tmp_path)) as server:
        (response,) = open_at(server).generate([question()])
        assert (response.trouble, response.retryable) == ("connection", False)
        assert "SSL_CERT_FILE" in response.error
        assert not server.calls


def test_a_certificate_that_the_user_vouches_for_is_trusted(tmp_path, question, open_at, monkeypatch):
    certificate = Certificate.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    with Unreliable(Gemini(), certificate=certificate) as server:
        (response,) = open_at(server).generate([question()])
    assert response.finish_reason == "stop"


def test_neither_key_nor_picture_follow_a_redirect(question, open_at):
    with (
        Unreliable(Gemini()) as stranger,
        Unreliable(Gemini(), faults.redirect(stranger.url + "/x")) as server,
    ):
        (response,) = open_at(server).generate([question()])
        assert response.finish_reason == "error"
        assert not stranger.calls


def test_a_second_reply_to_one_question_is_not_taken_for_the_next_answer(question, open_at):
    with Unreliable(Gemini(), [faults.twice]) as server:
        model = open_at(server)
        first, second = model.generate([question(0), question(1)])
        (again,) = model.generate([question(1)])
    assert first.finish_reason == "stop"
    assert "Duplicate" not in second.text
    assert second.text == again.text or second.finish_reason == "error"


def test_many_threads_may_ask_at_once(question, open_at):
    responses = {}
    with Unreliable(Gemini(), delay=0.1) as server:
        model = open_at(server)
        assert model.max_concurrency == 16

        def ask(number):
            (responses[number],) = model.generate([question(number)])

        threads = [threading.Thread(target=ask, args=[number]) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {response.finish_reason for response in responses.values()} == {"stop"}
        assert len({response.text for response in responses.values()}) > 8
        assert server.most_at_once() > 4


def test_the_quota_names_model_and_server_and_no_key(open_at, key):
    with Unreliable(Gemini()) as server:
        model = open_at(server, requests_per_minute=5, requests_per_day=250)
    assert (model.quota.requests_per_minute, model.quota.requests_per_day) == (5, 250)
    assert model.quota.account == "gemini/127.0.0.1/gemini-2.5-flash"
    google = GeminiProvider().open("gemini-2.5-flash", GeminiOptions())
    assert google.quota.account == "gemini/gemini-2.5-flash"
    assert key not in repr(vars(google.quota) if hasattr(google.quota, "__dict__") else google.quota)
    google.close()
