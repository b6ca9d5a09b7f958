"""A bundle taken into a store: everything in it is checked before anything is written."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from elena_wb.core import SetupError, UsageError
from elena_wb.exports.bundle import FORM, MANIFEST, MAPS, VERSION, Manifest
from elena_wb.store import Store, drain_orphans, schema
from elena_wb.store.bundling import TABLES
from elena_wb.store.checking import check_tables, too_many_rows
from elena_wb.store.maps import SCHEMA as MAPS_SCHEMA
from elena_wb.store.maps import attention_folder, remove
from elena_wb.store.merging import Merged, merge

_LARGEST_MANIFEST = 64 << 20
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,150}\.parquet")
_CHUNK = 1 << 20
_SETTLED_S = 3600.0
_HINT = "Have it made anew with `elena-wb runs export RUN… -o FILE.elena-runs`; the store is as it was."


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: its sha256, which program wrote it, and what the store took from it."""

    path: Path
    sha256: str
    program: str
    made_at: str
    merged: Merged

    @property
    def changed(self) -> bool:
        """Whether the store has anything that it did not have before."""
        of = self.merged
        return bool(of.stimuli or of.extractions or of.marks or any(run.new or run.added for run in of.runs))

    @property
    def differing(self) -> int:
        """Answers that are in the store with other words, and were left so."""
        return sum(run.differing for run in self.merged.runs)


def import_runs(store: Store, path: Path) -> Imported:
    """Take the runs of a bundle into ``store``, in one transaction; the same file again changes nothing.

    Raises:
        UsageError: the file is no bundle, is damaged, was changed since it was made, or comes from a newer program.
        SetupError: the store cannot be written.
    """
    try:
        if not path.is_file():
            reason = "it is no file" if path.exists() else "there is no such file"
            raise UsageError(f"{path} cannot be read: {reason}.")
        if store.exists():
            drain_orphans(store, patient=True)
        with path.open("rb") as file, _folder(store) as folder:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            try:
                with zipfile.ZipFile(file) as archive:
                    manifest = _manifest(archive, path.stat().st_size)
                    _unpack(archive, manifest, folder)
                merged = _taken_in(store, manifest, folder)
            except UsageError as problem:
                raise UsageError(f"{path}: {problem.message}", hint=problem.hint or _HINT) from problem
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as problem:
                raise UsageError(
                    f"{path} is no file of runs, or is damaged: {str(problem) or 'it cannot be unpacked'}.",
                    hint=_HINT,
                ) from problem
    except OSError as problem:
        raise SetupError(f"{path} cannot be taken in: {problem.strerror or problem}.") from problem
    return Imported(path, digest, manifest.program, manifest.made_at, merged)


def _manifest(archive: zipfile.ZipFile, size: int) -> Manifest:
    """What the bundle says of itself, held against what is in it by name and size."""
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise UsageError("It holds two members of one name.")
    if any(member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 for member in members):
        raise UsageError("Its members are compressed or encrypted, which no export does.")
    if sum(member.file_size for member in members) > size:
        raise UsageError("Its members are larger than the file that holds them.")
    if MANIFEST not in names or archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
        raise UsageError(f"It is no file of runs: it has no {MANIFEST}.")
    try:
        manifest = Manifest.model_validate_json(archive.read(MANIFEST))
    except ValidationError as problem:
        newer = re.search(rb'"version":\s*(\d{1,9})', archive.read(MANIFEST))
        if newer is not None and int(newer[1]) > VERSION:
            raise _newer(f"form {int(newer[1])}", f"{VERSION}") from problem
        first = problem.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"Its {MANIFEST} is none of `{FORM}`: {where}: {first['msg']}.") from problem
    newest = schema.migrations()[-1].version
    if manifest.version > VERSION:
        raise _newer(f"form {manifest.version}", f"{VERSION}")
    if manifest.schema_version > newest:
        raise _newer(f"schema {manifest.schema_version}", f"{newest}")
    listed = [member.name for member in manifest.members]
    if sorted([*listed, MANIFEST]) != sorted(names):
        raise UsageError(f"It does not hold what its {MANIFEST} lists.")
    tables = {f"{name}.parquet" for name in TABLES}
    for name in listed:
        if name not in tables and not (
            name.startswith(MAPS) and _PLAIN_NAME.fullmatch(name.removeprefix(MAPS))
        ):
            raise UsageError(f"A member has a name that no export gives: `{name[:80]}`.")
    missing = tables - set(listed) - {"marks.parquet"}
    if missing:
        raise UsageError(f"It lacks {', '.join(sorted(missing))}.")
    return manifest


def _newer(theirs: str, ours: str) -> UsageError:
    return UsageError(
        f"It was written by a newer elena-wb ({theirs}, this one knows {ours}).",
        hint="pip install --upgrade elena-wb",
    )


def _unpack(archive: zipfile.ZipFile, manifest: Manifest, folder: Path) -> None:
    """Copy every member into ``folder`` under a name of our own, and compare its digest."""
    for number, member in enumerate(manifest.members):
        digest = hashlib.sha256()
        with archive.open(member.name) as source, _place(folder, number).open("wb") as out:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                out.write(chunk)
        if digest.hexdigest() != member.sha256:
            raise UsageError(
                f"`{member.name}` is not what it was when the file was made: its sha256 differs."
            )


def _place(folder: Path, number: int) -> Path:
    return folder / f"{number}.parquet"


def _taken_in(store: Store, manifest: Manifest, folder: Path) -> Merged:
    places = {member.name: _place(folder, number) for number, member in enumerate(manifest.members)}
    rows = {member.name.removesuffix(".parquet"): member.rows for member in manifest.members}
    files = {name: places[f"{name}.parquet"] for name in TABLES if f"{name}.parquet" in places}
    check_tables(files, rows, newest=manifest.schema_version == schema.migrations()[-1].version)
    wanted: dict[str, set[str]] = {}
    for batch in pq.ParquetFile(files["extractions"]).iter_batches(columns=["extraction_id", "maps"]):
        for extraction, name in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if name is not None:
                wanted.setdefault(name, set()).add(extraction)
    there = {member.name.removeprefix(MAPS): member for member in manifest.members if MAPS in member.name}
    if wanted.keys() != there.keys():
        raise UsageError("Its attention maps are not those that its extractions name.")
    for name, extractions in wanted.items():
        _check_maps(name, places[MAPS + name], extractions, there[name].rows)
    # Called after what is in them, so that the same maps come to lie there once.
    named = {name: f"imported-{member.sha256[:32]}.parquet" for name, member in there.items()}
    return _with_maps(store, files, {name: places[MAPS + name] for name in named}, named)


def _check_maps(name: str, path: Path, extractions: set[str], rows: int) -> None:
    try:
        file = pq.ParquetFile(path)
        same = file.schema_arrow.equals(MAPS_SCHEMA)
        found: set[str] = set()
        if file.metadata.num_rows != rows or too_many_rows(rows, path.stat().st_size):
            raise UsageError(f"The attention maps `{name}` have other rows than they are said to have.")
        if same:
            for batch in file.iter_batches(columns=["extraction_id"], batch_size=4096):
                found.update(batch.column(0).to_pylist())
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise UsageError(f"The attention maps `{name}` cannot be read: {problem}.") from problem
    if not same:
        raise UsageError(f"The attention maps `{name}` have other columns than maps have.")
    if found != extractions:
        raise UsageError(f"The attention maps `{name}` are not of the extractions that name them.")


def _with_maps(
    store: Store, files: Mapping[str, Path], places: Mapping[str, Path], named: Mapping[str, str]
) -> Merged:
    """Put the maps beside the store, merge, and take away again those that nothing names."""
    beside = attention_folder(store)
    put: list[Path] = []
    try:
        for name, place in places.items():
            target = beside / named[name]
            if not target.exists():
                beside.mkdir(parents=True, exist_ok=True)
                put.append(target)
                place.replace(target)
        merged = merge(store, files, named)
    except BaseException:
        remove(put)
        raise
    with store.read() as connection:
        rows = connection.execute("SELECT DISTINCT maps FROM extractions WHERE maps IS NOT NULL").fetchall()
    needed = {name for (name,) in rows}
    remove(path for path in put if path.name not in needed)
    return merged


@contextmanager
def _folder(store: Store) -> Iterator[Path]:
    """A folder for the block, on the store's disk; those of imports that were killed long ago go."""
    there = store.outbox_dir.exists()
    store.outbox_dir.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        for old in store.outbox_dir.glob("import-*"):
            if time.time() - old.stat().st_mtime > _SETTLED_S:
                shutil.rmtree(old, ignore_errors=True)
    folder = store.outbox_dir / f"import-{secrets.token_hex(8)}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if not there and not store.exists():
            with suppress(OSError):
                store.outbox_dir.rmdir()
