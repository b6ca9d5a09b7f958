"""How sure the embedded model is of its answers, and what becomes of it when it may not look."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import elena_wb_tiny
import pytest
from elena_wb_tiny.provider import TinyOptions, TinyProvider
from elena_wb_tiny.stimuli import render, sample

from elena_wb.core import Box, KnockOut, Model, Request
from elena_wb.prompts import load_pack

PROMPT = load_pack(Path(elena_wb_tiny.__file__).parent / "prompts" / "naive-tiny.toml").prompt("default")
LABELS = PROMPT.schema["properties"]["emotion"]["enum"]
WHOLE = KnockOut((Box(0, 0, 224, 224),))


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    opened = TinyProvider().open("", TinyOptions())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    pictures = [render(sample(61, index)).image for index in range(14)]
    return [
        Request(pixels, str(number), PROMPT.system, PROMPT.user, PROMPT.schema, max_tokens=24)
        for number, pixels in enumerate(pictures)
    ]


def answered(model, requests):
    return sorted(model.generate(requests), key=lambda answer: answer.index)


def test_every_label_is_scored_in_every_answer_and_the_best_is_the_one_given(model, requests):
    answers = answered(model, requests)
    for answer in answers:
        shares = {label: math.exp(log) for label, log in answer.label_logprobs.items()}
        assert sorted(shares) == sorted(LABELS)
        assert 0.95 < sum(shares.values()) < 1 + 1e-6
        assert max(shares, key=lambda label: shares[label]) == json.loads(answer.text)["emotion"]
    assert len({answer.text for answer in answers}) > 3


def test_answers_are_the_same_where_no_probabilities_are_wanted(model, requests):
    with_labels = [answer.text for answer in answered(model, requests)]
    without = answered(model, [replace(request, schema=None) for request in requests])
    assert [answer.text for answer in without] == with_labels
    assert not any(answer.label_logprobs for answer in without)


def test_what_may_not_look_at_anything_says_the_same_of_every_picture(model, requests):
    blind = answered(model, [replace(request, knock_out=WHOLE) for request in requests])
    assert [answer.error for answer in blind] == [None] * len(requests)
    assert len({answer.text for answer in blind}) == 1
    first, *others = (answer.label_logprobs for answer in blind)
    assert all(one == pytest.approx(first, abs=1e-4) for one in others)


def test_rows_that_may_look_are_not_touched_by_those_that_may_not(model, requests):
    plain = answered(model, requests)
    mixed = answered(
        model, [replace(one, knock_out=WHOLE if place % 2 else None) for place, one in enumerate(requests)]
    )
    assert [one.text for one in mixed[::2]] == [one.text for one in plain[::2]]
    assert len({one.text for one in mixed[1::2]}) == 1
