"""Extractions in the store and their maps in files: precision, replacement, and what is damaged or gone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from elena_wb.core import Block, Box, SetupError
from elena_wb.store import Outbox, Store, begin_run, delete_run
from elena_wb.store.attention import (
    ROWS,
    Extraction,
    Maps,
    add_extractions,
    attention_folder,
    extracted,
    read_gaze,
    read_maps,
)
from elena_wb.store.query import ask
from tests.store.conftest import generation, spec, stimulus

BLOCKS = (Block("first", 2, 3, Box(0, 0, 6, 4)), Block("second", 1, 2, Box(3, 0, 3, 4)))


@pytest.fixture
def answers(store: Store) -> Sequence[str]:
    """Two answers of run 1."""
    begin_run(store, spec(), [stimulus(1)])
    records = [generation("k", 1, repeat=repeat) for repeat in range(2)]
    with Outbox(store) as outbox:
        outbox.append(*records)
        outbox.drain(patient=True)
    return [record.generation_id for record in records]


def extraction(generation_id: str, weights: object = 0.1, **more: object) -> Extraction:
    shape = (2, 2, 1, 8)
    maps = Maps(
        ("emotion", "answer"),
        (3, 5),
        (None,),
        BLOCKS,
        np.broadcast_to(np.asarray(weights, dtype=np.float32), shape).copy(),
    )
    rows = pa.Table.from_pylist(
        [
            {
                "layer": layer,
                "target": target,
                "token_index": 0,
                "token_count": 1,
                "part": "face",
                "mass": 0.2,
            }
            for layer in maps.layers
            for target in maps.targets
        ],
        schema=ROWS,
    )
    first = Extraction(
        generation_id, "raw", "mean", "all", "emotion", 6, 4, 0, 0, (7,), BLOCKS, rows, maps, ("a note",)
    )
    return replace(first, **more)  # type: ignore[arg-type]


def counted(store: Store, table: str) -> int:
    with store.read() as connection:
        ((count,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(count)


def test_weights_far_below_what_half_precision_holds_are_kept(store: Store, answers: Sequence[str]) -> None:
    weights = np.float32(10.0) ** -np.arange(4, 12).astype(np.float32)
    add_extractions(store, [extraction(answers[0], weights), extraction(answers[1], 0.0)])
    maps = read_maps(store, answers[0])
    assert maps is not None
    first, second = maps.weights[0, 0, 0, :6], maps.weights[0, 0, 0, 6:]
    np.testing.assert_allclose(first[:5], weights[:5], rtol=1e-3)
    np.testing.assert_allclose(first, weights[:6], rtol=2**-11, atol=1e-4 * 2**-24)
    np.testing.assert_allclose(second, weights[6:], rtol=1e-3)
    nothing = read_maps(store, answers[1])
    assert nothing is not None
    assert not nothing.weights.any()


def test_the_files_can_be_asked_with_sql(store: Store, answers: Sequence[str]) -> None:
    add_extractions(store, [extraction(answers[0], 0.1)])
    (file,) = attention_folder(store).iterdir()
    sql = f"""SELECT target, layer, head, block, "rows", columns, list_sum("values") * scale FROM '{file}'
              ORDER BY ALL LIMIT 2"""
    with ask(store, sql, allow_external=True) as run:
        rows = run(lambda answer: answer.relation.fetchall())  # type: ignore[union-attr]
    assert [row[:6] for row in rows] == [
        ("answer", 3, None, "first", 2, 3),
        ("answer", 3, None, "second", 1, 2),
    ]
    assert [row[6] for row in rows] == pytest.approx([0.6, 0.2], rel=1e-3)


def test_an_extraction_takes_the_place_of_the_one_before_and_its_file_goes(
    store: Store, answers: Sequence[str]
) -> None:
    add_extractions(store, [extraction(answers[0])])
    add_extractions(store, [extraction(answers[0], 0.2), extraction(answers[1]), extraction(answers[1], 0.3)])
    assert (counted(store, "extractions"), counted(store, "attention")) == (2, 8)
    assert len(list(attention_folder(store).iterdir())) == 1
    maps = read_maps(store, answers[0])
    assert maps is not None
    assert maps.weights.max() == pytest.approx(0.2, rel=1e-3)
    add_extractions(store, [extraction(answers[0], maps=None)])
    assert read_maps(store, answers[0]) is None
    assert read_maps(store, answers[1]) is not None


def test_what_is_extracted_of_an_answer_that_is_gone_is_dropped(store: Store, answers: Sequence[str]) -> None:
    add_extractions(store, [extraction("nobody's")])
    assert (counted(store, "extractions"), counted(store, "attention")) == (0, 0)
    assert list(attention_folder(store).iterdir()) == []
    add_extractions(store, [])


def test_what_was_extracted_is_known_by_answer_and_way(store: Store, answers: Sequence[str]) -> None:
    add_extractions(store, [extraction(answers[0]), extraction(answers[1], maps=None)])
    way = {"method": "raw", "heads": "mean", "layers": "all", "tokens": "emotion"}
    assert extracted(store, 1, **way) == set(answers)  # type: ignore[arg-type]
    assert extracted(store, 1, **way, with_maps=True) == {answers[0]}  # type: ignore[arg-type]
    assert extracted(store, 2, **way) == set()  # type: ignore[arg-type]
    assert extracted(store, 1, **(way | {"heads": "max"})) == set()  # type: ignore[arg-type]


def test_the_latest_look_at_an_answer_is_read(store: Store, answers: Sequence[str]) -> None:
    earlier = extraction(answers[0])
    later = extraction(answers[0], tokens="emotion,answer")
    add_extractions(store, [later])
    add_extractions(store, [replace(earlier, created_at=later.created_at.replace(year=2020))])
    assert counted(store, "attention") == 8
    assert read_gaze(store, [1]).num_rows == 4
    assert read_gaze(store, [1], heads="max").num_rows == 0


@pytest.mark.parametrize("damage", ["gone", "cut", "other"])
def test_maps_that_are_gone_or_damaged_are_told_of(store: Store, answers: Sequence[str], damage: str) -> None:
    add_extractions(store, [extraction(answers[0])])
    (file,) = attention_folder(store).iterdir()
    if damage == "gone":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-20])
    else:
        file.write_text("not Parquet at all", "utf-8")
    with pytest.raises(SetupError, match=file.name) as told:
        read_maps(store, answers[0])
    assert "--fresh" in str(told.value.hint)


def test_maps_that_cannot_be_written_are_told_of_and_nothing_is_stored(
    store: Store, answers: Sequence[str]
) -> None:
    attention_folder(store).write_text("in the way", "utf-8")
    with pytest.raises(SetupError, match="cannot be written"):
        add_extractions(store, [extraction(answers[0])])
    assert counted(store, "extractions") == 0


def test_files_that_a_killed_process_left_go_once_they_are_old(store: Store, answers: Sequence[str]) -> None:
    add_extractions(store, [extraction(answers[0])])
    folder = attention_folder(store)
    for name in ("left.parquet", ".left.parquet.new", "recent.parquet", "notes.txt"):
        (folder / name).write_bytes(b"")
        if name != "recent.parquet":
            os.utime(folder / name, (0, 0))
    delete_run(store, 1)
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", "recent.parquet"]
