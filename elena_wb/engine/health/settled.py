"""The configuration: whether it can be read, and whether what it names is there."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

from elena_wb.config import Settings, config_path, resolve_model
from elena_wb.engine.health.finding import Finding, fail, ok, warn
from elena_wb.errors import WorkbenchError
from elena_wb.plugins import PluginHost
from elena_wb.prompts import find_pack

_AREA = "settings"


def examine(settings: Settings, host: PluginHost, problem: WorkbenchError | None) -> Iterator[Finding]:
    """The file, the model and the prompt that a run takes, and the aliases; ``problem`` is that of the file."""
    path = config_path()
    if problem is not None:
        said = " ".join(filter(None, [problem.message, problem.hint]))
        yield fail(_AREA, "file", said, _edit(str(path)) if path.exists() else None)
    elif path.exists():
        yield ok(_AREA, "file", f"{path} can be read, and every setting in it is known.")
    else:
        yield ok(_AREA, "file", f"There is no {path}; everything is as it comes.")
    yield _model(settings, host)
    yield _prompt(settings, host)
    yield from _aliases(settings, host)


def _model(settings: Settings, host: PluginHost) -> Finding:
    schemes = host.claims["models"]
    if not schemes:
        return fail(_AREA, "model", "No plugin that provides models is installed.", "pip install elena-wb-hf")
    if settings.model is None:
        said = "No default model is settled; `elena-wb run` needs -m."
        return ok(_AREA, "model", said, f"elena-wb models default {'tiny:' if 'tiny' in schemes else 'URI'}")
    try:
        uri = resolve_model(settings.model, settings, schemes)
    except WorkbenchError as error:
        said = f"The default model cannot be used: {error.message} {error.hint or ''}".strip()
        return fail(_AREA, "model", said, "elena-wb models default URI")
    same = "" if uri == settings.model else f" ({uri})"
    return ok(_AREA, "model", f"The default model is {settings.model}{same}.")


def _prompt(settings: Settings, host: PluginHost) -> Finding:
    try:
        find_pack(settings.prompt, host.prompt_folders)
    except WorkbenchError as error:
        said = f"The default prompt cannot be used: {error.message} {error.hint or ''}".strip()
        return fail(_AREA, "prompt", said, "elena-wb config set prompt elena")
    return ok(_AREA, "prompt", f"The default prompt is {settings.prompt}.")


def _aliases(settings: Settings, host: PluginHost) -> Iterator[Finding]:
    for name, uri in sorted(settings.aliases.items()):
        if uri.partition(":")[0] not in host.claims["models"]:
            said = f"The alias {name} stands for {uri}, which no installed plugin knows."
            yield warn(_AREA, "alias", said, f"elena-wb config set {shlex.quote(f'aliases.{name}')}")


def _edit(path: str) -> str:
    return f'notepad "{path}"' if os.name == "nt" else f"${{EDITOR:-vi}} {shlex.quote(path)}"
