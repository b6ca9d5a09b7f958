"""Every reply becomes a response: an answer, a refusal, or an error that says what is wrong."""

from __future__ import annotations

import json

import pytest
from elena_wb_gemini.reply import read

from elena_wb.remote.prices import Price
from elena_wb.remote.redaction import hide
from tests.loopback import Gemini, Unreliable, faults

PRICE = Price(input=1.0, output=10.0, cached_input=0.1, batch=0.5, updated="2026-01-01")
SCHEMA = {"type": "object", "properties": {"emotion": {"type": "string", "enum": ["Joy", "Fear"]}}}


def _answer(text="yes", reason="STOP", **more):
    return {"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": reason}], **more}


def test_an_answer_is_read_with_its_tokens_its_price_and_who_gave_it():
    usage = {
        "promptTokenCount": 1000,
        "candidatesTokenCount": 100,
        "thoughtsTokenCount": 50,
        "cachedContentTokenCount": 400,
    }
    response = read(3, _answer(usageMetadata=usage, modelVersion="gemini-2.5-flash-001"), price=PRICE)
    assert (response.index, response.text, response.finish_reason) == (3, "yes", "stop")
    assert (response.prompt_tokens, response.completion_tokens) == (1000, 150)
    assert response.cost_usd == pytest.approx((600 + 0.1 * 400 + 10 * 150) / 1e6)
    assert response.answered_by == "gemini-2.5-flash-001"
    assert response.error is None
    half = read(3, _answer(usageMetadata=usage), price=PRICE, batch=True)
    assert half.cost_usd == pytest.approx((300 + 0.1 * 400 + 5 * 150) / 1e6)


def test_thoughts_are_no_part_of_the_answer():
    parts = [
        {"text": "Let me see. ", "thought": True},
        {"text": '{"a":'},
        {"thoughtSignature": "x"},
        {"text": "1}"},
    ]
    response = read(0, {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]})
    assert response.text == '{"a":1}'


@pytest.mark.parametrize(
    "reason",
    ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE", "safety"],
)
def test_an_answer_that_google_stops_is_a_refusal_that_keeps_its_text(reason):
    response = read(0, _answer("She seems", reason))
    assert (response.finish_reason, response.text, response.retryable) == ("refused", "She seems", False)
    assert reason.upper() in response.error
    assert read(0, {"candidates": [{"finishReason": reason}]}).finish_reason == "refused"


@pytest.mark.parametrize(
    "reason", ["PROHIBITED_CONTENT", "SAFETY", "OTHER", "BLOCKLIST", "IMAGE_SAFETY", "NEW_ONE"]
)
def test_a_question_that_google_blocks_is_a_refusal(reason):
    response = read(0, {"promptFeedback": {"blockReason": reason}})
    assert response.finish_reason == "refused"
    assert reason in response.error


def test_the_token_limit_makes_a_truncated_answer_even_if_thinking_took_it_all():
    assert read(0, _answer('{"emo', "MAX_TOKENS")).finish_reason == "length"
    nothing = read(0, {"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}]})
    assert (nothing.finish_reason, nothing.text) == ("length", "")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"candidates": []},
        {"candidates": None, "usageMetadata": None, "promptFeedback": None},
        {"candidates": [{}]},
        {"candidates": [{"content": {"parts": None}, "finishReason": "STOP"}]},
        _answer("", "STOP"),
        _answer("half", "OTHER"),
        _answer("half", "MALFORMED_RESPONSE"),
        _answer("half", "SOMETHING_NEW"),
    ],
)
def test_an_empty_or_odd_answer_is_an_error_worth_another_try(body):
    response = read(0, body)
    assert (response.finish_reason, response.trouble, response.retryable) == ("error", "reply", True)
    assert response.error


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        [1, 2],
        "text",
        7,
        {"candidates": "several", "usageMetadata": [1]},
        {"candidates": [{"content": {"parts": [{"text": {"a": 1}}]}}]},
        _answer(usageMetadata={"promptTokenCount": -5}),
        _answer(usageMetadata={"promptTokenCount": "many"}),
        json.loads('{"candidates": ' + "[" * 400 + "]" * 400 + "}"),
    ],
)
def test_a_reply_of_another_form_is_an_error_that_names_the_place(body):
    response = read(0, body, price=PRICE)
    assert (response.finish_reason, response.trouble, response.retryable) == ("error", "reply", True)
    assert "form of the Gemini API" in response.error


def test_a_barred_account_is_not_asked_again():
    assert read(0, _answer("", "PUP_LIMITED_DISABLED")).retryable is False


def test_what_a_reply_says_about_itself_is_shortened_and_cleaned_of_keys():
    hide("AIza-not-to-be-shown")
    said = "\x1b[31mred\n" + "AIza-not-to-be-shown " + "x" * 9000
    blocked = read(0, {"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": said}})
    stopped = read(
        0, {"candidates": [{"finishReason": "ODD" * 99, "finishMessage": said}], "modelVersion": said}
    )
    for text in (blocked.error, stopped.error, stopped.answered_by):
        assert len(text) < 350
        assert "AIza" not in text
        assert text.isprintable()
    assert read(0, _answer("AIza-not-to-be-shown!")).text == "[key]!"


def test_labels_are_scored_from_the_probabilities_of_tokens():
    chosen = [('{"emotion": "', 0.0), ("Joy", -0.2), ('"}', 0.0)]
    tops = [[], [("Joy", -0.2), ("Fear", -1.7)], []]
    result = {
        "chosenCandidates": [{"token": token, "logProbability": p} for token, p in chosen],
        "topCandidates": [
            {"candidates": [{"token": t, "logProbability": p} for t, p in top]} for top in tops
        ],
    }
    body = _answer('{"emotion": "Joy"}')
    body["candidates"][0]["logprobsResult"] = result
    assert read(0, body, schema=SCHEMA).label_logprobs == {"Joy": -0.2, "Fear": -1.7}
    result["chosenCandidates"][1]["logProbability"] = "-Infinity"
    assert read(0, body, schema=SCHEMA).label_logprobs == {}
    result["topCandidates"] = None
    result["chosenCandidates"][1]["logProbability"] = -0.2
    assert read(0, body, schema=SCHEMA).finish_reason == "stop"


@pytest.mark.parametrize(
    ("fault", "finish", "trouble"),
    [
        (faults.blocked, "refused", None),
        (faults.refused, "refused", None),
        (faults.prohibited, "refused", None),
        (faults.truncated, "length", None),
        (faults.two_answers, "stop", None),
        (faults.no_usage, "stop", None),
        (faults.prose, "stop", None),
        (faults.empty, "error", "reply"),
        (faults.no_content, "error", "reply"),
        (faults.strange_types, "error", "reply"),
        (faults.invalid_json, "error", "reply"),
        (faults.html, "error", "reply"),
        (faults.empty_body, "error", "reply"),
        (faults.json_null, "error", "reply"),
        (faults.json_list, "error", "reply"),
        (faults.not_utf8, "error", "reply"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_replies_of_a_real_server_are_read_and_the_next_question_is_answered(
    fault, finish, trouble, open_at, question
):
    with Unreliable(Gemini(), [fault]) as server:
        model = open_at(server)
        spoilt, good = model.generate([question(0), question(1)])
        assert (spoilt.finish_reason, spoilt.trouble) == (finish, trouble)
        assert spoilt.retryable == (finish == "error")
        assert good.finish_reason == "stop"
        assert len(server.calls) == 2
        assert "[key]" not in (spoilt.error or "")


def test_an_answer_that_repeats_the_key_is_stored_without_it(open_at, question, key):
    with Unreliable(Gemini(), faults.echo) as server:
        (response,) = open_at(server).generate([question()])
    assert key not in response.text
    assert "[key]" in response.text
