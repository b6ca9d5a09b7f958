"""The dataset ``heco``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from elena_wb.core import NOTHING_KNOWN, Collection, KnownFile, Label, Problem, Upload, UsageError
from elena_wb.data.cells import BadRowError, in_scheme
from elena_wb.data.columns import BoxColumns, read_affect
from elena_wb.data.persons import Annotation, bounded, stimuli_of
from elena_wb.data.pictures import Pictures, folder_given
from elena_wb.data.rows import Row, Sheet, peek
from elena_wb.data.tables import left_alone

NAME = "heco"
SCHEME = "heco8"
_TABLE = "heco_labels.csv"
_FOLDER = "labels"
_BOX = BoxColumns(("xmin", "ymin", "xmax", "ymax"))
_NEEDED = ("image", *_BOX.names, "category")
_FURTHER = ("label_sa", "label_ca")


class HecoDataset:
    """HECO: persons in photographs, with 8 categories, valence, arousal and dominance.

    The source is the folder with `Labels/HECO_Labels.csv`, one row a person, and the pictures in `Data/` or `Images/`;
    or the table itself. Its columns `Label_SA` and `Label_CA` become attributes.

    `images` names the folder of the pictures if they lie elsewhere, and `links=yes` takes pictures that a link leads
    to outside the folder.
    """

    upload: ClassVar[Upload] = "local-only"
    scheme: ClassVar[str] = SCHEME

    def __init__(self, *, images: str | None = None, links: bool = False) -> None:
        self._images = images
        self._links = links

    def recognises(self, root: Path) -> bool:
        """Whether ``root`` is, or holds, the table of HECO."""
        table = _table(root)
        return table is not None and set(_NEEDED) <= set(peek(table, rows=0)[0])

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        """Every labelled person whose picture is there.

        Raises:
            UsageError: there is no table, or it cannot be read.
        """
        root = root.absolute()
        table = _table(root)
        if table is None:
            raise UsageError(
                f"{root} has no `Labels/HECO_Labels.csv`.", hint="Name the folder that holds `Labels`."
            )
        sheet = Sheet.open(table)
        missing = [name for name in _NEEDED if name not in sheet.columns]
        if missing:
            raise UsageError(f"{table} has no column {', '.join(missing)}.")
        annotations: list[Annotation] = []
        problems: list[Problem] = []
        for row in sheet.rows():
            try:
                annotations.append(_read(row))
            except BadRowError as error:
                problems.append(Problem(row.where, str(error), excludes=False, kind="row"))
        given = folder_given(self._images)
        inner = table.parent.name.lower() == _FOLDER
        roots = [given] if given else [table.parent.parent if inner else table.parent]
        pictures = Pictures(
            roots, between=("Data", "Images", "data", "images"), links=self._links, column="image"
        )
        stimuli, unfound = stimuli_of(
            annotations, pictures.find, dataset=NAME, upload=self.upload, known=known
        )
        unread = left_alone([root] if root.is_dir() else [])
        return Collection(tuple(stimuli), (*unread, *problems, *sheet.problems, *unfound))


def _read(row: Row) -> Annotation:
    cells = row.cells
    box = _BOX.read(cells)
    if box is None:
        raise BadRowError(f"{','.join(_BOX.names)} are empty: no person is shown")
    try:
        category = in_scheme(cells["category"], SCHEME)
    except BadRowError as error:
        raise BadRowError(f"category: {error}") from error
    return Annotation(
        where=row.where,
        picture=cells["image"],
        labels=(Label(NAME, SCHEME, category, *read_affect(cells)),),
        box=box,
        attributes=bounded((name, cells.get(name, "")) for name in _FURTHER),
    )


def _table(root: Path) -> Path | None:
    """The table that ``root`` is or holds, whatever the case of its name. Never raises."""
    try:
        if root.is_file():
            return root if root.name.lower() == _TABLE else None
        folders = [root, *(entry for entry in root.iterdir() if entry.name.lower() == _FOLDER)]
        tables = (path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir()))
        return next((path for path in tables if path.name.lower() == _TABLE and path.is_file()), None)
    except (OSError, ValueError):
        return None
