"""The addresses of servers: one spelling for each, and what it says about who will read what is sent there."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from elena_wb.remote.addresses import is_loopback

DEFAULT_URL = "https://api.openai.com/v1"
_OPENAI = "api.openai.com"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A base URL in its one spelling."""

    url: str

    @property
    def host(self) -> str:
        """The host, without port or brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def shown(self) -> str:
        """Host and port, for people."""
        return urlsplit(self.url).netloc

    @property
    def is_here(self) -> bool:
        """Whether it is this machine, as far as the address tells: the far end of a tunnel does not show."""
        return is_loopback(self.host)

    @property
    def is_openai(self) -> bool:
        """Whether it is OpenAI's own service."""
        return self.host == _OPENAI

    @property
    def is_readable_on_the_way(self) -> bool:
        """Whether what is sent there crosses a network unencrypted."""
        return self.url.startswith("http:") and not self.is_here


def normalised(url: str) -> str:
    """``url`` in lower case where case does not count, without a port that goes without saying and closing slashes.

    Raises:
        ValueError: it is no base URL. The message never repeats what was given: it may hold a password.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("no address such as http://localhost:8000/v1") from None
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise ValueError(
            "an address holds no user or password: it would be stored with every run. Name a key instead "
            "(key=NAME, after `elena-wb keys set NAME`)"
        )
    if parts.query or parts.fragment:
        raise ValueError("an address ends with its path: no `?` and no `#`")
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not host or not _is_plain(host + parts.path):
        raise ValueError("no address such as http://localhost:8000/v1")
    named = f"[{host}]" if ":" in host else host.rstrip(".")
    netloc = named if port in (None, _PORTS[scheme]) else f"{named}:{port}"
    return urlunsplit((scheme, netloc, parts.path.rstrip("/"), "", ""))


def _is_plain(text: str) -> bool:
    return text.isprintable() and not any(
        character.isspace() or character in "\\<>\"'`{}|^," for character in text
    )
