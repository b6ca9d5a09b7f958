"""The contract of a model that can be kept from looking at parts of a picture (:class:`elena_wb.core.KnocksOut`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from elena_wb.core import Box, KnockOut, KnocksOut, ModelError, Request
from elena_wb.testing.inspection import Inspection, must
from elena_wb.testing.questions import Question, plain

_PICTURES = 4
"""Enough to find two that a model answers differently about."""


def check_knock_out(
    inspection: Inspection,
    model: KnocksOut,
    ask: Callable[[Sequence[Question]], list[Any]],
    max_tokens: int,
    *,
    deterministic: bool,
) -> None:
    """Hold ``model`` against the contract of ``KnocksOut``; ``ask`` puts questions to it.

    Raises:
        AssertionError: something does not hold.
    """
    with inspection.asking("`require_knock_out` says in a ModelError why nothing can be knocked out"):
        try:
            model.require_knock_out()
        except ModelError as error:
            must(str(error), "a ModelError without a word")
            inspection.heard.append(str(error))
            inspection.leave_out(f"knock-out, which this model cannot do: {error}")
            return
    questions = [_about(number, max_tokens) for number in range(_PICTURES)]
    with inspection.asking("a request with a part of the picture knocked out is answered"):
        part = _whole(questions[0].request, 0.5)
        ask([_without(questions[0], KnockOut((part,)))])
    if not deterministic:
        inspection.leave_out("what a knock-out does to answers: deterministic=False")
        return
    usual = [ask([question])[0].text for question in questions]
    with inspection.asking("a knock-out without boxes, or with one beside the picture, changes nothing"):
        for boxes in ((), (Box(-30.0, -30.0, 10.0, 10.0),)):
            told = ask([_without(questions[0], KnockOut(boxes))])[0].text
            must(told == usual[0], f"{told!r} where {usual[0]!r} is answered without")
    with inspection.asking("with the whole picture knocked out, the answer does not depend on the picture"):
        blind = [ask([_without(one, KnockOut((_whole(one.request),)))])[0].text for one in questions]
        must(
            len(set(blind)) == 1, f"{blind[0]!r} and {next((one for one in blind if one != blind[0]), '')!r}"
        )
    if len(set(usual)) == 1:
        inspection.leave_out(
            "whether a knock-out hides anything: every picture is answered in the same words"
        )
    with inspection.asking("a knock-out concerns its own request and no other of the batch"):
        blinded = _without(questions[1], KnockOut((_whole(questions[1].request),)))
        told = [response.text for response in ask([questions[0], blinded, questions[2]])]
        must(
            told == [usual[0], blind[1], usual[2]],
            f"{told!r} in a batch, and {[usual[0], blind[1], usual[2]]!r} one by one",
        )


def _about(number: int, max_tokens: int) -> Question:
    """The same words about pictures of the same size."""
    question = plain(number, max_tokens)
    return replace(question, request=replace(question.request, user="What do you see?"))


def _without(question: Question, knock_out: KnockOut) -> Question:
    request = replace(question.request, knock_out=knock_out)
    return replace(question, what=f"{question.what} with a knock-out", request=request)


def _whole(request: Request, share: float = 1.0) -> Box:
    height, width = request.image.shape[:2]
    return Box(0.0, 0.0, share * width, share * height)
