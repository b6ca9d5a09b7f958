"""Loading plugins, and what they provide.

Entry points of the group ``elena_wb`` are loaded one by one, each guarded: a plugin that raises, exits, misspells a
hook or was made for another version of the program is recorded as a :class:`Failure` and skipped, one that is slow
or prints as a :class:`Doubt`, and everything else goes on working.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from elena_wb import hookspecs
from elena_wb.errors import UsageError
from elena_wb.nearest import nearest
from elena_wb.plugins.claims import KINDS, SINGULAR, Claim, Maker, fault_of
from elena_wb.plugins.finding import GROUP, installed_points, label, settled
from elena_wb.plugins.guarding import guarded, stdout_kept_clean
from elena_wb.plugins.health import Doubt, Failure, failure_from, one_line
from elena_wb.plugins.hooks import examine_hooks

if TYPE_CHECKING:
    from elena_wb.core.choice import Choice

__all__ = ["GROUP", "KINDS", "Doubt", "Failure", "PluginHost", "build_host", "plugin_host"]

SLOW_S = 1.0
"""So much of a processor loading a plugin may take: every verb waits for it."""
LONG_S = 3.0
"""So long it may take on the clock, which also counts what else the machine does."""


@dataclass(slots=True)
class PluginHost:
    """The plugins that were loaded, what they claim, and what went wrong."""

    manager: pluggy.PluginManager
    distributions: dict[str, Distribution] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    """What speaks against plugins that work nevertheless."""
    claims: dict[str, dict[str, Claim]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    prompt_folders: list[tuple[str, Path]] = field(default_factory=list)
    commands: dict[str, list[str]] = field(default_factory=dict)
    """Plugin → the verbs it added, once :meth:`add_commands` was called."""

    _app_with_verbs: Any = None

    def find(self, kind: str, name: str) -> Any:
        """What is registered under ``name``, imported now.

        Raises:
            UsageError: nothing is; the message names what there is.
        """
        known = self.claims[kind]
        if name not in known:
            raise UsageError(
                f"There is no {SINGULAR[kind]} `{name}`.",
                hint=nearest(name, known) or self._how_to_add(kind),
            )
        return known[name].load()

    def instances(self, kind: str) -> Mapping[str, Any]:
        """One instance of everything registered under ``kind``, each imported only when first asked for."""
        return _Lazily(self.makers(kind))

    def makers(self, kind: str) -> Mapping[str, Maker]:
        """What makes an instance of everything registered under ``kind`` from options given as text."""
        return {name: Maker(SINGULAR[kind], claim) for name, claim in self.claims[kind].items()}

    def make(self, kind: str, choice: Choice) -> Any:
        """What ``choice`` names, made with its options.

        Raises:
            UsageError: there is no such thing, or an option is unknown or not acceptable.
            WorkbenchError: it cannot be imported.
        """
        makers = self.makers(kind)
        if choice.name not in makers:
            raise UsageError(
                f"There is no {SINGULAR[kind]} `{choice.name}`.",
                hint=nearest(choice.name, makers) or self._how_to_add(kind),
            )
        return makers[choice.name](choice.given)

    def distribution_of(self, plugin: str) -> str:
        """Name and version of the distribution that brought ``plugin``."""
        return label(self.distributions.get(plugin))

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
        """Let every plugin add its verbs; one that fails, or would replace another, is recorded.

        The same app is given them once, however often it is asked for.
        """
        from elena_wb.plugins.verbs import add_verbs

        if app is self._app_with_verbs:
            return
        self._app_with_verbs = app
        with stdout_kept_clean():
            for name, implementation in self._implementations("register_commands"):
                with self._guarded(name):
                    added = add_verbs(app, implementation.function)
                    self.commands[name] = list(added.verbs)
                    self.failures += [Failure(name, one_line(reason)) for reason in added.refused]

    def _how_to_add(self, kind: str) -> str:
        return f"No plugin provides any {SINGULAR[kind]}; `elena-wb plugins list` shows what is installed."

    def _implementations(self, hook: str) -> Iterator[tuple[str, Any]]:
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            yield implementation.plugin_name, implementation

    @contextlib.contextmanager
    def _guarded(self, plugin: str) -> Iterator[None]:
        """Turn whatever a plugin raises into a failure, and what it prints into a doubt."""
        with guarded(plugin, lambda error: self.failures.append(failure_from(plugin, error))) as heard:
            yield
        if heard.text.strip():
            said = one_line(heard.text.strip(), 60)
            self.doubts.append(Doubt(plugin, f"prints while it is loaded: “{said}”"))

    def _load(self, name: str, point: EntryPoint) -> None:
        before, begun, worked = set(sys.modules), time.perf_counter(), time.process_time()
        with self._guarded(name):
            module = point.load()
            failures, doubts = examine_hooks(self.manager, name, module)
            self.failures += failures
            self.doubts += doubts
            if not failures:
                self.manager.register(module, name=name)
        took = time.perf_counter() - begun
        if took > LONG_S or time.process_time() - worked > SLOW_S:
            self.doubts.append(Doubt(name, _slow(took, set(sys.modules) - before, point.module)))

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
            fault = fault_of(name, target)
            if fault is not None:
                self.failures.append(Failure(plugin, fault))
                return
            holder = self.claims[kind].get(name)
            if holder is not None:
                self.failures.append(
                    Failure(
                        plugin,
                        f"{SINGULAR[kind]} `{name}` is already provided by plugin `{holder.plugin}`; "
                        f"that one is used. Uninstall one of the two.",
                    )
                )
                return
            self.claims[kind][name] = Claim(plugin, name, target)

        return register


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


def _slow(seconds: float, imported: set[str], own: str) -> str:
    """That a plugin is slow, and the packages that it imported most of."""
    tops = [name.partition(".")[0] for name in imported]
    others = set(tops) - sys.stdlib_module_names - {own.partition(".")[0]}
    heaviest = sorted(others, key=lambda top: (-tops.count(top), top))[:3]
    why = f": it imports {', '.join(heaviest)}" if heaviest else ""
    return f"takes {seconds:.1f} s to load, which every verb waits for{why}"


def build_host(points: Iterable[EntryPoint], builtins: Iterable[tuple[str, object]]) -> PluginHost:
    """Load ``builtins`` (name, module) and then ``points``, in order of name."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    host = PluginHost(manager)
    for name, module in builtins:
        manager.register(module, name=name)
    with stdout_kept_clean():
        for found in settled(points, [name for name, _ in host.manager.list_name_plugin()]):
            if found.distribution is not None:
                host.distributions[found.plugin] = found.distribution
            if found.failure is not None:
                host.failures.append(found.failure)
            else:
                host._load(found.plugin, found.point)
        host._collect_claims()
    return host


@cache
def plugin_host() -> PluginHost:
    """The plugins installed in this environment, loaded once per process."""
    from elena_wb import builtin

    points, failures = installed_points()
    host = build_host(points, [("builtin", builtin)])
    host.failures[:0] = failures
    return host
