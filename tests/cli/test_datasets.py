"""``elena-wb datasets`` as its user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import trees
from tests.conftest import Program, rows


@pytest.fixture
def emotic(tmp_path: Path) -> Path:
    root = tmp_path / "EMOTIC"
    trees.emotic_pictures(root)
    trees.emotic_mat(root / "Annotations" / "Annotations.mat")
    return root


def test_the_noun_alone_lists_the_datasets(program: Program) -> None:
    names = [line.split("\t")[0] for line in program("datasets").stdout.splitlines()[1:]]
    assert {"besst", "emotic", "folder", "heco", "label-folders", "table"} <= set(names)
    listed = {row["name"]: row for row in json.loads(program("datasets", "list", "--json").stdout)}
    assert list(listed) == names
    assert listed["emotic"]["options"] == ["annotations", "images", "links"]
    assert listed["emotic"]["upload"] == "local-only"


def test_a_dataset_that_cannot_be_imported_is_listed_with_the_reason(program: Program) -> None:
    program.install(
        "halfway",
        """
        from elena_wb import hookimpl

        @hookimpl
        def register_datasets(register):
            register("halfway", "not_there:Dataset")
        """,
    )
    listed = {row["name"]: row for row in json.loads(program("datasets", "--json").stdout)}
    assert "cannot be used" in listed["halfway"]["reads"]
    assert "emotic" in listed


def test_info_on_a_dataset_tells_layout_options_and_policy(program: Program) -> None:
    told = program("datasets", "info", "table").stdout
    assert "a row for each picture or person" in told
    assert "links\tyes or no\tFalse" in told
    said = json.loads(program("datasets", "info", "emotic", "--json").stdout)
    assert (said["scheme"], said["upload"]) == ("emotic26", "local-only")
    assert {"option": "images", "type": "text", "default": None} in said["options"]
    assert "Did you mean `emotic`" in program("datasets", "info", "emotik", code=2).stderr


def test_info_on_a_source_counts(program: Program, emotic: Path) -> None:
    said = json.loads(program("datasets", "info", str(emotic), "--json").stdout)
    assert (said["stimuli"], said["pictures"], said["datasets"]) == (4, 3, {"emotic": 4})
    assert said["splits"] == {"train": 2, "val": 1, "test": 1}
    assert said["coverage"]["emotic26"]["source"]
    told = program("datasets", "info", str(emotic)).stdout
    assert "persons in a picture\t2 with 1, 1 with 2" in told
    assert "emotic26\tanger\t1" in told


def test_check_exits_0_on_a_clean_tree_and_4_where_something_is_to_be_mended(
    program: Program, emotic: Path
) -> None:
    assert "Nothing is to be mended" in program("datasets", "check", str(emotic)).stderr
    (emotic / "framesdb" / "images" / "frame_x.jpg").unlink()
    (emotic / "emodb_small" / "images" / "abc.jpg").write_text("no picture")
    done = program("datasets", "check", str(emotic), code=4)
    assert "val(1).person(1): there is no picture `framesdb/images/frame_x.jpg`" in done.stdout
    assert "abc.jpg: not a picture" in done.stdout
    said = json.loads(program("datasets", "check", str(emotic), "--json", code=4).stdout)
    assert said["to mend"] == 2
    assert {one["kind"] for one in said["sources"][0]["problems"]} == {"missing", "picture"}


def test_check_compares_several_sources(program: Program, emotic: Path, tmp_path: Path) -> None:
    heco = trees.heco(tmp_path / "HECO", [("h.jpg", 1, 1, 9, 9, "Fear", 5, 5, 5, 1, 1)])
    (heco / "Data" / "h.jpg").write_bytes((emotic / "framesdb" / "images" / "frame_x.jpg").read_bytes())
    said = json.loads(program("datasets", "check", str(emotic), str(heco), "--json").stdout)
    assert [source["datasets"] for source in said["sources"]] == [{"emotic": 4}, {"heco": 1}]
    assert [Path(one["where"]).name for one in said["duplicates"]] == ["h.jpg"]
    readers = ("--dataset", "emotic", "--dataset", f"heco,images={heco / 'Data'}")
    named = program("datasets", "check", str(emotic), str(heco), *readers)
    assert "duplicate\t1" in named.stdout
    program("datasets", "check", str(emotic), "--dataset", "emotic", "--dataset", "heco", code=2)


def test_long_lists_are_cut_and_json_has_all(program: Program, tmp_path: Path) -> None:
    lines = [("path", "label"), *((f"gone{n}.png", "fear") for n in range(300))]
    table = trees.table(tmp_path / "set" / "rows.csv", lines)
    done = program("datasets", "check", str(table), "--dataset", "table", code=4)
    assert len(done.stdout.splitlines()) < 40
    assert "… and 280 more of the same kind" in done.stdout
    said = json.loads(program("datasets", "check", str(table), "--json", "--dataset", "table", code=4).stdout)
    assert len(said["sources"][0]["problems"]) == 300


def test_damaged_annotations_are_to_be_mended_unless_the_dataset_was_named(
    program: Program, tmp_path: Path
) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "Annotations.mat").write_bytes(b"cut short")
    said = json.loads(program("datasets", "check", str(tmp_path / "set"), "--json", code=4).stdout)
    assert "no Matlab file" in said["sources"][0]["problems"][0]["reason"]
    program("datasets", "check", str(tmp_path / "set"), "--dataset", "emotic", code=2)
    program("datasets", "check", str(tmp_path / "nowhere"), code=2)
    refused = program("datasets", "info", str(tmp_path), "--dataset", "table,paht=x", code=2)
    assert "Did you mean `path`" in refused.stderr


def test_a_run_asks_about_every_person_and_stores_what_the_dataset_says(
    program: Program, emotic: Path
) -> None:
    program("run", str(emotic), "-m", "scripted:", "--dataset", "emotic", "-p", "naive")
    stored = rows(program, "SELECT person_index, attributes->>'gender', upload FROM stimuli ORDER BY path, 1")
    assert stored == [
        ["0", "male", "local-only"],
        ["0", "male", "local-only"],
        ["0", "male", "local-only"],
        ["1", "female", "local-only"],
    ]
    assert rows(program, "SELECT count(*) FROM generations") == [["4"]]
    assert "to ask" in program("run", str(emotic), "-m", "scripted:", "--dry-run").stdout
