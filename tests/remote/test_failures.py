"""What a failed call is told to be, from statuses, headers, bodies and exceptions, hostile ones included."""

from __future__ import annotations

import datetime
import email.utils
import json
import socket
import ssl

import httpx2
import pydantic
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from elena_wb.offline import NetworkForbiddenError
from elena_wb.remote.failures import LONGEST_MESSAGE, from_exception, from_status
from elena_wb.remote.redaction import hide


def _error(status: int = 500, body: str = "", **headers: str) -> str:
    return from_status(0, status, headers, body).error or ""


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (429, "rate-limited"),
        *((status, "server") for status in (408, 409, 425, 500, 502, 503, 504, 529, 599)),
    ],
)
def test_what_may_pass_is_worth_another_call(status: int, trouble: str) -> None:
    response = from_status(7, status, {}, "", latency_ms=12.5)
    assert (response.index, response.text, response.finish_reason) == (7, "", "error")
    assert (response.trouble, response.retryable) == (trouble, True)
    assert response.error == f"HTTP {status}"
    assert response.latency_ms == 12.5


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 413, 415, 422])
def test_what_will_not_pass_is_not_worth_another_call(status: int) -> None:
    response = from_status(0, status, {"Retry-After": "5"}, "")
    assert (response.trouble, response.retryable, response.retry_after_s) == (None, False, None)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"RETRY-AFTER": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "999999999"}, 86_400.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86_400.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "١٢"}, None),
        ({"retry-after": "9" * 5000}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
        ({}, None),
    ],
)
def test_how_long_a_server_asks_to_be_left_alone(headers: dict[str, str], seconds: float | None) -> None:
    assert from_status(0, 429, headers, "").retry_after_s == seconds


def test_a_date_to_come_is_counted_from_now() -> None:
    then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=90)
    asked = from_status(
        0, 503, {"Retry-After": email.utils.format_datetime(then, usegmt=True)}, ""
    ).retry_after_s
    assert asked is not None
    assert 80 < asked <= 90


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error": {"message": "Too many", "type": "x", "code": 3}}', "Too many"),
        ('[{"error": {"code": 429, "message": "Quota", "status": "RESOURCE_EXHAUSTED"}}]', "Quota"),
        ('{"error": "model not loaded"}', "model not loaded"),
        ('{"message": "no", "object": "error"}', "no"),
        ('{"detail": [{"loc": ["body"], "msg": "field required"}]}', "field required"),
        ('{"detail": "Not Found"}', "Not Found"),
        ('{"error": {"message": null, "reason": "because"}}', "because"),
        ('"just text"', "just text"),
        ("upstream is gone", "upstream is gone"),
        ("<!DOCTYPE html><html><h1>502</h1></html>", ""),
        ("  <html>x", ""),
        ("{}", ""),
        ("null", ""),
        ("[]", ""),
        ('{"error": {"message": "cut', '{"error": {"message": "cut'),
    ],
)
def test_what_the_server_says_is_found_in_the_usual_shapes(body: str, said: str) -> None:
    assert _error(500, body) == (f"HTTP 500: {said}" if said else "HTTP 500")


def test_a_message_is_one_short_line_without_escapes() -> None:
    hostile = "\x1b[31mred\x1b[0m \x1b]0;title\x07end\x9b2J\r\nnext\x00 ‮evil\u2028line " + "x" * 10_000
    told = _error(500, json.dumps({"error": {"message": hostile}}))
    assert told.startswith("HTTP 500: red end next evil line xxx")
    assert len(told) == LONGEST_MESSAGE
    assert told.endswith("…")
    assert told.isprintable()


@pytest.mark.parametrize("cut", range(270, 310))
def test_no_part_of_a_key_is_left_where_the_message_is_cut(cut: int) -> None:
    key = "Zq9-secret-Zq9-secret"
    hide(key)
    assert "Zq9" not in _error(500, json.dumps({"error": {"message": "x" * cut + key}}))
    assert "Zq9" not in _error(500, "\x00" * (cut + 19_700) + key)


def test_a_key_that_is_broken_up_by_control_characters_is_hidden() -> None:
    hide("Zq9-secret-Zq9-secret")
    assert "Zq9" not in _error(500, "Zq9-secret-\x1b[1mZq9-secret")


@settings(max_examples=200)
@given(
    st.integers(100, 999),
    st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=5),
    st.text(max_size=2000),
)
@example(500, {"retry-after": "Mon, 01 Jan 0001 00:00:00 -2359"}, "")
@example(500, {}, "[" * 100_000)
@example(500, {}, '{"error":' * 50_000)
@example(500, {}, '{"message": ' + "9" * 5_000 + "}")
@example(500, {}, "\x1b" * 50_000)
@example(500, {}, "\x1b]" * 25_000)
@example(500, {}, '"\ud800"')
@example(500, {}, "x" * 2_000_000)
def test_no_answer_of_a_server_is_too_hostile(status: int, headers: dict[str, str], body: str) -> None:
    response = from_status(0, status, headers, body)
    assert response.error
    assert len(response.error) <= LONGEST_MESSAGE
    assert response.error.isprintable()
    response.error.encode()
    assert response.retryable == (response.trouble is not None)
    assert response.retry_after_s is None or 0 <= response.retry_after_s <= 86_400


def _raised(error: Exception, cause: BaseException | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:  # noqa: BLE001 - it is handed back with its cause
        return caught


class APIConnectionError(Exception):
    """As the OpenAI client wraps whatever happened below it."""


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (TimeoutError("timed out"), "timeout"),
        (httpx2.ReadTimeout("slow"), "timeout"),
        (httpx2.ConnectTimeout("slow"), "timeout"),
        (httpx2.PoolTimeout("busy"), "timeout"),
        (_raised(APIConnectionError("Connection error."), httpx2.ReadTimeout("")), "timeout"),
        (ConnectionResetError(104, "Connection reset by peer"), "connection"),
        (httpx2.ConnectError("refused"), "connection"),
        (httpx2.RemoteProtocolError("peer closed connection"), "connection"),
        (socket.gaierror(-2, "Name or service not known"), "connection"),
        (ssl.SSLError("wrong version number"), "connection"),
        (_raised(APIConnectionError("Connection error."), httpx2.ConnectError("refused")), "connection"),
        (OSError(101, "Network is unreachable"), "connection"),
        (json.JSONDecodeError("Expecting value", "<html>", 0), "reply"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "reply"),
        (httpx2.DecodingError("bad gzip"), "reply"),
    ],
)
def test_what_went_wrong_on_the_way_may_be_tried_again(error: Exception, trouble: str) -> None:
    response = from_exception(3, error, what="The answer of example.org", latency_ms=5.0)
    assert (response.index, response.finish_reason, response.latency_ms) == (3, "error", 5.0)
    assert (response.trouble, response.retryable) == (trouble, True)
    assert (response.error or "").startswith("The answer of example.org: ")


def test_a_reply_of_another_shape_may_be_tried_again() -> None:
    class Reply(pydantic.BaseModel):
        choices: list[int]

    with pytest.raises(pydantic.ValidationError) as caught:
        Reply.model_validate({"choices": "Zq9 what the server sent"})
    response = from_exception(0, caught.value, what="The answer")
    assert (response.trouble, response.retryable) == ("reply", True)


def test_a_certificate_that_does_not_hold_is_not_tried_again_and_told_how_to_mend() -> None:
    below = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    response = from_exception(
        0, _raised(APIConnectionError("Connection error."), below), what="The answer of x"
    )
    assert (response.trouble, response.retryable) == ("connection", False)
    assert "self-signed certificate" in (response.error or "")
    assert "SSL_CERT_FILE" in (response.error or "")


def test_a_fault_of_the_program_is_not_tried_again() -> None:
    response = from_exception(0, TypeError("unsupported operand"), what="The answer")
    assert (response.trouble, response.retryable) == (None, False)
    assert "TypeError: unsupported operand" in (response.error or "")


def test_a_forbidden_network_ends_everything_however_deep_it_lies() -> None:
    below = NetworkForbiddenError("`elena-wb-x`", "example.org:443")
    with pytest.raises(NetworkForbiddenError, match="network is switched off"):
        from_exception(
            0, _raised(APIConnectionError("Connection error."), _raised(OSError(), below)), what="x"
        )


def test_no_key_in_an_exception_is_shown() -> None:
    hide("Zq9-secret-Zq9-secret")
    error = httpx2.LocalProtocolError("Illegal header value b'Bearer Zq9-secret-Zq9-secret '")
    assert "Zq9" not in (from_exception(0, error, what="The answer").error or "")


def test_exceptions_that_go_round_in_a_circle_are_walked_once() -> None:
    one, other = ValueError("one"), ConnectionError("other")
    one.__cause__, other.__cause__ = other, one
    assert from_exception(0, one, what="The answer").trouble == "connection"
