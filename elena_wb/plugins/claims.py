"""What plugins claim to provide: a name, and what it stands for, imported when it is first used."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, get_type_hints

from elena_wb.errors import UsageError, WorkbenchError
from elena_wb.nearest import nearest

KINDS = ("models", "locators", "maskers", "datasets", "metrics", "executors")
SINGULAR = {
    "models": "model provider",
    "locators": "locator",
    "maskers": "masking style",
    "datasets": "dataset",
    "metrics": "metric",
    "executors": "executor",
}
_NAME = re.compile(r"[a-z][a-z0-9_+.-]{0,63}", re.ASCII)
_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def fault_of(name: object, target: object) -> str | None:
    """Why ``name`` cannot stand for ``target``; ``None`` if nothing speaks against it.

    A name is in small letters and digits, ``_``, ``-``, ``+`` or ``.``, as it can be typed in a model URI or a
    masking specification; a target is ``"package.module:Attribute"`` or can be called.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"registers the name {_shown(name)}; names are of small letters, digits and hyphens"
    if isinstance(target, str):
        if not _PATH.fullmatch(target):
            return f"registers `{name}` for {_shown(target)}, which is not of the form `package.module:Attribute`"
    elif not callable(target):
        return f"registers `{name}` for {_shown(target)}, which cannot be called"
    return None


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - whatever a plugin made
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:60]}…"


@dataclass(frozen=True, slots=True)
class Claim:
    """``plugin`` provides ``name``; ``target`` is an import path or the object itself."""

    plugin: str
    name: str
    target: str | object

    def load(self) -> Any:
        """The object that the claim stands for, imported now.

        Raises:
            WorkbenchError: it cannot be imported.
        """
        if not isinstance(self.target, str):
            return self.target
        module_name, _, attribute = self.target.partition(":")
        try:
            return getattr(importlib.import_module(module_name), attribute)
        except (Exception, SystemExit) as error:
            raise WorkbenchError(
                f"Plugin `{self.plugin}` promises `{self.name}` at `{self.target}`, which cannot be loaded: "
                f"{f'it calls sys.exit({error})' if isinstance(error, SystemExit) else error}",
                hint="Reinstall the plugin with its dependencies; `elena-wb plugins list` shows its state.",
            ) from error


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes instances of one thing that a plugin claims, imported when the first is made."""

    what: str
    claim: Claim

    @property
    def options(self) -> Mapping[str, inspect.Parameter]:
        """The options it takes, by name.

        Raises:
            WorkbenchError: it cannot be imported.
        """
        return _keywords(self.claim.load())

    def __call__(self, given: Mapping[str, str] = MappingProxyType({})) -> Any:
        """An instance with the options ``given``, each read as the type that its parameter is annotated with.

        Raises:
            UsageError: an option is unknown or not acceptable.
            WorkbenchError: it cannot be imported.
        """
        target = self.claim.load()
        known = _keywords(target) if given else {}
        for name in given:
            if name not in known:
                hint = nearest(name, known) if known else "It has no options."
                raise UsageError(f"The {self.what} `{self.claim.name}` has no option `{name}`.", hint=hint)
        try:
            return self._made(target, given) if given else target()
        except WorkbenchError:
            raise
        except (Exception, SystemExit) as error:
            raise WorkbenchError(
                f"The {self.what} `{self.claim.name}` of plugin `{self.claim.plugin}` cannot be made: "
                f"{type(error).__name__}: {error}",
                hint="This is a fault of the plugin; `elena-wb plugins list` shows its version.",
            ) from error

    def _made(self, target: Any, given: Mapping[str, str]) -> Any:
        from pydantic import TypeAdapter, ValidationError

        types = get_type_hints(target.__init__ if inspect.isclass(target) else target)
        values: dict[str, Any] = {}
        for name, text in given.items():
            try:
                values[name] = TypeAdapter(types.get(name, str)).validate_strings(text)
            except ValidationError as error:
                raise self._refused(name, text, error.errors()[0]["msg"]) from error
        try:
            return target(**values)
        except ValueError as error:
            name, text = next(iter(given.items()))
            raise (
                self._refused(name, text, str(error))
                if len(given) == 1
                else UsageError(f"The options of the {self.what} `{self.claim.name}` do not do: {error}.")
            ) from error

    def _refused(self, name: str, text: str, reason: str) -> UsageError:
        return UsageError(
            f"The option `{name}={text}` of the {self.what} `{self.claim.name}` is not acceptable: {reason}."
        )


def _keywords(target: Any) -> dict[str, inspect.Parameter]:
    """The parameters of ``target`` that can be given by name."""
    parameters = inspect.signature(target).parameters.values()
    return {one.name: one for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
