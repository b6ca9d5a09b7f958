"""From a batch that Google is done with to a response for each question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from elena_wb.core import Request, Response
from elena_wb.remote.failures import from_status
from elena_wb.remote.prices import Price
from elena_wb_gemini.jobs import Job
from elena_wb_gemini.reply import read, shown, unreadable
from elena_wb_gemini.wire import Batch, Entry, Output

_STATUS_OF_CODE = {
    1: 503,
    2: 500,
    3: 400,
    4: 504,
    5: 404,
    7: 403,
    8: 429,
    9: 400,
    10: 503,
    13: 500,
    14: 503,
    16: 401,
}
"""Codes of google.rpc, which stand in the place of HTTP statuses for single questions, and what they amount to."""
_FATES = {
    "FAILED": ("failed", True),
    "EXPIRED": ("was not worked off in time", True),
    "CANCELLED": ("was cancelled", False),
}
_WITH_ANSWERS = frozenset({"SUCCEEDED", "PARTIALLY_SUCCEEDED"})


@dataclass(frozen=True, slots=True)
class Awaited:
    """A batch that is waited for; ``places`` maps places in it to requests, each with its index."""

    job: Job
    name: str
    places: Mapping[int, tuple[int, Request]]


def is_done(batch: Batch) -> bool:
    """Whether Google will do no more for this batch."""
    return batch.done or batch.state in _FATES or batch.state in _WITH_ANSWERS


def fate_of(batch: Batch) -> tuple[str, bool] | None:
    """What became of a batch without answers, and whether to send its questions again; ``None`` if it has some."""
    if batch.state in _WITH_ANSWERS or (batch.state not in _FATES and batch.error is None):
        return None
    fate, again = _FATES.get(batch.state, _FATES["FAILED"])
    said = shown(batch.error.message, 200) if batch.error is not None else ""
    return (f"{fate} ({said})" if said else fate), again


def lost(awaited: Awaited, fate: str, *, again: bool) -> Iterator[Response]:
    """A response for each question of a batch that has no answers."""
    for index, _ in awaited.places.values():
        yield Response(
            index,
            "",
            "error",
            error=f"The batch {awaited.name} {fate}.",
            retryable=again,
            trouble="server" if again else None,
        )


def answers(awaited: Awaited, batch: Batch, price: Price | None) -> Iterator[tuple[int, Response]]:
    """The place in the batch and the response of each question that is waited for.

    Answers are told apart by the place that was sent with each question. Where one does not tell it, the order counts,
    if no answer is missing.
    """
    given = _given(batch)
    told: dict[int, Entry] = {}
    in_order: dict[int, Entry] = {}
    for order, one in enumerate(given):
        try:
            entry = Entry.model_validate(one)
        except ValidationError:
            continue
        place = _place(entry)
        if place is not None:
            told.setdefault(place, entry)
        elif len(given) == awaited.job.size:
            in_order[order] = entry
    for place, (index, request) in awaited.places.items():
        found = told.get(place) or in_order.get(place)
        if found is not None:
            yield place, _response(index, request, found, price)
        else:
            yield place, unreadable(index, f"The batch {awaited.name} holds no answer to this question.")


def _given(batch: Batch) -> list[Any]:
    """The answers, which Google puts into two places."""
    output = batch.metadata.output
    if output is None:
        try:
            output = Output.model_validate(batch.response or {})
        except ValidationError:
            return []
    return output.inlined_responses.inlined_responses


def _response(index: int, request: Request, entry: Entry, price: Price | None) -> Response:
    if entry.error is None:
        return read(index, entry.response, schema=request.schema, price=price, batch=True)
    code = entry.error.code
    status = _STATUS_OF_CODE.get(code, code if 400 <= code < 600 else 500)
    response = from_status(index, status, {}, entry.error.message)
    return replace(response, error=f"In the batch: {response.error}")


def _place(entry: Entry) -> int | None:
    told = str(entry.metadata.get("place", ""))
    return int(told) if told.isascii() and told.isdigit() and len(told) < 9 else None
