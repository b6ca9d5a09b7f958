"""EMOTIC as it is distributed: ``Annotations.mat``, structures of Matlab 5.

A field that holds one thing and a field that holds several look alike once everything is flattened, which is how
they are read here: files that were written with and without their singleton dimensions are the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from elena_wb.core import Problem, UsageError
from elena_wb.data.cells import BadRowError, corners
from elena_wb.data.emotic_csv import attributes_of, labels_of
from elena_wb.data.identify import storable
from elena_wb.data.persons import Annotation

SPLITS = ("train", "val", "test")
_LARGEST = 1 << 30
_AGAIN = "Get Annotations.mat from EMOTIC's authors again, or name another file with annotations=FILE."
_AFFECT = ("valence", "arousal", "dominance")


def read_mat(path: Path) -> tuple[list[Annotation], list[Problem]]:
    """What the file says of each person, and what of it cannot be used.

    ``val`` and ``test`` carry what their annotators said together; that is taken where it is there.

    Raises:
        UsageError: it is no such file.
    """
    annotations: list[Annotation] = []
    problems: list[Problem] = []
    name = storable(path)
    for split, records in _loaded(path).items():
        for number, record in enumerate(_structs(records), 1):
            if next(_structs(_field(record, "person")), None) is None:
                problems.append(
                    Problem(f"{name}:{split}({number})", "no person is annotated", excludes=False, kind="row")
                )
            for place, person in enumerate(_structs(_field(record, "person")), 1):
                where = f"{name}:{split}({number}).person({place})"
                try:
                    annotations.append(_annotation(where, split, record, person))
                except BadRowError as error:
                    problems.append(Problem(where, str(error), excludes=False, kind="row"))
    if not annotations and not problems:
        raise UsageError(f"{path} holds no record of a picture.", hint=_AGAIN)
    return annotations, problems


def _loaded(path: Path) -> dict[str, Any]:
    from scipy.io import loadmat

    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"{path} is larger than any Annotations.mat.", hint=_AGAIN)
        # Fields as arrays rather than objects: read in two thirds of the time.
        loaded = loadmat(path, struct_as_record=True, squeeze_me=False, variable_names=SPLITS)
    except UsageError:
        raise
    except NotImplementedError as error:
        raise UsageError(
            f"{path} is of Matlab 7.3, which is not read here.", hint="Save it in Matlab with `-v7`."
        ) from error
    except Exception as error:
        raise UsageError(f"{path} is no Matlab file that can be read: {error}.", hint=_AGAIN) from error
    found = {split: loaded[split] for split in SPLITS if split in loaded}
    if not found:
        raise UsageError(f"{path} has none of `train`, `val` and `test`.", hint=_AGAIN)
    return found


def _annotation(where: str, split: str, record: np.void, person: np.void) -> Annotation:
    folder, name = _text(_field(record, "folder")), _text(_field(record, "filename"))
    if not name:
        raise BadRowError("filename is empty: no picture is named")
    picture = f"{folder.strip('/')}/{name}" if folder else name
    column = (
        "combined_categories" if _texts(_field(person, "combined_categories")) else "annotations_categories"
    )
    return Annotation(
        where=where,
        picture=picture,
        labels=labels_of(_texts(_field(person, column)), _affect(person), column),
        box=corners("body_bbox", *_four(_field(person, "body_bbox")), _size(record)),
        split=split,
        attributes=attributes_of(_text(_field(person, "gender")), _text(_field(person, "age")), picture),
    )


def _affect(person: np.void) -> tuple[float | None, float | None, float | None]:
    """Of the combined values, else the mean over the annotators; NaN where nobody said anything."""
    said = list(_structs(_field(person, "combined_continuous")))
    said = said or list(_structs(_field(person, "annotations_continuous")))
    found: list[float | None] = []
    for name in _AFFECT:
        values = [value for one in said for value in _numbers(_field(one, name)) if not math.isnan(value)]
        mean = sum(values) / len(values) if values else None
        if mean is not None and not 1 <= mean <= 10:
            raise BadRowError(f"{name} is {mean:g}, outside 1 to 10")
        found.append(mean)
    valence, arousal, dominance = found
    return valence, arousal, dominance


def _size(record: np.void) -> tuple[float, float] | None:
    for image in _structs(_field(record, "image_size")):
        width, height = _numbers(_field(image, "n_col")), _numbers(_field(image, "n_row"))
        if width and height and min(width[0], height[0]) >= 1:
            return width[0], height[0]
    return None


def _four(value: Any) -> tuple[float, float, float, float]:
    found = _numbers(value)
    if len(found) != 4:
        raise BadRowError(f"body_bbox has {len(found)} numbers, not 4")
    return found[0], found[1], found[2], found[3]


def _field(record: np.void, name: str) -> Any:
    return record[name] if record.dtype.names and name in record.dtype.names else None


def _structs(value: Any) -> Iterator[np.void]:
    """Every structure in ``value``, however it is wrapped."""
    if isinstance(value, np.void):
        yield value
    elif isinstance(value, np.ndarray) and (value.dtype.names or value.dtype == object):
        for item in value.flat:
            yield from _structs(item)


def _texts(value: Any) -> list[str]:
    """Every text in ``value``, however it is wrapped: in arrays, in cells, in a structure for each annotator."""
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    if isinstance(value, np.ndarray):
        return [text for item in value.flat for text in _texts(item)]
    if isinstance(value, np.void) and value.dtype.names:
        return [text for name in value.dtype.names for text in _texts(value[name])]
    return []


def _text(value: Any) -> str:
    return next(iter(_texts(value)), "")


def _numbers(value: Any) -> list[float]:
    if isinstance(value, np.ndarray):
        return [number for item in value.flat for number in _numbers(item)]
    return [float(value)] if isinstance(value, int | float | np.integer | np.floating) else []
