"""What a server needs to know of the API that it speaks, and of the limits that it enforces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from tests.loopback.calls import Call
from tests.loopback.faults import RetryStyle


class API(Protocol):
    """What a server speaks. One instance serves all calls of a server, from many threads."""

    prefix: str
    """The path that clients take for the root."""

    def key(self, call: Call) -> str | None:
        """The API key that came with the call."""

    def asks_for_answers(self, method: str, path: str) -> bool:
        """Whether this is a call that is counted, and that lists of faults are meant for."""

    def read(self, call: Call) -> None:
        """Check the request and fill in its questions.

        Raises:
            BadRequestError: a real server would not take it.
        """

    def reply(self, call: Call, manner: str) -> Any:
        """The JSON of a 200 for the call.

        Raises:
            LookupError: there is no such path.
        """

    def error(self, status: int, message: str, retry_delay: float | None) -> Any:
        """The JSON of an error."""

    def wrong_key(self) -> tuple[int, Any]:
        """Status and JSON for a key that is not accepted."""


@dataclass(frozen=True, slots=True)
class Account:
    """Limits that are really enforced, by 429: ``requests`` within any ``window_s`` seconds, ``at_once`` in flight.

    ``tell`` puts the true time until the next request is welcome into the 429; its style is ``style``.
    Calls that were turned away do not count.
    """

    requests: int | None = None
    window_s: float = 60.0
    at_once: int | None = None
    tell: bool = True
    style: RetryStyle = "seconds"
