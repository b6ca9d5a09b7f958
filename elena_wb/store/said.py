"""What was answered in a run, word for word, and what is known of its pictures: for looking at the answers again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from elena_wb.core import Box, Region
from elena_wb.store.database import Store
from elena_wb.store.records import GenerationStatus

_FIELDS = ("explicit_description", "implicit_description", "narrative")


@dataclass(frozen=True, slots=True)
class Said:
    """One answer; the texts are those of :class:`elena_wb.core.Narrative`, ``phrases`` the parts it names."""

    generation_id: str
    stimulus_id: str
    path: str
    repeat: int
    status: GenerationStatus
    content_digest: str | None
    text: str
    emotion: str | None
    emotion_raw: str | None
    fields: Mapping[str, str | None]
    phrases: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class KnownRegions:
    """By stimulus: what each locator found in it, and which locators looked, also in vain."""

    regions: Mapping[str, Mapping[str, tuple[Region, ...]]]
    searched: Mapping[str, frozenset[str]]


def answers_of(store: Store, run_id: int) -> tuple[Said, ...]:
    """Every answer of a run; calls that failed are none."""
    with store.read() as connection:
        rows = connection.execute(
            """SELECT g.generation_id, g.stimulus_id, coalesce(s.path, g.stimulus_id), g.repeat, g.status,
                      g.content_digest, coalesce(g.raw_text, ''), g.emotion, g.emotion_raw,
                      g.explicit_description, g.implicit_description, g.narrative,
                      (SELECT list({'phrase': phrase, 'part': part} ORDER BY position) FROM body_parts AS b
                       WHERE b.generation_id = g.generation_id)
               FROM generations AS g LEFT JOIN stimuli AS s USING (stimulus_id)
               WHERE g.run_id = ? AND g.status <> 'error'
               ORDER BY s.path, g.stimulus_id, g.repeat""",
            [run_id],
        ).fetchall()
    return tuple(_said(row) for row in rows)


def _said(row: tuple[Any, ...]) -> Said:
    phrases = tuple((part["phrase"], part["part"]) for part in row[12] or ())
    values = (*row[:9], dict(zip(_FIELDS, row[9:12], strict=True)), phrases)
    return Said(*values)


def regions_in(store: Store, run_id: int) -> KnownRegions:
    """What is known of the pictures of a run, whoever found it in whichever run."""
    of_run = "(SELECT stimulus_id FROM generations WHERE run_id = ?)"
    with store.read() as connection:
        rows = connection.execute(
            f"""SELECT stimulus_id, locator, part, x, y, w, h, score, landmarks FROM regions
                WHERE stimulus_id IN {of_run} ORDER BY ALL""",
            [run_id],
        ).fetchall()
        looks = connection.execute(
            f"SELECT stimulus_id, list(locator) FROM searches WHERE stimulus_id IN {of_run} GROUP BY ALL",
            [run_id],
        ).fetchall()
    found: dict[str, dict[str, list[Region]]] = {}
    for stimulus_id, locator, part, x, y, w, h, score, landmarks in rows:
        points = {name: (px, py) for name, (px, py) in json.loads(landmarks or "{}").items()}
        region = Region(part, Box(x, y, w, h), locator, 1.0 if score is None else score, points)
        found.setdefault(stimulus_id, {}).setdefault(locator, []).append(region)
    return KnownRegions(
        {key: {locator: tuple(of) for locator, of in by.items()} for key, by in found.items()},
        {stimulus_id: frozenset(locators) for stimulus_id, locators in looks},
    )
