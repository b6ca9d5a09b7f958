"""An answer that was appended is never lost, never doubled, never overwritten by a failure."""

from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elena_wb.core import BodyPart, Box, Region, SetupError
from elena_wb.store import (
    Outbox,
    RegionsRecord,
    SizeRecord,
    Store,
    answered,
    begin_run,
    drain_orphans,
    known_regions,
    list_runs,
)
from elena_wb.store.records import GenerationRecord, from_line, to_line
from tests.store.conftest import digest, generation, spec, stimulus


def rows(store: Store, sql: str) -> list[tuple[object, ...]]:
    with store.read() as connection:
        return connection.execute(sql).fetchall()


def orphan(store: Store, data: bytes, name: str = "1-dead.jsonl") -> Path:
    store.outbox_dir.mkdir(parents=True, exist_ok=True)
    path = store.outbox_dir / name
    path.write_bytes(data)
    return path


def test_an_answer_arrives_whole(store: Store) -> None:
    begin_run(store, spec(), [stimulus(1)])
    record = generation(
        "k",
        1,
        raw_text="{}",
        emotion="anger",
        valence=2.5,
        notes=("repaired",),
        body_parts=(BodyPart("fists", "hands", "hands"), BodyPart("ire", None, None)),
        prompt_tokens=7,
        created_at=datetime(2026, 1, 2, 3, 4, 5),
    )
    with Outbox(store) as outbox:
        outbox.append(record)
        assert outbox.drain() == 1
        assert outbox.drain() == 0
    columns = "emotion, valence, notes, prompt_tokens, created_at, run_id"
    assert rows(store, f"SELECT {columns} FROM generations") == [
        ("anger", 2.5, ["repaired"], 7, datetime(2026, 1, 2, 3, 4, 5), 1)
    ]
    assert rows(store, "SELECT position, phrase, part, part_group FROM body_parts ORDER BY position") == [
        (0, "fists", "hands", "hands"),
        (1, "ire", None, None),
    ]
    assert answered(store, "k") == {(digest("s", 1), 0): "ok"}


def test_closing_leaves_no_file(store: Store) -> None:
    begin_run(store, spec(), [stimulus(1)])
    outbox = Outbox(store)
    outbox.append(generation("k", 1))
    outbox.close()
    outbox.close()
    assert not list(store.outbox_dir.glob("*.jsonl"))
    assert rows(store, "SELECT count(*) FROM generations") == [(1,)]


def test_the_same_line_twice_changes_nothing(store: Store) -> None:
    begin_run(store, spec(), [stimulus(1)])
    line = to_line(generation("k", 1, body_parts=(BodyPart("arm", "arms", "upper"),)))
    for name in ("1-a.jsonl", "2-b.jsonl"):
        orphan(store, line * 3, name)
    drain_orphans(store)
    assert rows(store, "SELECT count(*) FROM generations") == [(1,)]
    assert rows(store, "SELECT count(*) FROM body_parts") == [(1,)]


@pytest.mark.parametrize("stored", ["ok", "unparsed", "refused"])
@pytest.mark.parametrize("apart", [True, False])
def test_a_failure_never_replaces_an_answer(store: Store, stored: str, apart: bool) -> None:
    begin_run(store, spec(), [stimulus(1)])
    with Outbox(store) as outbox:
        outbox.append(generation("k", 1, stored, raw_text="said"))
        if apart:
            outbox.drain()
        outbox.append(generation("k", 1, "error", error="late"))
    assert rows(store, "SELECT status, raw_text FROM generations") == [(stored, "said")]


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("later", ["ok", "error"])
def test_a_retried_failure_is_replaced_by_the_newer_outcome(store: Store, apart: bool, later: str) -> None:
    begin_run(store, spec(), [stimulus(1)])
    now = datetime(2026, 1, 1)
    with Outbox(store) as outbox:
        outbox.append(generation("k", 1, "error", error="first", created_at=now))
        if apart:
            outbox.drain()
        outbox.append(generation("k", 1, later, error="second", attempts=2, created_at=now + timedelta(1)))
    assert rows(store, "SELECT status, error, attempts FROM generations") == [(later, "second", 2)]


def test_regions_and_sizes_travel_the_same_way(store: Store) -> None:
    begin_run(store, spec(), [stimulus(1), stimulus(2)])
    found = Region("face", Box(1, 2, 3, 4), "yunet", 0.75, {"eye": (1.5, 2.0)})
    with Outbox(store) as outbox:
        outbox.append(RegionsRecord(digest("s", 1), "yunet/1", (found, found)))
        outbox.append(
            RegionsRecord(digest("s", 1), "yunet/1", (found,)), SizeRecord(digest("s", 1), 640, 480)
        )
        outbox.append(RegionsRecord(digest("s", 2), "yunet/1", ()))
    known = known_regions(store, "yunet/1")
    assert {key: len(regions) for key, regions in known.items()} == {digest("s", 1): 1, digest("s", 2): 0}
    assert known[digest("s", 1)][0].landmarks == {"eye": (1.5, 2.0)}
    assert rows(store, "SELECT width, height FROM stimuli WHERE width IS NOT NULL") == [(640, 480)]


def test_a_living_outbox_is_left_alone_and_a_dead_one_is_entered(store: Store) -> None:
    begin_run(store, spec(), [stimulus(1), stimulus(2)])
    dead = orphan(store, to_line(generation("k", 2)))
    with Outbox(store) as living:
        living.append(generation("k", 1))
        assert drain_orphans(store) == 1
        assert living.path.exists()
        assert not dead.exists()
        assert list_runs(store)[0].status == "running"
    assert drain_orphans(store) == 0
    assert list_runs(store)[0].status == "interrupted"
    assert len(answered(store, "k")) == 2


def test_a_torn_last_line_is_dropped_and_garbage_is_set_aside(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    begin_run(store, spec(), [stimulus(n) for n in range(3)])
    lines = [to_line(generation("k", n)) for n in range(3)]
    orphan(store, lines[0] + b"\x00\xff nonsense\n" + b'{"kind":"tomorrow"}\n' + lines[1] + lines[2][:-9])
    with caplog.at_level(logging.WARNING):
        assert drain_orphans(store) == 2
    assert len(answered(store, "k")) == 2
    assert "never acknowledged" in caplog.text
    assert (store.outbox_dir / "rejected.txt").read_bytes().count(b"\n") == 2


def test_an_answer_to_a_deleted_run_is_set_aside_not_lost(store: Store) -> None:
    begin_run(store, spec(), [stimulus(1)])
    line = to_line(generation("gone", 1))
    orphan(store, line + to_line(generation("k", 1)))
    assert drain_orphans(store) == 1
    assert (store.outbox_dir / "rejected.txt").read_bytes() == line


def test_a_busy_store_keeps_lines_for_later(store: Store) -> None:
    begin_run(store, spec(), [stimulus(1)])
    path = os.fspath(store.path)
    with Outbox(store) as outbox:
        outbox.append(generation("k", 1))
        pid = os.fork() if hasattr(os, "fork") else pytest.skip("needs fork")
        if pid == 0:
            held = duckdb.connect(path)
            held.execute("SELECT 1")
            os.close(1)
            os.kill(os.getpid(), 19)
            os._exit(0)
        try:
            os.waitpid(pid, os.WUNTRACED)
            assert outbox.drain() == 0
            assert outbox.path.stat().st_size > 0
        finally:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        assert outbox.drain() == 1


def test_a_full_disk_loses_no_acknowledged_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    begin_run(store, spec(), [stimulus(1), stimulus(2), stimulus(3)])
    outbox = Outbox(store)
    outbox.append(generation("k", 1))

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(SetupError, match="No space left"):
            outbox.append(generation("k", 2))
    outbox.append(generation("k", 3))
    outbox.close()
    assert {key for key, _ in answered(store, "k")} == {digest("s", 1), digest("s", 3)}


def test_text_that_utf8_cannot_hold_is_kept_as_far_as_possible(store: Store) -> None:
    begin_run(store, spec(), [stimulus(1)])
    with Outbox(store) as outbox:
        outbox.append(generation("k", 1, raw_text="a\ud800b\x00c\n", valence=float("nan")))
    assert rows(store, "SELECT raw_text, valence FROM generations") == [("a?b\x00c\n", None)]


texts = st.none() | st.text(st.characters(), max_size=30)


@settings(max_examples=40, deadline=None)
@given(raw=texts, error=texts, number=st.none() | st.floats(), tokens=st.none() | st.integers(0, 2**31 - 1))
def test_any_record_reads_back_from_its_line(
    raw: str | None, error: str | None, number: float | None, tokens: int | None
) -> None:
    line = to_line(generation("k", 1, raw_text=raw, error=error, latency_ms=number, prompt_tokens=tokens))
    assert line.count(b"\n") == 1
    back = from_line(line)
    assert isinstance(back, GenerationRecord)
    assert back.prompt_tokens == tokens
    assert back.raw_text == (None if raw is None else raw.encode("utf-8", "replace").decode())


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    garbage=st.lists(st.binary(max_size=60).map(lambda b: b.replace(b"\n", b"")), max_size=5),
    tail=st.binary(max_size=20),
)
def test_garbage_between_lines_never_costs_a_good_one(
    tmp_path: Path, garbage: list[bytes], tail: bytes
) -> None:
    store = Store(tmp_path / digest(*garbage, tail, os.urandom(4)) / "s.duckdb")
    begin_run(store, spec(), [stimulus(1)])
    body = b"".join(item + b"\n" + to_line(generation("k", n)) for n, item in enumerate(garbage))
    orphan(store, body + tail.replace(b"\n", b""))
    drain_orphans(store)
    assert len(answered(store, "k")) == len(garbage)
