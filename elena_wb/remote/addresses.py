"""What a base URL says about where pictures would go."""

from __future__ import annotations

from urllib.parse import urlsplit

from elena_wb.errors import UsageError
from elena_wb.offline import is_loopback

__all__ = ["host_of", "is_loopback"]


def host_of(url: str) -> str:
    """The host of an ``http`` or ``https`` address, in lower case, without port, user and brackets.

    Raises:
        UsageError: it is no such address.
    """
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{_shown(url)} is no address: {error}.", hint=_EXAMPLE) from error
    if parts.scheme.lower() not in ("http", "https") or not host or any(c.isspace() for c in host):
        raise UsageError(f"{_shown(url)} is no address of a server.", hint=_EXAMPLE)
    return host


_EXAMPLE = "An address is like http://localhost:8000/v1 or https://example.org/v1."


def _shown(url: str) -> str:
    """``url`` for a message; what may hold a password is left out."""
    return "What was given" if "@" in url or "?" in url else f"`{url}`"
