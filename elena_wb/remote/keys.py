"""API keys: where they are looked for, in this order, and where they are put.

1. the environment, 2. the file `.env` in the current folder, 3. the system keyring, 4. the keys file. Every key that
is found is registered with :mod:`elena_wb.remote.redaction` before anyone else sees it.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from elena_wb.core.abilities import KeySlot
from elena_wb.errors import SetupError, UsageError
from elena_wb.remote.keyfile import Held, read_held, write_held
from elena_wb.remote.redaction import hide, redact
from elena_wb.remote.system_keyring import KeyringError, system_keyring

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", re.ASCII)
_USABLE = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)
_LARGEST_ENV_FILE = 1 << 20
KEYRING = "system keyring"
FILE = "keys file"


@dataclass(frozen=True, slots=True)
class Key:
    """A key; ``origin`` says where it was found, and its text never shows the key itself."""

    value: str = field(repr=False)
    origin: str


@dataclass(frozen=True, slots=True)
class KeyState:
    """Where the key of ``service`` would be taken from (``None``: there is none), and where unused ones lie.

    ``problem`` says why a place could not be looked into.
    """

    service: str
    variables: tuple[str, ...]
    origin: str | None
    unused: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a key was put, for people, and why the system keyring was not used, if it should have been."""

    place: str
    problem: str | None = None


def find_key(slot: KeySlot) -> Key | None:
    """The key for ``slot`` from the first place that holds one.

    Raises:
        SetupError: what was found there cannot be a key, or the place is not safe.
    """
    return next(_found(slot, []), None)


def require_key(slot: KeySlot) -> Key:
    """The key for ``slot``.

    Raises:
        SetupError: there is none; the hint says how to set it.
    """
    troubles: list[str] = []
    key = next(_found(slot, troubles), None)
    if key is None:
        said = " ".join([f"There is no API key for `{slot.service}`.", *troubles])
        raise SetupError(said, hint=how_to_set(slot))
    return key


def how_to_set(slot: KeySlot) -> str:
    """The ways to give the key of ``slot``, in a sentence or two."""
    ways = [f"`elena-wb keys set {slot.service}`"]
    if slot.variables:
        ways.append(f"the variable {' or '.join(slot.variables)} in the environment or in a file `.env` here")
    where = f" Keys are given out at {slot.page}." if slot.page else ""
    return f"Set it with {', or with '.join(ways)}.{where}"


def check_name(name: str) -> str:
    """``name`` if a key can be kept under it.

    Raises:
        UsageError: it has other characters than a-z, 0-9 and inner hyphens.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            "A key's name has lower-case letters, digits and hyphens only (32 at most).",
            hint="The name comes first, as in `elena-wb keys set gemini`; the key itself is asked for.",
        )
    return name


def check_value(value: str) -> str:
    """``value`` without the blanks around it, if it can be a key.

    Raises:
        UsageError: it is empty, or holds blanks, line breaks or characters that no key has.
    """
    plain = value.strip()
    if not plain:
        raise UsageError("No key was given, so nothing was changed.")
    if not _USABLE.fullmatch(plain):
        raise UsageError(
            "That is no key: it holds blanks, line breaks or characters that keys do not have. Nothing was changed.",
            hint="Copy the key alone, without quotation marks and without its name.",
        )
    hide(plain)
    return plain


def store_key(service: str, value: str, *, in_file: bool = False) -> Stored:
    """Keep ``value`` in the system keyring, or in the keys file where there is no keyring or ``in_file`` is set.

    The other place then holds none for ``service``.

    Raises:
        UsageError: no such name, or no such key.
        SetupError: the keys file cannot be written, or is not safe.
    """
    check_name(service)
    plain = check_value(value)
    held = read_held()
    backend, problem = None, None
    try:
        if in_file:
            system_keyring.remove(service)
        else:
            backend = system_keyring.set(service, plain)
    except KeyringError as error:
        problem = _keyring_trouble(error)
    keys = {name: key for name, key in held.keys.items() if name != service}
    in_keyring = held.in_keyring - {service}
    if backend is not None:
        write_held(Held(keys, in_keyring | {service}))
        return Stored(f"the system keyring ({backend})", problem)
    path = write_held(Held({**keys, service: plain}, in_keyring))
    return Stored(f"the keys file {path}", problem)


def remove_key(service: str) -> tuple[Sequence[str], str | None]:
    """Forget the key of ``service``; the places that held it, and why a place could not be looked into.

    Raises:
        SetupError: the keys file cannot be written, or is not safe.
    """
    held = read_held()
    places: list[str] = []
    problem = None
    in_keyring = held.in_keyring
    try:
        if system_keyring.remove(check_name(service)):
            places.append(f"the {KEYRING}")
        in_keyring -= {service}
    except KeyringError as error:
        problem = _keyring_trouble(error)
    keys = {name: key for name, key in held.keys.items() if name != service}
    if len(keys) != len(held.keys):
        places.append(f"the {FILE}")
    if (keys, in_keyring) != (held.keys, held.in_keyring):
        write_held(Held(keys, in_keyring))
    return places, problem


def list_keys(slots: Iterable[KeySlot]) -> Sequence[KeyState]:
    """What is known about the key of each slot, and of each further name that a key was stored under."""
    known = {slot.service: slot for slot in slots}
    try:
        held = read_held()
    except SetupError:
        held = Held()  # each state says so
    for service in sorted({*held.keys, *held.in_keyring}):
        known.setdefault(service, KeySlot(service, ()))
    return [_state(slot) for slot in known.values()]


def stored_names() -> frozenset[str]:
    """The names that keys were stored under.

    Raises:
        SetupError: the keys file is not safe, or damaged.
    """
    held = read_held()
    return held.in_keyring | held.keys.keys()


def _state(slot: KeySlot) -> KeyState:
    origins: list[str] = []
    problems: list[str] = []
    for place in (_in_environment, _in_env_file, _in_keyring, _in_keys_file):
        try:
            origins += [key.origin for key in place(slot)]
        except SetupError as error:
            problems.append(" ".join(filter(None, [error.message, error.hint])))
        except KeyringError as error:
            problems.append(_keyring_trouble(error))
    return KeyState(
        slot.service,
        slot.variables,
        origins[0] if origins else None,
        tuple(origins[1:]),
        " ".join(problems) or None,
    )


def _found(slot: KeySlot, troubles: list[str]) -> Iterator[Key]:
    """The keys for ``slot`` in the order of places; a keyring out of order adds to ``troubles`` and is passed over."""
    yield from _in_environment(slot)
    yield from _in_env_file(slot)
    try:
        yield from _in_keyring(slot)
    except KeyringError as error:
        troubles.append(_keyring_trouble(error))
    yield from _in_keys_file(slot)


def _in_environment(slot: KeySlot) -> Iterator[Key]:
    for variable in slot.variables:
        yield from _key(slot, os.environ.get(variable), f"{variable} in the environment")


def _in_env_file(slot: KeySlot) -> Iterator[Key]:
    path = Path(".env")
    if not slot.variables or not path.is_file():
        return
    from dotenv import dotenv_values

    try:
        with path.open(encoding="utf-8-sig") as file:
            values = dotenv_values(stream=io.StringIO(file.read(_LARGEST_ENV_FILE)), interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise SetupError(
            f"{path.absolute()}, which may hold an API key, cannot be read: {reason}.",
            hint="Mend it, or give the key in the environment.",
        ) from None  # the bytes of a decoding error may be those of a key
    for variable in slot.variables:
        yield from _key(slot, values.get(variable), f"{variable} in .env")


def _in_keyring(slot: KeySlot) -> Iterator[Key]:
    yield from _key(slot, system_keyring.get(slot.service), KEYRING)


def _in_keys_file(slot: KeySlot) -> Iterator[Key]:
    yield from _key(slot, read_held().keys.get(slot.service), FILE)


def _key(slot: KeySlot, value: str | None, origin: str) -> Iterator[Key]:
    """The key that a place holds, if it does; hidden before anything else is done with it."""
    plain = (value or "").strip()
    if not plain:
        return
    hide(plain)
    if not _USABLE.fullmatch(plain):
        raise SetupError(
            f"What is given as the API key for `{slot.service}` ({origin}) holds blanks, line breaks or characters "
            "that no key has.",
            hint="Give the key alone, without quotation marks and without its name.",
        )
    yield Key(plain, origin)


def _keyring_trouble(error: KeyringError) -> str:
    return redact(f"The system keyring cannot be used: {error}.")
