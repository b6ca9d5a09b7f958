"""A store that others write, hold, remove and bring back while the interface shows it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from textual.pilot import Pilot

from elena_wb.store import Store
from elena_wb.store.stopping import NotWantedError
from elena_wb.tui import WorkbenchApp
from elena_wb.tui.watching import Watch
from elena_wb.tui.widgets.paged import PagedTable

Opened = Callable[..., WorkbenchApp]

_WRITER = """
import select, sys, time
from pathlib import Path
from elena_wb.core import Stimulus
from elena_wb.store import GenerationRecord, Outbox, RunSpec, Store, begin_run, finish_run

store = Store(Path(sys.argv[1]))
spec = RunSpec(run_key="live", name="live", spec_digest="s", experiment="e", model_uri="scripted:one", model_digest="m",
               model_card={}, prompt_name="elena", prompt_digest="p", prompt_text="What?", condition="none",
               dataset="folder", options={"scheme": "ekman7"}, seed=0, environment={})
with Outbox(store) as outbox:
    run_id = begin_run(store, spec, [Stimulus("live", Path("/pictures/live.png"), "folder", 1, 1)])
    began, drained, number = time.monotonic(), 0.0, 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        time.sleep(max(0.0, began + number / 50 - time.monotonic()))
        outbox.append(GenerationRecord(
            generation_id=f"live {number:04}", content_digest="c", run_key="live", stimulus_id="live", repeat=number,
            status="ok", raw_text="{}", emotion="fear", narrative="A story as it was told. " * 10))
        number += 1
        if time.monotonic() - drained > 0.4:
            outbox.drain()
            drained = time.monotonic()
    print(number, time.monotonic() - began, flush=True)
finish_run(store, run_id, "done")
"""
_HOLDER = """
import sys, time
from pathlib import Path
from elena_wb.store import Store

with Store(Path(sys.argv[1])).write():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def _process(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def _until(pilot: Pilot[None], seen: Callable[[], object], patience: float = 60.0) -> None:
    until = time.monotonic() + patience
    while not seen():
        assert time.monotonic() < until, "It is not shown."
        await asyncio.sleep(0.02)
        await pilot.pause()


def _table(app: WorkbenchApp) -> PagedTable:
    return app.screen.query_one(PagedTable)


def _count(app: WorkbenchApp) -> int:
    found = app.screen.query(PagedTable)
    return found.first().count if found else -1


async def test_what_a_run_writes_appears_by_itself_without_a_failed_read_or_a_slowed_writer(
    planted: Store, opened: Opened
) -> None:
    app = opened(planted)
    app.remembered.set("screen", "narratives")
    async with app.run_test(size=(100, 30)) as pilot:
        await _until(pilot, lambda: _count(app) == 24)
        await _until(pilot, lambda: _table(app).line_at_cursor)
        counts = {24}
        with _process(_WRITER, planted.path) as writer:
            while len(counts) < 3:
                await pilot.press("down" if _table(app).cursor < 5 else "up")
                counts.add(_count(app))
                assert writer.poll() is None
            written, took = (await asyncio.to_thread(writer.communicate, ""))[0].split()
            assert writer.returncode == 0
        await _until(pilot, lambda: _count(app) == 24 + int(written))
        assert [one.message for one in app.told] == []
        assert float(took) < 2 * int(written) / 50
        await pilot.press("end")
        await _until(
            pilot, lambda: str((_table(app).line_at_cursor or {}).get("generation_id")).startswith("live")
        )
        assert _table(app).cursor == 23 + int(written)


async def test_a_store_that_is_held_by_others_is_waited_for_and_told_of_once(
    planted: Store, opened: Opened
) -> None:
    app = opened(Store(planted.path, lock_timeout=0.2))
    app.remembered.set("screen", "narratives")
    with _process(_HOLDER, planted.path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        async with app.run_test(size=(100, 30)) as pilot:
            await _until(pilot, lambda: app.told)
            for _ in range(3):
                app.refresh_data()
                await app.workers.wait_for_complete()
                await pilot.pause()
            assert len(app.told) == 1
            assert "using the store" in app.told[0].message
            holder.communicate("")
            await _until(pilot, lambda: _count(app) == 24)


async def test_a_store_may_go_and_come_back_as_another(
    planted: Store, opened: Opened, tmp_path: Path
) -> None:
    kept = shutil.copy(planted.path, tmp_path / "kept.duckdb")
    app = opened(planted)
    app.remembered.set("screen", "narratives")
    async with app.run_test(size=(100, 30)) as pilot:
        await _until(pilot, lambda: _count(app) == 24)
        planted.path.unlink()
        await _until(pilot, lambda: app.screen.has_class("empty"))
        with Store(kept).write() as connection:
            connection.execute("DELETE FROM generations WHERE run_id > 1")
        Path(kept).replace(planted.path)
        await _until(pilot, lambda: _count(app) == 8 and _table(app).line_at_cursor)
        assert not app.screen.has_class("empty")
        planted.path.write_bytes(b"this is no database" * 1000)
        await _until(pilot, lambda: any("not a DuckDB database" in one.message for one in app.told))


async def test_a_search_is_stopped_when_another_takes_its_place_and_when_the_interface_is_left(
    planted: Store, opened: Opened
) -> None:
    app = opened(planted)
    ended: list[str] = []

    def long(name: str) -> Iterator[None]:
        try:
            with app.store.read() as connection:
                connection.execute(
                    "SELECT count(*) FROM range(100_000_000_000) AS a(i) WHERE hash(i) % 7 = 3"
                ).fetchall()
        except NotWantedError:
            ended.append(name)
            raise
        yield

    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        screen = app.screen
        for name in ("first", "second"):
            screen.follow(lambda name=name: long(name), lambda _: None, group="long")  # type: ignore[attr-defined]
            await asyncio.sleep(0.2)
        await _until(pilot, lambda: ended == ["first"])
    for _ in range(1000):
        if len(ended) == 2:
            break
        await asyncio.sleep(0.02)
    assert ended == ["first", "second"]


def test_reading_takes_a_small_part_of_the_time_however_long_it_takes(tmp_path: Path) -> None:
    now = 100.0
    watch = Watch(tmp_path / "store", lambda: now)
    assert not watch.changed()
    (tmp_path / "store").write_text("a")
    assert watch.changed()
    assert not watch.changed()
    watch.begin()
    with watch.reading():
        now += 0.6
        assert not watch.may_begin()
    now += 2.3
    assert not watch.may_begin()
    now += 0.2
    assert watch.may_begin()
    watch.begin()
    with watch.reading():
        now += 7.9
        assert not watch.may_begin()
        now += 0.2
        assert watch.may_begin()  # nobody waits for longer
    assert watch.replaced()
    (tmp_path / "other").write_text("b")
    (tmp_path / "other").replace(tmp_path / "store")
    assert watch.replaced()
    assert not watch.replaced()
