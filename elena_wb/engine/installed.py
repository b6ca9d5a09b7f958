"""Plugins as people see them: what each is, what it provides, and how it is."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import Distribution

from elena_wb import __version__
from elena_wb.errors import UsageError
from elena_wb.nearest import nearest
from elena_wb.plugins import PluginHost
from elena_wb.plugins.finding import folded_name, name_of, version_of
from elena_wb.plugins.requirements import unmet


class Health(StrEnum):
    """How a plugin is: all of it works; it works, and something is to be looked at; nothing of it can be used."""

    OK = "ok"
    DOUBTFUL = "doubtful"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Installed:
    """A plugin; ``provides`` maps kinds to names, and to ``targets`` what the names stand for, where that is told.

    ``failures`` are reasons in words why it, or a part of it, cannot be used; ``doubts`` what else speaks against it;
    ``lacks`` the requirements of its distribution that are not met; ``details`` the whole of what went wrong.
    """

    plugin: str
    distribution: str
    version: str
    provides: Mapping[str, Sequence[str]]
    failures: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    place: str = ""

    @property
    def label(self) -> str:
        """Name and version of its distribution."""
        return f"{self.distribution} {self.version}".strip()

    @property
    def health(self) -> Health:
        """How it is."""
        if self.failures and not self.provides:
            return Health.BROKEN
        return Health.DOUBTFUL if self.troubles else Health.OK

    @property
    def troubles(self) -> tuple[str, ...]:
        """Everything that is to be said against it, the worst first."""
        lacking = (f"lacks {', '.join(self.lacks)}",) if self.lacks else ()
        return (*self.failures, *lacking, *self.doubts)


def installed_plugins(host: PluginHost) -> tuple[Installed, ...]:
    """Every plugin that was found, by name, whether or not it could be loaded. Nothing more is imported for it."""
    names = {name for name, _ in host.manager.list_name_plugin()}
    names.update(host.distributions, (one.plugin for one in host.failures))
    return tuple(_installed(name, host) for name in sorted(names))


def find_installed(name: str, host: PluginHost) -> tuple[Installed, ...]:
    """The plugin called ``name``, or those that the distribution of that name brought.

    Raises:
        UsageError: there is none; the message names the nearest.
    """
    plugins = installed_plugins(host)
    found = [one for one in plugins if one.plugin == name]
    found = found or [one for one in plugins if folded_name(one.distribution) == folded_name(name)]
    if not found:
        known = {one.plugin for one in plugins} | {one.distribution for one in plugins}
        raise UsageError(f"No plugin `{name}` is installed.", hint=nearest(name, known))
    return tuple(found)


def _installed(name: str, host: PluginHost) -> Installed:
    failures = [one for one in host.failures if one.plugin == name]
    distribution = host.distributions.get(name)
    doubts = [one.reason for one in host.doubts if one.plugin == name]
    return Installed(
        plugin=name,
        distribution=name_of(distribution) if distribution is not None or _is_ours(name, host) else name,
        version=version_of(distribution) if distribution is not None else _ours(name, host),
        provides=host.provided_by(name),
        failures=tuple(one.reason for one in failures),
        doubts=(*_damaged(distribution), *_hollow(name, host), *doubts),
        lacks=tuple(_lacking(distribution)),
        details=tuple(one.detail for one in failures if one.detail),
        place=_place(distribution),
    )


def _is_ours(name: str, host: PluginHost) -> bool:
    return host.manager.has_plugin(name)


def _ours(name: str, host: PluginHost) -> str:
    return __version__ if _is_ours(name, host) else ""


def _hollow(name: str, host: PluginHost) -> Iterator[str]:
    """Promises that lead into packages that are not there, as far as that can be told without importing any."""
    for claims in host.claims.values():
        for claim in claims.values():
            if claim.plugin != name or not isinstance(claim.target, str):
                continue
            package = claim.target.partition(":")[0].partition(".")[0]
            try:
                there = importlib.util.find_spec(package) is not None
            except (ImportError, ValueError):
                there = False
            if not there:
                yield f"promises `{claim.name}` at `{claim.target}`, and there is no package `{package}`"


def _damaged(distribution: Distribution | None) -> Iterator[str]:
    """That nothing tells its version or its requirements: pip can neither upgrade it nor take it out then."""
    if distribution is not None and not version_of(distribution):
        yield "its metadata is damaged or missing; install it again"


def _lacking(distribution: Distribution | None) -> list[str]:
    if distribution is None:
        return []
    try:
        return unmet(distribution.requires or ())
    except Exception:  # noqa: BLE001 - metadata may be anything
        return []


def _place(distribution: Distribution | None) -> str:
    return str(distribution.locate_file("")) if distribution is not None else ""
