"""Which column holds what, told by the names that columns usually have."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from elena_wb.core import Box
from elena_wb.data.cells import affect, corners, literal, number, several

PICTURE = (
    "path",
    "image_path",
    "img_path",
    "file_path",
    "filepath",
    "filename",
    "file_name",
    "image",
    "image_name",
    "image_file",
    "img",
    "picture",
    "file",
    "name",
)
LABEL = ("label", "emotion", "category", "categories", "categorical_labels", "labels", "expression", "class")
SPLIT = ("split", "set", "subset", "partition")
AFFECT = ("valence", "arousal", "dominance")

_WHOLE_BOX = ("bbox", "body_bbox", "box", "bounding_box")
_CORNERS = (
    ("x1", "y1", "x2", "y2"),
    ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("bbox_xmin", "bbox_ymin", "bbox_xmax", "bbox_ymax"),
    ("left", "top", "right", "bottom"),
)
_SIDES = (
    ("x", "y", "w", "h"),
    ("x", "y", "width", "height"),
    ("bbox_x", "bbox_y", "bbox_w", "bbox_h"),
    ("left", "top", "width", "height"),
)
_SIZES = (("width", "height"), ("image_width", "image_height"), ("n_col", "n_row"))


@dataclass(frozen=True, slots=True)
class BoxColumns:
    """Where a box is written: one column with a list of four corners, or four of corners or of edges and sides."""

    names: tuple[str, ...]
    sides: bool = False

    def read(self, cells: Mapping[str, str], size: tuple[float, float] | None = None) -> Box | None:
        """The box, cut to the picture; ``None`` where nothing is written.

        Raises:
            BadRowError: it is incomplete, no numbers, empty, or outside the picture.
        """
        if not any(cells.get(name) for name in self.names):
            return None
        if len(self.names) == 1:
            (name,) = self.names
            found = literal(name, cells[name])
            four = [number(name, str(value)) for value in found] if len(found) == 4 else []
            label = name
        else:
            four = [number(name, cells.get(name, "")) for name in self.names]
            label = ",".join(self.names)
        if len(four) != 4:
            return corners(label, 0, 0, 0, 0)
        x1, y1, x2, y2 = four
        return corners(label, x1, y1, x1 + x2 if self.sides else x2, y1 + y2 if self.sides else y2, size)


def first_of(columns: Collection[str], names: Sequence[str]) -> str | None:
    """The first of ``names`` that is a column."""
    return next((name for name in names if name in columns), None)


def box_columns(columns: Collection[str]) -> BoxColumns | None:
    """Where ``columns`` hold the box of a person, if they do."""
    for names in _CORNERS:
        if set(names) <= set(columns):
            return BoxColumns(names)
    whole = first_of(columns, _WHOLE_BOX)
    if whole is not None:
        return BoxColumns((whole,))
    found = next((names for names in _SIDES if set(names) <= set(columns)), None)
    return None if found is None else BoxColumns(found, sides=True)


def size_columns(columns: Collection[str], box: BoxColumns | None) -> tuple[str, str] | None:
    """Where ``columns`` hold the size of the picture, other than the sides of the box."""
    taken = set() if box is None else set(box.names)
    return next((names for names in _SIZES if set(names) <= set(columns) - taken), None)


def read_affect(
    cells: Mapping[str, str], columns: Sequence[str | None] = AFFECT
) -> tuple[float | None, float | None, float | None]:
    """Valence, arousal and dominance from three columns, each of which may be absent.

    Raises:
        BadRowError: one of them is no number from 1 to 10.
    """
    valence, arousal, dominance = (
        None if column is None else affect(column, _written(cells.get(column, ""))) for column in columns
    )
    return valence, arousal, dominance


def read_labels(cells: Mapping[str, str], column: str | None) -> tuple[str, ...]:
    """The labels written in ``column``, of which there may be several."""
    return () if column is None else several(column, cells.get(column, ""))


def _written(text: str) -> str:
    return "" if text.lower() in ("nan", "none", "null") else text
