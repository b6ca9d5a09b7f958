"""What distributions require of each other, read from their metadata; nothing is imported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import metadata

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement


def in_force(requirements: Iterable[str], extras: Iterable[str] = ()) -> Iterator[Requirement]:
    """Those that hold here, by their markers, with ``extras`` asked for; what cannot be read is left out."""
    for text in requirements:
        try:
            one = Requirement(text)
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                yield one
        except (InvalidRequirement, UndefinedEnvironmentName):
            continue


def unmet(requirements: Iterable[str]) -> list[str]:
    """Of the requirements of a distribution that hold here, extras left out, those that are not met."""
    return [str(one) for one in in_force(requirements) if not is_met(one, version_of(one.name))]


def is_met(one: Requirement, version: str | None) -> bool:
    """Whether ``version`` will do for ``one``; ``None`` is nothing installed."""
    return version is not None and one.specifier.contains(version, prereleases=True)


def version_of(distribution: str) -> str | None:
    """The version that is installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
