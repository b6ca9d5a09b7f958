"""An opened model: one call for each question, to whichever server is free."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from elena_wb.core import (
    ImageError,
    ModelCard,
    ModelError,
    Quota,
    Request,
    Response,
    Usage,
)
from elena_wb.remote.prices import Price
from elena_wb_openai.calling import Outcome, call, raise_for_key
from elena_wb_openai.dialect import Dialect, Feature, picture_of
from elena_wb_openai.options import OpenAIOptions
from elena_wb_openai.pricing import most_used
from elena_wb_openai.refusals import Refusal
from elena_wb_openai.reply import read_reply
from elena_wb_openai.servers import Server, Servers

_FEATURES: dict[Refusal, Feature] = {"structured": "structured", "logprobs": "logprobs", "limit": "limit"}
_FOR_GOOD: dict[Refusal, tuple[str, str]] = {
    "structured": (
        "does not constrain answers in the way that `structured` asks for",
        "Leave `structured` out, or give structured=none.",
    ),
    "logprobs": ("gives no log-probabilities", "Leave `logprobs` out, or give logprobs=off."),
    "limit": ("takes the length of answers under another name", "Leave the option `limit` out."),
    "sampling": (
        "lets nobody choose temperature or top_p",
        "Give sampling=server to leave them to it; its answers then vary from call to call.",
    ),
    "seed": ("takes no seed", "Give seed=server to send none."),
    "reasoning": ("does not take this `reasoning_effort`", "Leave it out, or give another."),
    "image": (
        "takes no pictures",
        "Serve a vision-language model, with its projector (llama.cpp: --mmproj) and room for one picture.",
    ),
    "system": ("takes no system message", "Give system=user to begin the question with it."),
    "model": ("is not there", "Check the name; `GET /models` of the server lists those it has."),
    "spent": ("has been paid for no more calls", "Look at the account's balance and limits."),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Which model is asked of the servers, and what its calls cost."""

    model: str
    price: Price | None
    at_openai: bool
    quota: Quota


class OpenAIModel:
    """A model behind chat completions (implements :class:`elena_wb.core.Model` and ``Metered``)."""

    preferred_batch_size = 1

    def __init__(
        self, card: ModelCard, identity: Identity, options: OpenAIOptions, servers: Servers, dialect: Dialect
    ) -> None:
        self.card = card
        self.max_concurrency = options.concurrency
        self._identity = identity
        self._options = options
        self._servers = servers
        self._dialect = dialect
        self._closed = False
        self._lock = threading.Lock()

    @property
    def quota(self) -> Quota:
        """The limits that the options set."""
        return self._identity.quota

    @property
    def dialect(self) -> Dialect:
        """How questions are put by now."""
        return self._dialect

    def at_most(self, request: Request) -> Usage:
        """The most that one call for ``request`` can use."""
        identity = self._identity
        return most_used(identity.model, self._options, identity.price, request, at_openai=identity.at_openai)

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Answer each request by one call of its own, in order.

        A question that never reached a server is put to another one at once, and one that a server refuses for
        the way in which it is put is put in another way. All else that may be repeated is left to the host.

        Raises:
            ModelError: the key, the model's name or the options will not do, whatever the question; or the model was
                closed.
        """
        for index, request in enumerate(requests):
            if self._closed:
                raise ModelError(f"`{self.card.uri}` was closed.")
            yield self._answer(index, request)

    def close(self) -> None:
        """Close all connections."""
        self._closed = True
        self._servers.close()

    def ask_one(self, server: Server, request: Request) -> Response:
        """Put ``request`` to this very server."""
        return self._put(server, 0, request, picture_of(request, self._options))[0]

    def _answer(self, index: int, request: Request) -> Response:
        try:
            picture = picture_of(request, self._options)
        except ImageError as error:
            return Response(index, "", "error", error=error.message)
        tried: list[Server] = []
        while True:
            with self._servers.turn(tried) as server:
                response, outcome = self._put(server, index, request, picture)
            tried.append(server)
            if not (outcome.unsent and self._servers.is_another_awake(tried)):
                return response

    def _put(self, server: Server, index: int, request: Request, picture: str) -> tuple[Response, Outcome]:
        """Put the question to ``server`` until it is in a form that the server takes."""
        while True:
            dialect = self._dialect
            body = dialect.body(self._identity.model, request, picture, self._options)
            outcome = call(server, index, body)
            if outcome.unavailable:
                self._servers.failed(server)
            else:
                self._servers.went_well(server)
            if outcome.failure is None:
                server.proven = server.proven or request.schema is not None
                response = read_reply(
                    index,
                    outcome.body,
                    schema=request.schema,
                    price=self._identity.price,
                    latency_ms=outcome.latency_ms,
                )
                return response, outcome
            feature = _FEATURES.get(outcome.refusal) if outcome.refusal is not None else None
            if feature is not None and not server.proven and self._weaken(dialect, feature):
                continue
            return self._failure(server, outcome, outcome.failure), outcome

    def _weaken(self, used: Dialect, feature: Feature) -> bool:
        """Do without ``feature`` from now on; whether there is another way to ask."""
        with self._lock:
            if self._dialect != used:
                return True  # another call has found out meanwhile
            weaker = used.without(feature, self._options)
            if weaker is not None:
                self._dialect = weaker
            return weaker is not None

    def _failure(self, server: Server, outcome: Outcome, failure: Response) -> Response:
        """The response for a question that got no answer.

        Raises:
            ModelError: no other would get one either.
        """
        said = failure.error or "no reason given"
        refusal = outcome.refusal
        if refusal == "context":
            problem = f"The question does not fit the model's context: {said}"
            return replace(failure, error=problem, retryable=False, trouble=None)
        if refusal == "policy":
            return Response(failure.index, said, "refused", latency_ms=failure.latency_ms)
        if refusal is None or (server.proven and refusal != "spent"):
            self._raise_for_all(server, outcome.status, said)
            return failure
        reason, hint = _FOR_GOOD[refusal]
        raise ModelError(f"`{self._identity.model}` at {server.address.shown} {reason} ({said}).", hint=hint)

    def _raise_for_all(self, server: Server, status: int | None, said: str) -> None:
        raise_for_key(server, status, said)
        if status == 404:
            raise ModelError(
                f"{server.address.shown} has no model `{self._identity.model}`, or no chat completions at this "
                f"address ({said}).",
                hint="Check the name, and that base_url ends as the server wants it, most often in /v1.",
            )
