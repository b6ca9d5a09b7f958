"""The contract of a model whose attention can be looked at (:class:`elena_wb.core.Attends`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elena_wb.core import (
    ATTENTION_METHODS,
    Attends,
    AttentionQuestion,
    AttentionRecord,
    ModelError,
    Request,
    Target,
    UsageError,
    WorkbenchError,
)
from elena_wb.data import pixel_digest
from elena_wb.testing.inspection import Inspection, must
from elena_wb.testing.questions import hopeless, plain
from elena_wb.testing.records import check_record

_TEXT = "I see a person who smiles."
_TARGETS = (
    Target("answer", ((0, len(_TEXT)),)),
    Target("person", ((_TEXT.index("person"), _TEXT.index(" who")),)),
)
_NO_LAYER = 100_000
_ADDS_UP = ("raw", "value-norm")
_RELATIVE, _ABSOLUTE = 0.02, 1e-6
"""How near numbers must be: wide enough for half precision on a device that adds in any order."""


def check_attention(inspection: Inspection, model: Attends) -> None:
    """Hold ``model`` against the contract of ``Attends``; it is left open.

    Raises:
        AssertionError: something does not hold.
    """
    with inspection.asking("`attention_methods` names what the model can compute, each once"):
        try:
            methods = tuple(model.attention_methods())
        except ModelError as error:
            inspection.heard.append(str(error))
            inspection.leave_out(f"attention, which this model cannot show: {error}")
            return
        must(methods and len(set(methods)) == len(methods), f"{methods!r}")
        unknown = [method for method in methods if method not in ATTENTION_METHODS]
        must(not unknown, f"{unknown!r}, and there are {', '.join(ATTENTION_METHODS)}")
    _Look(inspection, model).run(methods)


def check_attention_of_closed(inspection: Inspection, model: Attends) -> None:
    """Hold a model that was closed against the contract of ``Attends``.

    Raises:
        AssertionError: it still answers, or fails in another way.
    """
    with inspection.asking("`attend` raises a ModelError once the model is closed"):
        _must_raise(ModelError, model, plain(0).request, _TEXT, AttentionQuestion(_TARGETS))


class _Look:
    """One model whose attention is on trial."""

    def __init__(self, inspection: Inspection, model: Attends) -> None:
        self._inspection = inspection
        self._model = model
        self._request = plain(0).request

    def run(self, methods: Sequence[Any]) -> None:
        asking = self._inspection.asking
        for method in methods:
            self._check_method(method)
        if "raw" in methods:
            self._check_heads()
        question = AttentionQuestion(_TARGETS, method=methods[0])
        with asking("a layer that does not exist is a UsageError"):
            beyond = AttentionQuestion(_TARGETS, layers=(_NO_LAYER,), method=methods[0])
            _must_raise(UsageError, self._model, self._request, _TEXT, beyond)
        missing: Any = next((one for one in ATTENTION_METHODS if one not in methods), "no-such-method")
        with asking("a method that the model has not is a UsageError"):
            _must_raise(
                UsageError, self._model, self._request, _TEXT, AttentionQuestion(_TARGETS, method=missing)
            )
        with asking(
            "targets without a token have NaN weights and 0 tokens, and leave the others as they are"
        ):
            self._check_targets_without_tokens(methods[0])
        with asking("answers in any script, with emoji, or of no words at all can be looked at"):
            for text in ("Freude 😀, 喜び ou la joie\u202e!\n\x07", ""):
                whole = (Target("answer", ((0, len(text)),)),)
                record = self._attend(text, AttentionQuestion(whole, method=methods[0]))
                must(bool(text) == bool(record.tokens[0]), f"{record.tokens[0]} tokens of {text!r}")
        with asking("hopeless requests (1×1, 3×900, no words) end in a record or a WorkbenchError"):
            for hard in [one for one in hopeless(1) if not one.answerable]:
                self._attend_or_fail(hard.request, question)

    def _check_method(self, method: Any) -> None:
        asking = self._inspection.asking
        with asking(f"a record of `{method}` has the layers, heads, targets and places that it says it has"):
            everything = self._attend(_TEXT, AttentionQuestion(_TARGETS, method=method))
            must(min(everything.tokens) >= 1, f"{everything.tokens} tokens for {_TARGETS!r}")
            must(everything.tokens[0] > everything.tokens[1], f"tokens are {everything.tokens}")
            must(
                everything.first_token[0] == 0 < everything.first_token[1],
                f"first tokens are {everything.first_token}, for the answer and for a word inside it",
            )
        if method in _ADDS_UP:
            with asking(f"weights of `{method}` and what goes elsewhere add up to 1"):
                _must_add_up(everything)
        with asking(f"a layer alone has the numbers of `{method}` that it has among all"):
            for at in {0, len(everything.layers) - 1}:
                number = everything.layers[at]
                alone = self._attend(_TEXT, AttentionQuestion(_TARGETS, (number,), method=method))
                must(alone.layers == (number,), f"layers {alone.layers} where {number} was asked for")
                _must_agree(alone.weights[:, 0], everything.weights[:, at], f"weights in layer {number}")
        with asking(f"-1 is the last layer that sees the picture, with `{method}`"):
            last = self._attend(_TEXT, AttentionQuestion(_TARGETS, (-1,), method=method))
            must(last.layers == everything.layers[-1:], f"{last.layers}, of {everything.layers}")

    def _check_heads(self) -> None:
        asking = self._inspection.asking
        mean, each, most = (
            self._attend(_TEXT, AttentionQuestion(_TARGETS, heads=heads)) for heads in ("mean", "each", "max")
        )
        with asking("the heads apart average to the mean of the heads"):
            _must_add_up(each)
            _must_agree(each.weights.mean(axis=2), mean.weights[:, :, 0], "weights")
        with asking("the largest of the heads is no less than any of them"):
            short = most.weights[:, :, 0] < each.weights.max(axis=2) * (1 - _RELATIVE) - _ABSOLUTE
            must(not short.any(), f"it is less at {int(short.sum())} of {short.size} weights")

    def _check_targets_without_tokens(self, method: Any) -> None:
        targets = (Target("nothing", ((3, 3),)), *_TARGETS, Target("nowhere", ()))
        record = self._attend(_TEXT, AttentionQuestion(targets, method=method))
        plainly = self._attend(_TEXT, AttentionQuestion(_TARGETS, method=method))
        must(record.tokens[0] == record.tokens[-1] == 0, f"tokens are {record.tokens}")
        must(record.tokens[1:-1] == plainly.tokens, f"tokens are {record.tokens}, else {plainly.tokens}")
        _must_agree(record.weights[1:-1], plainly.weights, "weights of the others")

    def _attend(self, text: str, question: AttentionQuestion) -> AttentionRecord:
        record = self._model.attend(self._request, text, question)
        check_record(record, self._request, question)
        self._inspection.heard.extend(record.notes)
        must(
            pixel_digest(self._request.image) == self._request.image_digest,
            "the request's picture was changed",
        )
        return record

    def _attend_or_fail(self, request: Request, question: AttentionQuestion) -> None:
        try:
            record = self._model.attend(request, _TEXT, question)
        except WorkbenchError as error:
            self._inspection.heard.append(str(error))
        else:
            check_record(record, request, question)


def _must_raise(
    kind: type[WorkbenchError], model: Attends, request: Request, text: str, question: AttentionQuestion
) -> None:
    try:
        record = model.attend(request, text, question)
    except kind as error:
        must(str(error), f"a {kind.__name__} without a word")
        return
    must(False, f"a record of the layers {getattr(record, 'layers', record)!r}")


def _must_add_up(record: AttentionRecord) -> None:
    total = record.weights.sum(axis=-1, dtype=np.float64) + sum(record.elsewhere.values())
    off = float(np.abs(total - 1).max())
    must(off < 5e-3, f"they add up to {float(total.flat[int(np.abs(total - 1).argmax())]):.4f}")


def _must_agree(one: Any, other: Any, what: str) -> None:
    must(one.shape == other.shape, f"{what} of the shape {one.shape}, and {other.shape}")
    must(
        np.allclose(one, other, _RELATIVE, _ABSOLUTE),
        f"{what} that differ by up to {np.abs(one - other).max():.2g}",
    )
