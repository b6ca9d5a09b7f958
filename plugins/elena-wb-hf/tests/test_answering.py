"""What an opened model does with a batch of requests."""

from __future__ import annotations

import pytest
import torch
from elena_wb_hf.options import HFOptions
from elena_wb_hf.provider import HFProvider

from elena_wb.core import Model, ModelError, OutOfMemoryError

ARCHITECTURES = ("gemma3", "llama", "llava", "qwen")
everywhere = pytest.mark.parametrize("architecture", ARCHITECTURES)


def various(question):
    """Requests with texts and pictures of unlike lengths, so that every row but one is padded."""
    return [
        question("?", picture=1, size=(60, 80)),
        question("Which emotion does the body express? " * 3, picture=2, size=(100, 50), max_tokens=17),
        question("ünïcode 日本語 😀", picture=3, size=(56, 56), max_tokens=5),
        question("Short one.", picture=4, size=(120, 200), system=""),
        question("Another.", picture=5, size=(40, 40)),
    ]


@everywhere
def test_an_answer_is_the_same_alone_and_in_a_batch(architecture, opened, question):
    model, requests = opened(architecture, batch_size=5), various(question)
    together = sorted(model.generate(requests), key=lambda response: response.index)
    alone = [next(iter(model.generate([request]))) for request in requests]
    assert [answer.error for answer in together] == [None] * 5
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    assert [answer.prompt_tokens for answer in together] == [answer.prompt_tokens for answer in alone]
    assert [answer.finish_reason for answer in together] == [answer.finish_reason for answer in alone]
    assert len({answer.text for answer in together}) > 1


@everywhere
def test_batched_scores_agree_with_single_ones_to_rounding(architecture, opened, question):
    model, requests = opened(architecture), various(question)

    def last_scores(asked):
        with torch.inference_mode():
            return model.network(**model._placed(model._chat.inputs(asked))).logits[:, -1]

    alone = torch.cat([last_scores([request]) for request in requests])
    assert (last_scores(requests) - alone).abs().max() < 1e-4


@everywhere
def test_picture_and_both_texts_change_the_scores(architecture, opened, question):
    model = opened(architecture)

    def scores(request):
        with torch.inference_mode():
            return model.network(**model._placed(model._chat.inputs([request]))).logits[0, -1]

    base = scores(question(picture=1))
    for other in (question(picture=2), question("What?", picture=1), question(picture=1, system="Be brief.")):
        assert (scores(other) - base).abs().max() > 1e-2


@everywhere
def test_a_sampled_answer_depends_on_its_seed_and_not_on_its_neighbours(architecture, opened, question):
    model = opened(architecture, batch_size=5)
    requests = [question(picture=7, temperature=1.0, seed=seed) for seed in (1, 2, 1)]
    first, second, third = (
        answer.text for answer in model.generate([*requests, question(picture=8)]) if answer.index < 3
    )
    assert first == third != second
    assert next(iter(model.generate(requests[:1]))).text == first
    torch.manual_seed(99)
    assert next(iter(model.generate(requests[1:2]))).text == second


@everywhere
def test_every_request_keeps_to_its_own_token_limit(architecture, opened, question):
    model = opened(architecture)
    limits = [1, 9, 4]
    requests = [question(picture=n, temperature=1.0, max_tokens=limit) for n, limit in enumerate(limits)]
    for answer in model.generate(requests):
        assert answer.completion_tokens <= limits[answer.index]
        assert answer.finish_reason in {"stop", "length"}
        assert (answer.finish_reason == "length") <= (answer.completion_tokens == limits[answer.index])


def test_an_end_token_stops_the_answer_and_is_not_part_of_the_text(opened, question):
    requests = [question(picture=n, temperature=3.0, seed=n, max_tokens=400) for n in range(4)]
    stopped = [answer for answer in opened("qwen").generate(requests) if answer.finish_reason == "stop"]
    assert stopped
    for answer in stopped:
        assert 0 < answer.completion_tokens < 400
        assert "<eos>" not in answer.text
        assert "<pad>" not in answer.text


def test_the_checkpoints_own_sampling_habits_are_set_aside(opened, question):
    model = opened("llava")
    assert model.network.generation_config.do_sample is False
    assert model.network.generation_config.repetition_penalty in (None, 1.0)
    texts = {next(iter(model.generate([question(picture=3)]))).text for _ in range(3)}
    assert len(texts) == 1


def test_one_picture_that_the_processor_rejects_leaves_the_others_answered(opened, question):
    requests = [question(picture=1), question(picture=2, size=(1, 300)), question(picture=3)]
    answers = {answer.index: answer for answer in opened("qwen").generate(requests)}
    assert sorted(answers) == [0, 1, 2]
    assert answers[1].finish_reason == "error"
    assert "aspect ratio" in answers[1].error
    assert not answers[1].retryable
    assert answers[0].error is answers[2].error is None


@everywhere
def test_a_picture_of_one_pixel_is_answered_or_refused_but_never_raises(architecture, opened, question):
    (answer,) = opened(architecture).generate([question(size=(1, 1))])
    assert (answer.finish_reason == "error") == (answer.error is not None)


def test_a_prompt_that_fills_the_context_is_an_error_of_its_own_request(opened, question):
    requests = [question("word " * 2000), question("word")]
    answers = {answer.index: answer for answer in opened("gemma3").generate(requests)}
    assert "4096" in answers[0].error
    assert answers[1].error is None


def test_what_the_context_leaves_bounds_the_answer(opened, question):
    room = 6
    (probe,) = opened("gemma3").generate([question("a", max_tokens=1)])
    filler = "a" * (4096 - room - probe.prompt_tokens + 1)
    (answer,) = opened("gemma3").generate([question(filler, max_tokens=500)])
    assert answer.prompt_tokens == 4096 - room
    assert answer.completion_tokens <= room
    assert answer.error is None


def test_running_out_of_memory_is_told_to_the_engine_and_survived(opened, question, monkeypatch):
    model = opened("gemma3")

    def full(**_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    with monkeypatch.context() as patch:
        patch.setattr(model.network, "generate", full)
        with pytest.raises(OutOfMemoryError, match="ran out of memory"):
            list(model.generate([question(), question()]))
    assert next(iter(model.generate([question()]))).error is None


def test_what_is_handed_over_together_is_one_batch_whatever_the_models_own_size(
    opened, question, monkeypatch
):
    model, sizes = opened("gemma3", batch_size=2), []
    real = model.network.generate
    monkeypatch.setattr(
        model.network, "generate", lambda **given: sizes.append(len(given["input_ids"])) or real(**given)
    )
    assert len(list(model.generate([question(picture=n, max_tokens=2) for n in range(6)]))) == 6
    assert sizes == [6]


def test_an_empty_batch_has_no_answers(opened):
    assert list(opened("gemma3").generate([])) == []


def test_closing_twice_is_harmless_and_a_closed_model_says_so(folders, question):
    model = HFProvider().open(str(folders["llava"]), HFOptions(device="cpu"))
    assert isinstance(model, Model)
    model.close()
    model.close()
    with pytest.raises(ModelError, match="was closed"):
        list(model.generate([question()]))


def test_a_template_without_a_system_role_gets_the_system_text_in_the_users_message(opened, question):
    chat = opened("gemma3")._chat
    assert not chat.system_role
    text = chat.processor.tokenizer.decode(chat.inputs([question("USER", system="SYSTEM")])["input_ids"][0])
    assert "SYSTEM\n\nUSER" in text
    assert opened("llava")._chat.system_role


def test_large_pictures_are_shrunk_where_that_is_asked_for(opened, question):
    request = question(size=(300, 200))
    (small,) = opened("qwen", max_image_side=56).generate([request])
    (full,) = opened("qwen").generate([request])
    assert small.prompt_tokens < full.prompt_tokens


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_answers_too(dtype, folders, question):
    model = HFProvider().open(str(folders["gemma3"]), HFOptions(dtype=dtype, device="cpu"))
    assert model.card.quantisation == dtype
    assert next(iter(model.generate([question()]))).error is None
    model.close()
