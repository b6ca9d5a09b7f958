"""What every verb can ask for: the settings in force, the store, the plugins."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from elena_wb.config import Configuration, Settings
    from elena_wb.store import Store

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(slots=True)
class State:
    """The global options; settings are read when a verb first needs them."""

    overrides: Mapping[str, Any] = field(default_factory=dict)
    debug: bool = False
    _configuration: Configuration | None = None

    @property
    def configuration(self) -> Configuration:
        """Settings with their origins."""
        if self._configuration is None:
            from elena_wb.config import load_configuration

            self._configuration = load_configuration(self.overrides)
            if self._configuration.settings.offline:
                os.environ["ELENA_WB_OFFLINE"] = "1"
        return self._configuration


def settings(ctx: typer.Context) -> Settings:
    """The settings in force; ``offline`` also goes where plugins and libraries look for it."""
    state: State = ctx.find_root().obj
    return state.configuration.settings


def store_path(ctx: typer.Context) -> Path:
    """The store's file, from ``--store``, ``ELENA_WB_STORE``, the configuration or the default."""
    return settings(ctx).store


def open_store(ctx: typer.Context) -> Store:
    """The store; nothing is opened until it is read or written."""
    from elena_wb.store import Store

    chosen = settings(ctx)
    return Store(chosen.store, lock_timeout=chosen.lock_timeout)
