"""Finding the JSON object in an answer, and mending it where it is damaged.

Strict JSON comes first, then objects in fences or prose, then json-repair. The last takes quadratic time
on text with many openings, and raises on deep nesting: it is given few of either.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from elena_wb.parsing.keys import EMOTION, field_of
from elena_wb.parsing.templates import is_placeholder

Fields = Mapping[str, Any]

_DECODER = json.JSONDecoder(strict=False)
_FENCE = re.compile(r"```[ \t]*[A-Za-z0-9_-]*[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_OPENING = re.compile(r"[{\[]")
_MOST_STARTS = 64
_MOST_REPAIRED = 32_000
_MOST_OPENINGS = 150
_DEEPEST = 4
_MOST_NODES = 500


@dataclass(frozen=True, slots=True)
class Found:
    """Fields by canonical name, what had to be done to read them, and the last key as written."""

    fields: Fields
    notes: tuple[str, ...] = ()
    last: str | None = None
    repaired: bool = False

    @property
    def is_template(self) -> bool:
        """Whether this is the form of an answer (an example, a schema) rather than one."""
        return EMOTION in self.fields and is_placeholder(self.fields[EMOTION])


def find_object(text: str) -> Found | None:
    """The object with the most known fields; the last of those. ``None`` where none has any.

    Templates count only where there is nothing else.
    """
    whole = _loads(text.strip())
    found = _best(_objects_of(whole))
    if found:
        return found
    fences = [match[1] for match in _FENCE.finditer(text)][:_MOST_STARTS]
    fenced = _best(thing for fence in fences for thing in _objects_of(_loads(fence.strip())))
    found = _best(_embedded(text))
    if fenced and (found is None or found.fields == fenced.fields or _rank(found) < _rank(fenced)):
        found = _noted(fenced, "read from a fenced block")
    elif found:
        found = _noted(found, "read from an object among other text")
    if found and not found.is_template and (fenced or EMOTION in found.fields):
        return found
    damaged = _last_of_the_fullest(map(_mend, fences))
    if damaged is None or damaged.is_template:
        damaged = _last_of_the_fullest((damaged, _mend(text)))
    if damaged and (found is None or _rank(damaged) > _rank(found)):
        return _noted(damaged, "JSON repaired")
    return found


def known_fields(thing: Mapping[Any, Any]) -> dict[str, Any]:
    """Canonical field → value, from ``thing`` and objects inside it; outer and earlier ones win."""
    fields: dict[str, Any] = {}
    waiting = deque([(thing, 0)])
    for _ in range(_MOST_NODES):
        if not waiting:
            break
        node, depth = waiting.popleft()
        inner: list[Mapping[Any, Any]] = []
        for key, value in node.items():
            field = field_of(str(key))
            if field is None:
                inner += [item for item in _flat(value) if isinstance(item, Mapping)][:_MOST_STARTS]
            elif field not in fields or (depth == 0 and key == field):
                fields[field] = value
        if depth < _DEEPEST:
            waiting.extend((item, depth + 1) for item in inner)
    return fields


def _best(things: Iterable[Mapping[Any, Any]]) -> Found | None:
    read = ((known_fields(thing), thing) for thing in things)
    return _last_of_the_fullest(
        Found(fields, last=str(next(reversed(thing)))) for fields, thing in read if fields
    )


def _last_of_the_fullest(candidates: Iterable[Found | None]) -> Found | None:
    best: Found | None = None
    for found in candidates:
        if found and (best is None or _rank(found) >= _rank(best)):
            best = found
    return best


def _rank(found: Found) -> tuple[bool, int]:
    return not found.is_template, len(found.fields)


def _noted(found: Found, note: str) -> Found:
    return Found(found.fields, (*found.notes, note), found.last, found.repaired or note == "JSON repaired")


def _objects_of(thing: Any) -> Iterator[Mapping[Any, Any]]:
    return (item for item in _flat(thing)[:_MOST_STARTS] if isinstance(item, Mapping))


def _flat(thing: Any) -> list[Any]:
    return thing if isinstance(thing, list) else [thing]


def _loads(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def _embedded(text: str) -> Iterator[Mapping[Any, Any]]:
    """Sound objects that stand among other text, from left to right."""
    position = text.find("{")
    for _ in range(_MOST_STARTS):
        if position < 0:
            return
        try:
            thing, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            if isinstance(thing, dict):
                yield thing
        position = text.find("{", end)


def _mend(text: str) -> Found | None:
    """What json-repair makes of the text from its first opening brace on."""
    start = text.find("{")
    if start < 0:
        return None
    text = text[start : start + _MOST_REPAIRED]
    openings = [match.start() for match in _OPENING.finditer(text)]
    if len(openings) > _MOST_OPENINGS:
        text = text[: openings[_MOST_OPENINGS]]
    from json_repair import repair_json

    try:
        thing = repair_json(text, return_objects=True, skip_json_loads=True)
    except Exception:  # noqa: BLE001 - whatever it trips over, the answer is merely not mended
        return None
    return _best(_objects_of(thing))
