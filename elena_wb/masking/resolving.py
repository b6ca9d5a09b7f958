"""Settling what a condition leaves open: locators and style, by name or by default."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from elena_wb.core import (
    AbsentError,
    Choice,
    Condition,
    Locator,
    Masker,
    Prepares,
    Relocates,
    UsageError,
    WorkbenchError,
)
from elena_wb.masking.annotated import NAME as ANNOTATED
from elena_wb.masking.applying import Masking, Source
from elena_wb.masking.parts import GROUPS, SINGLE, members
from elena_wb.nearest import nearest

_Made = TypeVar("_Made", covariant=True)


class Make(Protocol[_Made]):
    """Makes a locator or style from its options, given as text (:class:`elena_wb.plugins.Maker`)."""

    def __call__(self, given: Mapping[str, str], /) -> _Made:
        """An instance; :class:`UsageError` where an option does not do."""


DEFAULT_STYLE = "box"
PREFERRED = ("yunet", "mtcnn")
"""Detectors in the order in which they are taken where the user names none; others follow by name."""


def resolve(
    condition: Condition, *, locators: Mapping[str, Make[Locator]], maskers: Mapping[str, Make[Masker]]
) -> Masking:
    """A masking that is ready to be prepared and applied.

    Without a locator in the condition, a part is hidden where the data says it is, and where the data says
    nothing, where the first detector for that part sees it; detectors that cannot be imported or whose
    weights were not fetched are passed over. Whether the data has a part that no detector finds shows in
    :meth:`Masking.prepare`. Without a style, ``box``.

    Raises:
        UsageError: a locator, a style or an option of one does not exist, or the locator named cannot find
            the part.
        WorkbenchError: the locator or style named cannot be imported.
        SetupError: the weights of a detector are there and are not what they should be.
    """
    if not condition.masked:
        return Masking(condition)
    style = condition.style or Choice(DEFAULT_STYLE)
    if style.name not in maskers:
        raise UsageError(f"There is no masking style `{style.name}`.", hint=nearest(style.name, maskers))
    masker = maskers[style.name](style.given)
    named = None
    if condition.locator is not None:
        if condition.locator.name not in locators:
            raise UsageError(
                f"There is no locator `{condition.locator.name}`.",
                hint=nearest(condition.locator.name, locators),
            )
        named = locators[condition.locator.name](condition.locator.given)
    if isinstance(masker, Relocates) and {"background", "body"} & set(condition.parts):
        raise UsageError(
            f"`{condition}` has nowhere to hide an equal area: the {' and '.join(condition.parts)} leaves too little.",
            hint="A control is for parts of a person, such as `face:control`.",
        )
    if named is not None:
        assert condition.locator is not None
        sources = tuple(_by(part, condition.locator.name, named) for part in condition.parts)
    else:
        made = _working(locators)
        sources = tuple(_by_any(part, made) for part in condition.parts)
    return Masking(condition, sources, masker, _identity(sources, masker))


def _by(part: str, name: str, locator: Locator) -> Source:
    if locator.parts is not None and not members(part) & locator.parts:
        raise UsageError(f"The locator `{name}` does not find `{part}`.", hint=nearest(part, locator.parts))
    return Source(part, {name: locator})


def _by_any(part: str, made: Mapping[str, Locator]) -> Source:
    detectors = {name: locator for name, locator in made.items() if name != ANNOTATED}
    findable = {found for locator in detectors.values() for found in locator.parts or ()}
    able = [name for name, locator in detectors.items() if members(part) & (locator.parts or frozenset())]
    # One that is ready is taken before one whose weights are missing; of several that lack theirs, the first
    # says how to fetch them when the masking is prepared.
    lacking = {name: _lacking(detectors[name]) for name in able}
    ready = [name for name in able if lacking[name] is None]
    chosen = [name for name in (ANNOTATED, *(ready or able)[:1]) if name in made]
    passed_over = tuple(
        (name, error.hint or error.message)
        for name in (able[: able.index(ready[0])] if ready else ())
        if (error := lacking[name]) is not None
    )
    known = frozenset(SINGLE | set(GROUPS) | findable)
    return Source(part, {name: made[name] for name in chosen}, known, passed_over)


def _lacking(locator: Locator) -> AbsentError | None:
    """What a locator still needs, if anything."""
    if isinstance(locator, Prepares):
        try:
            locator.prepare()
        except AbsentError as error:
            return error
    return None


def _working(locators: Mapping[str, Make[Locator]]) -> dict[str, Locator]:
    """The locators that can be imported, in the order in which they are taken."""
    working = {}
    for name in in_order(locators):
        with contextlib.suppress(WorkbenchError):
            working[name] = locators[name]({})
    return working


def in_order(names: Iterable[str]) -> list[str]:
    """Names of locators in the order in which they are taken."""
    return sorted(
        names, key=lambda name: (PREFERRED.index(name) if name in PREFERRED else len(PREFERRED), name)
    )


def _identity(sources: Iterable[Source], masker: Masker) -> str:
    found = [
        f"{source.part}@{'|'.join(locator.identity for locator in source.locators.values())}"
        for source in sources
    ]
    return f"{'+'.join(found)}:{masker.identity}"
