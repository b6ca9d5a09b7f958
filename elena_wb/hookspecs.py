"""Every hook a plugin may implement. The host calls each once, at start-up.

All but one take a ``register`` function, so that the host owns name clashes (an error that names both
plugins) and a plugin stays a few one-liners. A target is given as ``"package.module:Attribute"`` and
imported on first use, so that listing plugins loads no model library; an object works too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pluggy

if TYPE_CHECKING:
    import typer

hookspec = pluggy.HookspecMarker("elena_wb")


class Register(Protocol):
    """Claims ``name`` for ``target`` (an import path, or the object itself)."""

    def __call__(self, name: str, target: str | object) -> None:
        """Record the claim; a second claim of the same name is reported and ignored."""


class RegisterFolder(Protocol):
    """Adds a folder of prompt packs (``*.toml``)."""

    def __call__(self, folder: Path) -> None:
        """Record the folder; its packs are checked when they are loaded."""


@hookspec
def register_models(register: Register) -> None:
    """Register model providers: ``name`` is a URI scheme, ``target`` a :class:`elena_wb.core.Provider` class."""


@hookspec
def register_locators(register: Register) -> None:
    """Register locators: ``target``, called with the options given, returns a :class:`elena_wb.core.Locator`."""


@hookspec
def register_maskers(register: Register) -> None:
    """Register masking styles: ``target``, called with the options given, returns a :class:`elena_wb.core.Masker`."""


@hookspec
def register_datasets(register: Register) -> None:
    """Register datasets: ``target``, called with the options given, returns a :class:`elena_wb.core.Dataset`."""


@hookspec
def register_metrics(register: Register) -> None:
    """Register metrics: ``target`` is called without arguments and returns a :class:`elena_wb.core.Metric`."""


@hookspec
def register_executors(register: Register) -> None:
    """Register executors: ``target``, called with the options given, returns a :class:`elena_wb.core.Executor`."""


@hookspec
def register_prompts(register: RegisterFolder) -> None:
    """Register folders of prompt packs."""


@hookspec
def register_commands(app: typer.Typer) -> None:
    """Add verbs to the command line. Import nothing heavy here; import inside the verb."""
