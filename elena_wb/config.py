"""Settings in layers: defaults < the user's ``config.toml`` < environment < command line.

Each value knows its layer, so that ``elena-wb config show`` can say where it comes from.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from elena_wb.core.condition import Condition
from elena_wb.core.stimulus import Upload
from elena_wb.errors import SetupError, UsageError
from elena_wb.nearest import nearest
from elena_wb.paths import user_config_dir, user_data_dir

PREFIX = "ELENA_WB_"
MAX_SEED = 2**62
"""Leaves room for the repeats, each of which has the next seed, in the store's 64-bit column."""


_TABLES = {"aliases": "NAME", "uploads": "FOLDER"}
"""Settings that map names to values, and what their names are."""

_BETWEEN_CONDITIONS = re.compile(r",(?![a-z_-]+=)")
"""A comma, but not one before an option of a condition."""


class Settings(BaseModel):
    """Everything a user can settle once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: Path = Field(
        default_factory=lambda: user_data_dir() / "elena-wb.duckdb",
        description="The DuckDB file of all runs.",
    )
    model: str | None = Field(None, description="Model URI or alias that `run` uses without -m.")
    prompt: str = Field("elena", description="Prompt pack that `run` uses without -p.")
    mask: tuple[str, ...] = Field(("none",), description="Conditions that `run` uses without --mask.")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Seed of sampling.")
    offline: bool = Field(False, description="Refuse every use of the network.")
    lock_timeout: float = Field(60.0, gt=0, description="Seconds to wait for another process's write.")
    retries: int = Field(
        10, ge=0, le=1000, description="How often a question is asked again when its model fails for a while."
    )
    aliases: dict[str, str] = Field(default_factory=dict, description="Short names for model URIs.")
    uploads: dict[str, Upload] = Field(
        default_factory=dict, description="Folder → whether its pictures may go to a network provider."
    )

    @field_validator("store")
    @classmethod
    def _expand(cls, path: Path) -> Path:
        try:
            return path.expanduser()
        except RuntimeError as error:
            raise ValueError(str(error)) from error

    @field_validator("uploads")
    @classmethod
    def _absolute(cls, uploads: dict[str, Upload]) -> dict[str, Upload]:
        for folder in uploads:
            if not folder.startswith("~") and not Path(folder).is_absolute():
                raise ValueError(f"`{folder}` is no absolute path of a folder")
        return uploads

    @field_validator("mask", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return tuple(_BETWEEN_CONDITIONS.split(value)) if isinstance(value, str) else value

    @field_validator("mask")
    @classmethod
    def _valid_conditions(cls, specs: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(str(Condition.parse(spec)) for spec in specs)
        except UsageError as error:
            raise ValueError(error.message) from error


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings in force, and the layer that each comes from."""

    settings: Settings
    origins: Mapping[str, str]


def config_path() -> Path:
    """The user's configuration file, which need not exist."""
    return user_config_dir() / "config.toml"


def load_configuration(overrides: Mapping[str, Any] | None = None) -> Configuration:
    """Merge all layers; ``overrides`` are the command line's (entries that are ``None`` do not count).

    Raises:
        UsageError: a value is not acceptable; the message names the layer.
    """
    values: dict[str, Any] = {}
    origins = dict.fromkeys(Settings.model_fields, "default")
    layers: list[tuple[str, Mapping[str, Any]]] = [
        (str(config_path()), _read_file()),
        ("environment", _read_environment()),
        ("command line", {key: value for key, value in (overrides or {}).items() if value is not None}),
    ]
    for origin, layer in layers:
        for key, value in layer.items():
            if key not in Settings.model_fields:
                raise UsageError(
                    f"Unknown setting `{key}` in {origin}.", hint=nearest(key, Settings.model_fields)
                )
            values[key] = value
            origins[key] = f"{PREFIX}{key.upper()}" if origin == "environment" else origin
    try:
        return Configuration(Settings.model_validate(values), origins)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        raise UsageError(
            f"The setting `{key}` from {origins[key]} is not acceptable: {first['msg']}",
            hint="`elena-wb config show` lists every setting with its meaning.",
        ) from error


def write_setting(key: str, value: str | None) -> Path:
    """Set ``key`` (``aliases.NAME``, ``uploads.FOLDER``) in the user's file, keeping its comments; ``None`` removes it.

    Raises:
        UsageError: no such setting, or the value is not acceptable; the file is then left as it was.
    """
    import tomlkit

    path = config_path()
    _read_file()  # a file that cannot be read is refused before anything else
    document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    top, _, name = key.partition(".")
    if top not in Settings.model_fields or bool(name) != (top in _TABLES):
        raise UsageError(
            f"There is no setting `{key}` that can be set to one value.",
            hint=nearest(key, [*Settings.model_fields, *(f"{top}.{name}" for top, name in _TABLES.items())]),
        )
    table: Any = document if not name else document.setdefault(top, tomlkit.table())
    if value is None:
        table.pop(name or top, None)
    else:
        table[name or top] = _typed(top, {name: value})[name] if name else _typed(top, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".toml.new")
    scratch.write_text(tomlkit.dumps(document), "utf-8")
    scratch.replace(path)
    return path


def resolve_model(name: str | None, settings: Settings, schemes: Mapping[str, object]) -> str:
    """The model URI that ``name`` (a URI, an alias, or nothing: the configured default) stands for.

    Raises:
        UsageError: no model is named and none configured, or the name is neither URI nor alias.
    """
    choices = [*settings.aliases, *(f"{scheme}:" for scheme in sorted(schemes))]
    wanted = name or settings.model
    if wanted is None:
        listed = ", ".join(f"`{choice}`" for choice in choices) or "no model plugin is installed"
        raise UsageError(
            "No model is named, and no default is configured.",
            hint=f"Name one with -m ({listed}), or settle on one: `elena-wb models default URI`.",
        )
    uri = settings.aliases.get(wanted, wanted)
    scheme, colon, _ = uri.partition(":")
    if not colon or scheme not in schemes:
        raise UsageError(
            f"`{wanted}` is no model.", hint=nearest(wanted if not colon else f"{scheme}:", choices)
        )
    return uri


def _typed(key: str, value: str | dict[str, str]) -> Any:
    """``value`` as TOML would hold it, checked by the field's own validation."""
    raw = {key: value}
    try:
        checked = Settings.model_validate(raw)
    except ValidationError as error:
        given = value if isinstance(value, str) else " = ".join(next(iter(value.items())))
        raise UsageError(f"`{given}` is not acceptable for `{key}`: {error.errors()[0]['msg']}") from error
    plain = checked.model_dump(mode="json")[key]
    return value if isinstance(plain, str) else plain


def _read_file() -> Mapping[str, Any]:
    path = config_path()
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(
            f"The configuration file {path} cannot be read: {error}", hint="Mend or remove it."
        ) from error


def _read_environment() -> Mapping[str, Any]:
    fields = set(Settings.model_fields) - set(_TABLES)
    return {
        key: os.environ[f"{PREFIX}{key.upper()}"]
        for key in fields
        if os.environ.get(f"{PREFIX}{key.upper()}")
    }
