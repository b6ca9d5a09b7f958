"""Exports read back by the programs that they are for."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from elena_wb.core import Box, Label, Region, UsageError
from elena_wb.engine.imports.importing import ImportRequest, import_answers
from elena_wb.exports import ExportOptions, Kind, export_runs, hub, kind_of
from elena_wb.plugins import plugin_host
from elena_wb.store import Store, add_regions
from elena_wb.store.exporting import ANSWER_COLUMNS
from elena_wb.store.leaving import bare, bare_uri
from tests.exports.conftest import FOLDER, HOSTILE, LONG, pictures
from tests.findings.planted import put
from tests.store.conftest import digest


def test_parquet_csv_and_jsonl_hold_the_same_answers_with_the_columns_that_are_promised(
    rich: Store, tmp_path: Path
) -> None:
    made: dict[str, list[dict[str, Any]]] = {}
    for kind in (Kind.PARQUET, Kind.CSV, Kind.JSONL):
        path = tmp_path / f"answers.{kind}"
        assert kind_of(path) == kind
        assert export_runs(rich, [1, 2], kind, path).count == 16
        if kind == Kind.PARQUET:
            made[kind] = pq.read_table(path).to_pylist()
        elif kind == Kind.CSV:
            with path.open(newline="", encoding="utf-8") as file:
                made[kind] = list(csv.DictReader(file))
        else:
            made[kind] = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    columns = [name for name in ANSWER_COLUMNS if name != "path"]
    by_id = {kind: {row["generation_id"]: row for row in rows} for kind, rows in made.items()}
    for kind, rows in by_id.items():
        assert len(rows) == 16
        assert list(next(iter(rows.values()))) == columns, kind
        assert FOLDER not in str(rows), kind
    spoken = digest("a", 0, 0)
    parquet, jsonl, cells = (by_id[kind][spoken] for kind in (Kind.PARQUET, Kind.JSONL, Kind.CSV))
    assert parquet["narrative"] == jsonl["narrative"] == cells["narrative"] == LONG
    assert parquet["raw_text"] == jsonl["raw_text"] == HOSTILE
    assert cells["raw_text"] == f"'{HOSTILE}", "a spreadsheet takes it for text"
    assert parquet["body_parts"] == jsonl["body_parts"] == json.loads(cells["body_parts"])
    assert jsonl["attributes"] == json.loads(parquet["attributes"]) == {"view": "45", "Ort": "Köln"}
    assert cells["valence"] == "2.0"
    assert jsonl["created_at"] == cells["created_at"] == "2026-01-01T00:00:00.000000Z"
    failed = by_id[Kind.JSONL][digest("b", 3, 1)]
    assert failed["error"] == "Cannot read 0002.jpg: gone (x.jpg)"
    assert failed["model"] == "gguf:gemma.gguf?mmproj=p.gguf"
    text = (tmp_path / "answers.csv").read_text("utf-8")
    assert ',"",' in text, "an empty text is told from none"

    whole = tmp_path / "whole.jsonl"
    export_runs(rich, [2], Kind.JSONL, whole, options=ExportOptions(paths=True))
    paths = {json.loads(line)["path"] for line in whole.read_text("utf-8").splitlines()}
    assert paths == {"/pictures/0000.jpg", "/pictures/0002.jpg", f"{FOLDER}/2 Leute.jpg"}


def test_pycocotools_loads_the_regions(rich: Store, tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    path = tmp_path / "regions.json"
    with pytest.raises(UsageError, match="one of two things"):
        kind_of(path)
    of_picture = (Region("face", Box(9, 9, 5, 5), "yunet", 0.75),)
    add_regions(rich, "yunet", {one.stimulus_id: of_picture for one in pictures()[1:3]})
    written = export_runs(rich, [1], Kind.COCO, path)
    assert written.count == 4, "what a detector found in a picture of two persons is there once"
    assert any("never opened" in note for note in written.notes)
    coco = COCO(str(path))
    assert sorted(image["file_name"] for image in coco.imgs.values()) == [
        "0000.jpg",
        "0002.jpg",
        "2 Leute.jpg",
    ]
    (hand,) = coco.loadCats(coco.getCatIds(catNms=["left_hand"]))
    assert hand["supercategory"] == "hands"
    faces = {one["locator"]: one for one in coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(["face"])))}
    face = faces["annotated"]
    assert (face["bbox"], face["area"], face["iscrowd"], face["score"]) == ([1.5, 2, 30, 40], 1200, 0, 0.5)
    assert face["landmarks"] == {"eye": [3.25, 4.0]}
    image = coco.loadImgs(face["image_id"])[0]
    assert (image["file_name"], image["width"], image["height"]) == ("0000.jpg", 100, 80)
    assert coco.annToMask(face).sum() == pytest.approx(1200, rel=0.05)


def test_folders_are_cut_off_however_a_path_is_written_and_nothing_else() -> None:
    for text, left in (
        (r"No such file: 'C:\\\\Users\\\\Anna Smith\\\\x.jpg'", "No such file: 'x.jpg'"),
        (r"cannot open C:\Users\Anna Smith\m\x.gguf now", "cannot open x.gguf now"),
        (r"see \\server\home\anna\x.jpg", "see x.jpg"),
        (
            "read /home/Anna Smith/x.jpg and ../anna/y.jpg and/or file:///home/anna/z",
            "read x.jpg and y.jpg and/or z",
        ),
        ("in ~anna/x/y.jpg, GET http://host:8000/v1/models", "in y.jpg, GET http://host:8000/v1/models"),
        ("hf:org/name has 1/2 of it", "hf:org/name has 1/2 of it"),
    ):
        assert bare(text) == left
    assert bare_uri("gguf:../anna/x.gguf?mmproj=~/y/z.gguf") == "gguf:x.gguf?mmproj=z.gguf"


def test_what_was_written_in_elenas_form_is_imported_as_the_same_answers(
    store: Store, other: Store, tmp_path: Path
) -> None:
    store.path.parent.mkdir()
    structured = {
        "emotion": "surprise",
        "emotion_raw": "SURPRISED",
        "raw_text": "{…}",
        "narrative": 'She says "oh" – 手',
        "explicit_description": "arms up",
        "implicit_description": "a gasp",
        "valence": 6.0,
        "arousal": 9.0,
        "dominance": 3.5,
    }
    answers = {
        0: [structured, "anger"],
        1: {"emotion": None, "narrative": "no one can tell"},
        2: {"emotion": "neutral", "narrative": "</script>"},
        3: "!error",
    }
    run_id = put(store, "k", answers, options={"scheme": "ekman7"})
    put(store, "h", {0: "peace"}, options={"scheme": "heco8"})
    path = tmp_path / "answers.json"
    written = export_runs(store, [run_id], Kind.ELENA, path)
    assert (written.count, written.left_out) == (4, 1)
    told = json.loads(path.read_text("utf-8"))
    assert list(told["0000.jpg"]) == [
        *("explicit_description", "implicit_description", "narrative", "body_parts", "emotion"),
        *("valence", "arousal", "dominance"),
    ]
    other.path.parent.mkdir()
    (result,) = import_answers(ImportRequest([path]), plugin_host(), other)
    assert (result.counts, result.abstained) == ({"ok": 3, "error": 1}, 1)
    shown = """SELECT picture, status, emotion, narrative, explicit_description, implicit_description, valence,
                      arousal, dominance FROM narratives WHERE run_id = 1 AND repeat = 0 ORDER BY picture"""
    with store.read() as ours, other.read() as theirs:
        before, after = ours.execute(shown).fetchall(), theirs.execute(shown).fetchall()
    assert before == after

    with pytest.raises(UsageError, match="one run"):
        export_runs(store, [1, 2], Kind.ELENA, path)
    with pytest.raises(UsageError, match="heco8"):
        export_runs(store, [2], Kind.ELENA, path)
    assert json.loads(path.read_text("utf-8")) == told, "a failure leaves what was there"


def test_the_published_answers_leave_as_they_came(other: Store, tmp_path: Path) -> None:
    """In the numbered form, with names that more than one folder has."""
    published = {
        f"{folder}/070mU_45.jpg": {
            "embodied_emotion": "Yes",
            "category": category,
            "narrative": "It shows.",
            "raw_response": f"1. Embodied Emotion: Yes\n2. Category: {category}\n3. Narrative: It shows.",
        }
        for folder, category in (("a", "Surprised"), ("b", "Sad"))
    }
    source, back = tmp_path / "published.json", tmp_path / "back.json"
    published["c/071mU_45.jpg"] = {"embodied_emotion": "Unknown", "category": "Unknown", "narrative": "N/A"}
    source.write_text(json.dumps(published), encoding="utf-8")
    other.path.parent.mkdir()
    import_answers(ImportRequest([source]), plugin_host(), other)
    export_runs(other, [1], Kind.ELENA, back)
    assert json.loads(back.read_text("utf-8")) == published


LOAD = """
import sys, datasets
found = datasets.load_dataset(sys.argv[1])
train, val = found["train"], found["val"]
assert sorted(found) == ["train", "val"] and (len(train), len(val)) == (2, 3), found
shown = {row["condition"]: row["image"] for row in train}
assert shown["none"].size == (40, 30) and shown["face"] is None, shown
assert shown["none"].convert("RGB").getpixel((5, 5)) == (200, 30, 40)
assert [row["image"] for row in val] == [None] * 3, "they must stay where they are, or are gone"
assert train[0]["body_parts"] == ["hands"] and train[0]["narrative"].startswith("=1+1"), train[0]
assert train.features["image"].__class__.__name__ == "Image"
assert val[0]["valence"] is None
print("loaded", train.features["created_at"])
"""


def test_datasets_loads_a_folder_and_pictures_that_must_stay_are_not_in_it(
    store: Store, tmp_path: Path
) -> None:
    store.path.parent.mkdir()
    for name in ("open", "kept"):
        Image.fromarray(np.full((30, 40, 3), (200, 30, 40), np.uint8)).save(tmp_path / f"{name}.png")
    _with_pictures(store, tmp_path)
    folder = tmp_path / "out"
    written = export_runs(
        store, [1, 2], Kind.DATASETS, folder, options=ExportOptions(pictures="allowed"), host=plugin_host()
    )
    assert written.count == 5
    assert any("must stay on this machine" in note for note in written.notes)
    assert not list(tmp_path.glob(".*.part"))
    card = (folder / "README.md").read_text("utf-8")
    assert "path: data/val-*.parquet" in card
    assert "\\<b>" in card, "a name is no markup"
    with pytest.raises(UsageError, match="no empty folder"):
        export_runs(store, [1], Kind.DATASETS, folder)
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(folder)],
        env=os.environ | {"HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "loaded" in done.stdout


def _with_pictures(store: Store, folder: Path) -> None:
    """Two runs over an open picture of split train and kept or lost ones of split val."""
    import hashlib

    from elena_wb.core import BodyPart, Stimulus
    from elena_wb.store import Outbox, begin_run
    from tests.store.conftest import generation, spec

    content = {
        name: hashlib.sha256((folder / f"{name}.png").read_bytes()).hexdigest() for name in ("open", "kept")
    }
    them = [
        Stimulus(content["open"], folder / "open.png", "folder", 1, 1, split="train"),
        Stimulus(digest("kept"), folder / "kept.png", "folder", 1, 1, split="val", upload="local-only"),
        Stimulus(digest("lost"), folder / "lost.png", "folder", 1, 1, split="val"),
    ]
    for key, condition in (("a", "none"), ("b", "face")):
        begin_run(
            store,
            spec(key, condition=condition, name="<b>", prompt_name="naive", options={"masking": condition}),
            them,
        )
        with Outbox(store) as outbox:
            for number, one in enumerate(them):
                if (key, number) == ("b", 2):
                    continue
                made = generation(
                    key, number, narrative="=1+1", body_parts=(BodyPart("fists", "hands", "hands"),)
                )
                object.__setattr__(made, "stimulus_id", one.stimulus_id)
                outbox.append(made)


def test_latex_tables_tell_scores_and_changes_and_are_whole(store: Store, tmp_path: Path) -> None:
    store.path.parent.mkdir()
    labels = {n: (Label("coder", "ekman7", "fear"),) for n in range(8)}
    for key, emotion, condition in (("a", "fear", "none"), ("b", "joy_&_50%", "hands")):
        put(
            store,
            key,
            dict.fromkeys(range(8), emotion),
            labels,
            name=f"{condition}_%",
            condition=condition,
            model_uri=f"gguf:{FOLDER}/{key}.gguf",
        )
    put(store, "d", {90: "fear"})
    path = tmp_path / "tables.tex"
    assert kind_of(path) == Kind.LATEX
    written = export_runs(
        store, [1, 2, 3], Kind.LATEX, path, options=ExportOptions(resamples=20), host=plugin_host()
    )
    text = path.read_text("utf-8")
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == written.count > 4
    assert "Runs 1 and 2" in text
    assert "Runs 1 and 3 are not compared" in written.notes[0]
    outside = "".join(line for line in text.splitlines() if not line.startswith("%"))
    assert outside.count("{") == outside.count("}")
    assert "joy_&" not in outside
    assert FOLDER not in text
    assert "gguf:b.gguf" in text


def test_what_cannot_be_is_said_before_anything_is_written(rich: Store, tmp_path: Path) -> None:
    for kind, path, options, said in (
        (Kind.CSV, tmp_path, ExportOptions(), "is a folder"),
        (Kind.CSV, Path(os.devnull), ExportOptions(), "is no file"),
        (Kind.CSV, rich.path, ExportOptions(), "belongs to the store"),
        (Kind.CSV, tmp_path / "x.csv", ExportOptions(marks=True), "Marks go into"),
        (Kind.COCO, tmp_path / "x.json", ExportOptions(pictures="all"), "Pictures go into"),
    ):
        with pytest.raises(UsageError, match=said):
            export_runs(rich, [1], kind, path, options=options)
    with pytest.raises(UsageError, match="no run `9`"):
        export_runs(rich, [1, 9], Kind.CSV, tmp_path / "x.csv")
    with pytest.raises(UsageError, match="says nothing"):
        kind_of(tmp_path / "x.docx")
    assert not list(tmp_path.glob("*x.*"))
    named = hub._named(["no", "Train", "train", "a-b", "all", "日本"])
    assert [*named.values()] == ["no", "Train", "train_", "a_b", "all_", "split"]
    card = hub._card(dict.fromkeys(named.values(), 1), pa.schema([]), [], {}, with_pictures=False)
    assert '- split: "no"' in card, "YAML takes the bare word for something else"
