"""Settling what a condition leaves open: locators and style, by name or by default."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping

from elena_wb.core import Condition, Locator, Masker, UsageError, WorkbenchError
from elena_wb.masking.annotated import NAME as ANNOTATED
from elena_wb.masking.applying import Masking, Source
from elena_wb.masking.parts import GROUPS, SINGLE, members
from elena_wb.nearest import nearest

DEFAULT_STYLE = "box"
PREFERRED = ("yunet",)
"""Detectors in the order in which they are taken where the user names none; others follow by name."""


def resolve(
    condition: Condition, *, locators: Mapping[str, Locator], maskers: Mapping[str, Masker]
) -> Masking:
    """A masking that is ready to be prepared and applied.

    Without a locator in the condition, a part is hidden where the data says it is, and where the data says
    nothing, where the first detector for that part sees it; detectors that cannot be imported are passed
    over. Whether the data has a part that no detector finds shows in :meth:`Masking.prepare`. Without a
    style, ``box``.

    Raises:
        UsageError: a locator or style does not exist, or the locator named cannot find the part.
        WorkbenchError: the locator or style named cannot be imported.
    """
    if not condition.masked:
        return Masking(condition)
    style = condition.style or DEFAULT_STYLE
    if style not in maskers:
        raise UsageError(f"There is no masking style `{style}`.", hint=nearest(style, maskers))
    if condition.locator is not None and condition.locator not in locators:
        raise UsageError(
            f"There is no locator `{condition.locator}`.", hint=nearest(condition.locator, locators)
        )
    sources = tuple(_source(part, condition.locator, locators) for part in condition.parts)
    masker = maskers[style]
    return Masking(condition, sources, masker, _identity(sources, masker))


def _source(part: str, named: str | None, locators: Mapping[str, Locator]) -> Source:
    if named is not None:
        parts = locators[named].parts
        if parts is not None and not members(part) & parts:
            raise UsageError(f"The locator `{named}` does not find `{part}`.", hint=nearest(part, parts))
        return Source(part, {named: locators[named]})
    detectors = _working(locators)
    findable = {found for locator in detectors.values() for found in locator.parts or ()}
    able = [name for name, locator in detectors.items() if members(part) & (locator.parts or frozenset())]
    chosen = [name for name in (ANNOTATED, *able[:1]) if name in locators]
    return Source(part, {name: locators[name] for name in chosen}, frozenset(SINGLE | set(GROUPS) | findable))


def _working(locators: Mapping[str, Locator]) -> dict[str, Locator]:
    """The detectors that can be imported, in the order in which they are taken."""
    working = {}
    for name in _in_order(locators):
        if name != ANNOTATED:
            with contextlib.suppress(WorkbenchError):
                working[name] = locators[name]
    return working


def _in_order(names: Iterable[str]) -> list[str]:
    return sorted(
        names, key=lambda name: (PREFERRED.index(name) if name in PREFERRED else len(PREFERRED), name)
    )


def _identity(sources: Iterable[Source], masker: Masker) -> str:
    found = [
        f"{source.part}@{'|'.join(locator.identity for locator in source.locators.values())}"
        for source in sources
    ]
    return f"{'+'.join(found)}:{masker.identity}"
