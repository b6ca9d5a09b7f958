"""Several servers of one model: the least busy is asked, and one that fails rests while the others go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openai

    from elena_wb_openai.addresses import Address

_FAILURES_BEFORE_REST = 2
_FIRST_REST_S = 1.0
_LONGEST_REST_S = 60.0


@dataclass(slots=True, eq=False)
class Server:
    """One address with its client, the name of the key that is sent there, and how it has been doing.

    ``proven`` is set once it has answered a question with a schema: it takes the form in which questions are put.
    """

    address: Address
    client: openai.OpenAI
    key_slot: str | None = None
    proven: bool = False
    in_flight: int = 0
    asked: int = 0
    failures: int = 0
    rests_until: float = 0.0


class Servers:
    """Chooses whom to ask; safe to use from several threads. Nothing here waits."""

    def __init__(self, servers: Sequence[Server], clock: Callable[[], float] = time.monotonic) -> None:
        self._servers = tuple(servers)
        self._clock = clock
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Server]:
        return iter(self._servers)

    def __len__(self) -> int:
        return len(self._servers)

    @contextmanager
    def turn(self, besides: Sequence[Server] = ()) -> Iterator[Server]:
        """The server to ask now: of those awake the one with the fewest calls in flight, then the one asked least.

        Where all rest, the one that wakes first. ``besides`` are left out unless there is no other.
        """
        server = self._chosen(besides)
        try:
            yield server
        finally:
            with self._lock:
                server.in_flight -= 1

    def is_another_awake(self, besides: Sequence[Server]) -> bool:
        """Whether a server is awake that is none of ``besides``."""
        now = self._clock()
        with self._lock:
            return any(server not in besides and server.rests_until <= now for server in self._servers)

    def went_well(self, server: Server) -> None:
        """It answered, in whatever way."""
        with self._lock:
            server.failures = 0
            server.rests_until = 0.0

    def failed(self, server: Server) -> None:
        """It could not be reached or had a fault: from the second time in a row it rests, each time twice as long."""
        with self._lock:
            if server.rests_until > self._clock():
                return  # calls that were under way when it was sent to rest
            server.failures += 1
            extra = server.failures - _FAILURES_BEFORE_REST
            if extra >= 0:
                rest = min(_LONGEST_REST_S, _FIRST_REST_S * 2 ** min(extra, 10))
                server.rests_until = self._clock() + rest

    def close(self) -> None:
        """Close every client; harmless when done twice."""
        for server in self._servers:
            server.client.close()

    def _chosen(self, besides: Sequence[Server]) -> Server:
        with self._lock:
            candidates = [server for server in self._servers if server not in besides] or self._servers
            now = self._clock()
            awake = [server for server in candidates if server.rests_until <= now]
            if awake:
                server = min(awake, key=lambda one: (one.in_flight, one.asked))
            else:
                server = min(candidates, key=lambda one: one.rests_until)
            server.in_flight += 1
            server.asked += 1
            return server
