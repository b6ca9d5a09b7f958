"""Whether what a dataset has read is what it says it is."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from elena_wb.core import Box, Collection, Label, Problem, Region, Stimulus, person_stimulus_id
from elena_wb.core.protocols import ProblemKind
from elena_wb.data.policy import POLICIES
from elena_wb.testing.inspection import must
from elena_wb.vocabulary import load_scheme, scheme_names

_ID = re.compile(r"[0-9a-f]{64}")
_KINDS = get_args(ProblemKind)
_SCALE = (1, 10)


def check_collection(found: Collection) -> None:
    """Hold what was read against its own files.

    Raises:
        Unmet: a stimulus or a problem is not as :mod:`elena_wb.core` describes it.
    """
    must(isinstance(found, Collection), f"{type(found).__name__}, which is no Collection")
    must(isinstance(found.stimuli, tuple), f"stimuli in a {type(found.stimuli).__name__}")
    must(isinstance(found.ignored, int) and found.ignored >= 0, f"ignored is {found.ignored!r}")
    digests: dict[Path, str] = {}
    for stimulus in found.stimuli:
        must(isinstance(stimulus, Stimulus), f"{stimulus!r}, which is no Stimulus")
        _check_file(stimulus, digests)
        _check_person(stimulus)
        check_said(stimulus.labels, stimulus.attributes, where=stimulus.path.name)
        for region in stimulus.regions:
            _check_region(region, stimulus.path.name)
        must(stimulus.upload in POLICIES, f"upload is {stimulus.upload!r}, of {stimulus.path.name}")
        must(stimulus.split is None or _is_text(stimulus.split), f"the split {stimulus.split!r}")
    for problem in found.problems:
        must(isinstance(problem, Problem), f"{problem!r}, which is no Problem")
        must(_is_text(problem.where) and _is_text(problem.reason), f"{problem!r}")
        must(problem.kind in _KINDS, f"a problem of the kind {problem.kind!r}; there are {', '.join(_KINDS)}")


def check_said(labels: Iterable[Any], attributes: Mapping[Any, Any], *, where: str) -> None:
    """Hold labels and attributes against the schemes that they name.

    Raises:
        Unmet: a label is none of its scheme, a number is beyond its scale, an attribute is no text.
    """
    for label in labels:
        must(isinstance(label, Label), f"{label!r}, which is no Label, of {where}")
        must(_is_text(label.source) and _is_text(label.scheme), f"{label!r}, of {where}")
        if label.label is not None and label.scheme in scheme_names():
            names = load_scheme(label.scheme).names
            must(
                label.label in names,
                f"the label {label.label!r} of {where}; {label.scheme} has {', '.join(names[:12])}",
            )
        must(label.label is None or _is_text(label.label), f"the label {label.label!r} of {where}")
        for name in ("valence", "arousal", "dominance"):
            value = getattr(label, name)
            sound = value is None or (_is_number(value) and _SCALE[0] <= value <= _SCALE[1])
            must(sound, f"{name} is {value!r}, of {where}, and not from {_SCALE[0]} to {_SCALE[1]}")
    for name, value in attributes.items():
        must(_is_text(name) and isinstance(value, str), f"the attribute {name!r}: {value!r}, of {where}")


def _check_file(stimulus: Stimulus, digests: dict[Path, str]) -> None:
    path = stimulus.path
    must(isinstance(path, Path) and path.is_absolute(), f"the path {str(path)!r}, which is not absolute")
    must(path.is_file(), f"a stimulus of {path.name}, which is no file")
    if path not in digests:
        digests[path] = hashlib.sha256(path.read_bytes()).hexdigest()
    must(_ID.fullmatch(stimulus.picture_id), f"the id {stimulus.stimulus_id!r} of {path.name}")
    must(
        stimulus.picture_id == digests[path],
        f"the id {stimulus.stimulus_id[:12]}… of {path.name}, whose sha256 is {digests[path][:12]}…",
    )
    info = path.stat()
    seen = (stimulus.file_size, stimulus.file_mtime_ns)
    must(seen == (info.st_size, info.st_mtime_ns), f"size and time of {path.name} are {seen!r}")
    must(_is_text(stimulus.dataset), f"the dataset {stimulus.dataset!r} of {path.name}")


def _check_person(stimulus: Stimulus) -> None:
    box, name = stimulus.person_box, stimulus.path.name
    if box is None:
        must(
            "#" not in stimulus.stimulus_id,
            f"the id {stimulus.stimulus_id!r} of {name}, without a person's box",
        )
        return
    must(_is_box(box), f"the person's box {box!r}, of {name}")
    expected = person_stimulus_id(stimulus.picture_id, box)
    must(stimulus.stimulus_id == expected, f"the id {stimulus.stimulus_id!r} and not {expected!r}")


def _check_region(region: object, name: str) -> None:
    must(isinstance(region, Region), f"{region!r}, which is no Region, of {name}")
    assert isinstance(region, Region)
    must(_is_text(region.part) and _is_text(region.locator), f"{region!r}, of {name}")
    must(_is_box(region.box), f"the box {region.box!r} of a {region.part}, of {name}")
    must(_is_number(region.score) and 0 <= region.score <= 1, f"the score {region.score!r}, of {name}")


def _is_box(box: object) -> bool:
    return isinstance(box, Box) and all(map(_is_number, (box.x, box.y, box.w, box.h))) and box.area > 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
