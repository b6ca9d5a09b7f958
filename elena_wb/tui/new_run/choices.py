"""What there is to choose from for a new run: models, datasets, prompts, masking. Read in a thread, then looked at."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from elena_wb.core import WorkbenchError
from elena_wb.data.walk import PICTURE_SUFFIXES
from elena_wb.engine.option_forms import OptionField, option_fields
from elena_wb.masking.parts import GROUPS, SINGLE
from elena_wb.plain import plain

if TYPE_CHECKING:
    from elena_wb.config import Settings
    from elena_wb.plugins import PluginHost
    from elena_wb.prompts.pack import Pack

_MOST_COUNTED = 200_000
_PARTS = tuple(sorted({*SINGLE, *GROUPS}))


@dataclass(frozen=True, slots=True)
class Choices:
    """What plugins, settings and this machine offer. ``local`` maps URIs of models that lie here to their names."""

    schemes: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    local: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[str, ...] = ()
    packs: Mapping[str, Pack] = field(default_factory=dict)
    broken_packs: Mapping[str, str] = field(default_factory=dict)
    styles: tuple[str, ...] = ()
    locators: tuple[str, ...] = ()
    parts: tuple[str, ...] = _PARTS
    key_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """The options of a model scheme, or of a dataset (which has no ``model``)."""

    name: str
    fields: tuple[OptionField, ...]
    model: type[BaseModel] | None = None


def read_choices(host: PluginHost, settings: Settings) -> Choices:
    """Everything that a form offers; loads providers, reads prompt packs, asks for the names of stored keys."""
    from elena_wb.engine.inventory import local_models
    from elena_wb.prompts.catalogue import packs
    from elena_wb.remote.keys import stored_names

    library = packs(host.prompt_folders)
    try:
        names = tuple(sorted(stored_names()))
    except WorkbenchError:
        names = ()
    return Choices(
        schemes=tuple(sorted(host.claims["models"])),
        aliases=dict(settings.aliases),
        local={model.uri: model.name for model in local_models(host).models},
        datasets=tuple(sorted(host.claims["datasets"])),
        packs=dict(sorted(library.packs.items())),
        broken_packs={name: problem.message for name, problem in library.problems.items()},
        styles=tuple(sorted(host.claims["maskers"])),
        locators=tuple(sorted(host.claims["locators"])),
        key_names=names,
    )


def read_model_schema(host: PluginHost, scheme: str) -> Schema:
    """The options of the models of ``scheme``; imports its plugin.

    Raises:
        WorkbenchError: it cannot be imported, or its options cannot be understood.
    """
    try:
        model = host.find("models", scheme).options_model
        return Schema(scheme, option_fields(model), model)
    except WorkbenchError:
        raise
    except Exception as error:
        raise _fault(f"{scheme}:", error) from error


def read_dataset_schema(host: PluginHost, name: str) -> Schema:
    """The options of a dataset, which are text in the form; imports its plugin.

    Raises:
        WorkbenchError: it cannot be imported, or its options cannot be understood.
    """
    try:
        options = host.makers("datasets")[name].options
        return Schema(name, tuple(_as_field(option, one) for option, one in options.items()))
    except WorkbenchError:
        raise
    except Exception as error:
        raise _fault(name, error) from error


def as_text(pack: Pack) -> str:
    """A prompt pack to be read."""
    lines = [pack.title, "", pack.description]
    for name in pack.variants:
        prompt = pack.prompt(name)
        lines += ["", f"— variant {name} —"]
        lines += [f"system: {prompt.system}", ""] if prompt.system else []
        lines += [prompt.user]
    return "\n".join(lines)


def _as_field(name: str, parameter: inspect.Parameter) -> OptionField:
    default: Any = parameter.default
    needed = default is inspect.Parameter.empty
    shown = "" if needed or default is None else str(default)
    return OptionField(name, "text", shown, required=needed)


def _fault(what: str, error: Exception) -> WorkbenchError:
    return WorkbenchError(
        f"The options of `{plain(what)}` cannot be shown: {type(error).__name__}: {error}",
        hint="This is a fault of its plugin.",
    )


@dataclass(frozen=True, slots=True)
class Counted:
    """What a source holds by the names of its files: pictures, their bytes; ``more`` where counting was broken off."""

    pictures: int = 0
    size: int = 0
    more: bool = False
    problem: str | None = None

    @property
    def told(self) -> str:
        """In a few words."""
        if self.problem is not None:
            return self.problem
        return f"{'more than ' if self.more else ''}{self.pictures:,} pictures"


def count_pictures(source: str, wanted: Callable[[], bool] = lambda: True) -> Counted:
    """How many pictures lie at or below ``source``, without opening any; stops once nobody wants to know."""
    path = Path(os.path.expanduser(source))  # noqa: PTH111 - ~nobody must not raise
    try:
        if not path.is_dir():
            return Counted(1, path.stat().st_size)
    except (OSError, ValueError):
        return Counted(problem="is not there")
    count = size = 0
    seen: set[tuple[int, int]] = set()
    waiting = [path]
    while waiting:
        if not wanted() or count > _MOST_COUNTED:
            return Counted(count, size, more=True)
        folder = waiting.pop()
        try:
            place = folder.stat()
            if (place.st_dev, place.st_ino) in seen:
                continue
            seen.add((place.st_dev, place.st_ino))
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir():
                        waiting.append(Path(entry.path))
                    elif Path(entry.name).suffix.lower() in PICTURE_SUFFIXES:
                        count += 1
                        size += entry.stat().st_size
        except OSError:
            continue
    return Counted(count, size)
