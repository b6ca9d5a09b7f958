"""Plugins as people see them: what each is, what it provides, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from elena_wb.plugins import PluginHost


@dataclass(frozen=True, slots=True)
class Installed:
    """A plugin; ``provides`` maps kinds to names, ``failures`` are reasons in words, none where all is well."""

    plugin: str
    distribution: str
    provides: Mapping[str, Sequence[str]]
    failures: tuple[str, ...]

    @property
    def state(self) -> str:
        """``ok``, or everything that went wrong."""
        return "; ".join(self.failures) or "ok"


def installed_plugins(host: PluginHost) -> tuple[Installed, ...]:
    """Every plugin that was found, by name, whether or not it could be loaded."""
    reasons: dict[str, list[str]] = {}
    for failure in host.failures:
        reasons.setdefault(failure.plugin, []).append(failure.reason)
    names = {name for name, _ in host.manager.list_name_plugin()}
    return tuple(
        Installed(name, host.distribution_of(name), host.provided_by(name), tuple(reasons.get(name, ())))
        for name in sorted({*names, *reasons})
    )
