"""The entry points of plugins, each distribution read on its own: a damaged one hides none but itself."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions

from elena_wb.plugins.health import Failure, failure_from, one_line

GROUP = "elena_wb"
WITHOUT = "ELENA_WB_WITHOUT_PLUGINS"
"""The variable that names plugins to leave out, for those that crash the process."""

_HOST = re.compile(r"\s*elena[-_.]+wb\s*(\[[^]]*\])?\s*[(<>=!~]", re.IGNORECASE)
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Found:
    """An entry point, the distribution it came with if that is known, and why it is not to be loaded, if so.

    ``plugin`` is what it is called here: its own name, with the distribution's where another took that name first.
    """

    plugin: str
    point: EntryPoint
    distribution: Distribution | None
    failure: Failure | None = None


def installed_points() -> tuple[list[EntryPoint], list[Failure]]:
    """The entry points of every distribution on the path, and the distributions whose list cannot be read."""
    found: list[EntryPoint] = []
    failures: list[Failure] = []
    seen: set[str] = set()
    for distribution in distributions():
        try:
            text = distribution.read_text("entry_points.txt")
            if not text or GROUP not in text:
                continue
            folded = folded_name(name_of(distribution))
            if folded in seen:  # an older one, further down the path
                continue
            seen.add(folded)
            found += [point for point in distribution.entry_points if point.group == GROUP]
        except Exception as error:  # noqa: BLE001 - whatever is in the file, other plugins are loaded
            told = failure_from(name_of(distribution), error)
            failures.append(
                Failure(told.plugin, f"its entry points cannot be read: {told.reason}", told.detail)
            )
    return found, failures


def settled(points: Iterable[EntryPoint], taken: Iterable[str]) -> Iterator[Found]:
    """Each of ``points`` in order of name, with what speaks against loading it; ``taken`` are names of the host's."""
    owners: dict[str, str] = dict.fromkeys(taken, "elena-wb")
    without = {name.strip() for name in os.environ.get(WITHOUT, "").split(",")}
    for point in sorted(points, key=lambda point: (point.name, label(point.dist))):
        plugin = one_line(point.name, _LONGEST_NAME)
        if plugin in owners:
            named = f"{plugin} ({name_of(point.dist)})" if point.dist is not None else plugin
            reason = (
                f"a plugin called `{plugin}` is already there, from {owners[plugin]}; "
                f"that one is used. Uninstall one of the two."
            )
            yield Found(named, point, point.dist, Failure(named, reason))
            continue
        owners[plugin] = label(point.dist)
        against = _against(point) if plugin not in without else f"is left out by {WITHOUT}"
        yield Found(plugin, point, point.dist, Failure(plugin, against) if against else None)


def name_of(distribution: Distribution | None) -> str:
    """Its name; that of its folder where it has no metadata."""
    if distribution is None:
        return "elena-wb"
    try:
        name = distribution.metadata["Name"]
    except Exception:  # noqa: BLE001 - metadata may be anything
        name = None
    if not name:
        folder = getattr(distribution, "_path", None)
        name = re.split(r"-\d|\.", folder.name)[0] if folder is not None else "unknown"
    return one_line(str(name), _LONGEST_NAME)


def version_of(distribution: Distribution) -> str:
    """Its version; empty where it has no metadata."""
    try:
        return one_line(str(distribution.metadata["Version"] or ""), _LONGEST_NAME)
    except Exception:  # noqa: BLE001 - see above
        return ""


def label(distribution: Distribution | None) -> str:
    """Name and version, as people write them."""
    if distribution is None:
        return "elena-wb"
    return f"{name_of(distribution)} {version_of(distribution)}".strip()


def folded_name(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _against(point: EntryPoint) -> str | None:
    """What speaks against loading it that can be told without doing so."""
    if not EntryPoint.pattern.match(point.value):
        shown = one_line(point.value, _LONGEST_NAME)
        return f"its entry point leads to `{shown}`, which is not of the form `package.module`"
    return _made_for_another(point.dist)


def _made_for_another(distribution: Distribution | None) -> str | None:
    """Why a plugin is not for this version of the program; ``None`` if it is, or does not say."""
    if distribution is None:
        return None
    try:
        written = [one for one in distribution.requires or () if _HOST.match(one)]
    except Exception:  # noqa: BLE001 - see above
        return None
    if not written:
        return None
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
    from packaging.requirements import InvalidRequirement, Requirement

    from elena_wb import __version__

    for text in written:
        try:
            wanted = Requirement(text)
            if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
                continue
        except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName):
            continue
        if not wanted.specifier.contains(__version__, prereleases=True):
            return f"is made for elena-wb{wanted.specifier}, and this is elena-wb {__version__}"
    return None
