"""What it took to get an answer, which version gave it, and how probable each label was."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import duckdb
import pytest

from elena_wb.store import Outbox, Store, begin_run, list_runs, show_run
from elena_wb.store.records import GenerationRecord, from_line, to_line
from elena_wb.store.schema import migrations
from tests.store.conftest import generation, spec, stimulus


def rows(store: Store, sql: str) -> Sequence[tuple[object, ...]]:
    with store.read() as connection:
        return connection.execute(sql).fetchall()


def test_retries_version_and_probabilities_arrive(store: Store) -> None:
    begin_run(store, spec(), [stimulus(1), stimulus(2)])
    scores = {"fear": math.log(0.75), "anger": math.log(0.25)}
    with Outbox(store) as outbox:
        outbox.append(
            generation(
                "k",
                1,
                attempts=3,
                retried_for=("rate-limited", "server"),
                answered_by="v-0611",
                label_scores=scores,
                cost_usd=0.25,
            ),
            generation("k", 2, cost_usd=0.5),
        )
    assert rows(
        store, "SELECT attempts, retried_for, answered_by, cost_usd FROM narratives ORDER BY cost_usd"
    ) == [
        (3, ["rate-limited", "server"], "v-0611", 0.25),
        (1, [], None, 0.5),
    ]
    assert dict(rows(store, "SELECT label, logprob FROM label_scores")) == scores
    (run,) = list_runs(store)
    shown = show_run(store, run.run_id)
    assert run.cost_usd == shown["cost_usd"] == 0.75
    assert shown["retries"] == {"rate-limited": 1, "server": 1}


def test_probabilities_of_a_failure_that_was_asked_again_are_replaced(store: Store) -> None:
    begin_run(store, spec(), [stimulus(1)])
    with Outbox(store) as outbox:
        outbox.append(generation("k", 1, "error", label_scores={"fear": -1.0}))
        outbox.drain()
        outbox.append(generation("k", 1, label_scores={"anger": -2.0}))
    assert rows(store, "SELECT label, logprob FROM label_scores") == [("anger", -2.0)]


def test_runs_of_which_no_cost_is_known_have_none(store: Store) -> None:
    begin_run(store, spec(), [stimulus(1)])
    with Outbox(store) as outbox:
        outbox.append(generation("k", 1))
    assert [run.cost_usd for run in list_runs(store)] == [None]
    assert show_run(store, 1)["retries"] == {}


def test_lines_written_before_there_were_such_fields_are_entered(store: Store) -> None:
    line = json.loads(to_line(generation("k", 1)))
    for name in ("retried_for", "answered_by", "label_scores"):
        del line[name]
    read = from_line(json.dumps(line).encode())
    assert isinstance(read, GenerationRecord)
    assert (read.retried_for, read.answered_by, dict(read.label_scores)) == ((), None, {})


@pytest.mark.parametrize("value", ["NaN", "Infinity", '"much"'])
def test_a_line_with_an_impossible_probability_is_damaged(value: str) -> None:
    line = to_line(generation("k", 1, label_scores={"fear": -1.5})).replace(b"-1.5", value.encode())
    with pytest.raises(ValueError):
        from_line(line)


def test_a_store_of_the_version_before_keeps_its_answers_without_guessing_why_they_were_retried(
    store: Store,
) -> None:
    before = [migration for migration in migrations() if migration.version < 3]
    with duckdb.connect(str(store.path), config={"storage_compatibility_version": "v1.4.0"}) as connection:
        connection.execute(
            "CREATE TABLE schema_migrations (version INTEGER, name VARCHAR, applied_at TIMESTAMP)"
        )
        connection.execute("CREATE TABLE schema_views (digest VARCHAR)")
        for migration in before:
            connection.execute(migration.sql)
            connection.execute(
                "INSERT INTO schema_migrations VALUES (?, ?, NULL)", [migration.version, migration.name]
            )
        connection.execute("CREATE VIEW narratives AS SELECT * FROM generations")
        connection.execute(
            """INSERT INTO generations (generation_id, run_id, stimulus_id, repeat, status, attempts, created_at)
               VALUES ('g', 1, 's', 0, 'ok', 3, '2026-01-01')"""
        )
    assert rows(store, "SELECT attempts, retried_for, answered_by FROM generations") == [(3, None, None)]
