"""Reads that nobody waits for any more."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from elena_wb.store import Store
from elena_wb.store.stopping import NotWantedError, Stop, stoppable

_LONG = "SELECT count(*) FROM range(100_000_000_000) AS a(i) WHERE hash(i) % 7 = 3"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Nothing in it."""
    made = Store(tmp_path / "read.duckdb")
    with made.write():
        pass
    return made


def _read_until_stopped(store: Store, stop: Stop, ended: list[BaseException], begun: threading.Event) -> None:
    try:
        with stoppable(stop), store.read() as connection:
            begun.set()
            connection.execute(_LONG).fetchall()
    except NotWantedError as error:
        ended.append(error)


def test_a_long_query_ends_soon_after_it_was_asked_to_and_gives_the_store_free(store: Store) -> None:
    stop, begun = Stop(), threading.Event()
    ended: list[BaseException] = []
    reader = threading.Thread(target=_read_until_stopped, args=(store, stop, ended, begun))
    reader.start()
    assert begun.wait(20)
    stop.request()
    reader.join(20)
    assert len(ended) == 1
    with store.read() as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_who_waits_for_a_turn_gives_up_too(store: Store) -> None:
    stop, begun = Stop(), threading.Event()
    ended: list[BaseException] = []
    with store.read():
        reader = threading.Thread(target=_read_until_stopped, args=(store, stop, ended, begun))
        reader.start()
        stop.request()
        reader.join(20)
        assert not reader.is_alive()
    assert not begun.is_set()
    assert len(ended) == 1


def test_a_read_after_the_stop_does_not_begin(store: Store) -> None:
    stop = Stop()
    stop.request()
    with stoppable(stop), pytest.raises(NotWantedError), store.read():
        pytest.fail("it began")


def test_writing_is_never_stopped(store: Store) -> None:
    stop = Stop()
    stop.request()
    with stoppable(stop), store.write() as connection:
        connection.execute("INSERT INTO marks VALUES ('a', true, NULL, now())")
    with store.read() as connection:
        assert connection.execute("SELECT count(*) FROM marks").fetchall() == [(1,)]


def test_who_waits_for_another_process_gives_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> None:
        import duckdb

        raise duckdb.IOException("Could not set lock on file")

    stop = Stop()
    monkeypatch.setattr("elena_wb.store.database.duckdb.connect", busy)
    threading.Timer(0.2, stop.request).start()
    began = time.monotonic()
    with stoppable(stop), pytest.raises(NotWantedError), store.read():
        pytest.fail("it began")
    threading.Timer(0.2, store.give_up_waiting).start()  # as when the program is left
    with pytest.raises(NotWantedError), store.read():
        pytest.fail("it began")
    assert time.monotonic() - began < store.lock_timeout
