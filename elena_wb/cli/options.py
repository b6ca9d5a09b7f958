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
            from elena_wb.offline import forbid_network

            self._configuration = load_configuration(self.overrides)
            if self._configuration.settings.offline:
                forbid_network()
        return self._configuration


def settings(ctx: typer.Context) -> Settings:
    """The settings in force; where ``offline`` is one of them, the network is forbidden from here on."""
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


def forbid_network_if_asked(*, offline: bool) -> None:
    """Forbid the network before any verb runs, also for verbs that read no settings.

    ``offline`` is the option; the variable and the configuration file count too. The file is looked into as little as
    is needed, and what is wrong with it is left to whoever reads the settings.
    """
    from elena_wb.offline import VARIABLE, forbid_network, is_offline

    settled = is_offline() if os.environ.get(VARIABLE) else _settled_offline()
    if offline or settled:
        forbid_network()


def _settled_offline() -> bool:
    from elena_wb.paths import user_config_dir

    try:
        content = (user_config_dir() / "config.toml").read_bytes()
    except OSError:
        return False
    if b"offline" not in content:
        return False
    import tomllib

    try:
        return tomllib.loads(content.decode("utf-8")).get("offline", False) is not False
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return True
