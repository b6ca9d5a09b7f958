"""What one prompt leaves behind serves the next and changes no answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from elena_wb_gguf.asking import Answer, asked
from elena_wb_gguf.engine import Engine
from elena_wb_gguf.testing import loaded_engine
from elena_wb_gguf.writing import CancelledError

from elena_wb.core import Request

IMAGE_TOKENS = 36


@pytest.fixture(scope="module")
def engine(exported: Any) -> Iterator[Engine]:
    engine = loaded_engine(*exported())
    yield engine
    engine.free()


@pytest.fixture
def fresh(engine: Engine) -> Engine:
    engine.context.clear()
    engine.projector.forget()
    return engine


def answer(engine: Engine, request: Request, **given: Any) -> Answer:
    return engine.answer(asked(request, 1), request.image, **given)


def test_random_sequences_of_prompts_are_answered_as_by_a_model_that_remembers_nothing(
    engine: Engine, question: Callable[..., Request]
) -> None:
    chance = random.Random(7)
    words = ["Tell what", "this person", "feels,", "as full JSON.", "Why?", "<end_of_turn>", "Überall 👀"]
    for _ in range(12):
        request = question(
            " ".join(chance.choices(words, k=chance.randint(1, 5))),
            seen=chance.randint(0, 2),
            system=chance.choice(["", "You look at pictures.", "You look at people."]),
            max_tokens=chance.randint(1, 12),
        )
        remembered = answer(engine, request)
        engine.context.clear()
        engine.projector.forget()
        alone = answer(engine, request)
        assert remembered.text == alone.text
        assert remembered.prompt_tokens == alone.prompt_tokens
        answer(engine, question(chance.choice(words), seen=chance.randint(0, 2), max_tokens=3))


def test_a_second_prompt_on_a_picture_encodes_nothing_and_reads_only_the_new_words(
    fresh: Engine, question: Callable[..., Request]
) -> None:
    first = answer(fresh, question("Tell what this person feels."))
    second = answer(fresh, question("Tell what this person does."))

    assert first.work.encoded == 1
    assert first.work.read_picture == IMAGE_TOKENS
    assert second.work.encoded == second.work.read_picture == 0
    assert second.work.reused > IMAGE_TOKENS
    assert second.prompt_tokens == second.work.reused + second.work.read_tokens
    assert second.work.read_tokens < first.work.read_tokens / 2


def test_the_words_before_a_picture_are_kept_for_the_next_picture(
    fresh: Engine, question: Callable[..., Request]
) -> None:
    answer(fresh, question(seen=0))
    other = answer(fresh, question(seen=1))

    assert other.work.encoded == 1
    assert other.work.read_picture == IMAGE_TOKENS, "a picture is never kept in part"
    assert 0 < other.work.reused < other.prompt_tokens - IMAGE_TOKENS


def test_a_picture_seen_before_is_read_again_without_being_encoded(
    fresh: Engine, question: Callable[..., Request]
) -> None:
    first = answer(fresh, question(seen=0))
    answer(fresh, question(seen=1))
    again = answer(fresh, question(seen=0))

    assert again.work.encoded == 0
    assert again.work.read_picture == IMAGE_TOKENS
    assert again.text == first.text


def test_the_same_prompt_again_reads_its_last_token_alone(
    fresh: Engine, question: Callable[..., Request]
) -> None:
    first, again = answer(fresh, question()), answer(fresh, question())

    assert again.work.read_tokens == 1
    assert again.work.reused == again.prompt_tokens - 1
    assert again.text == first.text


def test_pictures_that_no_longer_fit_are_encoded_again_and_answered_alike(
    exported: Any, question: Callable[..., Request]
) -> None:
    engine = loaded_engine(*exported(), kept_bytes=1)
    try:
        rounds = [[answer(engine, question(seen=seen)) for seen in (0, 1, 2)] for _ in range(2)]
    finally:
        engine.free()

    assert [one.work.encoded for one in rounds[1]] == [1, 1, 1]
    assert [one.text for one in rounds[0]] == [one.text for one in rounds[1]]


def test_an_answer_that_nobody_waits_for_stops_and_leaves_no_trace(
    fresh: Engine, question: Callable[..., Request]
) -> None:
    expected = answer(fresh, question("Tell what this person feels, as full JSON."))
    asked = iter([False, False, True])
    with pytest.raises(CancelledError):
        answer(fresh, question("And now something long."), cancelled=lambda: next(asked))

    assert answer(fresh, question("Tell what this person feels, as full JSON.")).text == expected.text


def test_a_token_written_before_is_no_part_of_the_next_prompt(
    fresh: Engine, question: Callable[..., Request]
) -> None:
    """The memory then holds prompt and answer; a longer prompt that begins alike must not take the answer in."""
    short = question("Tell", max_tokens=20)
    answer(fresh, short)
    longer = answer(fresh, question("Tell me", max_tokens=20))
    fresh.context.clear()

    assert answer(fresh, question("Tell me", max_tokens=20)).text == longer.text


def test_answers_do_not_depend_on_how_many_tokens_are_read_at_once(
    exported: Any, question: Callable[..., Request]
) -> None:
    small = loaded_engine(*exported(), batch_tokens=40)
    try:
        request = question("Tell what this person feels, as full JSON. " * 8, max_tokens=40)
        assert small.context.micro_batch == 40
        by_small = answer(small, request)
    finally:
        small.free()
    large = loaded_engine(*exported())
    try:
        assert answer(large, request).text == by_small.text
    finally:
        large.free()
