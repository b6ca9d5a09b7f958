"""Runs and what is known of their stimuli: begin, continue, finish, list, rename, delete."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from elena_wb.core import Box, Region, Stimulus, Upload, UsageError
from elena_wb.store import tables
from elena_wb.store.attention import drop_attention
from elena_wb.store.database import DuckDBConnection, Store
from elena_wb.store.maps import abandoned, remove, unnamed
from elena_wb.store.rating_sessions import drop_items
from elena_wb.store.records import RunSpec, RunStatus
from elena_wb.store.schema import first_row, utc_now


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of ``runs list``: what a run was and how far it got; ``cost_usd`` is ``None`` where none is known."""

    run_id: int
    run_key: str
    name: str | None
    experiment: str | None
    model_uri: str
    prompt_name: str
    condition: str
    dataset: str | None
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None
    planned: int
    generations: int
    ok: int
    unparsed: int
    refused: int
    errors: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as it was when it was last read."""

    stimulus_id: str
    size: int
    mtime_ns: int


def begin_run(store: Store, spec: RunSpec, stimuli: Sequence[Stimulus], *, planned: int | None = None) -> int:
    """Put the run (``running``) and its stimuli with labels and annotated regions into the store.

    A run of the same key is continued: it keeps its number, its start and what it recorded of model and
    machine, takes a name if it had none, and takes the options (which pictures, how often) of this time.
    ``planned`` is how many answers it is to have (default: one per stimulus). Returns the ``run_id``.
    """
    planned = len(stimuli) if planned is None else planned
    with store.write() as connection:
        connection.execute(
            """UPDATE runs SET status = 'running', finished_at = NULL, name = coalesce(name, ?), options = ?,
               planned = ? WHERE run_key = ?""",
            [spec.name, _json(spec.options), planned, spec.run_key],
        )
        found = first_row(connection, "SELECT run_id FROM runs WHERE run_key = ?", [spec.run_key])
        if found is None:
            found = first_row(
                connection,
                """INSERT INTO runs (run_key, name, spec_digest, experiment, model_uri, model_digest,
                       model_card, prompt_name, prompt_digest, prompt_text, condition, dataset, options,
                       seed, environment, planned, status, started_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', ?) RETURNING run_id""",
                [
                    spec.run_key, spec.name, spec.spec_digest, spec.experiment, spec.model_uri,
                    spec.model_digest, _json(spec.model_card), spec.prompt_name, spec.prompt_digest,
                    spec.prompt_text, spec.condition, spec.dataset, _json(spec.options), spec.seed,
                    _json(spec.environment), planned, utc_now(),
                ],
            )  # fmt: skip
        assert found is not None
        tables.put_stimuli(connection, stimuli)
        return int(found[0])


def finish_run(store: Store, run_id: int, status: RunStatus) -> None:
    """Record how a run ended."""
    with store.write() as connection:
        connection.execute(
            "UPDATE runs SET status = ?, finished_at = ? WHERE run_id = ?", [status, utc_now(), run_id]
        )


def settle_run(store: Store, run_id: int) -> None:
    """Give a run that was killed after its last answer the status it would have ended with."""
    with store.write() as connection:
        connection.execute(
            """UPDATE runs SET finished_at = coalesce(finished_at, ?), status = CASE
                   WHEN EXISTS (FROM generations AS g WHERE g.run_id = runs.run_id AND g.status = 'error')
                   THEN 'partial' ELSE 'done' END
               WHERE run_id = ? AND status IN ('running', 'interrupted')
                 AND planned <= (SELECT count(*) FROM generations AS g WHERE g.run_id = runs.run_id)""",
            [utc_now(), run_id],
        )


def refresh_stimuli(store: Store, stimuli: Sequence[Stimulus]) -> None:
    """Bring labels and annotated regions up to date with what the data says now."""
    with store.write() as connection:
        tables.put_stimuli(connection, stimuli)


def answered(store: Store, run_key: str) -> Mapping[tuple[str, int], str]:
    """``(stimulus_id, repeat)`` → status of every generation the run has in the store; empty without one."""
    if not store.exists():
        return {}
    with store.read() as connection:
        rows = connection.execute(
            """SELECT stimulus_id, repeat, status FROM generations
               WHERE run_id = (SELECT run_id FROM runs WHERE run_key = ?)""",
            [run_key],
        ).fetchall()
    return {(stimulus_id, repeat): status for stimulus_id, repeat, status in rows}


def known_stimuli(store: Store) -> Mapping[str, KnownFile]:
    """Path → what the file was when last read. A file of equal size and time need not be hashed again.

    Look a path up by :func:`elena_wb.store.storable`, which spells undecodable names as the store does.
    """
    if not store.exists():
        return {}
    with store.read() as connection:
        rows = connection.execute("SELECT path, stimulus_id, file_size, file_mtime_ns FROM files").fetchall()
    return {path: KnownFile(stimulus_id, size, mtime) for path, stimulus_id, size, mtime in rows}


def known_uploads(store: Store) -> Mapping[str, Upload]:
    """Content of a picture (``picture_id``) → its policy, where it is not to go everywhere."""
    if not store.exists():
        return {}
    with store.read() as connection:
        rows = connection.execute("""
            SELECT picture_id, upload FROM stimuli WHERE upload <> 'allowed'
            ORDER BY upload <> 'masked-only'""").fetchall()
    return dict(rows)


def known_regions(store: Store, locator: str) -> Mapping[str, tuple[Region, ...]]:
    """``stimulus_id`` → regions, for each stimulus that ``locator`` has searched (also in vain)."""
    if not store.exists():
        return {}
    with store.read() as connection:
        searched = connection.execute(
            "SELECT stimulus_id FROM searches WHERE locator = ?", [locator]
        ).fetchall()
        rows = connection.execute(
            """SELECT stimulus_id, part, x, y, w, h, score, landmarks FROM regions
               SEMI JOIN searches USING (stimulus_id, locator) WHERE locator = ?""",
            [locator],
        ).fetchall()
    found: dict[str, list[Region]] = {stimulus_id: [] for (stimulus_id,) in searched}
    for stimulus_id, part, x, y, w, h, score, landmarks in rows:
        points = {name: (px, py) for name, (px, py) in json.loads(landmarks or "{}").items()}
        found[stimulus_id].append(Region(part, Box(x, y, w, h), locator, score, points))
    return {stimulus_id: tuple(regions) for stimulus_id, regions in found.items()}


def add_regions(store: Store, locator: str, found: Mapping[str, Sequence[Region]]) -> None:
    """Store everything ``locator`` found in each stimulus, in place of what it found there before."""
    with store.write() as connection:
        tables.put_regions(connection, found, locator)


def find_run(store: Store, run_key: str) -> int | None:
    """The number of the run of this key, if the store has one."""
    if not store.exists():
        return None
    with store.read() as connection:
        row = first_row(connection, "SELECT run_id FROM runs WHERE run_key = ?", [run_key])
    return None if row is None else int(row[0])


def latest_run(store: Store, spec_digest: str, name: str | None) -> str | None:
    """The key of the newest run of this specification and name, which the same command continues."""
    if not store.exists():
        return None
    with store.read() as connection:
        row = first_row(
            connection,
            """SELECT run_key FROM runs WHERE spec_digest = ? AND name IS NOT DISTINCT FROM ?
               ORDER BY run_id DESC LIMIT 1""",
            [spec_digest, name],
        )
    return None if row is None else str(row[0])


def list_runs(store: Store) -> tuple[RunSummary, ...]:
    """Every run, oldest first; none where there is no store."""
    if not store.exists():
        return ()
    with store.read() as connection:
        return _summaries(connection)


def show_run(store: Store, run_id: int) -> Mapping[str, Any]:
    """Every column of ``runs`` for one run, JSON decoded; its counts by status, its cost, and its retries by trouble.

    Raises:
        UsageError: there is no such run.
    """
    with store.read() as connection:
        cursor = connection.execute("SELECT * FROM runs WHERE run_id = ?", [run_id])
        names = [column[0] for column in cursor.description or ()]
        rows = cursor.fetchall()
        if not rows:
            raise _no_run(connection, str(run_id))
        counts = connection.execute(
            "SELECT status, count(*) FROM generations WHERE run_id = ? GROUP BY ALL ORDER BY ALL", [run_id]
        ).fetchall()
        cost = first_row(connection, "SELECT sum(cost_usd) FROM generations WHERE run_id = ?", [run_id])
        retries = connection.execute(
            """SELECT trouble, count(*) FROM (SELECT unnest(retried_for) AS trouble FROM generations WHERE run_id = ?)
               GROUP BY ALL ORDER BY ALL""",
            [run_id],
        ).fetchall()
    shown = dict(zip(names, rows[0], strict=True))
    for name in ("model_card", "options", "environment"):
        shown[name] = json.loads(shown[name] or "{}")
    shown["generations"] = dict(counts)
    shown["cost_usd"] = None if cost is None else cost[0]
    shown["retries"] = dict(retries)
    return shown


def resolve_run(store: Store, text: str) -> int:
    """The ``run_id`` that a user means by a number or a name (the latest of that name).

    Raises:
        UsageError: there is no such run; names the nearest.
    """
    number = int(text) if re.fullmatch(r"\s*\d{1,9}\s*", text, re.ASCII) else None
    with store.read() as connection:
        row = first_row(
            connection,
            """SELECT run_id FROM runs WHERE run_id = $1 OR name = $2
               ORDER BY run_id IS DISTINCT FROM $1, run_id DESC LIMIT 1""",
            [number, text],
        )
        if row is None:
            raise _no_run(connection, text)
    return int(row[0])


def rename_run(store: Store, run_id: int, name: str) -> None:
    """Give a run another name.

    Raises:
        UsageError: there is no such run.
    """
    with store.write() as connection:
        if not connection.execute(
            "UPDATE runs SET name = ? WHERE run_id = ? RETURNING run_id", [name, run_id]
        ).fetchall():
            raise _no_run(connection, str(run_id))


def delete_run(store: Store, run_id: int) -> int:
    """Remove a run with everything its model said, what was extracted of it and what people said of it; stimuli stay.

    Returns how many generations went.

    Raises:
        UsageError: there is no such run.
    """
    with store.write() as connection:
        if not connection.execute("SELECT 1 FROM runs WHERE run_id = ?", [run_id]).fetchall():
            raise _no_run(connection, str(run_id))
        maps = drop_attention(
            connection, f"SELECT generation_id FROM generations WHERE run_id = {int(run_id)}"
        )
        drop_items(connection, f"SELECT generation_id FROM generations WHERE run_id = {int(run_id)}")
        for table in ("body_parts", "label_scores", "marks"):
            connection.execute(
                f"""DELETE FROM {table} WHERE generation_id IN
                    (SELECT generation_id FROM generations WHERE run_id = ?)""",
                [run_id],
            )
        gone = first_row(connection, "DELETE FROM generations WHERE run_id = ?", [run_id])
        connection.execute("DELETE FROM runs WHERE run_id = ?", [run_id])
        files = [*unnamed(store, connection, maps), *abandoned(store, connection)]
    remove(files)
    assert gone is not None
    return int(gone[0])


def _summaries(connection: DuckDBConnection) -> tuple[RunSummary, ...]:
    rows = connection.execute("""
        SELECT r.run_id, r.run_key, r.name, r.experiment, r.model_uri, r.prompt_name, r.condition,
               r.dataset, r.status, r.started_at, r.finished_at, r.planned, count(g.generation_id),
               count(*) FILTER (g.status = 'ok'), count(*) FILTER (g.status = 'unparsed'),
               count(*) FILTER (g.status = 'refused'), count(*) FILTER (g.status = 'error'), sum(g.cost_usd)
        FROM runs AS r LEFT JOIN generations AS g USING (run_id)
        GROUP BY ALL ORDER BY r.run_id""").fetchall()
    return tuple(RunSummary(*row) for row in rows)


def _no_run(connection: DuckDBConnection, text: str) -> UsageError:
    rows = connection.execute(
        """SELECT run_id, name FROM runs
           ORDER BY levenshtein(coalesce(name, run_id::VARCHAR), ?), run_id DESC LIMIT 3""",
        [text],
    ).fetchall()
    near = ", ".join(f"{run_id} ({name})" if name else str(run_id) for run_id, name in rows)
    hint = f"Nearest: {near}. `elena-wb runs` lists all." if near else "The store has no runs yet."
    return UsageError(f"There is no run `{text}`.", hint=hint)


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), sort_keys=True, default=str)
