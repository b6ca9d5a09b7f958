"""Runs are begun, continued, renamed and deleted; stimuli are updated in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from elena_wb.core import Label, Region, UsageError
from elena_wb.store import (
    KnownFile,
    Store,
    add_regions,
    begin_run,
    delete_run,
    find_run,
    finish_run,
    known_regions,
    known_stimuli,
    list_runs,
    rename_run,
    resolve_run,
    show_run,
    storable,
)
from tests.store.conftest import digest, spec, stimulus


def test_the_same_key_continues_the_same_run(store: Store) -> None:
    first = begin_run(store, spec(environment={"torch": "1"}), [stimulus(1)])
    finish_run(store, first, "partial")
    assert (
        begin_run(store, spec(name="pilot", environment={"torch": "2"}), [stimulus(1), stimulus(2)]) == first
    )
    (run,) = list_runs(store)
    assert (run.status, run.name, run.planned, run.finished_at) == ("running", "pilot", 2, None)
    assert show_run(store, first)["environment"] == {"torch": "1"}
    assert find_run(store, "k") == first
    assert find_run(store, "other") is None


def test_stimuli_are_updated_where_they_changed(store: Store, region: Callable[..., Region]) -> None:
    old = replace(stimulus(1, Label("d", "ekman7", "anger")), regions=(region(),), width=10, height=20)
    new = replace(old, path=Path("/moved.jpg"), labels=(Label("d", "ekman7", "fear"),), width=None)
    begin_run(store, spec(), [old, old])
    begin_run(store, spec(), [new])
    with store.read() as connection:
        assert connection.execute("SELECT path, width, height FROM stimuli").fetchall() == [
            ("/moved.jpg", 10, 20)
        ]
        assert connection.execute("SELECT label FROM labels").fetchall() == [("fear",)]
        assert connection.execute("SELECT part, locator FROM regions").fetchall() == [("face", "annotated")]
    assert known_stimuli(store)["/moved.jpg"] == KnownFile(old.stimulus_id, 101, 10**18)


def test_labels_stay_where_a_picture_is_read_without_the_table_that_states_them(store: Store) -> None:
    whole = stimulus(1, Label("folder", "ekman7", "anger"), Label("face", "ekman7", "fear"))
    begin_run(store, spec(), [whole])
    begin_run(store, spec(), [replace(whole, labels=())])
    begin_run(store, spec(), [replace(whole, labels=(Label("face", "ekman7", "sadness"),))])
    with store.read() as connection:
        stated = connection.execute("SELECT source, label FROM labels ORDER BY ALL").fetchall()
    assert stated == [("face", "sadness"), ("folder", "anger")]


def test_a_file_name_that_is_no_utf8_is_stored_and_found(store: Store) -> None:
    odd = replace(stimulus(1), path=Path("/p/\udcff.jpg"))
    begin_run(store, spec(), [odd])
    assert known_stimuli(store)[storable(odd.path)].stimulus_id == odd.stimulus_id


def test_regions_of_a_locator_replace_its_earlier_ones(store: Store, region: Callable[..., Region]) -> None:
    begin_run(store, spec(), [stimulus(1)])
    key = digest("s", 1)
    add_regions(store, "y", {key: [region(locator="y"), region("hands", "y")]})
    add_regions(store, "y", {key: [region("hands", "y")]})
    assert known_regions(store, "y") == {key: (region("hands", "y"),)}


def test_deleting_a_run_takes_its_answers_and_nothing_else(study: Store) -> None:
    rename_run(study, 1, "first")
    assert delete_run(study, 1) == 4
    with study.read() as connection:
        counts = connection.execute("""
            SELECT (SELECT count(*) FROM generations), (SELECT count(*) FROM body_parts),
                   (SELECT count(*) FROM stimuli), (SELECT count(*) FROM runs)""").fetchall()
    assert counts == [(4, 8, 4, 1)]
    with pytest.raises(UsageError):
        delete_run(study, 1)


@pytest.mark.parametrize("text", ["1.2", "0.6", "1e0", "-1", "1;", "١", "9" * 30, ""])
def test_what_is_only_nearly_a_number_is_no_run(store: Store, text: str) -> None:
    begin_run(store, spec(), [])
    assert (resolve_run(store, "1"), resolve_run(store, " 1 ")) == (1, 1)
    with pytest.raises(UsageError, match="There is no run"):
        resolve_run(store, text)
