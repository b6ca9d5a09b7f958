"""From a batch that Google is done with to a response for each question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from elena_wb.core import Request, Response
from elena_wb.remote.failures import from_status
from elena_wb.remote.prices import Price
from elena_wb_gemini.jobs import Job
from elena_wb_gemini.reply import read, unreadable

if TYPE_CHECKING:
    from google.genai import types

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
"""Codes of google.rpc, which Google uses in the place of HTTP statuses for single questions of a batch."""
_FATES = {
    "JOB_STATE_FAILED": ("failed", True),
    "JOB_STATE_EXPIRED": ("was not worked off in time", True),
    "JOB_STATE_CANCELLED": ("was cancelled", False),
}
"""What became of a batch without answers, and whether to send its questions again at once."""
_WITH_ANSWERS = frozenset({"JOB_STATE_SUCCEEDED", "JOB_STATE_PARTIALLY_SUCCEEDED"})


@dataclass(frozen=True, slots=True)
class Awaited:
    """A batch that is waited for; ``places`` maps places in it to requests, each with its index."""

    job: Job
    name: str
    places: Mapping[int, tuple[int, Request]]


def is_done(made: types.BatchJob) -> bool:
    """Whether Google will do no more for this batch."""
    return made.state is not None and (made.state.name in _FATES or made.state.name in _WITH_ANSWERS)


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


def fate_of(made: types.BatchJob) -> tuple[str, bool] | None:
    """What became of a batch that has no answers, and whether to send it again; ``None`` if it has some."""
    return _FATES.get(made.state.name) if made.state is not None else None


def answers(awaited: Awaited, made: types.BatchJob, price: Price | None) -> Iterator[tuple[int, Response]]:
    """The place in the batch and the response of each question that is waited for.

    Answers are told apart by the place that was sent with each question, else by their order.
    """
    given = (made.dest.inlined_responses if made.dest else None) or []
    by_place: dict[int, types.InlinedResponse] = {}
    for order, entry in enumerate(given):
        by_place.setdefault(_place(entry, order), entry)
    for place, (index, request) in awaited.places.items():
        entry_there = by_place.get(place)
        if entry_there is None:
            yield place, unreadable(index, f"The batch {awaited.name} holds no answer to this question.")
        else:
            yield place, _response(index, request, entry_there, price)


def _response(index: int, request: Request, entry: types.InlinedResponse, price: Price | None) -> Response:
    if entry.response is not None:
        body = entry.response.model_dump(mode="json", by_alias=True, exclude_none=True)
        return read(index, body, schema=request.schema, price=price, batch=True)
    if entry.error is None:
        return unreadable(index, "The batch holds neither an answer to this question nor an error.")
    code = entry.error.code or 0
    response = from_status(
        index, _STATUS_OF_CODE.get(code, code if code >= 400 else 500), {}, entry.error.message or ""
    )
    return replace(response, error=f"In the batch: {response.error}")


def _place(entry: types.InlinedResponse, order: int) -> int:
    told = (entry.metadata or {}).get("place", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 9 else order
