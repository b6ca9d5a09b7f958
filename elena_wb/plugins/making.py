"""Writing a new plugin: a whole distribution of one kind, which works, is typed and passes its own tests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from email.utils import parseaddr
from pathlib import Path
from string import Template
from typing import Final

from elena_wb.errors import SetupError, UsageError
from elena_wb.nearest import nearest
from elena_wb.plugins.making_kinds import SKELETONS, Skeleton
from elena_wb.plugins.making_names import PREFIX, plugin_name

_TEMPLATES: Final = Path(__file__).parent / "skeletons"
_COMMON: Final[Mapping[str, str]] = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "LICENSE": "LICENSE",
    ".gitignore": "gitignore",
    "src/{package}/__init__.py": "init.py",
    "src/{package}/plugin.py": "plugin.py",
    "src/{package}/py.typed": "py.typed",
}
"""File of the distribution → template that all kinds share."""


def write_plugin(name: str, kind: str, folder: Path, author: str | None = None) -> tuple[Path, ...]:
    """Write a plugin of ``kind`` called ``name`` into ``folder``, and say which files these are.

    ``author`` is a name, or ``Name <address>``. The folder is made where it does not exist; whether another plugin
    has the name already is for the caller to ask (:func:`elena_wb.plugins.making_names.require_free`).

    Raises:
        UsageError: no such kind, a name or an author that cannot be, or a folder that holds something.
        SetupError: the folder cannot be written.
    """
    name = plugin_name(name)
    if kind not in SKELETONS:
        raise UsageError(f"There is no kind of plugin `{kind}`.", hint=nearest(kind, SKELETONS))
    files = written(name, kind, author)
    folder = folder.expanduser().absolute()
    try:
        _require_empty(folder)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise SetupError(
            f"The plugin cannot be written to {folder}: {error.strerror or error}.",
            hint="--out names another folder.",
        ) from error
    return tuple(folder / path for path in files)


def written(name: str, kind: str, author: str | None = None) -> dict[str, str]:
    """Path within the distribution → text, of a plugin whose name and kind are known to be good.

    Raises:
        UsageError: the author cannot be.
    """
    skeleton = SKELETONS[kind]
    package = f"{PREFIX}{name}".replace("-", "_")
    values = _values(name, package, skeleton, author)
    values["about"] = _filled(f"{kind}/about.md", values).rstrip()
    common = {path.format(package=package): f"common/{template}" for path, template in _COMMON.items()}
    own = {
        f"src/{package}/{skeleton.module}.py": f"{kind}/{skeleton.module}.py",
        f"tests/test_{skeleton.module}.py": f"{kind}/test_{skeleton.module}.py",
    }
    return {path: _filled(template, values) for path, template in {**common, **own}.items()}


def host_requirement(version: str) -> str:
    """The versions of elena-wb that a plugin written with ``version`` asks for.

    What plugins rely on may change with the first number of a version, and before 1.0 with the second.
    """
    from packaging.version import InvalidVersion, Version

    try:
        written = Version(version)
    except InvalidVersion:
        return "elena-wb"
    release = written.release
    major, minor = release[0], release[1] if len(release) > 1 else 0
    if (major, minor) == (0, 0):
        return "elena-wb"
    below = f"{major + 1}" if major else f"0.{minor + 1}"
    first = f"{major}.{minor}"
    return f"elena-wb>={written.public if written < Version(first) else first},<{below}"


def _filled(template: str, values: Mapping[str, str]) -> str:
    return Template((_TEMPLATES / f"{template}.tmpl").read_text("utf-8")).substitute(values)


def _values(name: str, package: str, skeleton: Skeleton, author: str | None) -> dict[str, str]:
    from elena_wb import __version__

    parts = name.split("-")
    said = parts[:-1] if len(parts) > 1 and parts[-1] == skeleton.suffix.lower() else parts
    camel = "".join(part.capitalize() for part in said)
    dependencies = sorted([host_requirement(__version__), *skeleton.dependencies])
    return {
        "name": name,
        "distribution": f"{PREFIX}{name}",
        "package": package,
        "camel": camel,
        "cls": f"{camel}{skeleton.suffix}",
        "module": skeleton.module,
        "hook": f"register_{skeleton.hook}",
        "what": skeleton.what,
        "check": f"check_{skeleton.check}",
        "summary": skeleton.summary,
        "use": Template(skeleton.use).substitute(name=name),
        "dependencies": "\n".join(f'    "{one}",' for one in dependencies),
        "authors": _authors(author),
    }


def _authors(author: str | None) -> str:
    """The line of pyproject.toml that names the author."""
    if author is None:
        return ""
    name, address = parseaddr(author)
    if "@" not in address:
        name, address = author.strip(), ""
    if not (name or address) or not author.isprintable() or not re.search(r"\w", author):
        raise UsageError(
            f"`{author}` is no author.",
            hint="Give a name, or a name and an address: 'Ada Lovelace <ada@lab.example>'.",
        )
    parts = {"name": name, "email": address}
    given = ", ".join(
        f"{key} = {json.dumps(part, ensure_ascii=False)}" for key, part in parts.items() if part
    )
    return f"authors = [{{ {given} }}]\n"


def _require_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists() or folder.is_symlink():
        raise UsageError(
            f"{folder} is there already{' and holds something' if folder.is_dir() else ''}; nothing was written.",
            hint="--out names another folder.",
        )


def shown(paths: Iterable[Path]) -> list[str]:
    """``paths`` as short as they can be typed from where the program runs."""
    here = Path.cwd()
    return [str(path.relative_to(here) if path.is_relative_to(here) else path) for path in paths]
