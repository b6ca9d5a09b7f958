"""What distributions require of each other, read from their metadata; nothing is imported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import metadata

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion


def in_force(requirements: Iterable[str], extras: Iterable[str] = ()) -> Iterator[Requirement]:
    """Those that hold here, by their markers, with ``extras`` asked for; what cannot be read is left out."""
    for text in requirements:
        try:
            one = Requirement(text)
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                yield one
        except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName):
            continue


def unmet(requirements: Iterable[str]) -> list[str]:
    """Of the requirements of a distribution that hold here, extras left out, those that are not met."""
    return [str(one) for one in in_force(requirements) if not is_met(one, version_of(one.name))]


def is_met(one: Requirement, version: str | None) -> bool:
    """Whether ``version`` will do for ``one``; ``None`` is nothing installed."""
    if version is None:
        return False
    try:
        return one.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return not one.specifier


def version_of(distribution: str) -> str | None:
    """The version that is installed; ``None`` also where its metadata is damaged and does not tell."""
    try:
        return metadata.version(distribution) or None
    except Exception:  # noqa: BLE001 - metadata may be anything
        return None
