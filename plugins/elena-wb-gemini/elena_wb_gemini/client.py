"""Google's client, set up so that it does what the host expects of it and no more."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
from google import genai
from google.genai import errors, types

from elena_wb_gemini.options import GeminiOptions

_LARGEST_REPLY = 64 * 2**20
_UNTIL = "elena_wb_until"


class Connection:
    """``client`` makes one call where one is asked for: no retries, no redirects, no functions, no continuations.

    Redirects are not followed because they would carry the key, and the picture, to a host that nobody named. What
    the environment says about Vertex AI, addresses and versions of the API is not heeded: options say all that.

    Each call has a connection of its own: on one that is kept, whatever a server sends too much is taken for the
    answer to the next call. All of this may be used from several threads.
    """

    def __init__(self, key: str, options: GeminiOptions) -> None:
        # The client warns about environment variables that are not used here.
        logging.getLogger("google_genai").setLevel(logging.ERROR)
        self._root = f"{options.base_url}/{options.api_version}/"
        self._headers = {"Accept-Encoding": "identity", "Connection": "close"}
        self._key = key
        self._timeout_s = options.timeout
        trust = httpx2.create_ssl_context()
        self._http = httpx2.Client(
            verify=trust,
            trust_env=not options.local,  # a proxy is none for this machine
            follow_redirects=False,
            timeout=options.timeout,
            event_hooks={"request": [self._begin], "response": [self._receive]},
        )
        self.client = genai.Client(
            enterprise=False,
            api_key=key,
            http_options=types.HttpOptions(
                base_url=options.base_url,
                api_version=options.api_version,
                timeout=max(1, round(options.timeout * 1000)),
                headers=self._headers,
                httpx_client=self._http,
                # For clients that are never used; making their own would take a while each.
                client_args={"verify": trust},
                async_client_args={"verify": trust, "ssl": trust},
            ),
        )

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The JSON at ``path``, as it came.

        For what the client would not read with enough patience: of a batch with one odd answer it reads none.

        Raises:
            google.genai.errors.APIError, httpx2.HTTPError, ValueError: there is none.
        """
        headers = {**self._headers, "x-goog-api-key": self._key}
        response = self._http.get(self._root + path, params=dict(query or {}), headers=headers)
        errors.APIError.raise_for_response(response)
        return json.loads(response.text)

    def close(self) -> None:
        """End all calls. Harmless if repeated."""
        self.client.close()
        self._http.close()

    def _begin(self, request: httpx2.Request) -> None:
        request.extensions[_UNTIL] = time.monotonic() + self._timeout_s

    def _receive(self, response: httpx2.Response) -> None:
        """Called when the head of ``response`` is there, and nothing of its body."""
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = _Bounded(response.stream, response.request.extensions[_UNTIL])


class _Bounded(httpx2.SyncByteStream):
    """A body that ends when the time-out for the whole call is over, or when it is larger than any proper one.

    The time-out of the HTTP library is about each single wait, which a reply that drips never exceeds.
    """

    def __init__(self, stream: httpx2.SyncByteStream, until: float) -> None:
        self._stream = stream
        self._until = until

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._stream:
            size += len(chunk)
            if size > _LARGEST_REPLY:
                raise httpx2.DecodingError(f"the reply is larger than {_LARGEST_REPLY >> 20} MiB")
            if time.monotonic() > self._until:
                raise httpx2.ReadTimeout("the reply as a whole took too long")
            yield chunk

    def close(self) -> None:
        self._stream.close()
