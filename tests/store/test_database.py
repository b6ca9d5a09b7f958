"""Opening, migrating, sharing and refusing stores."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from elena_wb.core import SetupError, UsageError
from elena_wb.store import Store, StoreBusyError, begin_run, list_runs
from tests.store.conftest import spec, stimulus

ROOT = Path(__file__).parents[2]
SHARE = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from elena_wb.store import Outbox, Store, answered, begin_run
from tests.store.conftest import generation, spec, stimulus
store = Store(Path(sys.argv[1]), lock_timeout=30)
key, count = sys.argv[2], 0
with Outbox(store) as outbox:
    begin_run(store, spec(key), [stimulus(1)])
    end = time.monotonic() + 3
    while time.monotonic() < end:
        outbox.append(generation(key, count))
        count += 1
        outbox.drain(patient=True)
        answered(store, key)
print(count)
"""


def run_python(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_create_write_and_read_one_store_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "s.duckdb"
    processes = [run_python(SHARE, path, key, ROOT) for key in "ab"]
    counts = {}
    try:
        for key, process in zip("ab", processes, strict=True):
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
            counts[key] = int(out)
    finally:
        for process in processes:
            process.kill()
    assert {run.run_key: run.generations for run in list_runs(Store(path))} == counts
    assert min(counts.values()) > 0


def test_reading_where_there_is_no_store_says_how_to_make_one(store: Store) -> None:
    with pytest.raises(SetupError, match="no store") as caught, store.read():
        pass
    assert "demo" in (caught.value.hint or "")
    assert not store.exists()
    assert list_runs(store) == ()


def test_reads_within_a_read_open_the_store_no_further_time(
    study: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    connect = duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *of, **more: opened.append(of) or connect(*of, **more))
    with study.read() as outer:
        assert len(list_runs(study)) == 2
        assert outer.execute("SELECT count(*) FROM runs").fetchall() == [(2,)], "closed by the inner one"
    assert len(opened) == 1
    begin_run(study, spec("another"), [])
    assert len(list_runs(study)) == 3


def test_a_failing_write_leaves_no_trace(store: Store) -> None:
    begin_run(store, spec(), [stimulus(1)])
    with pytest.raises(RuntimeError), store.write() as connection:
        connection.execute("DELETE FROM runs")
        raise RuntimeError
    assert len(list_runs(store)) == 1


def test_a_store_of_a_newer_program_is_refused(store: Store) -> None:
    list_runs(store)
    with Store(store.path).write() as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (999, 'from the future', NULL)")
    for opened in (store.read(), Store(store.path).read(), Store(store.path).write()):
        with pytest.raises(SetupError, match="newer elena-wb"), opened:
            pass


def test_views_of_another_program_are_made_again(store: Store) -> None:
    with store.write() as connection:
        connection.execute("CREATE OR REPLACE VIEW flips AS SELECT 1 AS old")
        connection.execute("UPDATE schema_views SET digest = 'old'")
    with Store(store.path).read() as connection:
        assert "emotion_a" in [row[0] for row in connection.execute("DESCRIBE flips").fetchall()]


def test_what_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database " * 500)
    foreign = tmp_path / "foreign.duckdb"
    with duckdb.connect(str(foreign)) as connection:
        connection.execute("CREATE TABLE precious (i INTEGER)")
    for path, reason in ((text, "not a DuckDB"), (foreign, "not a store"), (tmp_path, "folder")):
        for opened in (Store(path).read(), Store(path).write()):
            with pytest.raises(SetupError, match=reason), opened:
                pass
    assert text.read_text().startswith("not a database")


def test_a_path_through_a_file_cannot_hold_a_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(SetupError, match="part of its path is a file"),
        Store(tmp_path / "file" / "s.duckdb").write(),
    ):
        pass


def test_waiting_for_another_process_is_bounded_and_names_it(store: Store) -> None:
    with store.write():
        pass
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", hold, str(store.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        started = time.monotonic()
        with (
            pytest.raises(StoreBusyError, match=str(process.pid)),
            Store(store.path, lock_timeout=0.3).read(),
        ):
            pass
        assert time.monotonic() - started < 10
    finally:
        process.communicate(b"")
    with store.read():
        pass


def test_the_file_can_be_opened_by_older_duckdb(store: Store) -> None:
    with store.write() as connection:
        tags = connection.execute("SELECT tags FROM duckdb_databases() WHERE NOT internal").fetchall()
    assert tags[0][0]["storage_version"].startswith("v1.4")


def test_every_table_view_and_column_says_what_it_is(store: Store) -> None:
    with store.write():
        pass
    with store.read() as connection:
        bare = connection.execute("""
            SELECT table_name FROM duckdb_tables() WHERE comment IS NULL UNION ALL
            SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL UNION ALL
            SELECT table_name || '.' || column_name FROM duckdb_columns()
            WHERE NOT internal AND comment IS NULL""").fetchall()
    assert bare == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_forbids_writing_is_a_clear_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SetupError, match="permissions"), Store(tmp_path / "s.duckdb").write():
        pass


def test_an_unknown_run_names_the_nearest(study: Store) -> None:
    from elena_wb.store import resolve_run

    assert resolve_run(study, "face") == resolve_run(study, "2") == 2
    with pytest.raises(UsageError) as caught:
        resolve_run(study, "fase")
    assert "face" in (caught.value.hint or "")
