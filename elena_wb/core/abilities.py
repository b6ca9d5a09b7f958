"""What models and their providers may be able to do beside answering. Each is a protocol; the host looks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from elena_wb.core.exchange import Request

if TYPE_CHECKING:
    from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Quota:
    """How much may be asked within a time, ``None`` being unlimited. Days are the last 24 hours.

    All processes of this user that ask the same ``account`` share it. The account is a name such as
    ``gemini/gemini-2.5-flash`` and never holds a key.
    """

    account: str
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    requests_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens (of question and answer together) and US dollars; ``None`` dollars means that no price is known."""

    tokens: int
    cost_usd: float | None = None


@runtime_checkable
class Metered(Protocol):
    """A model whose calls are limited or cost money."""

    @property
    def quota(self) -> Quota:
        """The limits that its calls count against."""

    def at_most(self, request: Request) -> Usage:
        """The most that one call for ``request`` can use: its token limit spent to the end."""


@runtime_checkable
class Waits(Protocol):
    """A model whose calls may take very long by design, such as a batch that a server works off overnight."""

    def stop_on(self, stop: threading.Event) -> None:
        """Called once before the first ``generate``: when ``stop`` is set, a call ends soon.

        It then raises :class:`elena_wb.core.PostponedError` if answers are still being made that the same command can
        fetch later.
        """


@runtime_checkable
class Notifies(Protocol):
    """A model that has news while it answers, such as that one of the machines it runs on is gone."""

    def notify(self, tell: Callable[[str], None]) -> None:
        """Called before each run: what its users should know from now on, and what has been so far, is told.

        ``tell`` takes one sentence, from any thread, until it is replaced.
        """


@dataclass(frozen=True, slots=True)
class KeySlot:
    """An API key that a provider needs: ``service`` is its name in ``elena-wb keys``, ``variables`` the environment
    variables that may hold it, first come first served, and ``page`` the address where keys are given out.
    """

    service: str
    variables: tuple[str, ...]
    page: str = ""


@runtime_checkable
class Keyed(Protocol):
    """A provider that needs API keys."""

    keys: ClassVar[Sequence[KeySlot]]


@runtime_checkable
class Prices(Protocol):
    """A provider that can tell what calls cost before any is made."""

    def at_most(self, reference: str, options: BaseModel, request: Request) -> Usage:
        """As :meth:`Metered.at_most`, without opening the model or using the network."""


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model that lies on this machine, found without being asked for.

    ``needs_bytes`` is about the memory that it takes when it runs; ``fits`` whether this machine has it now
    (``None``: unknown). ``problem`` says why it cannot be used as it is.
    """

    uri: str
    name: str
    path: Path
    size_bytes: int
    quantisation: str | None = None
    needs_bytes: int | None = None
    fits: bool | None = None
    problem: str | None = None


@runtime_checkable
class Lists(Protocol):
    """A provider that finds models on this machine."""

    def local_models(self) -> Sequence[LocalModel]:
        """Those it finds in the usual places, quickly and without failing on damaged files."""


@runtime_checkable
class Pulls(Protocol):
    """A provider that can fetch a model for later."""

    def pull(self, reference: str, options: BaseModel) -> Path:
        """Fetch what ``reference`` names, unless it is here already, and return where it lies.

        Raises:
            ModelError: there is no such model, or it cannot be fetched.
        """


@runtime_checkable
class Exports(Protocol):
    """A provider that can write its model in another format."""

    formats: ClassVar[Mapping[str, str]]
    """Name of each format (``f16``) → what it is; the first is the default."""

    def export(self, reference: str, options: BaseModel, out: Path, format_name: str) -> Sequence[Path]:
        """Write the model into the folder ``out`` and return the files written.

        Raises:
            UsageError: there is no such model or format, or ``out`` holds other files of these names.
        """
