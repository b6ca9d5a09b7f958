"""A Gemini model that is asked one question a call."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from elena_wb.core import ImageError, ModelCard, ModelError, Quota, Request, Response, Usage, WorkbenchError
from elena_wb.remote.prices import Price
from elena_wb_gemini import asking
from elena_wb_gemini.options import GOOGLE, GeminiOptions
from elena_wb_gemini.problems import from_error
from elena_wb_gemini.reply import read, unreadable

if TYPE_CHECKING:
    from elena_wb_gemini.client import Connection


class GeminiModel:
    """Asks ``name`` through ``connection``; one call for each request, from as many threads as ``concurrency`` says.

    Implements :class:`elena_wb.core.Model` and :class:`elena_wb.core.Metered`.
    """

    preferred_batch_size = 1

    def __init__(
        self, connection: Connection, name: str, card: ModelCard, options: GeminiOptions, price: Price | None
    ) -> None:
        self._connection = connection
        self._name = name
        self._options = options
        self._price = price
        self._closed = False
        self.card = card
        self.quota = Quota(
            account=account(name, options),
            requests_per_minute=options.requests_per_minute,
            tokens_per_minute=options.tokens_per_minute,
            requests_per_day=options.requests_per_day,
        )

    @property
    def max_concurrency(self) -> int:
        """The option ``concurrency``."""
        return self._options.concurrency

    def at_most(self, request: Request) -> Usage:
        """The most that one call for ``request`` can use."""
        return asking.at_most(request, self._name, self._options, self._price)

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Answer each request by one call, one after the other.

        Raises:
            ModelError: the model is closed, the key not accepted, or the model unknown.
            NetworkForbiddenError: the network is switched off.
        """
        for index, request in enumerate(requests):
            if self._closed:
                raise ModelError(f"`{self.card.uri}` was closed.")
            yield self._ask(index, request)

    def close(self) -> None:
        """Close the connections."""
        if not self._closed:
            self._closed = True
            self._connection.close()

    def _ask(self, index: int, request: Request) -> Response:
        try:
            contents = asking.contents(request, self._name, asking.encoded(request, self._options))
            config = asking.config(request, self._name, self._options)
        except ImageError as error:
            return Response(index, "", "error", error=error.message)
        started = time.perf_counter()
        try:
            reply = self._connection.client.models.generate_content(
                model=self._name, contents=contents, config=config
            )
        except WorkbenchError:
            raise
        except Exception as error:  # noqa: BLE001 - one call's failure is a response, whatever the client raises
            latency = 1000 * (time.perf_counter() - started)
            return from_error(index, error, model=self._name, host=self._options.shown, latency_ms=latency)
        latency = 1000 * (time.perf_counter() - started)
        sent = reply.sdk_http_response
        try:
            body = json.loads((sent and sent.body) or "")
        except (ValueError, RecursionError):
            return unreadable(index, "The reply is no JSON, or not a whole one.", latency)
        response = read(index, body, schema=request.schema, price=self._price)
        return replace(response, latency_ms=latency)


def account(name: str, options: GeminiOptions) -> str:
    """What quotas are counted by: the model, and where else than at Google it is asked."""
    elsewhere = "" if options.base_url == GOOGLE else f"{options.host}/"
    return f"gemini/{elsewhere}{name}{'/batch' if options.batch else ''}"
