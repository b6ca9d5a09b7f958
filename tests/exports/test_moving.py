"""Runs moved between stores: whole, once, and checked before anything is written."""

from __future__ import annotations

import hashlib
import io
import json
import random
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from elena_wb.core import Label
from elena_wb.errors import WorkbenchError
from elena_wb.exports import ExportOptions, Kind, export_runs, import_runs
from elena_wb.store import Outbox, Store, begin_run, checking, delete_run
from elena_wb.store.attention import attention_folder, read_maps
from tests.exports.conftest import FOLDER, HOSTILE, LONG, state
from tests.store.conftest import digest, generation, spec, stimulus


@pytest.fixture(scope="module")
def bundle(_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "runs.elena-runs"
    export_runs(Store(_made / "study.duckdb"), [1, 2], Kind.BUNDLE, path, options=ExportOptions(marks=True))
    return path


def test_a_store_filled_from_a_bundle_has_all_that_the_first_had_and_taking_it_in_again_changes_nothing(
    rich: Store, other: Store, tmp_path: Path
) -> None:
    path = tmp_path / "whole.elena-runs"
    written = export_runs(rich, [1, 2], Kind.BUNDLE, path, options=ExportOptions(paths=True, marks=True))
    assert written.count == 16
    assert written.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    came = import_runs(other, path)
    assert [(run.run_id, run.new, run.added) for run in came.merged.runs] == [(1, True, 8), (2, True, 8)]
    assert came.sha256 == written.sha256
    assert came.changed
    assert not came.differing
    first, second = state(rich, without=("maps",)), state(other, without=("maps",))
    first["files"] = second["files"]  # what is known of files on a disk stays with it
    assert first == second
    assert first["regions"][0] == 3
    assert first["marks"][0] == 1
    for key, weight in (("a", 0.25), ("b", 0.5)):
        ours, theirs = _weights(rich, key), _weights(other, key)
        assert np.array_equal(ours, theirs)
        assert theirs.max() == pytest.approx(weight, rel=1e-3)
    with other.read() as connection:
        rows = connection.execute("""
            SELECT emotion, raw_text, narrative, explicit_description FROM generations
            WHERE run_id = 1 AND repeat = 0 AND status = 'ok' ORDER BY emotion NULLS LAST""").fetchall()
    assert rows == [("fear", HOSTILE, LONG, None), (None, "", "", None)]

    before, maps_before = state(other), _beside(other)
    again = import_runs(other, path)
    assert not again.changed
    assert [run.same + run.kept for run in again.merged.runs] == [8, 8]
    assert state(other) == before
    assert _beside(other) == maps_before
    home = state(rich)
    assert not import_runs(rich, path).changed
    assert state(rich) == home


def test_nothing_of_this_machine_leaves_unless_asked_for(bundle: Path, other: Store, rich: Store) -> None:
    for name, table in _tables(bundle).items():
        assert "anna" not in str(table.to_pylist()), name
    errors = _tables(bundle)["generations"]["error"].to_pylist()
    assert set(filter(None, errors)) == {"Cannot read 0002.jpg: gone (x.jpg)"}
    import_runs(other, bundle)
    with other.read() as connection:
        (run,) = connection.execute(
            "SELECT model_uri, options, model_card FROM runs WHERE run_id = 1"
        ).fetchall()
        paths = connection.execute("SELECT DISTINCT path FROM stimuli ORDER BY 1").fetchall()
    assert run[0] == "gguf:gemma.gguf?mmproj=p.gguf"
    assert FOLDER not in "".join(run)
    assert json.loads(run[1])["sources"] == ["pictures"]
    assert paths == [("0000.jpg",), ("0002.jpg",), ("2 Leute.jpg",)]
    before = state(rich)
    again = import_runs(rich, bundle)
    assert (again.changed, again.differing) == (False, 0)
    assert state(rich) == before, "the paths at home are kept"


def test_pictures_of_one_name_are_still_two_where_they_come_to(store: Store, tmp_path: Path) -> None:
    store.path.parent.mkdir()
    them = [replace(stimulus(n), path=Path(f"{FOLDER}/{folder}/1.jpg")) for n, folder in enumerate("ab")]
    begin_run(store, spec("two"), them)
    with Outbox(store) as outbox:
        outbox.append(*(generation("two", n) for n in range(2)))
    path = tmp_path / "two.elena-runs"
    export_runs(store, [1], Kind.BUNDLE, path)
    assert sorted(_tables(path)["stimuli"]["path"].to_pylist()) == ["a/1.jpg", "b/1.jpg"]


def test_a_run_gains_what_it_lacks_and_keeps_what_it_has(rich: Store, other: Store, tmp_path: Path) -> None:
    """Also numbers: run b of the first store is run 1 of the other."""
    path = tmp_path / "b.elena-runs"
    export_runs(rich, [2], Kind.BUNDLE, path)
    other.path.parent.mkdir()
    begin_run(
        other,
        spec("b", spec_digest="spec-b", name="mine"),
        [stimulus(0, Label("coder", "ekman7", "joy"), upload="masked-only")],
    )
    with Outbox(other) as outbox:
        outbox.append(generation("b", 0, raw_text="other words", emotion="anger"))
        outbox.append(generation("b", 0, "error", repeat=1, error="no answer"))
    came = import_runs(other, path)
    (run,) = came.merged.runs
    assert (run.run_id, run.new, run.added, run.differing, run.name) == (1, False, 7, 1, "mine")
    assert came.merged.labels_differing == 1
    assert came.merged.extractions == 0, "no look at an answer that differs"
    with other.read() as connection:
        rows = connection.execute(
            "SELECT raw_text, count(*) FROM generations WHERE emotion IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).fetchall()
        status, upload, labels = connection.execute(
            """SELECT (SELECT status FROM runs), (SELECT upload FROM stimuli WHERE stimulus_id = $1),
                      (SELECT list((source, label) ORDER BY 1) FROM labels WHERE stimulus_id = $1)""",
            [digest("s", 0)],
        ).fetchall()[0]
    assert rows == [(HOSTILE, 1), ("other words", 1)]
    assert (status, upload) == ("partial", "masked-only")
    assert labels == [("coder", "joy"), ("face", "fear")]
    assert attention_folder(other).exists() is False or not list(attention_folder(other).glob("*.parquet"))
    again = import_runs(other, path)
    assert not again.changed
    assert again.differing == 1


def test_maps_of_other_runs_stay_at_home_and_those_of_deleted_runs_come_back(
    rich: Store, tmp_path: Path
) -> None:
    path = tmp_path / "b.elena-runs"
    export_runs(rich, [2], Kind.BUNDLE, path)
    with zipfile.ZipFile(path) as archive:
        (name,) = [name for name in archive.namelist() if name.startswith("attention-maps/")]
        found = pq.read_table(io.BytesIO(archive.read(name)))
    assert set(found["generation_id"].to_pylist()) == {digest("b", 0, 0)}
    delete_run(rich, 2)
    came = import_runs(rich, path)
    assert [(run.run_id, run.new) for run in came.merged.runs] == [(3, True)]
    assert _weights(rich, "b").max() == pytest.approx(0.5)


Change = Callable[[dict[str, bytes]], None]


def _retold(name: str, change: Callable[[pa.Table], pa.Table]) -> Change:
    def done(members: dict[str, bytes]) -> None:
        table = change(pq.read_table(io.BytesIO(members[name])))
        out = io.BytesIO()
        pq.write_table(table, out)
        members[name] = out.getvalue()

    return done


def _with(column: str, values: object) -> Callable[[pa.Table], pa.Table]:
    def done(table: pa.Table) -> pa.Table:
        place = table.column_names.index(column)
        made = pa.array(values if isinstance(values, list) else [values] * table.num_rows)
        return table.set_column(place, column, made.cast(table.schema.field(column).type))

    return done


def _manifest(change: Callable[[dict[str, object]], object]) -> Change:
    def done(members: dict[str, bytes]) -> None:
        told = json.loads(members["manifest.json"])
        change(told)
        members["manifest.json"] = json.dumps(told).encode()

    return done


G, L = "generations.parquet", "labels.parquet"
WRONG: dict[str, tuple[Change, str]] = {
    "a newer form": (_manifest(lambda told: told.update(version=99)), "newer elena-wb"),
    "a newer form of other keys": (_manifest(lambda told: told.update(version=2, more=1)), "newer elena-wb"),
    "a newer schema": (_manifest(lambda told: told.update(schema_version=9999)), "newer elena-wb"),
    "something else": (_manifest(lambda told: told.update(form="a cake")), "none of"),
    "a count that is not true": (_manifest(lambda told: told["members"][0].update(rows=10**12)), "rows, not"),  # type: ignore[index]
    "a table too few": (lambda members: members.pop(L) and None, "does not hold what"),
    "a way out of the folder": (lambda members: members.update({"../../x.parquet": b"x"}), "no export gives"),
    "a name of SQL": (
        lambda members: members.update({"attention-maps/'; DROP.parquet": b""}),
        "no export gives",
    ),
    "no Parquet": (lambda members: members.update({L: b"PAR1 no"}), "cannot be taken in"),
    "a column more": (
        _retold(L, lambda table: table.append_column('x"; DROP TABLE runs', pa.array([1] * table.num_rows))),
        "no column is called",
    ),
    "a column too few": (_retold(L, lambda table: table.drop_columns(["label"])), "is missing"),
    "a wrong type": (
        _retold(G, lambda table: table.set_column(4, "repeat", pa.array(["0"] * table.num_rows))),
        "is VARCHAR, not INTEGER",
    ),
    "an answer twice": (_retold(G, lambda table: pa.concat_tables([table, table.slice(0, 1)])), "twice"),
    "an answer of no run": (_retold(G, _with("run_id", 77)), "belong to nothing"),
    "a status of its own": (_retold(G, _with("status", "fine")), "not among"),
    "no number": (_retold(G, _with("valence", float("nan"))), "no number"),
    "nothing where something must be": (_retold(G, _with("attempts", None)), "lacks its"),
    "JSON that is none": (_retold("runs.parquet", _with("options", "{'a'")), "no JSON object"),
    "options without a bottom": (
        _retold("runs.parquet", _with("options", '{"a": ' + "[" * 20_000 + "]" * 20_000 + "}")),
        "cannot be read",
    ),
    "a time beyond all calendars": (_retold(G, _with("created_at", 2**62)), "no time"),
    "a list for options": (_retold("runs.parquet", _with("options", "[1]")), "no JSON object"),
    "maps that nothing names": (
        lambda members: members.update({"attention-maps/more.parquet": members[L]}),
        "not those that",
    ),
    "maps of something else": (
        lambda members: members.update({name: members[L] for name in list(members) if "maps/" in name}),
        "other columns",
    ),
    "maps of other answers": (
        _retold(
            "extractions.parquet", lambda table: _with("maps", [table["maps"].to_pylist()[0], None])(table)
        ),
        "not of the extractions",
    ),
}


def test_a_bundle_that_was_meddled_with_is_refused_in_words_and_nothing_is_taken_in(
    bundle: Path, rich: Store, tmp_path: Path
) -> None:
    before, beside = state(rich), _beside(rich)
    for what, (change, said) in WRONG.items():
        path = tmp_path / "wrong.elena-runs"
        _rewritten(bundle, path, change)
        with pytest.raises(WorkbenchError) as told:
            import_runs(rich, path)
        assert said in told.value.message, what
        assert told.value.hint, what
    assert state(rich) == before
    assert _beside(rich) == beside
    assert not list(rich.outbox_dir.glob("import-*"))


def test_what_unpacks_to_more_than_its_bytes_can_hold_is_refused(
    bundle: Path, other: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With bounds that an honest bundle of a few answers exceeds: 100,000 characters of one word, and 400,000 rows."""
    monkeypatch.setattr(checking, "_TEXT_ANYWAY", 1000)
    monkeypatch.setattr(checking, "_TEXT_A_BYTE", 2)
    with pytest.raises(WorkbenchError, match=r"`generations` .* characters are more than fit into"):
        import_runs(other, bundle)
    monkeypatch.undo()

    def many(table: pa.Table) -> pa.Table:
        return table.take(pa.array(np.zeros(400_000, dtype=np.int32)))

    path = tmp_path / "bomb.elena-runs"
    _rewritten(bundle, path, _retold(L, many))
    monkeypatch.setattr(checking, "_ROWS_A_BYTE", 10)
    with pytest.raises(WorkbenchError, match="400,000 rows are more than fit into"):
        import_runs(other, path)
    assert not other.exists()


def test_damaged_and_odd_archives_are_refused(bundle: Path, other: Store, tmp_path: Path) -> None:
    whole = bundle.read_bytes()
    chance = random.Random(3)
    odd = {"empty": b"", "cut off": whole[: len(whole) // 2], "no zip": b"PK\3\4" + bytes(500)}
    for n in range(6):
        at = chance.randrange(40, len(whole) - 4000)
        odd[f"one byte {n}"] = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
    out = io.BytesIO()
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            made.writestr(name, source.read(name))
        made.writestr("more", bytes(10**7))
    odd["compressed"] = out.getvalue()
    with zipfile.ZipFile(out, "a") as made, pytest.warns(UserWarning, match="Duplicate name"):
        made.writestr("manifest.json", b"{}")
    odd["a name twice"] = out.getvalue()
    for what, content in odd.items():
        path = tmp_path / "odd.elena-runs"
        path.write_bytes(content)
        with pytest.raises(WorkbenchError) as told:
            import_runs(other, path)
        assert str(path) in told.value.message, what
    assert not other.exists()


def test_a_bundle_of_an_older_schema_lacks_columns_that_came_later(
    bundle: Path, other: Store, tmp_path: Path
) -> None:
    def older(members: dict[str, bytes]) -> None:
        _retold(G, lambda table: table.drop_columns(["retried_for", "answered_by"]))(members)
        _manifest(lambda told: told.update(schema_version=2))(members)

    path = tmp_path / "old.elena-runs"
    _rewritten(bundle, path, older)
    assert sum(run.added for run in import_runs(other, path).merged.runs) == 16
    _rewritten(bundle, path, _retold("runs.parquet", _with("spec_digest", "another")))
    with pytest.raises(WorkbenchError, match="another specification"):
        import_runs(other, path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_kill_in_the_middle_leaves_all_or_nothing(bundle: Path, other: Store, tmp_path: Path) -> None:
    """Where the killed one had got to, the next begins anew, and has all in the end."""
    program = (
        "import sys; from pathlib import Path; from elena_wb.store import Store; from elena_wb.exports import "
        "import_runs; print('go', flush=True); import_runs(Store(Path(sys.argv[1])), Path(sys.argv[2]))"
    )
    counts = set()
    for pause in (0.1, 0.3):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(other.path), str(bundle)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n"
        time.sleep(pause)
        process.kill()
        process.wait()
        counts.add(state(other)["generations"][0] if other.exists() else 0)
    assert counts <= {0, 16}
    import_runs(other, bundle)
    assert state(other)["generations"][0] == 16
    assert _weights(other, "a").shape == (2, 2, 1, 8)


def _weights(store: Store, key: str) -> npt.NDArray[np.float32]:
    maps = read_maps(store, digest(key, 0, 0))
    assert maps is not None
    return maps.weights


def _beside(store: Store) -> list[str]:
    return sorted(path.name for path in attention_folder(store).iterdir())


def _tables(path: Path) -> dict[str, pa.Table]:
    with zipfile.ZipFile(path) as archive:
        return {
            name.removesuffix(".parquet"): pq.read_table(io.BytesIO(archive.read(name)))
            for name in archive.namelist()
            if name.endswith(".parquet") and "/" not in name
        }


def _rewritten(source: Path, target: Path, change: Change) -> None:
    """The bundle with ``change`` done to its members, and digests and sizes that agree with them."""
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(members["manifest.json"])
    before = dict(members)
    change(members)
    told = json.loads(members["manifest.json"])
    listed = {member["name"]: member for member in told["members"]}
    for name, content in members.items():
        if content == before.get(name) or name == "manifest.json":
            continue
        try:
            rows = pq.ParquetFile(io.BytesIO(content)).metadata.num_rows
        except pa.ArrowInvalid:
            rows = 0
        entry = {
            "name": name,
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
            "rows": rows,
        }
        listed[name] = entry
    told["members"] = list(listed.values())
    members["manifest.json"] = json.dumps(told).encode()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
