"""The distributions of this repository: the host, and each folder of ``plugins/``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_LEFT_OUT = ("__pycache__", ".pyc")


@dataclass(frozen=True, slots=True)
class Distribution:
    """What is built from ``folder``: ``declared`` is its ``pyproject.toml``."""

    folder: Path
    declared: dict[str, Any]

    @classmethod
    def at(cls, folder: Path) -> Distribution:
        """The distribution whose ``pyproject.toml`` lies in ``folder``."""
        return cls(folder, tomllib.loads((folder / "pyproject.toml").read_text("utf-8")))

    @property
    def name(self) -> str:
        """As on an index: ``elena-wb-tiny``."""
        return str(self.declared["project"]["name"])

    @property
    def version(self) -> str:
        """As declared."""
        return str(self.declared["project"]["version"])

    @property
    def stem(self) -> str:
        """How the names of its files begin: ``elena_wb_tiny-0.1.0``."""
        return f"{self.name.replace('-', '_')}-{self.version}"

    def files(self) -> set[str]:
        """What its wheel must hold beside metadata, read from the folder as it lies there."""
        wheel = self.declared["tool"]["hatch"]["build"]["targets"]["wheel"]
        found = {name: name for name in wheel["packages"]} | wheel.get("force-include", {})
        return {
            str(PurePosixPath(target) / path.relative_to(self.folder / source).as_posix())
            for source, target in found.items()
            for path in _files_below(self.folder / source)
        }


def all_distributions(root: Path = ROOT) -> tuple[Distribution, ...]:
    """The host first, then the plugins by name."""
    plugins = sorted(path.parent for path in root.glob("plugins/*/pyproject.toml"))
    return tuple(Distribution.at(folder) for folder in (root, *plugins))


def _files_below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.endswith(_LEFT_OUT) for part in path.parts):
            yield path
