"""``check_model`` of models that show their attention and can be kept from looking: each fault is seen and named."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from elena_wb.core import AttentionQuestion, AttentionRecord, Block, Box, ModelError, Request, Response
from elena_wb.testing import check_model
from tests.testing.looking import PLACES, LookingModel, looking
from tests.testing.sound import SoundModel, SoundProvider

_counter = itertools.count()


def told(**changes: Callable[[AttentionRecord], Any]) -> type[SoundProvider]:
    """A provider whose records differ in these fields."""

    def attend(self: LookingModel, *asked: Any) -> AttentionRecord:
        record = LookingModel.attend(self, *asked)
        return replace(record, **{name: change(record) for name, change in changes.items()})

    return looking(attend=attend)


def failing_with(**changes: Any) -> Callable[..., AttentionRecord]:
    """``attend`` that meets one kind of question, which ``changes`` tell, with a plain Python error."""

    def attend(
        self: LookingModel, request: Request, text: str, question: AttentionQuestion
    ) -> AttentionRecord:
        size = changes.get("size")
        if text == changes.get("text") or request.image.shape[:2] == size:
            raise IndexError("list index out of range")
        return LookingModel.attend(self, request, text, question)

    return attend


def lenient(self: LookingModel, request: Request, text: str, question: AttentionQuestion) -> AttentionRecord:
    known = tuple(layer for layer in question.layers or () if layer < 4) or None
    return LookingModel.attend(self, request, text, replace(question, layers=known))


def any_method(
    self: LookingModel, request: Request, text: str, question: AttentionQuestion
) -> AttentionRecord:
    return LookingModel.attend(self, request, text, replace(question, method="raw"))


def no_last(self: LookingModel, request: Request, text: str, question: AttentionQuestion) -> AttentionRecord:
    layers = question.layers and tuple(0 if layer == -1 else layer for layer in question.layers)
    return LookingModel.attend(self, request, text, replace(question, layers=layers))


def shifted(self: LookingModel, request: Request, text: str, question: AttentionQuestion) -> AttentionRecord:
    """A single layer gets the numbers of another."""
    record = LookingModel.attend(self, request, text, question)
    if question.layers is None:
        return record
    return replace(record, weights=np.roll(record.weights, 1, axis=-1))


def after_close(self: LookingModel, *asked: Any) -> AttentionRecord:
    self.closed = False
    return LookingModel.attend(self, *asked)


def painting(self: LookingModel, request: Request, *asked: Any) -> AttentionRecord:
    request.image[0, 0] = 255 - request.image[0, 0]
    return LookingModel.attend(self, request, *asked)


def one_head(self: LookingModel, request: Request, text: str, question: AttentionQuestion) -> AttentionRecord:
    """The mean of the heads is that of the first alone."""
    if question.heads != "mean":
        return LookingModel.attend(self, request, text, question)
    each = LookingModel.attend(self, request, text, replace(question, heads="each"))
    first = {name: mass[:, :, :1] for name, mass in each.elsewhere.items()}
    mean = LookingModel.attend(self, request, text, question)
    return replace(mean, weights=each.weights[:, :, :1], elsewhere=first)


def mean_for_max(self: LookingModel, request: Request, text: str, question: AttentionQuestion) -> Any:
    heads = "mean" if question.heads == "max" else question.heads
    return LookingModel.attend(self, request, text, replace(question, heads=heads))


def counted(record: AttentionRecord) -> Any:
    """Zeros for targets without tokens."""
    return np.nan_to_num(record.weights)


def whole_answer(self: LookingModel, request: Request, text: str, question: AttentionQuestion) -> Any:
    whole = tuple(replace(target, spans=((0, len(text)),)) for target in question.targets)
    return LookingModel.attend(self, request, text, replace(question, targets=whole))


def peeking(self: LookingModel, index: int, request: Request) -> Response:
    return SoundModel.answer(self, index, request)


def blinded_for_good(self: LookingModel, requests: Any) -> Any:
    kept = list(requests)
    blind = next((one.knock_out for one in kept if self.hidden(one.knock_out, one)), None)
    return LookingModel.generate(self, [replace(one, knock_out=blind) if blind else one for one in kept])


def never_mind_the_boxes(self: LookingModel, index: int, request: Request) -> Response:
    if request.knock_out is not None:
        return Response(index, request.user, "stop")
    return SoundModel.answer(self, index, request)


def refusing(self: LookingModel, index: int, request: Request) -> Response:
    if request.knock_out is not None:
        return Response(index, "", "error", error="no knock-out here")
    return SoundModel.answer(self, index, request)


def unknown_reason(self: LookingModel) -> None:
    raise KeyError("idefics3")


FAULTS: dict[str, tuple[Any, str]] = {
    "no method": (looking(methods=()), "names what the model can compute"),
    "a method of its own": (looking(methods=("raw", "magic")), "'magic'"),
    "a method twice": (looking(methods=("raw", "raw")), "each once"),
    "no record": (looking(attend=lambda *_: {"weights": 1}), "no AttentionRecord"),
    "no blocks": (told(blocks=lambda r: ()), "without blocks"),
    "an empty block": (told(blocks=lambda r: (Block("x", 3, 4, Box(0, 0, 0, 9)),)), "a block over"),
    "a block out of the picture": (
        told(blocks=lambda r: (replace(r.blocks[0], box=Box(900, 900, 9, 9)),)),
        "no block lies in the picture",
    ),
    "more places than weights": (told(blocks=lambda r: (*r.blocks, *r.blocks)), "what it stands for"),
    "more layers than weights": (told(layers=lambda r: (*r.layers, 9)), "what it stands for"),
    "layers without numbers": (told(layers=lambda r: (None,) * len(r.layers)), "the layers are"),
    "the same layer twice": (told(layers=lambda r: (0,) * len(r.layers)), "the layers are"),
    "layers out of order": (told(layers=lambda r: r.layers[::-1]), "out of order"),
    "a head where there is a mean": (told(heads=lambda r: (0,)), "the heads are (0,)"),
    "tokens of another question": (told(tokens=lambda r: (*r.tokens, 1)), "tokens is"),
    "a first token before the answer": (told(first_token=lambda r: (-1, 0)), "first_token is"),
    "a first token that is that of the answer": (told(first_token=lambda r: (0, 0)), "a word inside it"),
    "every target the whole answer": (looking(attend=whole_answer), "tokens are"),
    "double precision": (told(weights=lambda r: r.weights.astype(float)), "no float32 array"),
    "negative weights": (told(weights=lambda r: r.weights - 0.5), "negative numbers"),
    "weights that are no numbers": (told(weights=lambda r: r.weights * np.float32(np.inf)), "is not finite"),
    "weights stretched to their range": (
        told(weights=lambda r: r.weights / r.weights.max(-1, keepdims=True)),
        "add up to 1",
    ),
    "nothing elsewhere": (told(elsewhere=lambda r: {}), "add up to 1"),
    "elsewhere in another shape": (
        told(elsewhere=lambda r: {name: mass[0] for name, mass in r.elsewhere.items()}),
        "elsewhere['question'] has the shape",
    ),
    "a baseline of one layer": (told(baseline=lambda r: r.baseline[:1]), "baseline has the shape"),
    "a baseline of nothing": (
        told(baseline=lambda r: r.baseline * np.float32(np.nan)),
        "baseline is not finite",
    ),
    "notes that are no words": (told(notes=lambda r: (7,)), "the notes are"),
    "weights that wander": (
        told(weights=lambda r: np.roll(r.weights, next(_counter) % PLACES, axis=-1)),
        "a layer alone has the numbers",
    ),
    "a layer alone with other numbers": (looking(attend=shifted), "a layer alone has the numbers"),
    "the first layer for the last": (looking(attend=no_last), "-1 is the last layer"),
    "any layer at all": (looking(attend=lenient), "a layer that does not exist is a UsageError"),
    "any method at all": (looking(attend=any_method), "a method that the model has not"),
    "the first head for all": (looking(attend=one_head), "average to the mean"),
    "the mean for the largest": (looking(attend=mean_for_max), "no less than any of them"),
    "zeros where nothing was said": (told(weights=counted), "numbers for a target without a token"),
    "a crash on no words": (looking(attend=failing_with(text="")), "of no words at all"),
    "a crash on one pixel": (looking(attend=failing_with(size=(1, 1))), "hopeless requests"),
    "a crash on a strip": (looking(attend=failing_with(size=(900, 3))), "hopeless requests"),
    "a picture painted over": (looking(attend=painting), "was changed"),
    "attention after close": (looking(attend=after_close), "`attend` raises a ModelError once"),
    "a refusal that is no ModelError": (
        looking(require_knock_out=unknown_reason),
        "`require_knock_out` says",
    ),
    "an error for what was promised": (looking(answer=refusing), "is answered"),
    "a knock-out that does nothing": (looking(answer=peeking), "does not depend on the picture"),
    "a knock-out whatever the boxes": (looking(answer=never_mind_the_boxes), "changes nothing"),
    "a knock-out of the whole batch": (looking(generate=blinded_for_good), "concerns its own request"),
}


@pytest.mark.parametrize(("provider", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_together_with_what_was_seen(provider, said):
    with pytest.raises(AssertionError) as raised:
        check_model(provider, "", constrained=True)
    message = str(raised.value)
    assert said in message
    assert "the contract asks that" in message
    assert "Seen: " in message


def test_a_sound_model_that_looks_and_knocks_out_passes_with_nothing_left_out(monkeypatch):
    monkeypatch.setenv("SOUND_API_KEY", "sk-0123456789abcdef")
    report = check_model(looking(), "", constrained=True)
    assert not report.left_out
    for asked in (
        "`raw` and what goes elsewhere",
        "of `rollout`",
        "heads apart",
        "whole picture knocked out",
    ):
        assert asked in str(report)


def test_a_model_that_says_why_it_cannot_is_left_alone_and_the_report_repeats_it():
    def unknown(self: LookingModel) -> Any:
        raise ModelError("Where the places of `idefics3` lie in a picture is not known.")

    report = check_model(looking(attention_methods=unknown, require_knock_out=unknown), "")
    told = " ".join(report.left_out)
    assert told.count("`idefics3`") == 2
    assert "`raw`" not in str(report)


def test_a_model_that_answers_the_same_about_every_picture_proves_nothing():
    def blind(self: LookingModel, index: int, request: Request) -> Response:
        return Response(index, request.user, "stop")

    left_out = " ".join(check_model(looking(answer=blind), "").left_out)
    assert "whether a knock-out hides anything" in left_out


def test_answers_that_wander_are_not_compared():
    left_out = " ".join(check_model(looking(answer=never_mind_the_boxes), "", deterministic=False).left_out)
    assert "what a knock-out does to answers" in left_out


def test_notes_of_a_record_may_hold_no_key(monkeypatch):
    monkeypatch.setenv("SOUND_API_KEY", "sk-0123456789abcdef")
    with pytest.raises(AssertionError, match="SOUND_API_KEY"):
        check_model(told(notes=lambda r: ("sk-0123456789abcdef",)), "")
