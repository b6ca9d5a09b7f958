"""Google's client, set up so that it does what the host expects of it and no more."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from elena_wb_gemini.options import GeminiOptions

if TYPE_CHECKING:
    from google import genai

_LARGEST_REPLY = 64 * 2**20


def connect(key: str, options: GeminiOptions) -> genai.Client:
    """A client that makes one call where one is asked for: no retries, no redirects, no functions, no continuations.

    Redirects are not followed because they would carry the key, and the picture, to a host that nobody named. What
    the environment says about Vertex AI, addresses and versions of the API is not heeded: options say all that.

    Each call has a connection of its own: on one that is kept, whatever a server sends too much is taken for the
    answer to the next call. The client is safe to use from several threads.
    """
    from google import genai
    from google.genai import types

    bounds = _Bounds(options.timeout)
    # The client warns about environment variables that are not used here.
    logging.getLogger("google_genai").setLevel(logging.ERROR)
    return genai.Client(
        enterprise=False,
        api_key=key,
        http_options=types.HttpOptions(
            base_url=options.base_url,
            api_version=options.api_version,
            timeout=max(1, round(options.timeout * 1000)),
            headers={"Accept-Encoding": "identity", "Connection": "close"},
            client_args={
                "follow_redirects": False,
                "trust_env": not options.local,
                "event_hooks": {"request": [bounds.begin], "response": [bounds.receive]},
            },
        ),
    )


class _Bounds:
    """Ends replies that take longer than the time-out as a whole, or are larger than any proper one.

    The time-out of the HTTP library is about each single wait, which a reply that drips never exceeds.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    def begin(self, request: Any) -> None:
        """Called before ``request`` is sent."""
        request.extensions["elena_wb_until"] = time.monotonic() + self._timeout_s

    def receive(self, response: Any) -> None:
        """Called when the head of ``response`` is there, and nothing of its body."""
        response.stream = _bounded(response, response.request.extensions["elena_wb_until"])


def _bounded(response: Any, until: float) -> Any:
    """The body of ``response``, as a stream of the HTTP library that the client happens to use."""
    library = sys.modules[type(response).__module__.partition(".")[0]]
    stream = response.stream

    class Bounded(library.SyncByteStream):  # type: ignore[name-defined, misc]
        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for chunk in stream:
                size += len(chunk)
                if size > _LARGEST_REPLY:
                    raise library.DecodingError(f"the reply is larger than {_LARGEST_REPLY >> 20} MiB")
                if time.monotonic() > until:
                    raise library.ReadTimeout("the reply as a whole took too long")
                yield chunk

        def close(self) -> None:
            stream.close()

    return Bounded()
