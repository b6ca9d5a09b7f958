"""What the program and its plugins need of what is installed, and whether changes would take it from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from elena_wb.plugins.finding import folded_name, installed_points, name_of
from elena_wb.plugins.requirements import in_force, is_met, version_of

HOST = "elena-wb"


@dataclass(frozen=True, slots=True)
class Change:
    """A distribution that would be installed; ``before`` is the version that is here, if any."""

    name: str
    before: str | None
    after: str

    @property
    def word(self) -> str:
        """What happens to it."""
        if self.before is None:
            return "added"
        try:
            old, new = Version(self.before), Version(self.after)
        except InvalidVersion:
            return "replaced"
        return "upgraded" if new > old else "downgraded" if new < old else "replaced"

    def __str__(self) -> str:
        if self.before is None or self.before == self.after:
            return f"{self.word}: {self.name} {self.after}"
        return f"{self.word}: {self.name} {self.before} → {self.after}"


def change_to(name: str, version: str) -> Change:
    """``name`` at ``version`` against what is here."""
    return Change(name, version_of(name), version)


def needed() -> tuple[tuple[str, Requirement], ...]:
    """What the program, the plugins and all that they need require, and that is met: (who, what)."""
    here = cache(version_of)
    seen: set[tuple[str, str]] = set()
    found: dict[tuple[str, str], tuple[str, Requirement]] = {}
    waiting: list[tuple[str, str]] = [(HOST, ""), *((name, "") for name in plugin_distributions())]
    while waiting:
        name, extra = waiting.pop()
        if (folded_name(name), extra) in seen:
            continue
        seen.add((folded_name(name), extra))
        for one in in_force(_requires(name), [extra]):
            if not is_met(one, here(one.name)):
                continue
            found[name, str(one)] = (name, one)
            waiting += [(one.name, wanted) for wanted in ("", *one.extras)]
    return tuple(found.values())


def constraints(requirements: Iterable[tuple[str, Requirement]]) -> list[str]:
    """Lines for pip that hold it to ``requirements`` and to the program as it is."""
    here = version_of(HOST)
    lines = {f"{HOST}=={here}"} if here is not None else set()
    lines |= {f"{one.name}{one.specifier}" for _, one in requirements if one.specifier and one.url is None}
    return sorted(lines)


def broken_by(changes: Iterable[Change], requirements: Iterable[tuple[str, Requirement]]) -> Iterator[str]:
    """What would no longer be met, as sentences."""
    after: Mapping[str, str] = {folded_name(one.name): one.after for one in changes}
    for who, one in requirements:
        version = after.get(folded_name(one.name))
        if version is not None and folded_name(who) not in after and not is_met(one, version):
            yield f"{who} needs {one.name}{one.specifier}, and {one.name} {version} would be installed."


def plugin_distributions() -> dict[str, tuple[str, ...]]:
    """Distributions that bring plugins, and the names of these."""
    found: dict[str, list[str]] = {}
    for point in installed_points()[0]:
        if point.dist is not None:
            found.setdefault(name_of(point.dist), []).append(point.name)
    return {name: tuple(sorted(plugins)) for name, plugins in found.items()}


def who_requires(name: str, others: Iterable[str]) -> list[str]:
    """Those of ``others`` that require the distribution ``name``."""
    return [
        other
        for other in others
        if any(folded_name(one.name) == folded_name(name) for one in in_force(_requires(other)))
    ]


def _requires(name: str) -> list[str]:
    try:
        found: Distribution = distribution(name)
        return list(found.requires or ())
    except PackageNotFoundError:
        return []
    except Exception:  # noqa: BLE001 - metadata may be anything
        return []
