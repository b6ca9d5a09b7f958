"""Marks and notes of readers."""

from __future__ import annotations

from pathlib import Path

import pytest

from elena_wb.core import UsageError
from elena_wb.store import Store
from elena_wb.store.marking import put_mark


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """One answer."""
    made = Store(tmp_path / "marked.duckdb")
    with made.write() as connection:
        connection.execute("""
            INSERT INTO generations (generation_id, run_id, stimulus_id, repeat, status, attempts, created_at)
            VALUES ('one', 1, 's', 0, 'ok', 1, now())""")
    return made


def _marks(store: Store) -> list[tuple[object, ...]]:
    with store.read() as connection:
        return connection.execute("SELECT generation_id, marked, note FROM marks").fetchall()


def test_a_later_mark_takes_the_place_of_the_earlier(store: Store) -> None:
    put_mark(store, "one", marked=True, note=None)
    put_mark(store, "one", marked=False, note="  a [bold]note[/]\n'; DROP TABLE marks; --  ")
    assert _marks(store) == [("one", False, "a [bold]note[/]\n'; DROP TABLE marks; --")]


def test_neither_mark_nor_note_leaves_nothing_behind(store: Store) -> None:
    put_mark(store, "one", marked=True, note="x")
    put_mark(store, "one", marked=False, note="   ")
    assert _marks(store) == []


def test_an_answer_that_is_gone_cannot_be_marked(store: Store) -> None:
    with pytest.raises(UsageError, match="not in the store any more"):
        put_mark(store, "another", marked=True, note=None)
    assert _marks(store) == []
