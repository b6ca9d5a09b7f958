"""Finding plugins and what they provide.

Entry points of the group ``elena_wb`` are loaded one by one, each guarded: a plugin that raises, exits
or misspells a hook is recorded as a :class:`Failure` and skipped, and everything else goes on working.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_type_hints

import pluggy

from elena_wb import hookspecs
from elena_wb.errors import UsageError, WorkbenchError
from elena_wb.nearest import nearest

if TYPE_CHECKING:
    from elena_wb.core.choice import Choice

GROUP = "elena_wb"
KINDS = ("models", "locators", "maskers", "datasets", "metrics", "executors")
_SINGULAR = {
    "models": "model provider",
    "locators": "locator",
    "maskers": "masking style",
    "datasets": "dataset",
    "metrics": "metric",
    "executors": "executor",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A plugin, or one thing it claimed, that could not be used, and why."""

    plugin: str
    reason: str


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
        except Exception as error:
            raise WorkbenchError(
                f"Plugin `{self.plugin}` promises `{self.name}` at `{self.target}`, which cannot be loaded: {error}",
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
        except Exception as error:
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


@dataclass(slots=True)
class PluginHost:
    """The plugins that were loaded, what they claim, and what went wrong."""

    manager: pluggy.PluginManager
    distributions: dict[str, Distribution] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    claims: dict[str, dict[str, Claim]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    prompt_folders: list[tuple[str, Path]] = field(default_factory=list)
    commands: dict[str, list[str]] = field(default_factory=dict)
    """Plugin → the verbs it added, once :meth:`add_commands` was called."""

    def find(self, kind: str, name: str) -> Any:
        """What is registered under ``name``, imported now.

        Raises:
            UsageError: nothing is; the message names what there is.
        """
        known = self.claims[kind]
        if name not in known:
            raise UsageError(
                f"There is no {_SINGULAR[kind]} `{name}`.",
                hint=nearest(name, known) or self._how_to_add(kind),
            )
        return known[name].load()

    def instances(self, kind: str) -> Mapping[str, Any]:
        """One instance of everything registered under ``kind``, each imported only when first asked for."""
        return _Lazily(self.makers(kind))

    def makers(self, kind: str) -> Mapping[str, Maker]:
        """What makes an instance of everything registered under ``kind`` from options given as text."""
        return {name: Maker(_SINGULAR[kind], claim) for name, claim in self.claims[kind].items()}

    def make(self, kind: str, choice: Choice) -> Any:
        """What ``choice`` names, made with its options.

        Raises:
            UsageError: there is no such thing, or an option is unknown or not acceptable.
            WorkbenchError: it cannot be imported.
        """
        makers = self.makers(kind)
        if choice.name not in makers:
            raise UsageError(
                f"There is no {_SINGULAR[kind]} `{choice.name}`.",
                hint=nearest(choice.name, makers) or self._how_to_add(kind),
            )
        return makers[choice.name](choice.given)

    def distribution_of(self, plugin: str) -> str:
        """Name and version of the distribution that brought ``plugin``."""
        found = self.distributions.get(plugin)
        return f"{found.name} {found.version}" if found else "elena-wb"

    def provided_by(self, plugin: str) -> dict[str, list[str]]:
        """Kind → names that ``plugin`` provides, prompt packs and verbs included."""
        found = {
            kind: sorted(claim.name for claim in claims.values() if claim.plugin == plugin)
            for kind, claims in self.claims.items()
        }
        found["prompts"] = sorted(
            path.stem
            for owner, folder in self.prompt_folders
            if owner == plugin
            for path in folder.glob("*.toml")
        )
        found["commands"] = self.commands.get(plugin, [])
        return {kind: names for kind, names in found.items() if names}

    def add_commands(self, app: Any) -> None:
        """Let every plugin add its verbs; one that fails is recorded."""
        for name, implementation in self._implementations("register_commands"):
            before = _verbs(app)
            with self._guarded(name):
                implementation.function(app)
            self.commands[name] = sorted(_verbs(app) - before)

    def _how_to_add(self, kind: str) -> str:
        return f"No plugin provides any {_SINGULAR[kind]}; `elena-wb plugins list` shows what is installed."

    def _implementations(self, hook: str) -> Iterator[tuple[str, Any]]:
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            yield implementation.plugin_name, implementation

    @contextlib.contextmanager
    def _guarded(self, plugin: str) -> Iterator[None]:
        """Turn whatever a plugin raises, ``sys.exit`` included, into a failure; its prints go to stderr."""
        try:
            with contextlib.redirect_stdout(sys.stderr):
                yield
        except (Exception, SystemExit) as error:  # noqa: BLE001 - one plugin must not take the program down
            self.failures.append(Failure(plugin, f"{type(error).__name__}: {error}"))

    def _add(self, name: str, plugin: object) -> None:
        with self._guarded(name):
            self.manager.register(plugin, name=name)

    def _drop_misspelt(self) -> None:
        while True:
            try:
                self.manager.check_pending()
                return
            except pluggy.PluginValidationError as error:
                name = self.manager.get_name(error.plugin) or repr(error.plugin)
                self.failures.append(Failure(name, str(error)))
                self.manager.unregister(error.plugin)

    def _collect_claims(self) -> None:
        for kind in KINDS:
            for plugin, implementation in self._implementations(f"register_{kind}"):
                with self._guarded(plugin):
                    implementation.function(self._register(kind, plugin))
        for plugin, implementation in self._implementations("register_prompts"):
            with self._guarded(plugin):
                implementation.function(
                    lambda folder, plugin=plugin: self.prompt_folders.append((plugin, Path(folder)))
                )

    def _register(self, kind: str, plugin: str) -> hookspecs.Register:
        def register(name: str, target: str | object) -> None:
            holder = self.claims[kind].get(name)
            if holder is not None:
                self.failures.append(
                    Failure(
                        plugin,
                        f"{_SINGULAR[kind]} `{name}` is already provided by plugin `{holder.plugin}`; "
                        f"that one is used. Uninstall one of the two.",
                    )
                )
                return
            self.claims[kind][name] = Claim(plugin, name, target)

        return register


def _verbs(app: Any) -> set[str]:
    """The names of the verbs and groups that a Typer app has so far."""
    verbs = {
        one.name or one.callback.__name__.replace("_", "-")
        for one in app.registered_commands
        if one.name or one.callback
    }
    return verbs | {one.name for one in app.registered_groups if one.name}


class _Lazily(Mapping[str, Any]):
    """Name → instance; knows every name at once and imports an entry when it is first read."""

    def __init__(self, makers: Mapping[str, Maker]) -> None:
        self._makers = makers
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def __contains__(self, name: object) -> bool:
        return name in self._makers


def build_host(points: Iterable[EntryPoint], builtins: Iterable[tuple[str, object]]) -> PluginHost:
    """Load ``builtins`` (name, module) and then ``points``, in order of name."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    host = PluginHost(manager)
    for name, module in builtins:
        manager.register(module, name=name)
    for point in sorted(points, key=lambda point: point.name):
        if point.dist is not None:
            host.distributions[point.name] = point.dist
        if manager.has_plugin(point.name):
            host.failures.append(Failure(point.name, f"a plugin called `{point.name}` is already loaded"))
            continue
        with host._guarded(point.name):
            module = point.load()
            host._add(point.name, module)
    host._drop_misspelt()
    host._collect_claims()
    return host


@cache
def plugin_host() -> PluginHost:
    """The plugins installed in this environment, loaded once per process."""
    from elena_wb import builtin

    return build_host(entry_points(group=GROUP), [("builtin", builtin)])
