"""The located parts of pictures in the JSON of COCO's detection task (Lin et al. 2014, https://cocodataset.org/#format-data).

Beside its keys, an annotation has ``score`` and ``locator`` (who found it), ``stimulus_id``, and where there are any
``person_index`` and ``landmarks``. A segmentation is the box itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from elena_wb import __version__
from elena_wb.exports.exporting import Exported
from elena_wb.exports.kinds import Kind
from elena_wb.store import Store
from elena_wb.store.exporting import pictures_of, reading, region_parts, regions_of
from elena_wb.vocabulary import body_part

_OTHER = "other"


def write_coco(store: Store, run_ids: Sequence[int], path: Path, *, paths: bool) -> Exported:
    """Write every region of the pictures that runs have answers about; boxes are in pixels as displayed."""
    with reading(store) as connection, path.open("w", encoding="utf-8", errors="replace") as out:
        pictures = pictures_of(connection, run_ids, paths=paths)
        numbers = {picture["picture_id"]: picture["id"] for picture in pictures}
        categories = _categories(region_parts(connection, run_ids))
        info = {"description": "Regions of the pictures of elena-wb runs", "version": __version__}
        out.write(f'{{"info": {json.dumps(info)}, "licenses": [], "categories": [')
        _listed(out, categories.values())
        out.write('], "images": [')
        _listed(out, map(_image, pictures))
        out.write('], "annotations": [')
        count = _listed(out, _annotations(regions_of(connection, run_ids), numbers, categories))
        out.write("]}\n")
    unsized = sum(picture["width"] is None for picture in pictures)
    notes = [f"{unsized:,} pictures were never opened, so that their width and height are missing."] * bool(
        unsized
    )
    if not count:
        notes.append("No region is known of these pictures.")
    return Exported(Kind.COCO, path, count, f"regions in {len(pictures):,} pictures", notes=tuple(notes))


def _listed(out: TextIO, values: Iterable[object]) -> int:
    count = 0
    for value in values:
        out.write(",\n" if count else "\n")
        out.write(json.dumps(value, ensure_ascii=False))
        count += 1
    return count


def _categories(parts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """A category a part, numbered from 1 in the order of their names; the group of the part is above it."""
    return {
        part: {
            "id": number,
            "name": part,
            "supercategory": body_part(part.replace("_", " ").replace("-", " ")).group or _OTHER,
        }
        for number, part in enumerate(sorted(parts), 1)
    }


def _image(picture: Mapping[str, Any]) -> dict[str, object]:
    sides = {side: picture[side] for side in ("width", "height") if picture[side] is not None}
    return {"id": picture["id"], "file_name": picture["file_name"], **sides, "sha256": picture["picture_id"]}


def _annotations(
    batches: Iterable[Any], numbers: Mapping[str, int], categories: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, object]]:
    number = 0
    for batch in batches:
        for row in batch.to_pylist():
            number += 1
            x, y, w, h = row["x"], row["y"], row["w"], row["h"]
            told: dict[str, object] = {
                "id": number,
                "image_id": numbers[row["picture_id"]],
                "category_id": categories[row["part"]]["id"],
                "bbox": [x, y, w, h],
                "area": w * h,
                "iscrowd": 0,
                "segmentation": [[x, y, x + w, y, x + w, y + h, x, y + h]],
                "score": row["score"],
                "locator": row["locator"],
                "stimulus_id": row["stimulus_id"],
            }
            if row["person_index"] is not None:
                told["person_index"] = row["person_index"]
            if row["landmarks"]:
                told["landmarks"] = json.loads(row["landmarks"])
            yield told
