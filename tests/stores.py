"""New stores as copies of one that the store's own code has made: every migration takes half a second each time."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from elena_wb.store import database, schema


def copy_from(folder: Path) -> None:
    """From now on this process copies each new store from one that it finds, or makes and keeps, in ``folder``."""
    database.make_draft = functools.partial(_copied, folder, database.make_draft)


def _copied(folder: Path, make: Callable[[Path, Path], None], draft: Path, path: Path) -> None:
    kept = folder / f"{len(schema.migrations())}-{schema.views()[1]}.duckdb"
    if not kept.exists():
        own = kept.with_suffix(f".{os.getpid()}")
        make(own, path)
        own.replace(kept)
    shutil.copyfile(kept, draft)
