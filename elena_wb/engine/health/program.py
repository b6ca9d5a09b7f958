"""The program itself: Python, the packages it needs, and the data that ships with it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata

from elena_wb import __version__
from elena_wb.engine.health.finding import Finding, fail, ok, warn
from elena_wb.paths import packaged
from elena_wb.plugins.requirements import in_force, unmet, version_of

_AREA = "program"
_OLDEST = (3, 11)
_OURS = "elena-wb"
_TOLD = ("numpy", "scipy", "duckdb", "pyarrow", "opencv-python-headless", "textual")


def examine() -> Iterator[Finding]:
    """Python, packages, data."""
    yield _python()
    yield _packages()
    yield _data()


def versions_of(distributions: Iterable[str]) -> str:
    """Names and versions of those that are installed, as a list to read."""
    found = ((name, version_of(name)) for name in distributions)
    return ", ".join(f"{name} {version}" for name, version in found if version)


def names_of(requirements: Iterable[str]) -> list[str]:
    """The distributions that are named, extras left out."""
    return [one.name for one in in_force(requirements)]


def install(requirements: Sequence[str]) -> str:
    """The command that installs them into the Python that is running."""
    return " ".join(["pip install", *(f'"{one}"' for one in requirements)])


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < _OLDEST:
        needed = ".".join(map(str, _OLDEST))
        return fail(_AREA, "python", f"This is Python {version}; {needed} or newer is needed.")
    return ok(_AREA, "python", f"elena-wb {__version__} runs on Python {version} at {sys.executable}.")


def _packages() -> Finding:
    try:
        requirements = metadata.requires(_OURS) or []
    except metadata.PackageNotFoundError:
        return warn(
            _AREA,
            "packages",
            "The program runs without being installed, so what it needs is not known.",
            f"pip install {_OURS}",
        )
    lacking = unmet(requirements)
    if lacking:
        return fail(
            _AREA, "packages", f"Not here in a version that will do: {', '.join(lacking)}.", install(lacking)
        )
    return ok(_AREA, "packages", f"All are here: {versions_of(_TOLD)}, and others.")


def _data() -> Finding:
    lacking = [
        name
        for name, pattern in (("prompts", "*.toml"), ("store", "migrations/*.sql"))
        if not any(packaged(name).glob(pattern))
    ]
    if lacking:
        said = f"The program was installed without its data: {' and '.join(lacking)}."
        return fail(_AREA, "data", said, f"pip install --force-reinstall {_OURS}")
    return ok(_AREA, "data", "Prompt packs and the store's schema are here.")
