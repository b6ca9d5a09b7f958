"""The system's keyring, if there is one that keeps secrets, asked so that it can neither hang nor end the program."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

_T = TypeVar("_T")

APPLICATION = "elena-wb"
READING_S = 10.0
WRITING_S = 60.0
"""Writing may make the desktop ask for the keyring's password."""

_NOT_KEEPING = ("keyring.backends.fail", "keyring.backends.null", "keyring.backends.chainer")


class KeyringError(Exception):
    """The keyring cannot be used now; the text says why, for people."""


@dataclass(slots=True)
class SystemKeyring:
    """A keyring that has been found to be out of order is not asked again in this process."""

    _problem: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, service: str) -> str | None:
        """The key of ``service``; ``None`` if it holds none, or there is no keyring.

        Raises:
            KeyringError: there is one, and it did not answer.
        """

        def look() -> str | None:
            for backend in _keepers():
                found = backend.get_password(APPLICATION, service)
                if isinstance(found, str) and found:
                    return found
            return None

        return self._ask(look, READING_S)

    def set(self, service: str, value: str) -> str | None:
        """Keep the key of ``service``; the keyring's name, or ``None`` if there is no keyring.

        Raises:
            KeyringError: there is one, and it did not keep the key.
        """

        def keep() -> str | None:
            for backend in _keepers():
                backend.set_password(APPLICATION, service, value)
                if backend.get_password(APPLICATION, service) != value:
                    raise KeyringError("it did not keep the key")
                return str(backend.name)
            return None

        return self._ask(keep, WRITING_S)

    def remove(self, service: str) -> bool:
        """Whether a key of ``service`` was there and is gone.

        Raises:
            KeyringError: there is a keyring, and it did not answer.
        """

        def drop() -> bool:
            held = [one for one in _keepers() if one.get_password(APPLICATION, service) is not None]
            for backend in held:
                backend.delete_password(APPLICATION, service)
            return bool(held)

        return self._ask(drop, WRITING_S)

    def _ask(self, question: Callable[[], _T], seconds: float) -> _T:
        """Ask in a thread of its own, which is left behind if there is no answer in time."""
        with self._lock:
            if self._problem is not None:
                raise KeyringError(self._problem)
            try:
                return _answer(question, seconds)
            except KeyringError as error:
                self._problem = str(error)
                raise


def _answer(question: Callable[[], _T], seconds: float) -> _T:
    answers: list[_T] = []
    problems: list[str] = []

    def ask() -> None:
        try:
            answers.append(question())
        except KeyringError as error:
            problems.append(str(error))
        except BaseException as error:  # noqa: BLE001 - drivers of keyrings raise whatever their desktop does
            problems.append(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)

    thread = threading.Thread(target=ask, name="keyring", daemon=True)
    thread.start()
    thread.join(seconds)
    if answers:
        return answers[0]
    if problems:
        raise KeyringError(problems[0])
    raise KeyringError(f"it did not answer within {seconds:.0f} s; it may be locked")


def _keepers() -> Iterator[Any]:
    """The backends that keep secrets, the one to prefer first. None without the package `keyring`."""
    try:
        import keyring
        import keyring.backends.chainer
    except ImportError:
        return
    chosen = keyring.get_keyring()
    chained = isinstance(chosen, keyring.backends.chainer.ChainerBackend)
    backends: list[Any] = getattr(chosen, "backends", []) if chained else [chosen]
    for backend in backends:
        kind = type(backend)
        if not kind.__module__.startswith(_NOT_KEEPING) and "plaintext" not in kind.__name__.lower():
            yield backend


system_keyring = SystemKeyring()
"""The one of this process."""
