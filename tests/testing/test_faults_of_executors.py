"""``check_executor``: each way to break the contract is seen and named."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from elena_wb.core import Model, ModelError, ModelJob, OutOfMemoryError, Request, Response, Sampling
from elena_wb.executors import open_here
from elena_wb.offline import is_offline
from elena_wb.plugins import plugin_host
from elena_wb.testing import check_executor, elsewhere, probe


class HandedOn:
    """A model that hands everything on, until it is broken."""

    preferred_batch_size: Any = 2
    max_concurrency: Any = 2

    def __init__(self, model: Model) -> None:
        self.model = model
        self.card = model.card

    def require_knock_out(self) -> None:
        return None

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        yield from self.model.generate(requests)

    def close(self) -> None:
        self.model.close()


class HandingOn:
    """An executor in this process, whose models are of ``model_class``."""

    model_class: Any = HandedOn

    def open(self, job: ModelJob) -> Model:
        model: Model = self.model_class(open_here(job))
        return model


def with_model(**overrides: Any) -> type[HandingOn]:
    return type("Faulty", (HandingOn,), {"model_class": type("Broken", (HandedOn,), overrides)})


def generating(change: Any) -> type[HandingOn]:
    def generate(self: HandedOn, requests: Sequence[Request]) -> Iterator[Response]:
        yield from change(self.model.generate(requests), requests)

    return with_model(generate=generate)


def asking(**fields: Any) -> type[HandingOn]:
    """An executor on the way of which these fields of a request are lost."""

    def generate(self: HandedOn, requests: Sequence[Request]) -> Iterator[Response]:
        yield from self.model.generate([replace(one, **fields) for one in requests])

    return with_model(generate=generate)


def answering(**fields: Any) -> type[HandingOn]:
    return generating(lambda answers, _: (replace(one, **fields) for one in answers))


def raising_for_all(self: HandedOn, requests: Sequence[Request]) -> Iterator[Response]:
    answers = list(self.model.generate(requests))
    if any(one.finish_reason == "error" for one in answers):
        raise RuntimeError("one of them failed")
    yield from answers


def any_other_error(self: HandedOn, requests: Sequence[Request]) -> Iterator[Response]:
    try:
        yield from self.model.generate(requests)
    except OutOfMemoryError as error:
        raise RuntimeError("somewhere else something failed") from error


def never_again(self: HandedOn, requests: Sequence[Request]) -> Iterator[Response]:
    if getattr(self, "broken", False):
        raise RuntimeError("the worker is gone")
    try:
        yield from self.model.generate(requests)
    except RuntimeError:
        self.broken = True
        raise


def one_caller_only(self: HandedOn, requests: Sequence[Request]) -> Iterator[Response]:
    if getattr(self, "busy", False):
        raise RuntimeError("still busy")
    self.busy = True
    yield from self.model.generate(requests)
    self.busy = False


def swallowing(answers: Iterator[Response], _: Any) -> Iterator[Response]:
    try:
        yield from answers
    except RuntimeError as error:
        yield Response(0, "", "error", error=str(error))


def answering_after_close(self: HandedOn) -> None:
    return None


def closing_once(self: HandedOn) -> None:
    if getattr(self, "closed", False):
        raise ModelError("It was closed before.")
    self.closed = True
    self.model.close()


def any_model(self: HandingOn, job: ModelJob) -> Any:
    card = probe.ProbeProvider().describe("", probe.ProbeOptions())
    return self.model_class(probe.ProbeModel(replace(card, digest=job.card.digest), 1))


def another_model(self: HandingOn, job: ModelJob) -> Any:
    return HandedOn(probe.ProbeModel(replace(job.card, digest="another"), 1))


FAULTS: dict[str, tuple[type[HandingOn], str]] = {
    "another model": (type("Faulty", (HandingOn,), {"open": another_model}), "another, not"),
    "whatever model there is": (type("Faulty", (HandingOn,), {"open": any_model}), "it was opened"),
    "no calls at all": (with_model(max_concurrency=0), "max_concurrency is 0"),
    "loses the last": (generating(lambda answers, _: list(answers)[:-1]), "no response to"),
    "doubles": (generating(lambda answers, _: [*(kept := list(answers)), *kept]), "two responses to"),
    "mixes up": (
        generating(lambda answers, asked: (replace(a, index=len(asked) - 1 - a.index) for a in answers)),
        "where the model itself answers",
    ),
    "forgets the sampling": (asking(sampling=Sampling()), "a question with sampling"),
    "forgets the seed": (asking(seed=0), "to a question with"),
    "forgets the schema": (asking(schema=None), "to a question with a schema"),
    "forgets what is knocked out": (asking(knock_out=None), "to a question with a part knocked out"),
    "forgets the system text": (asking(system=""), "to plain question 0"),
    "forgets how probable labels were": (answering(label_logprobs={}), "label_logprobs={}"),
    "forgets what it cost": (answering(cost_usd=None), "cost_usd=None"),
    "forgets why": (answering(trouble=None), "a request that fails among others fails alone"),
    "cannot knock out": (
        type("Faulty", (HandingOn,), {"open": lambda self, job: type("Bare", (), {
            name: getattr(HandedOn, name) for name in
            ("preferred_batch_size", "max_concurrency", "__init__", "generate", "close")
        })(open_here(job))}),
        "has no `require_knock_out`",
    ),
    "waits for all": (generating(lambda answers, _: list(answers)), "responses are handed on as they are made"),
    "one failure fails all": (with_model(generate=raising_for_all), "RuntimeError: one of them failed"),
    "an error of another kind": (with_model(generate=any_other_error), "RuntimeError: somewhere else"),
    "swallows errors": (generating(swallowing), "whatever else the model raises is raised here"),
    "gone for good": (with_model(generate=never_again), "the worker is gone"),
    "one caller only": (with_model(generate=one_caller_only), "RuntimeError: still busy"),
    "open for ever": (with_model(close=answering_after_close), "once the model is closed"),
    "closes once": (with_model(close=closing_once), "calling `close` twice"),
}  # fmt: skip


@pytest.mark.parametrize(("executor", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_together_with_what_was_seen(executor, said, monkeypatch) -> None:
    monkeypatch.setattr(probe, "WAIT_S", 0.1)
    with pytest.raises(AssertionError) as raised:
        check_executor(executor)
    assert said in str(raised.value)
    assert "Faulty: the contract asks that" in str(raised.value)


def test_what_hands_everything_on_passes_and_leaves_nothing_behind() -> None:
    check_executor(HandingOn)
    assert "probe" not in plugin_host().claims["models"]
    assert not is_offline()
    assert "elena-wb-probe" not in os.environ.get("PYTHONPATH", "")


def test_a_model_of_the_authors_own_is_only_compared() -> None:
    with probe.probe_installed():
        report = check_executor(HandingOn, uri="probe:elsewhere")
    assert "failures, streaming and workers that die: the model is one of yours" in report.left_out


def test_a_process_that_goes_on_after_close_is_seen(monkeypatch) -> None:
    monkeypatch.setattr(elsewhere, "ENDED_S", 0.2)
    sleeping = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert not elsewhere.ended(sleeping.pid)
    finally:
        sleeping.kill()
    assert elsewhere.ended(sleeping.pid)
    sleeping.wait()
