"""What one answer was asked about: its run, its picture, where that may lie, and what is known of it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elena_wb.core import Box, Region, Stimulus
from elena_wb.store.database import Store
from elena_wb.store.records import GenerationStatus

_ANNOTATED = "annotated"
_ESCAPED = re.compile(rb"\\x([89a-f][0-9a-f])")


@dataclass(frozen=True, slots=True)
class AskedRun:
    """What made the requests of a run what they were; ``options`` are as decoded from the store."""

    run_id: int
    run_key: str
    model_uri: str
    model_digest: str
    meant_for: tuple[str, ...]
    prompt_name: str
    prompt_digest: str
    condition: str
    options: Mapping[str, Any]
    seed: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer's question. ``stimulus`` has the regions that came with the data, ``found`` those of each locator.

    ``paths`` are where the file was seen, the latest first; ``sizes`` what is known of it there: whose content it was
    (``picture_id``), bytes and time of change.
    """

    generation_id: str
    run: AskedRun
    stimulus: Stimulus
    repeat: int
    status: GenerationStatus
    content_digest: str | None
    found: Mapping[str, tuple[Region, ...]]
    paths: tuple[Path, ...]
    sizes: Mapping[Path, tuple[str, int, int]]


def asked(store: Store, generation_id: str) -> Asked | None:
    """The question of an answer; ``None`` where the answer is gone."""
    with store.read() as connection:
        row = connection.execute(
            """SELECT g.stimulus_id, g.repeat, g.status, g.content_digest, r.run_id, r.run_key, r.model_uri,
                      r.model_digest, r.model_card->'meant_for', r.prompt_name, r.prompt_digest, r.condition, r.options,
                      coalesce(r.seed, 0)
               FROM generations AS g JOIN runs AS r USING (run_id) WHERE g.generation_id = ?""",
            [generation_id],
        ).fetchone()
        if row is None:
            return None
        stimulus_id, repeat, status, digest, *of_run = row
        picture = connection.execute(
            """SELECT path, dataset, split, width, height, person_index, person_box
               FROM stimuli WHERE stimulus_id = ? LIMIT 1""",
            [stimulus_id],
        ).fetchone() or (stimulus_id, "", None, None, None, None, None)
        regions = connection.execute(
            """SELECT locator, part, x, y, w, h, score, landmarks FROM regions
               WHERE stimulus_id = ? ORDER BY rowid""",
            [stimulus_id],
        ).fetchall()
        files = connection.execute(
            """SELECT path, stimulus_id, file_size, file_mtime_ns FROM files
               WHERE stimulus_id = $1 OR path = $2 ORDER BY path <> $2, path LIMIT 20""",
            [stimulus_id.partition("#")[0], picture[0]],
        ).fetchall()
    found: dict[str, tuple[Region, ...]] = {}
    for locator, part, x, y, w, h, score, landmarks in regions:
        points = {name: (px, py) for name, (px, py) in json.loads(landmarks or "{}").items()}
        region = Region(part, Box(x, y, w, h), locator, 1.0 if score is None else score, points)
        found[locator] = (*found.get(locator, ()), region)
    sizes = {file_at(path): (content, size, changed) for path, content, size, changed in files}
    path = file_at(picture[0])
    box = picture[6]
    stimulus = Stimulus(
        stimulus_id,
        path,
        picture[1] or "",
        *sizes.get(path, ("", 0, 0))[1:],
        split=picture[2],
        width=picture[3],
        height=picture[4],
        regions=found.get(_ANNOTATED, ()),
        person_index=picture[5],
        person_box=None if box is None else Box(**box),
    )
    return Asked(
        generation_id,
        _run(of_run),
        stimulus,
        repeat,
        status,
        digest,
        found,
        tuple(dict.fromkeys((path, *sizes))),
        sizes,
    )


def file_at(stored: str) -> Path:
    """The path that was stored as text (:func:`elena_wb.store.storable`): bytes that are no UTF-8 are escapes there."""
    if Path(stored).exists() or "\\x" not in stored:
        return Path(stored)
    raw = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), os.fsencode(stored))
    return Path(os.fsdecode(raw))


def _run(values: list[Any]) -> AskedRun:
    run_id, key, uri, digest, meant_for, prompt, prompt_digest, condition, options, seed = values
    return AskedRun(
        run_id,
        key,
        uri,
        digest,
        tuple(json.loads(meant_for or "[]") or ()),
        prompt,
        prompt_digest,
        condition,
        json.loads(options or "{}"),
        seed,
    )
