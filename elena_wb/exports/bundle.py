"""Files that carry runs from store to store: a zip of Parquet tables, with a manifest that says what is in it.

The members are not compressed again, so that none is larger than the file. ``manifest.json`` stands last and has the
sha256 of every other member: it tells damage, not who made the file.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from elena_wb import __version__
from elena_wb.exports.exporting import Exported
from elena_wb.exports.kinds import Kind
from elena_wb.remote.redaction import redact
from elena_wb.store import Store
from elena_wb.store.bundling import TABLES, bundled
from elena_wb.store.exporting import run_facts
from elena_wb.store.schema import utc_now

FORM: Literal["elena-wb runs"] = "elena-wb runs"
VERSION = 1
MANIFEST = "manifest.json"
MAPS = "attention-maps/"
_WHEN = (1980, 1, 1, 0, 0, 0)


class Member(BaseModel):
    """One file in the bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    name: str = Field(max_length=200)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)
    rows: int = Field(ge=0)


class Manifest(BaseModel):
    """What the bundle holds. ``schema_version`` is of the tables, ``paths`` whether whole paths are in them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    form: Literal["elena-wb runs"]
    version: int
    schema_version: int = Field(ge=1)
    program: str
    made_at: str
    paths: bool
    runs: list[dict[str, Any]]
    members: list[Member]


def write_bundle(store: Store, run_ids: Sequence[int], path: Path, *, paths: bool, marks: bool) -> Exported:
    """Write runs with all that another store needs to go on with them, but for the pictures."""
    members: list[Member] = []
    tables = [name for name in TABLES if marks or name != "marks"]
    with bundled(store, run_ids, paths=paths) as of, zipfile.ZipFile(path, "w") as archive:
        for name in tables:
            schema, batches = of.table(name)
            clean = _without_keys if name == "runs" else None
            members.append(_put(archive, f"{name}.parquet", schema, batches, clean))
        members.extend(_put(archive, MAPS + name, schema, batches) for name, schema, batches in of.maps())
        facts = run_facts(of.connection, run_ids)
        manifest = Manifest(
            form=FORM,
            version=VERSION,
            schema_version=of.version,
            program=__version__,
            made_at=f"{utc_now().isoformat(timespec='seconds')}Z",
            paths=paths,
            runs=[
                {key: one[key] for key in ("run_key", "name", "model_uri", "condition", "answers")}
                for one in facts
            ],
            members=members,
        )
        text = json.dumps(manifest.model_dump(), indent=1, ensure_ascii=False)
        archive.writestr(zipfile.ZipInfo(MANIFEST, _WHEN), redact(text).encode("utf-8", "replace"))
    answers = next(member.rows for member in members if member.name == "generations.parquet")
    return Exported(Kind.BUNDLE, path, answers, "answers")


def _put(
    archive: zipfile.ZipFile,
    name: str,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    change: Callable[[pa.RecordBatch], pa.RecordBatch] | None = None,
) -> Member:
    rows = 0
    with archive.open(zipfile.ZipInfo(name, _WHEN), "w", force_zip64=True) as out:
        told = _Told(out)
        with pq.ParquetWriter(told, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(change(batch) if change else batch)
                rows += batch.num_rows
    return Member(name=name, sha256=told.digest.hexdigest(), size=told.size, rows=rows)


def _without_keys(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with no key of this program in any text."""
    columns = [
        pa.array([None if text is None else redact(text) for text in column.to_pylist()], column.type)
        if pa.types.is_string(column.type)
        else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


class _Told:
    """A file to write to that keeps size and digest of what it was given."""

    closed = False

    def __init__(self, out: Any) -> None:
        self._out = out
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._out.write(data)
        self.digest.update(data)
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        """What lies in the archive's buffer is written when the member ends."""

    def close(self) -> None:
        self.closed = True
