"""The parts of a ``GenerateContentResponse`` that are read, checked; whatever else a reply holds is passed over."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

_T = TypeVar("_T")


def _empty(value: Any) -> Any:
    return [] if value is None else value


def _nothing(value: Any) -> Any:
    return {} if value is None else value


Several = Annotated[list[_T], BeforeValidator(_empty)]
"""A list that replies may leave out or call null."""
Count = Annotated[int, Field(ge=0, le=10**9)]


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class Part(_Wire):
    """A piece of an answer; ``thought`` marks what the model thought before it answered."""

    text: str | None = None
    thought: bool | None = None


class Content(_Wire):
    """What the model wrote."""

    parts: Several[Part] = []


class Scored(_Wire):
    """A token and the natural logarithm of its probability. What is left out is 0, as in all of Google's JSON."""

    token: str = ""
    log_probability: float = 0.0


class Top(_Wire):
    """The likeliest tokens at one place."""

    candidates: Several[Scored] = []


class Logprobs(_Wire):
    """The tokens of an answer, and the likeliest ones at the place of each."""

    chosen_candidates: Several[Scored] = []
    top_candidates: Several[Top] = []


class Candidate(_Wire):
    """One answer."""

    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    logprobs_result: Logprobs | None = None


class Feedback(_Wire):
    """Why a question was not let through."""

    block_reason: str | None = None
    block_reason_message: str | None = None


class Counts(_Wire):
    """Tokens. ``prompt_token_count`` includes those that were cached, ``candidates_token_count`` no thoughts."""

    prompt_token_count: Count | None = None
    candidates_token_count: Count | None = None
    thoughts_token_count: Count | None = None
    cached_content_token_count: Count | None = None

    @property
    def written(self) -> int | None:
        """Tokens that are paid for as output: the answer and the thoughts."""
        if self.candidates_token_count is None and self.thoughts_token_count is None:
            return None
        return (self.candidates_token_count or 0) + (self.thoughts_token_count or 0)


class Reply(_Wire):
    """A reply to one question."""

    candidates: Several[Candidate] = []
    prompt_feedback: Annotated[Feedback, BeforeValidator(_nothing)] = Feedback()
    usage_metadata: Annotated[Counts, BeforeValidator(_nothing)] = Counts()
    model_version: str | None = None


class Status(_Wire):
    """An error in the place of an answer; ``code`` is one of google.rpc or of HTTP."""

    code: int = 0
    message: str = ""


class Entry(_Wire):
    """What a batch holds for one question; ``metadata`` is what was sent with it."""

    response: Any = None
    error: Status | None = None
    metadata: Annotated[dict[str, Any], BeforeValidator(_nothing)] = {}


class Entries(_Wire):
    """Each is read by itself, so that an odd one does not spoil the others."""

    inlined_responses: Several[Any] = []


class Output(_Wire):
    """The answers of a batch."""

    inlined_responses: Annotated[Entries, BeforeValidator(_nothing)] = Entries()


class BatchInfo(_Wire):
    """How a batch is doing."""

    state: str = ""
    display_name: str = ""
    output: Output | None = None


class Batch(_Wire):
    """A batch, as a long-running operation."""

    name: str = ""
    done: bool = False
    metadata: Annotated[BatchInfo, BeforeValidator(_nothing)] = BatchInfo()
    error: Status | None = None
    response: Any = None

    @property
    def state(self) -> str:
        """``SUCCEEDED``, ``RUNNING`` and so on."""
        return self.metadata.state.rpartition("STATE_")[2].upper()


class BatchPage(_Wire):
    """A part of the list of batches."""

    operations: Several[Batch] = []
    next_page_token: str = ""
