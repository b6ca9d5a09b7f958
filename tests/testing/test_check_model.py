"""``check_model``: a sound plugin passes, and each way to break the contract is seen and named."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, Field

from elena_wb.core import LocalModel, ModelCard, ModelError, Quota, Request, Response, Usage
from elena_wb.testing import check_model, models, providers
from tests.scripted import ScriptedOptions, ScriptedProvider
from tests.testing.sound import CARD, SoundModel, SoundProvider, answering, with_model, with_provider


def test_a_sound_provider_with_every_ability_passes_and_the_report_says_what_was_checked(monkeypatch):
    monkeypatch.setenv("SOUND_API_KEY", "sk-0123456789abcdef")
    report = check_model(SoundProvider, "", {"warmth": 4}, constrained=True)
    assert not report.left_out
    assert len(report.checked) == len(set(report.checked)) > 30
    for ability in ("stop_on", "quota", "at_most", "local_models", "KeySlots", "formats", "no key is in"):
        assert ability in str(report)


def test_what_was_not_looked_at_is_said(monkeypatch):
    monkeypatch.delenv("SOUND_API_KEY", raising=False)
    left_out = " ".join(check_model(SoundProvider(), "", deterministic=False).left_out)
    assert "constrained=False" in left_out
    assert "deterministic=False" in left_out
    assert "SOUND_API_KEY" in left_out


def test_the_scripted_model_of_the_tests_keeps_the_contract(monkeypatch):
    for (
        field
    ) in ScriptedOptions.model_fields.values():  # its docstrings go unread, which saves each program time
        monkeypatch.setattr(field, "description", "See tests/scripted.py.")
    check_model(ScriptedProvider, "", {"batch": 3, "concurrency": 4})


def generating(change: Callable[[Iterator[Response]], Iterator[Response]]) -> type[SoundProvider]:
    def generate(self: SoundModel, requests: Sequence[Request]) -> Iterator[Response]:
        yield from change(SoundModel.generate(self, requests))

    return with_model(generate=generate)


def swapped(answers: Iterator[Response]) -> Iterator[Response]:
    kept = list(answers)
    last = len(kept) - 1
    return (replace(answer, index=last - answer.index) for answer in kept)


def raising_on_a_bad_picture(self: SoundModel, index: int, request: Request) -> Response:
    if request.image.size < 10:
        raise ValueError("cannot resize")
    return SoundModel.answer(self, index, request)


def painting(self: SoundModel, index: int, request: Request) -> Response:
    request.image[0, 0] = 255 - request.image[0, 0]
    return SoundModel.answer(self, index, request)


def failing_after_a_call_was_given_up(self: SoundModel, requests: Sequence[Request]) -> Iterator[Response]:
    if getattr(self, "dirty", False):
        raise RuntimeError("still busy")
    self.dirty = True
    yield from SoundModel.generate(self, requests)
    self.dirty = False


def one_thread_only(self: SoundModel, requests: Sequence[Request]) -> Iterator[Response]:
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("made in another thread")
    yield from SoundModel.generate(self, requests)


def answering_after_close(self: SoundModel, requests: Sequence[Request]) -> Iterator[Response]:
    self.closed = False
    return SoundModel.generate(self, requests)


def close_once(self: SoundModel) -> None:
    if self.closed:
        raise RuntimeError("double free")
    self.closed = True


def deaf(self: SoundModel, requests: Sequence[Request]) -> Iterator[Response]:
    if self.stop.is_set():
        time.sleep(0.4)
    return (self.answer(index, request) for index, request in enumerate(requests))


def printing(self: SoundModel, index: int, request: Request) -> Response:
    print("thinking …")
    return SoundModel.answer(self, index, request)


def slowly(self: SoundProvider, *_: Any) -> Any:
    time.sleep(0.3)
    return CARD


class Lax(BaseModel):
    warmth: int = Field(3, description="How kind.")


class Silent(BaseModel, extra="forbid"):
    warmth: int = 3


_counter = itertools.count()

FAULTS: dict[str, tuple[Any, str]] = {
    "options that are no pydantic model": (with_provider(options_model=dict), "pydantic model"),
    "options that take anything": (with_provider(options_model=Lax), 'extra="forbid"'),
    "options without a word": (with_provider(options_model=Silent), "no description of `warmth`"),
    "requirements without commands": (with_provider(requires={"torch": None}), "requires"),
    "a destination that is no name": (with_provider(destination=lambda *_: True), "name of a host"),
    "no card": (with_provider(describe=lambda *_: {"name": "x"}), "complete card"),
    "a card without a digest": (
        with_provider(describe=lambda *_: replace(CARD, digest="")),
        "its digest is ''",
    ),
    "a card without a scheme": (
        with_provider(describe=lambda *_: replace(CARD, uri="sound")),
        "begins with no scheme",
    ),
    "a card that JSON cannot hold": (
        with_provider(describe=lambda *_: replace(CARD, libraries={"a": b"1"})),
        "libraries",
    ),
    "another digest each time": (
        with_provider(describe=lambda *_: replace(CARD, digest=f"{next(_counter)}")),
        "the same each time",
    ),
    "a card whose uri names another model": (
        with_provider(describe=lambda self, name, _: replace(CARD, uri="sound:x", digest=f"d{name}")),
        "gone on with",
    ),
    "a crash on a wrong name": (with_provider(describe=lambda self, name, _: {"": CARD}[name]), "KeyError"),
    "slow to describe": (with_provider(describe=slowly), "it took 0."),
    "another model opened than described": (
        with_model(card=property(lambda self: replace(CARD, digest="other"), lambda self, card: None)),
        "digest is the one that `describe` gave",
    ),
    "a model that cannot be opened": (
        with_provider(open=lambda *_: (_ for _ in ()).throw(ModelError("No such file."))),
        "No such file.",
    ),
    "something opened that is no model": (with_provider(open=lambda *_: CARD), "has no card"),
    "no batches": (with_model(preferred_batch_size=0), "preferred_batch_size is 0"),
    "an answer to nothing": (
        generating(lambda answers: itertools.chain(answers, [Response(0, "", "stop")])),
        "empty batch",
    ),
    "no answer": (generating(lambda answers: iter(list(answers)[1:])), "no response with the index 0"),
    "two answers": (
        generating(lambda answers: itertools.chain(*(2 * [a] for a in answers))),
        "two responses with the index",
    ),
    "an index beyond the batch": (answering(index=9), "the index 9"),
    "answers that changed places": (generating(swapped), "changed places"),
    "an answer that is no Response": (generating(lambda answers: (a.text for a in answers)), "no Response"),
    "an unknown end": (answering(finish_reason="done"), "ended with 'done'"),
    "text that is none": (answering(text=None), "the text of"),
    "an error without a reason": (answering(finish_reason="error", error=None), "no `error` that says why"),
    "a reason without an error": (answering(error="odd"), "has an `error`"),
    "trouble in an answer": (answering(trouble="server"), "the trouble 'server'"),
    "always an error": (answering(finish_reason="error", error="no"), "plain question 0 failed: no"),
    "negative time": (answering(latency_ms=-1.0), "latency_ms"),
    "more time than has passed": (answering(latency_ms=1e7), "by the clock"),
    "more tokens than allowed": (answering(completion_tokens=10**6), "and allows 24"),
    "tokens that are no count": (answering(prompt_tokens=1.5), "must be None or a count"),
    "probabilities above one": (answering(label_logprobs={"Anger": 0.5}), "label_logprobs"),
    "labels of its own": (answering(label_logprobs={"rage": -0.5}), "label_logprobs hold 'rage'"),
    "answers that wander": (
        with_model(answer=lambda self, i, request: Response(i, str(next(_counter)), "stop")),
        "greedy answers to the same question are the same",
    ),
    "prose for a schema": (answering(text="I see anger."), "follow the request's schema"),
    "a batch lost to one picture": (with_model(answer=raising_on_a_bad_picture), "cannot resize"),
    "a picture painted over": (with_model(answer=painting), "was changed"),
    "dirty after a call was given up": (
        with_model(generate=failing_after_a_call_was_given_up),
        "leaves the model usable",
    ),
    "bound to one thread": (with_model(generate=one_thread_only), "made in another thread"),
    "a second close that crashes": (with_model(close=close_once), "double free"),
    "answers after close": (with_model(generate=answering_after_close), "once the model is closed"),
    "a cost without dated prices": (
        with_provider(
            describe=lambda *_: replace(CARD, priced_on=None),
            model_class=type(
                "M",
                (SoundModel,),
                {"card": property(lambda self: replace(CARD, priced_on=None), lambda self, card: None)},
            ),
        ),
        "priced_on is None",
    ),
    "a quota without an account": (with_model(quota=Quota("")), "names an account"),
    "a bound below the answer": (
        with_model(at_most=lambda self, r: Usage(r.max_tokens, 1.0)),
        "were foreseen",
    ),
    "a bound on nothing": (with_model(at_most=lambda self, request: None), "is no Usage"),
    "dearer than foreseen": (
        with_model(at_most=lambda self, request: Usage(999, 0.001)),
        "US dollars where at most",
    ),
    "no price": (with_provider(at_most=lambda *_: Usage(0)), "whose answer alone may have"),
    "deaf to a stop": (with_model(generate=deaf), "it still runs"),
    "keys without variables": (with_provider(keys=["SOUND"]), "is no KeySlot"),
    "local models in words": (with_provider(local_models=lambda self: ["one"]), "is no LocalModel"),
    "a listing that fails": (
        with_provider(local_models=lambda self: [LocalModel("x", "x", None, 1)]),
        "the uri 'x'",
    ),
    "an export of everything": (with_provider(export=lambda *_: []), "`no-such-format` was exported"),
    "a key in the card": (
        with_provider(describe=lambda *_: replace(CARD, notes=("asks with sk-0123456789abcdef",))),
        "the value of SOUND_API_KEY is in",
    ),
    "print": (with_model(answer=printing), "nothing is printed on stdout"),
}


@pytest.mark.parametrize(("provider", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_together_with_what_was_seen(provider, said, monkeypatch):
    monkeypatch.setenv("SOUND_API_KEY", "sk-0123456789abcdef")
    monkeypatch.setattr(models, "SOON_S", 0.2)
    monkeypatch.setattr(providers, "CHEAP_S", 0.2)
    with pytest.raises(AssertionError) as raised:
        check_model(provider, "", constrained=True)
    message = str(raised.value)
    assert said in message
    assert "the contract asks that" in message
    assert "Seen: " in message
    assert "sk-0123456789abcdef" not in message


def test_the_model_is_closed_whatever_is_found():
    opened: list[SoundModel] = []

    class Kept(SoundModel):
        def __init__(self) -> None:
            super().__init__()
            opened.append(self)

        def answer(self, index: int, request: Request) -> Response:
            return Response(index, "", "error", error="never")

    with pytest.raises(AssertionError):
        check_model(with_provider(model_class=Kept), "")
    assert [model.closed for model in opened] == [True]


def test_options_are_tried_as_the_text_of_a_uri_too():
    class Listing(BaseModel, extra="forbid"):
        names: list[str] = Field([], description="Names.")

    with pytest.raises(AssertionError, match="as the text that a URI makes of them"):
        check_model(with_provider(options_model=Listing), "", {"names": ["a", "b"]})


def test_a_card_with_options_in_its_uri_is_found_again():
    def describe(self: SoundProvider, reference: str, options: Any) -> ModelCard:
        return replace(CARD, uri=f"sound:{reference}?warmth={options.warmth}", digest=f"d{options.warmth}")

    def opened(self: SoundProvider, reference: str, options: Any) -> SoundModel:
        model = SoundModel()
        model.card = describe(self, reference, options)
        return model

    check_model(with_provider(describe=describe, open=opened), "", {"warmth": 5})
