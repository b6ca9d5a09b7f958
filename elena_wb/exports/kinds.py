"""The forms in which runs leave the store, and which one the name of a file means."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from elena_wb.core import UsageError


class Kind(StrEnum):
    """What an export is for."""

    BUNDLE = "bundle"
    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"
    COCO = "coco"
    ELENA = "elena"
    DATASETS = "datasets"
    LATEX = "latex"


BUNDLE_SUFFIX = ".elena-runs"
_SUFFIXES = {
    BUNDLE_SUFFIX: Kind.BUNDLE,
    ".parquet": Kind.PARQUET,
    ".csv": Kind.CSV,
    ".jsonl": Kind.JSONL,
    ".ndjson": Kind.JSONL,
    ".tex": Kind.LATEX,
}


def kind_of(path: Path, chosen: Kind | None = None) -> Kind:
    """``chosen``, or the kind that the name of the file means.

    Raises:
        UsageError: the name means none, or could mean several.
    """
    if chosen is not None:
        return chosen
    suffix = path.suffix.lower()
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if suffix == ".json":
        raise UsageError(
            f"{path} could be one of two things.",
            hint="`--as coco` writes the regions of the pictures, `--as elena` the answers as ELENA's scripts do.",
        )
    raise UsageError(
        f"The name {path} says nothing about what to write.",
        hint=f"`--as KIND` does: {', '.join(Kind)}. Files for another store end in {BUNDLE_SUFFIX}, "
        "and `--as datasets` fills a folder.",
    )
