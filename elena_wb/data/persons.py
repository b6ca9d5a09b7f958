"""From what annotations say to stimuli: one for each labelled person, or for the picture as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from elena_wb.core import (
    NOTHING_KNOWN,
    Box,
    KnownFile,
    Label,
    Problem,
    Stimulus,
    Upload,
    person_stimulus_id,
)
from elena_wb.data.cells import BadRowError
from elena_wb.data.identify import identify
from elena_wb.data.pictures import MissingPictureError
from elena_wb.data.walk import FoundFile

MOST_ATTRIBUTES = 32
_LONGEST_ATTRIBUTE = 200


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one row says of a picture, or of one person in it.

    ``where`` is the row, for messages. ``picture`` is the name as written. Without a ``box`` the row speaks of the
    picture as a whole.
    """

    where: str
    picture: str
    labels: tuple[Label, ...] = ()
    box: Box | None = None
    split: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


def stimuli_of(
    annotations: Iterable[Annotation],
    find: Callable[[str], FoundFile],
    *,
    dataset: str,
    upload: Upload = "allowed",
    known: Mapping[str, KnownFile] = NOTHING_KNOWN,
) -> tuple[list[Stimulus], list[Problem]]:
    """One stimulus for each box of each picture, and one for a picture that is labelled as a whole.

    Pictures come in the order in which they are first named, persons in the order of their rows. Rows about the
    same box are one stimulus with all their labels. ``find`` is asked once for each picture; a picture is
    hashed once. What ``find`` raises as :class:`BadRowError` is a problem.
    """
    named: dict[str, list[Annotation]] = {}
    for annotation in annotations:
        named.setdefault(annotation.picture, []).append(annotation)
    files: dict[Path, FoundFile] = {}
    said: dict[Path, list[Annotation]] = {}
    problems: list[Problem] = []
    for written, rows in named.items():
        try:
            file = find(written)
        except MissingPictureError as error:
            problems.append(Problem(rows[0].where, str(error), excludes=False, kind="missing"))
        except BadRowError as error:
            problems.append(Problem(rows[0].where, str(error), excludes=False, kind="row"))
        else:
            files[file.path] = file
            said.setdefault(file.path, []).extend(rows)
    pictures, unreadable = identify(list(files.values()), dataset, known)
    numbers: dict[str, dict[str, int]] = {}
    stimuli = [
        stimulus
        for picture in pictures
        for stimulus in _persons(
            replace(picture, upload=upload), said[picture.path], numbers.setdefault(picture.stimulus_id, {})
        )
    ]
    return stimuli, [*problems, *unreadable]


def bounded(attributes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What is written of ``attributes``, cut to a length that can be shown, and no more than a few."""
    kept: dict[str, str] = {}
    for name, value in attributes:
        if value and len(kept) < MOST_ATTRIBUTES:
            cut = value if len(value) <= _LONGEST_ATTRIBUTE else f"{value[: _LONGEST_ATTRIBUTE - 1]}…"
            kept[name] = cut
    return kept


def _persons(picture: Stimulus, rows: list[Annotation], numbers: dict[str, int]) -> Iterable[Stimulus]:
    """The stimuli of one picture; ``numbers`` are those of the persons met so far in pictures of this content."""
    grouped: dict[str, list[Annotation]] = {}
    for row in rows:
        identity = (
            picture.stimulus_id if row.box is None else person_stimulus_id(picture.stimulus_id, row.box)
        )
        grouped.setdefault(identity, []).append(row)
    for identity, group in grouped.items():
        box = group[0].box
        yield replace(
            picture,
            stimulus_id=identity,
            split=next((row.split for row in group if row.split), None),
            labels=tuple(dict.fromkeys(label for row in group for label in row.labels)),
            person_index=None if box is None else numbers.setdefault(identity, len(numbers)),
            person_box=box,
            attributes=_joined(group),
        )


def _joined(group: list[Annotation]) -> dict[str, str]:
    """What the rows of one person say of it; where they differ, the first."""
    joined: dict[str, str] = {}
    for row in reversed(group):
        joined |= row.attributes
    return joined
