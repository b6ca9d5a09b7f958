"""Looking a dataset over: what is in it, and what in it should be mended before anyone relies on it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from elena_wb.core import Box, Collection, ImageError, Problem, Stimulus
from elena_wb.data.identify import storable
from elena_wb.vocabulary import find_mapping

COMMON_SCHEME = "ekman7"
"""The scheme that most answers are given in, and that the labels of others are mapped to."""

TO_MEND = frozenset(("picture", "row", "missing", "box"))
"""Kinds of problems that someone should see to; duplicates and notes are good to know."""

_TOLERANCE = 1.0
"""Pixels by which a box may leave its picture: datasets count from 0 or from 1."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the labels of one scheme corresponds to a label of :data:`COMMON_SCHEME`, and who says so."""

    labels: int
    mapped: int
    source: str | None
    unmapped: tuple[str, ...]

    @property
    def share(self) -> float:
        """Of the labels as often as they occur."""
        return self.mapped / self.labels if self.labels else 0.0


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is: counts of pictures, persons and labels.

    ``persons`` maps a number of labelled persons to the pictures with as many; ``labels`` a scheme to its labels
    and the stimuli that bear each. ``rated`` counts stimuli with valence, arousal or dominance.
    """

    stimuli: int
    pictures: int
    ignored: int
    unlabelled: int
    rated: int
    datasets: Mapping[str, int]
    splits: Mapping[str, int]
    uploads: Mapping[str, int]
    persons: Mapping[int, int]
    labels: Mapping[str, Mapping[str, int]]
    coverage: Mapping[str, Coverage]
    attributes: Mapping[str, int] = field(default_factory=dict)


def survey(collection: Collection) -> Survey:
    """Count what is in ``collection``; no picture is opened."""
    stimuli = collection.stimuli
    persons = Counter(stimulus.picture_id for stimulus in stimuli if stimulus.person_box is not None)
    pictures = {stimulus.picture_id for stimulus in stimuli}
    bare = len(pictures) - len(persons)
    labels: dict[str, Counter[str]] = {}
    values: dict[str, set[str]] = {}
    for stimulus in stimuli:
        for scheme, label in dict.fromkeys((one.scheme, one.label) for one in stimulus.labels):
            if label is not None:
                labels.setdefault(scheme, Counter())[label] += 1
        for name, value in stimulus.attributes.items():
            values.setdefault(name, set()).add(value)
    return Survey(
        stimuli=len(stimuli),
        pictures=len(pictures),
        ignored=collection.ignored,
        unlabelled=sum(not stimulus.labels for stimulus in stimuli),
        rated=sum(any(_rated(stimulus)) for stimulus in stimuli),
        datasets=dict(Counter(stimulus.dataset for stimulus in stimuli)),
        splits=dict(Counter(stimulus.split for stimulus in stimuli if stimulus.split)),
        uploads=dict(Counter(stimulus.upload for stimulus in stimuli)),
        persons=dict(sorted((Counter(persons.values()) + Counter({0: bare})).items())),
        labels={scheme: dict(counts.most_common()) for scheme, counts in sorted(labels.items())},
        coverage={scheme: _coverage(scheme, counts) for scheme, counts in sorted(labels.items())},
        attributes={name: len(found) for name, found in sorted(values.items())},
    )


def examine(
    stimuli: Sequence[Stimulus], *, decode: bool = False, progress: Callable[[int, int], None] | None = None
) -> list[Problem]:
    """Open every picture: those that cannot be read, and boxes that leave theirs, are problems.

    Only headers are read, unless ``decode`` asks for the pixels, which finds pictures that are cut short.
    ``progress`` hears how many pictures of how many are done.
    """
    by_path: dict[Path, list[Stimulus]] = {}
    for stimulus in stimuli:
        by_path.setdefault(stimulus.path, []).append(stimulus)
    problems: list[Problem] = []
    look = _decoded_size if decode else picture_size
    with ThreadPoolExecutor(min(8, 2 * (os.cpu_count() or 1)), thread_name_prefix="check") as pool:
        sizes = pool.map(lambda path: _size_or_reason(path, look), by_path)
        for done, ((path, persons), size) in enumerate(zip(by_path.items(), sizes, strict=True), 1):
            if isinstance(size, str):
                problems.append(Problem(storable(path), size))
            else:
                problems += (found for one in persons for found in _boxes_outside(one, *size))
            if progress is not None:
                progress(done, len(by_path))
    return problems


def duplicates(collections: Mapping[str, Collection]) -> list[Problem]:
    """Pictures whose content occurs under several names, within a source and across ``collections`` (by source).

    What the collections themselves report of duplicates is not repeated.
    """
    first: dict[str, tuple[str, Path]] = {}
    told: set[Path] = set()
    problems: list[Problem] = []
    for source, collection in collections.items():
        reported = {problem.where for problem in collection.problems if problem.kind == "duplicate"}
        for stimulus in collection.stimuli:
            owner, path = first.setdefault(stimulus.picture_id, (source, stimulus.path))
            if stimulus.path in told or path == stimulus.path or storable(stimulus.path) in reported:
                continue
            told.add(stimulus.path)
            whose = f" of {owner}" if owner != source else ""
            reason = f"the same picture as {storable(path)}{whose}"
            problems.append(Problem(storable(stimulus.path), reason, excludes=False, kind="duplicate"))
    return problems


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height as displayed, from the header.

    Raises:
        ImageError: it is no picture that can be used.
    """
    from PIL import Image

    from elena_wb.data.images import FORMATS, MAX_ASPECT, MAX_PIXELS, MIN_SIDE

    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION_TAG) in _ON_ITS_SIDE
    except Exception:  # noqa: BLE001 - why it cannot be read is for the decoder to say
        return _decoded_size(path)
    short, long = sorted((width, height))
    if short < MIN_SIDE or width * height > MAX_PIXELS or long > MAX_ASPECT * short:
        return _decoded_size(path)
    return (height, width) if turned else (width, height)


_ORIENTATION_TAG = 0x0112
_ON_ITS_SIDE = (5, 6, 7, 8)


def _decoded_size(path: Path) -> tuple[int, int]:
    from elena_wb.data.images import load_image

    loaded = load_image(path)
    return loaded.width, loaded.height


def _size_or_reason(path: Path, look: Callable[[Path], tuple[int, int]]) -> tuple[int, int] | str:
    try:
        return look(path)
    except ImageError as error:
        return error.message.removeprefix(f"{path.name}: ")


def _boxes_outside(stimulus: Stimulus, width: int, height: int) -> Iterable[Problem]:
    named = [(region.part, region.box) for region in stimulus.regions]
    if stimulus.person_box is not None:
        named.append((f"person {(stimulus.person_index or 0) + 1}", stimulus.person_box))
    for name, box in named:
        if _leaves(box, width, height):
            corners = f"{box.x:g}, {box.y:g}, {box.x + box.w:g}, {box.y + box.h:g}"
            reason = f"the box of {name} ({corners}) leaves the picture, which is {width} x {height} pixels"
            yield Problem(storable(stimulus.path), reason, excludes=False, kind="box")


def _leaves(box: Box, width: int, height: int) -> bool:
    outermost = max(box.x + box.w - width, box.y + box.h - height, -box.x, -box.y)
    return outermost > _TOLERANCE or box.clipped(width, height) is None


def _rated(stimulus: Stimulus) -> Iterable[bool]:
    for label in stimulus.labels:
        yield any(value is not None for value in (label.valence, label.arousal, label.dominance))


def _coverage(scheme: str, counts: Mapping[str, int]) -> Coverage:
    total = sum(counts.values())
    mapping = None if scheme == COMMON_SCHEME else find_mapping(scheme, COMMON_SCHEME)
    if mapping is None:
        same = scheme == COMMON_SCHEME
        return Coverage(total, total if same else 0, None, () if same else tuple(counts))
    unmapped = tuple(label for label in counts if mapping.apply(label) is None)
    return Coverage(total, total - sum(counts[label] for label in unmapped), mapping.source, unmapped)
