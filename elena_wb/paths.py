"""Where things live: the user's folders, and the data that ships with the program."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import PlatformDirs

HOME_VARIABLE = "ELENA_WB_HOME"


def user_data_dir() -> Path:
    """Where the store and pulled weights live by default (``$ELENA_WB_HOME/data`` if that is set)."""
    return _user_dir("data")


def user_cache_dir() -> Path:
    """Where things live that can be made again (``$ELENA_WB_HOME/cache`` if that is set)."""
    return _user_dir("cache")


def user_config_dir() -> Path:
    """Where ``config.toml`` lives (``$ELENA_WB_HOME/config`` if that is set)."""
    return _user_dir("config")


def packaged(name: str) -> Path:
    """The data folder ``prompts``, ``scales`` or ``store``: inside an installed wheel, or at the top of a checkout."""
    installed = Path(__file__).parent / f"_{name}"
    return installed if installed.is_dir() else Path(__file__).parent.parent / name


def _user_dir(kind: str) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).expanduser() / kind
    dirs = PlatformDirs("elena-wb", appauthor=False)
    return {"data": dirs.user_data_path, "cache": dirs.user_cache_path, "config": dirs.user_config_path}[kind]
