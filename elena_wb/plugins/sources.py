"""What people name to be installed: a package, a folder, a wheel or an archive, or an address."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from configparser import ConfigParser, Error
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from elena_wb.errors import UsageError
from elena_wb.plugins.finding import GROUP
from elena_wb.remote.redaction import hide

_ARCHIVES = (".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz")
_ADDRESS = re.compile(r"(?:\w[\w.+-]*\s*(?:\[[^]]*\])?\s*@\s*)?(?:[a-z]+\+)?[a-z]{3,5}://\S+", re.IGNORECASE)
_EXAMPLES = 'A package (elena-wb-hf, "elena-wb-hf>=0.1"), a folder with pyproject.toml, or a .whl file.'


class Kind(StrEnum):
    """How a source is written."""

    NAME = "name"
    FOLDER = "folder"
    WHEEL = "wheel"
    ARCHIVE = "archive"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Source:
    """``given`` is what pip is told, paths made absolute; ``shown`` what people are, without passwords."""

    kind: Kind
    given: str
    shown: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """A built distribution: what it is called, what it requires, and the plugins that it brings."""

    path: Path
    name: str
    version: str
    plugins: tuple[str, ...]
    record: tuple[str, ...] = ()
    """The lines of its list of files."""


def read_source(text: str) -> Source:
    """What ``text`` names. Nothing is fetched.

    Raises:
        UsageError: it is nothing that can be installed.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    path = Path(text).expanduser()
    if _ADDRESS.fullmatch(text):
        hide_credentials(text)
        return Source(Kind.ADDRESS, text, without_credentials(text))
    if path.is_dir():
        return Source(Kind.FOLDER, str(_project(path)), text)
    if os.sep in text or path.is_file() or text.endswith((".whl", *_ARCHIVES)):
        return _file(path, text)
    try:
        Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(
            f"`{without_credentials(text)}` is neither a package nor a file that is here.", hint=_EXAMPLES
        ) from error
    return Source(Kind.NAME, text, text)


def read_wheel(path: Path) -> Wheel:
    """What is in a wheel, by its own metadata.

    Raises:
        UsageError: it is no wheel, or is damaged.
    """
    from email.parser import HeaderParser

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            (metadata,) = [name for name in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
            headers = HeaderParser().parsestr(archive.read(metadata).decode("utf-8"))
            points = metadata.replace("/METADATA", "/entry_points.txt")
            listed = archive.read(points).decode("utf-8") if points in names else ""
            record = archive.read(metadata.replace("/METADATA", "/RECORD")).decode("utf-8")
    except ValueError as error:
        raise UsageError(
            f"{path.name} is no wheel, or is damaged: its metadata cannot be found or read.", hint=_EXAMPLES
        ) from error
    except (OSError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise UsageError(f"{path.name} is no wheel, or is damaged: {error}", hint=_EXAMPLES) from error
    if not headers["Name"] or not headers["Version"]:
        raise UsageError(f"{path.name} is no wheel: its metadata has no name or version.", hint=_EXAMPLES)
    return Wheel(
        path,
        str(headers["Name"]),
        str(headers["Version"]),
        _plugins(listed, path),
        tuple(record.splitlines()),
    )


def hide_credentials(text: str) -> None:
    """Let the passwords in the addresses within ``text`` be taken out of all that is said from now on."""
    for address in re.findall(r"[a-z+]+://[^\s'\"]+", text, re.IGNORECASE):
        try:
            parts = urlsplit(address)
            user, password = parts.username, parts.password
        except ValueError:
            continue
        for secret in (password, user if user and not password else None):
            if secret:
                hide(secret)
                hide(unquote(secret))


def without_credentials(text: str) -> str:
    """``text`` with user names, passwords and queries taken out of the addresses in it."""
    text = re.sub(r"(://)[^\s/@]+@", r"\1", text)
    return re.sub(r"(://[^\s?]+)\?[^\s#]+", r"\1", text)


def _project(path: Path) -> Path:
    if not any((path / name).is_file() for name in ("pyproject.toml", "setup.py")):
        raise UsageError(
            f"There is no pyproject.toml in {path}, so nothing can be installed from it.", hint=_EXAMPLES
        )
    return path.resolve()


def _file(path: Path, text: str) -> Source:
    if not path.is_file():
        raise UsageError(f"There is no file or folder {without_credentials(text)}.", hint=_EXAMPLES)
    if path.suffix == ".whl":
        return Source(Kind.WHEEL, str(path.resolve()), text)
    if path.name.endswith(_ARCHIVES):
        return Source(Kind.ARCHIVE, str(path.resolve()), text)
    raise UsageError(f"{text} is neither a wheel nor an archive of sources.", hint=_EXAMPLES)


def _plugins(listed: str, path: Path) -> tuple[str, ...]:
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(listed)
    except Error as error:
        raise UsageError(f"The entry points of {path.name} cannot be read: {error.message}") from error
    return tuple(parser[GROUP]) if parser.has_section(GROUP) else ()
