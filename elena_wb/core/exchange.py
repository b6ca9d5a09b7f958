"""What passes between the engine and a model: requests, responses, and what a model is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from elena_wb.core.stimulus import Box

if TYPE_CHECKING:  # kept out of start-up: `elena-wb --help` needs neither
    import numpy as np
    import numpy.typing as npt
    from pydantic import BaseModel

FinishReason = Literal["stop", "length", "refused", "error"]

Trouble = Literal["rate-limited", "server", "timeout", "connection", "reply"]
"""Why a call failed that may be repeated: asked to slow down (HTTP 429), a fault of the server (5xx), no answer in
time, no connection or one that broke, or a reply that could not be understood."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen. Temperature 0 is greedy decoding, the default of every run."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0

    @property
    def greedy(self) -> bool:
        """Whether the most probable token is always taken."""
        return self.temperature == 0.0


@dataclass(frozen=True, slots=True)
class KnockOut:
    """What the model may not attend to, though its pixels are there.

    ``boxes`` are in pixels of the request's picture: every place of the model's own grid more than half of which lies
    within them, all taken together, is masked in the attention of all that is no such place, in ``layers`` (first and
    last, from 0) or in all. Boxes that touch are one region; one that meets none of these places takes the place that
    it covers most of, if it is no larger than two places or if there would be nothing to mask else.
    """

    boxes: tuple[Box, ...]
    layers: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One question about one picture.

    ``image`` is uint8 ``[height, width, 3]`` in RGB order, as displayed and already masked;
    ``image_digest`` is the sha256 (hex) of its shape and bytes. ``schema`` is a JSON Schema for the
    answer, which a model without constrained decoding ignores. ``knock_out`` is only given to a model that is
    :class:`elena_wb.core.KnocksOut`.
    """

    image: npt.NDArray[np.uint8]
    image_digest: str
    system: str
    user: str
    schema: Mapping[str, Any] | None = None
    sampling: Sampling = Sampling()
    seed: int = 0
    max_tokens: int = 512
    knock_out: KnockOut | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to the request at position ``index`` of the batch that was passed to ``generate``.

    With ``finish_reason == "error"``, and only then, ``error`` says what went wrong and ``retryable`` whether
    asking again may help; ``text`` then holds whatever had arrived. ``trouble`` is what the host goes by when it
    slows down, and ``retry_after_s`` the seconds that a server asked to be left alone.

    ``label_logprobs`` maps labels, as the schema of the request spells them, to the natural logarithm of their
    probability where the answer names its label. ``answered_by`` is the version of the model that a server
    says has answered.
    """

    index: int
    text: str
    finish_reason: FinishReason
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency_ms: float | None = None
    cost_usd: float | None = None
    error: str | None = None
    retryable: bool = False
    trouble: Trouble | None = None
    retry_after_s: float | None = None
    label_logprobs: Mapping[str, float] = field(default_factory=dict)
    answered_by: str | None = None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Which model answered, precisely enough to find it again.

    ``digest`` identifies the weights and everything in the options that changes answers (dtype,
    quantisation). ``libraries`` maps package names to versions. ``meant_for`` names the datasets that the
    model was made for, if it is no instrument for others; ``notes`` is what its users should know. ``priced_on``
    is the date of the prices from which the cost of its answers is computed.
    """

    uri: str
    name: str
    digest: str
    revision: str | None = None
    quantisation: str | None = None
    parameters: int | None = None
    context_length: int | None = None
    device: str | None = None
    libraries: Mapping[str, str] = field(default_factory=dict)
    meant_for: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    priced_on: str | None = None


@runtime_checkable
class Model(Protocol):
    """An opened model. ``generate`` is the one thing each can do."""

    @property
    def card(self) -> ModelCard:
        """Provenance of this model."""

    @property
    def preferred_batch_size(self) -> int:
        """How many requests one call to ``generate`` handles best."""

    @property
    def max_concurrency(self) -> int:
        """How many calls to ``generate`` may run at once, from different threads."""

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Answer each request once, in any order.

        One request's failure is a :class:`Response` with an error and never an exception.

        Raises:
            OutOfMemoryError: the batch does not fit; responses already yielded stand.
            ModelError: the model cannot answer at all any more.
        """

    def close(self) -> None:
        """Free what the model holds; ``generate`` then raises ModelError. Calling it twice is harmless."""


class Provider(Protocol):
    """Opens models of one URI scheme. Instances are made without arguments and hold no state."""

    options_model: ClassVar[type[BaseModel]]
    """The pydantic model that the options after ``?``, which are text, are checked against (``extra="forbid"``); each
    field has a description."""

    requires: ClassVar[Mapping[str, str]]
    """Import name of each package it needs → the command that installs it."""

    def destination(self, reference: str, options: BaseModel) -> str | None:
        """The host that pictures are sent to, for people to read; ``None`` if they stay on this machine."""

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        """The card without loading the weights; cheap enough for ``--dry-run``.

        Raises:
            ModelError: there is no such model.
        """

    def open(self, reference: str, options: BaseModel) -> Model:
        """Load the model. Its card's ``digest`` equals that of :meth:`describe`.

        Raises:
            ModelError: absent, gated, not a vision model, or too large for the device.
        """
