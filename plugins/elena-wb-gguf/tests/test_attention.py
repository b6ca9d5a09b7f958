"""What is asked of a model's attention, and what comes back, in one process and through the pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elena_wb_gguf.asking import asked
from elena_wb_gguf.engine import Engine
from elena_wb_gguf.loading import Loading
from elena_wb_gguf.model import GGUFModel
from elena_wb_gguf.spelling import Spelling
from elena_wb_gguf.testing import loaded_engine, random_qwen

from elena_wb.core import (
    Attends,
    AttentionQuestion,
    AttentionRecord,
    Box,
    KnockOut,
    KnocksOut,
    ModelCard,
    ModelError,
    Request,
    Target,
    UsageError,
    WorkbenchError,
)

TEXT = '{"emotion":"Joy","narrative":"Ünïcödé, 喜び and 😀 in one."}'
PLACES = 36


def whole(text: str) -> Target:
    return Target("answer", ((0, len(text)),))


def sums(record: AttentionRecord) -> np.ndarray:
    elsewhere: np.ndarray = np.stack(list(record.elsewhere.values())).sum(0)
    return np.asarray(record.weights.sum(-1) + elsewhere)


@pytest.fixture(scope="module")
def model(exported: Any) -> Iterator[GGUFModel]:
    """One child process for all that leave it as it was."""
    text, projector = exported()
    model = GGUFModel(Loading(text, projector, threads=1), ModelCard("gguf:tiny", "tiny", "0"))
    yield model
    model.close()


@pytest.fixture
def engine(exported: Any) -> Iterator[Engine]:
    engine = loaded_engine(*exported(), context_length=2048)
    yield engine
    engine.free()


def test_a_model_attends_and_cannot_be_knocked_out(model: GGUFModel) -> None:

    assert isinstance(model, Attends)
    assert not isinstance(model, KnocksOut)
    assert model.attention_methods() == ("raw",)


def test_weights_and_all_else_add_up_to_one(model: GGUFModel, question: Callable[..., Request]) -> None:
    targets = (whole(TEXT), Target("emotion", ((12, 15),)))
    for heads in ("mean", "each"):
        record = model.attend(question(), TEXT, AttentionQuestion(targets, heads=heads))
        assert record.weights.shape == (2, 4, len(record.heads), PLACES)
        assert record.baseline is not None
        assert record.baseline.shape == record.weights.shape[1:]
        np.testing.assert_allclose(sums(record), 1.0, atol=1e-4)
        assert set(record.elsewhere) == {"beginning", "question", "answer"}
    assert record.heads == (0, 1, 2, 3)


def test_heads_averaged_are_the_mean_of_heads_apart_and_the_largest_is_above_all(
    model: GGUFModel, question: Callable[..., Request]
) -> None:
    first = Target("first token", ((0, 1),))
    mean, largest, each = (
        model.attend(question(), TEXT, AttentionQuestion((first,), heads=heads)).weights[0]
        for heads in ("mean", "max", "each")
    )

    np.testing.assert_allclose(mean[:, 0], each.mean(1), atol=1e-6)
    np.testing.assert_array_equal(largest[:, 0], each.max(1))  # one row: nothing was averaged after


def test_a_target_is_the_mean_over_its_tokens(model: GGUFModel, question: Callable[..., Request]) -> None:
    letters = tuple(Target(str(k), ((k, k + 1),)) for k in range(len(TEXT)))
    record = model.attend(question(), TEXT, AttentionQuestion((whole(TEXT), *letters)))
    own = {record.first_token[k]: record.weights[k] for k in range(1, len(TEXT) + 1) if record.tokens[k] == 1}

    assert record.first_token[0] == 0
    for k in range(1, len(TEXT) + 1):
        tokens = range(record.first_token[k], record.first_token[k] + record.tokens[k])
        if set(tokens) <= set(own):
            expected = np.mean([own[token] for token in tokens], 0)
            np.testing.assert_allclose(record.weights[k], expected, atol=1e-6)


def test_tokens_spell_the_text_and_a_letter_of_several_tokens_has_them_all(engine: Engine) -> None:
    spelling = Spelling.of(TEXT, engine.model)
    raw = TEXT.encode()

    assert b"".join(engine.model.piece(token) for token in spelling.tokens) == raw
    for k, letter in enumerate(TEXT):
        held = spelling.within([(k, k + 1)])
        assert held == list(range(held[0], held[-1] + 1))
        begin, end = spelling.edges[held[0]], spelling.edges[held[-1] + 1]
        assert letter.encode() in raw[begin:end]
        inner = [edge for edge in spelling.edges if begin < edge < end]
        assert all(spelling.characters[k] < edge < spelling.characters[k + 1] for edge in inner)
    assert len(spelling.within([(TEXT.index("😀"), TEXT.index("😀") + 1)])) > 1
    assert spelling.within([(5, 5)]) == []
    with pytest.raises(IndexError):
        spelling.within([(0, len(TEXT) + 1)])


def test_control_tokens_in_an_answer_are_text(engine: Engine) -> None:
    text = f"a{engine.model.eos_text}b"

    assert engine.model.special_text(engine.model.tokens(engine.model.eos_text)[0]) == engine.model.eos_text
    assert b"".join(map(engine.model.piece, Spelling.of(text, engine.model).tokens)) == text.encode()


def test_an_empty_answer_has_a_baseline_and_no_weights(
    model: GGUFModel, question: Callable[..., Request]
) -> None:
    record = model.attend(question(), "", AttentionQuestion((Target("emotion", ()), whole(""))))
    some = model.attend(question(), TEXT, AttentionQuestion((whole(TEXT),)))

    assert (record.tokens, record.first_token) == ((0, 0), (0, 0))
    assert np.isnan(record.weights).all()
    assert np.isnan(record.elsewhere["answer"]).all()
    assert record.baseline is not None
    np.testing.assert_allclose(record.baseline, some.baseline, atol=1e-5)
    assert model.attend(question(), TEXT, AttentionQuestion(())).weights.shape == (0, 4, 1, PLACES)


def test_an_answer_longer_than_a_batch_is_read_in_several(
    opened: Callable[..., GGUFModel], question: Callable[..., Request]
) -> None:
    text = " ".join(["The hands are lifted high."] * 40)
    targets = AttentionQuestion((whole(text), Target("last", ((len(text) - 5, len(text)),))))
    batched, at_once = (
        opened(batch_tokens=tokens).attend(question(), text, targets) for tokens in (PLACES, 1024)
    )

    assert batched.tokens == at_once.tokens
    assert batched.tokens[0] > 4 * PLACES
    np.testing.assert_allclose(batched.weights, at_once.weights, atol=1e-4)
    np.testing.assert_allclose(batched.baseline, at_once.baseline, atol=1e-4)


def test_looks_of_any_length_in_any_order_do_not_change_each_other(
    model: GGUFModel, question: Callable[..., Request]
) -> None:
    texts = ["Joy", TEXT * 5, TEXT, "Joy", TEXT * 12, TEXT]
    seen: dict[str, np.ndarray] = {}
    for text in texts:
        weights = model.attend(question(), text, AttentionQuestion((whole(text),))).weights
        if text in seen:
            np.testing.assert_allclose(weights, seen[text], atol=1e-6)
        seen[text] = weights


def test_looking_changes_no_answer_and_not_what_is_remembered(
    engine: Engine, question: Callable[..., Request]
) -> None:
    schema = {"type": "object", "properties": {"emotion": {"enum": ["Joy", "Fear"]}}, "required": ["emotion"]}
    asks = [asked(question(user, schema=schema), number) for number, user in enumerate(("One?", "Two?"))]
    image = question().image
    plain = [engine.answer(ask, image) for ask in (*asks, *asks)]
    engine.context.clear()
    looked = []
    for ask in (*asks, *asks):
        looked.append(engine.answer(ask, image))
        look = _look(ask, looked[-1].text)
        assert len(engine.look(look, image)[1]) > 0

    for before, after in zip(plain, looked, strict=True):
        assert (after.text, after.label_logprobs) == (before.text, before.label_logprobs)
        assert after.label_logprobs
        assert (after.work.reused, after.work.read_tokens) == (before.work.reused, before.work.read_tokens)
    assert looked[-1].work.reused > PLACES
    assert sum(answer.work.encoded for answer in (*plain, *looked)) == 1


def test_a_cache_of_few_bits_is_looked_at_as_far_as_llama_cpp_can(
    exported: Any, opened: Callable[..., GGUFModel], question: Callable[..., Request], tmp_path: Path
) -> None:
    text, projector = random_qwen(exported()[0], tmp_path)  # its heads divide into blocks of 8 bits
    wanted = AttentionQuestion((whole(TEXT),))
    exact, coarse = (
        opened(text=text, projector=projector, cache_type=kind).attend(question(), TEXT, wanted)
        for kind in ("f16", "q8_0")
    )

    assert exact.notes == ()
    assert "16 bits" in coarse.notes[0]
    assert 0 < np.abs(exact.weights - coarse.weights).max() < 0.02


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (AttentionQuestion((), layers=(0, 4)), "layer 4"),
        (AttentionQuestion((), layers=(-2,)), "layer -2"),
        (AttentionQuestion((), layers=()), "No layer"),
        (AttentionQuestion((), method="rollout"), "rollout"),
        (AttentionQuestion((), method="gradient"), "gradient"),
        (AttentionQuestion((), method="value-norm"), "value-norm"),
        (AttentionQuestion((), heads="least"), "least"),  # type: ignore[arg-type]
        (AttentionQuestion((Target("far", ((0, 4000),)),)), "characters"),
    ],
)
def test_what_cannot_be_told_is_refused_and_the_model_lives(
    wanted: AttentionQuestion, says: str, model: GGUFModel, question: Callable[..., Request]
) -> None:
    child = model.pid
    with pytest.raises(UsageError, match=says) as caught:
        model.attend(question(), TEXT, wanted)

    assert caught.value.hint or says == "characters"
    assert model.attend(question(), TEXT, AttentionQuestion(())).layers == (0, 1, 2, 3)
    assert model.pid == child


def test_a_place_cannot_be_knocked_out(model: GGUFModel, question: Callable[..., Request]) -> None:
    request = replace(question(), knock_out=KnockOut((Box(0, 0, 9, 9),)))
    with pytest.raises(UsageError, match="keep a model from"):
        model.attend(request, TEXT, AttentionQuestion(()))


def test_an_answer_longer_than_the_context_is_refused_with_the_length_it_takes(
    opened: Callable[..., GGUFModel], question: Callable[..., Request]
) -> None:
    model = opened(context_length=256)
    with pytest.raises(WorkbenchError, match="256") as caught:
        model.attend(question(), "word " * 900, AttentionQuestion(()))

    assert not isinstance(caught.value, ModelError)  # which would end the work on all the others
    assert "context_length=" in str(caught.value.hint)
    assert model.attend(question(), TEXT, AttentionQuestion((whole(TEXT),))).tokens[0] > 5


def _look(ask: Any, text: str) -> Any:
    from elena_wb_gguf.asking import Look

    return Look(ask=ask, text=text, targets=(((0, len(text)),),), layers=None, heads="mean")
