"""The keys file: for machines without a system keyring, readable by its owner alone from the first byte.

It also remembers which keys were put into the system keyring, which cannot be asked for a list.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elena_wb.errors import SetupError
from elena_wb.paths import user_config_dir

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LARGEST = 1 << 20
_HEADER = "# API keys, read and written by `elena-wb keys`. Keep this file to yourself.\n"


@dataclass(frozen=True, slots=True)
class Held:
    """What the file holds: keys by service, and the services whose keys lie in the system keyring."""

    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    in_keyring: frozenset[str] = frozenset()


def keys_path() -> Path:
    """The keys file, which need not exist."""
    return user_config_dir() / "keys.toml"


def read_held() -> Held:
    """What the file holds; nothing if there is none.

    Raises:
        SetupError: others can read it, it belongs to someone else, or it is no such file.
    """
    path = keys_path()
    text = _read_private(path)
    if text is None:
        return Held()
    try:
        document: Any = tomllib.loads(text)
        keys = document.get("keys", {})
        in_keyring = document.get("in_keyring", [])
        sound = (
            isinstance(keys, dict)
            and all(isinstance(value, str) for value in keys.values())
            and isinstance(in_keyring, list)
            and all(isinstance(name, str) for name in in_keyring)
        )
    except tomllib.TOMLDecodeError:  # whose message may quote a key
        sound = False
    if not sound:
        raise SetupError(
            f"The keys file {path} is damaged.",
            hint='Mend it ([keys] and below it lines such as gemini = "…"), or remove it and set the keys again.',
        )
    return Held(keys, frozenset(in_keyring))


def write_held(held: Held) -> Path:
    """Replace the file in one step; where nothing is held, it goes. Returns its path.

    A symbolic link stays one, and the file that it leads to is replaced.

    Raises:
        SetupError: it cannot be written.
    """
    path = keys_path()
    import tomlkit

    document = tomlkit.document()
    if held.in_keyring:
        document["in_keyring"] = sorted(held.in_keyring)
    if held.keys:
        document["keys"] = dict(sorted(held.keys.items()))
    try:
        target = Path(os.path.realpath(path))
        if not held.keys and not held.in_keyring:
            target.unlink(missing_ok=True)
            return path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace_private(target, _HEADER + tomlkit.dumps(document))
    except OSError as error:
        raise SetupError(
            f"The keys file {path} cannot be written: {error.strerror or error}.",
            hint="Check the folder's owner and the free disk space, or give the key in the environment.",
        ) from error
    return path


def _read_private(path: Path) -> str | None:
    """The text of ``path``, if it is a file of this user's that no one else can read; ``None`` if there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SetupError(
            f"The keys file {path} cannot be read: {error.strerror or error}.", hint="Mend or remove it."
        ) from error
    try:
        _demand_private(path, os.fstat(descriptor))
    except SetupError:
        os.close(descriptor)
        raise
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read(_LARGEST).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(f"The keys file {path} is damaged.", hint="Mend or remove it.") from error


def _demand_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SetupError(f"{path} is no file, and so cannot hold keys.", hint="Move it out of the way.")
    if os.name != "posix":  # elsewhere the user's own folder is all the protection there is
        return
    if status.st_uid != os.geteuid():
        raise SetupError(
            f"The keys file {path} belongs to another user and is not used.",
            hint="Remove it, or take it over.",
        )
    if status.st_mode & _OTHERS:
        raise SetupError(
            f"The keys file {path} can be read or changed by others "
            f"(mode {stat.S_IMODE(status.st_mode):04o}), and so is not used.",
            hint=f"Close it to them: `chmod 600 {path}`. If others use this machine, have new keys made.",
        )


def _replace_private(target: Path, text: str) -> None:
    """Write ``text`` to a new file that only its owner can open, and put that in the place of ``target``."""
    scratch = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise
