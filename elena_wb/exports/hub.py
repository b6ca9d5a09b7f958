"""A folder that Hugging Face ``datasets`` loads: Parquet files by split, and a card that says what is in them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from elena_wb import __version__
from elena_wb.core import SetupError, UsageError
from elena_wb.exports.exporting import Exported, ExportOptions
from elena_wb.exports.kinds import Kind
from elena_wb.plain import plain
from elena_wb.store import Store
from elena_wb.store.exporting import column_meanings, copy_answers, reading, run_facts, splits_of

if TYPE_CHECKING:
    from elena_wb.exports.pictures import Pictures
    from elena_wb.plugins import PluginHost

_ROWS_A_FILE = 250_000
_BYTES_A_FILE = 400 << 20
_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGER = "1M<n<10M"


def write_folder(
    store: Store, run_ids: Sequence[int], output: Path, options: ExportOptions, host: PluginHost | None
) -> Exported:
    """Fill a folder that is new or empty; stimuli without a split are in the split ``train``.

    Raises:
        UsageError: there is something in the folder already, or it is a file.
        SetupError: it cannot be written.
    """
    try:
        if output.exists() and (not output.is_dir() or any(output.iterdir())):
            raise UsageError(
                f"{output} is there already, and no empty folder.",
                hint="Name a folder that is yet to be made.",
            )
        output = output.absolute()
        draft = output.with_name(f".{output.name}.part")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        try:
            written = _fill(store, run_ids, draft, options, host)
            if output.is_dir():
                for made in sorted(draft.iterdir(), reverse=True):
                    made.rename(output / made.name)
            else:
                draft.rename(output)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as problem:
        raise SetupError(f"Cannot write {output}: {problem.strerror or problem}.") from problem
    return Exported(Kind.DATASETS, output, *written)


def _fill(
    store: Store, run_ids: Sequence[int], draft: Path, options: ExportOptions, host: PluginHost | None
) -> tuple[int, str, None, int, tuple[str, ...]]:
    pictures = None
    if options.pictures != "none":
        from elena_wb.exports.pictures import Pictures

        assert host is not None
        pictures = Pictures(store, host, options.uploads, restricted=options.pictures == "all")
    (draft / "data").mkdir()
    with reading(store) as connection:
        splits = _named(splits_of(connection, run_ids))
        runs = run_facts(connection, run_ids)
        if not splits:
            raise UsageError("These runs have no answers, and a folder without rows cannot be loaded.")
        meanings = column_meanings(connection)
    counts: dict[str, int] = {}
    schema = pa.schema([])
    rows = draft / "rows.parquet"
    for split, name in splits.items():
        counts[name] = copy_answers(store, run_ids, "parquet", rows, paths=options.paths, split=split)
        schema = _sharded(rows, draft / "data", name, pictures)
    rows.unlink(missing_ok=True)
    card = _card(counts, schema, runs, meanings, with_pictures=pictures is not None)
    (draft / "README.md").write_text(card, encoding="utf-8", errors="replace")
    left_out = pictures.left_out.items() if pictures is not None else ()
    notes = tuple(f"{count:,} pictures are left out: they {reason}." for reason, count in left_out)
    return sum(counts.values()), "answers", None, 0, notes


def _named(splits: Sequence[str]) -> dict[str, str]:
    """Each split by a name that ``datasets`` takes for one: letters, digits and underscores, but not ``all``.

    Names differ in more than case, which the names of files do not tell apart everywhere.
    """
    named: dict[str, str] = {}
    for split in splits:
        name = re.sub(r"\W+", "_", split, flags=re.ASCII).strip("_") or "split"
        name = f"{name}_" if name == "all" else name
        while name.lower() in {taken.lower() for taken in named.values()}:
            name += "_"
        named[split] = name
    return named


def _sharded(rows: Path, folder: Path, split: str, pictures: Pictures | None) -> pa.Schema:
    """The rows as files of bounded size; their schema."""
    source = pq.ParquetFile(rows)
    writer: pq.ParquetWriter | None = None
    drafts: list[Path] = []
    rows_in = bytes_in = 0
    schema = source.schema_arrow.remove_metadata()
    if pictures is not None:
        schema = schema.insert(0, pa.field("image", _IMAGE))
    for batch in _pictured(source, pictures):
        if writer is None or rows_in >= _ROWS_A_FILE or bytes_in >= _BYTES_A_FILE:
            if writer is not None:
                writer.close()
            drafts.append(folder / f"{split}-{len(drafts):05d}.parquet")
            writer, rows_in, bytes_in = pq.ParquetWriter(drafts[-1], schema, compression="zstd"), 0, 0
        writer.write_batch(batch.cast(schema))
        rows_in += batch.num_rows
        bytes_in += batch.nbytes
    if writer is not None:
        writer.close()
    for number, path in enumerate(drafts):
        path.rename(folder / f"{split}-{number:05d}-of-{len(drafts):05d}.parquet")
    return schema


def _pictured(source: pq.ParquetFile, pictures: Pictures | None) -> Iterator[pa.RecordBatch]:
    for batch in source.iter_batches(batch_size=20_000 if pictures is None else 16):
        if pictures is None:
            yield batch
            continue
        rows = batch.select(["generation_id", "stimulus_id", "residual_faces", "picture"]).to_pylist()
        images = [
            None
            if content is None
            else {"bytes": content, "path": f"{Path(row['picture'] or 'picture').stem}.png"}
            for row, content in zip(rows, pictures.several(rows), strict=True)
        ]
        yield pa.RecordBatch.from_arrays(
            [pa.array(images, _IMAGE), *batch.columns], names=["image", *batch.schema.names]
        )


def _card(
    counts: Mapping[str, int],
    schema: pa.Schema,
    runs: Sequence[Mapping[str, Any]],
    meanings: Mapping[str, str],
    *,
    with_pictures: bool,
) -> str:
    """The dataset's card; what people named is quoted as JSON, which YAML reads too."""
    total = sum(counts.values())
    size = next((name for most, name in _SIZES if total < most), _LARGER)
    lines = ["---", f"pretty_name: {_text(f'Answers of {len(runs)} elena-wb runs')}", "tags:", "- elena-wb"]
    lines += [
        "- emotion",
        "size_categories:",
        f"- {size}",
        "configs:",
        "- config_name: default",
        "  data_files:",
    ]
    for split in counts:
        lines += [f"  - split: {_text(split)}", f"    path: data/{split}-*.parquet"]
    lines += ["dataset_info:", "  features:"]
    for field in schema:
        lines += [f"  - name: {field.name}", f"    {_feature(field)}"]
    lines += ["---", "", "# Answers of vision-language models about emotion", ""]
    told = "The pictures are as the models were shown them." if with_pictures else "It holds no pictures."
    lines += [
        f"{total:,} answers of {len(runs)} runs, exported by elena-wb {__version__}: an answer a row. {told} "
        "Pictures, labels and answers are under the terms of their own sources, which elena-wb does not know; "
        "say here which they are before you hand the data on. What models wrote is as they wrote it.",
        "",
        "| run | model | prompt | condition | answers |",
        "| --- | --- | --- | --- | ---: |",
    ]
    for run in runs:
        cells = (
            run["name"] or f"run {run['run_id']}",
            run["model_uri"],
            run["prompt_name"],
            run["condition"],
        )
        lines.append(f"| {' | '.join(map(_cell, cells))} | {run['answers']:,} |")
    lines += ["", "| column | meaning |", "| --- | --- |"]
    lines += [
        f"| `{field.name}` | {_cell(meanings.get(field.name, _MEANINGS.get(field.name, '')))} |"
        for field in schema
    ]
    return "\n".join(lines) + "\n"


_MEANINGS = {
    "image": "The picture as the model was shown it; null where it may not leave or cannot be made again.",
    "model_digest": "Identity of the weights and of the options that change answers.",
    "prompt_digest": "sha256 over all parts of the prompt that can change an answer.",
    "seed": "Seed of the sampling.",
}


def _feature(field: pa.Field) -> str:
    if field.name == "image":
        return "dtype: image"
    if pa.types.is_list(field.type):
        return "sequence: string"
    if pa.types.is_timestamp(field.type):
        return "dtype: timestamp[us]"
    names = {pa.int32(): "int32", pa.int64(): "int64", pa.float64(): "float64", pa.bool_(): "bool"}
    return f"dtype: {names.get(field.type, 'string')}"


def _text(text: str) -> str:
    return json.dumps(plain(text), ensure_ascii=False)


def _cell(text: object) -> str:
    return "".join(f"\\{sign}" if sign in r"\|*_`<[" else sign for sign in plain(text).replace("\n", " "))
