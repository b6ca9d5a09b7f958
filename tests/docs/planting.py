"""``plant LAYOUT FOLDER``: invented pictures with labels, laid out as a published dataset's."""

from __future__ import annotations

import sys
from pathlib import Path

from tests import trees


def emotic(root: Path) -> None:
    """Pictures and a table of annotations, as they are unpacked."""
    trees.emotic_pictures(root)
    trees.emotic_csv_a(root / "annotations.csv")


def emotic_mat(root: Path) -> None:
    """The same, with ``Annotations.mat``."""
    trees.emotic_pictures(root)
    trees.emotic_mat(root / "Annotations.mat")


def heco(root: Path) -> None:
    """Two pictures with three persons."""
    trees.heco(
        root,
        [
            ("a.jpg", 2, 3, 40, 41, "Happiness", 8, 6, 7, 3, 4),
            ("a.jpg", 30, 0, 64, 48, "Peace", 6, 2, 7, 1, 1),
            ("b.jpg", 0, 0, 20, 30, "Excitement", 9, 9.5, 7, 1, 1),
        ],
    )


def besst(root: Path) -> None:
    """Three pictures whose names are their labels."""
    for name in ("001mF_45.jpg", "002wT_90.jpg", "003wN_45_2.jpg"):
        trees.picture(root / name)


LAYOUTS = {"emotic": emotic, "emotic-mat": emotic_mat, "heco": heco, "besst": besst}


def main() -> None:
    """Plant the layout that the first argument names in the folder that the second names."""
    layout, folder = sys.argv[1:]
    LAYOUTS[layout](Path(folder))
