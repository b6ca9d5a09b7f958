"""Sessions of blind rating: what can be rated, making one, listing them with how far each rater got, deleting."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from elena_wb.core import UsageError
from elena_wb.ratings import Scales, draw_evenly
from elena_wb.store.browsing import Filter, matching
from elena_wb.store.database import DuckDBConnection, Store
from elena_wb.store.schema import first_row, utc_now

Kind = Literal["single", "pairs"]
"""One answer on scales, or two about one picture side by side."""
PictureShown = Literal["seen", "whole", "none"]
"""The picture as the model was given it, the whole of it, or none."""

MOST_ITEMS = 5000
_LONGEST_NAME = 60
Runs = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """A session to be made: ``limit`` items, drawn with ``seed`` as evenly as can be from the runs, or pairs of runs.

    Only answers that could be read, pass ``filter`` and hold some of what ``scales`` shows are drawn from. Each rater
    sees ``repeat`` of them twice.
    """

    name: str
    kind: Kind
    picture: PictureShown
    scales: Scales
    filter: Filter
    limit: int
    repeat: int
    seed: int


@dataclass(frozen=True, slots=True)
class Sitting:
    """How far one rater got: ``done`` of ``total`` places, ``skipped`` among them."""

    sitting_id: int
    rater: str
    done: int
    total: int
    skipped: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """A session and who sat down to it, in order of coming."""

    session_id: int
    name: str
    kind: Kind
    picture: PictureShown
    scales: Scales
    items: int
    repeated: int
    seed: int
    created_at: datetime
    sittings: tuple[Sitting, ...]


def drawable(store: Store, kind: Kind, wanted: Filter, scales: Scales) -> Mapping[Runs, int]:
    """How many items there are to draw from: by run, or by two runs of which both answered about a picture.

    Raises:
        UsageError: the filter's condition is no condition.
    """
    return {runs: len(found) for runs, found in _candidates(store, kind, wanted, scales).items()}


def make_session(store: Store, design: Design) -> int:
    """Draw the items of ``design`` and keep them under a new number, which is returned.

    Raises:
        UsageError: the name is taken or none, the scales ask nothing of this kind, or there is nothing to rate.
    """
    name = named(design.name, "session")
    if not asked(design.scales, design.kind):
        kind = "preference" if design.kind == "pairs" else "scale"
        raise UsageError(
            f"The scales `{design.scales.name}` have no [[{kind}]] to ask.",
            hint="Choose the other kind of session, or other scales.",
        )
    if not 1 <= design.limit <= MOST_ITEMS:
        raise UsageError(f"A session has from 1 to {MOST_ITEMS:,} items.")
    groups = _candidates(store, design.kind, design.filter, design.scales)
    drawn = draw_evenly(
        {runs: [(runs, place) for place in range(len(found))] for runs, found in groups.items()},
        design.limit,
        design.seed,
    )
    if not drawn:
        raise UsageError(
            "There is nothing to rate: no answer of these runs could be read and holds what the scales show.",
            hint="Choose other runs, or another filter."
            + (" Pairs need two runs about the same pictures." if design.kind == "pairs" else ""),
        )
    if design.repeat > len(drawn) // 2:
        raise UsageError(f"Of {len(drawn)} items at most {len(drawn) // 2} can be shown twice.")
    ids = _generation_ids(store, [groups[runs][place] for runs, place in drawn])
    source = {"filter": design.filter.as_json(), "limit": design.limit}
    with store.write() as connection:
        if first_row(connection, "SELECT 1 FROM rating_sessions WHERE lower(name) = lower(?)", [name]):
            raise UsageError(
                f"There is a session called `{name}`.", hint="Continue that one, or choose another name."
            )
        row = first_row(
            connection,
            """INSERT INTO rating_sessions (name, kind, picture, scales, drawn_from, repeated, seed, created_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING session_id""",
            [name, design.kind, design.picture, design.scales.model_dump_json(), json.dumps(source),
             design.repeat, design.seed, utc_now()],
        )  # fmt: skip
        assert row is not None
        connection.executemany(
            "INSERT INTO rating_items VALUES (?, ?, ?, ?)",
            [[row[0], item, *pair] for item, pair in enumerate(ids)],
        )
        return int(row[0])


def sessions(store: Store) -> tuple[Session, ...]:
    """Every session, newest first; none where there is no store."""
    if not store.exists():
        return ()
    with store.read() as connection:
        found = connection.execute("""
            SELECT session_id, name, kind, picture, scales, repeated, seed, created_at,
                   (SELECT count(*) FROM rating_items AS i WHERE i.session_id = s.session_id)
            FROM rating_sessions AS s ORDER BY session_id DESC""").fetchall()
        sat = connection.execute("""
            SELECT t.session_id, t.sitting_id, t.rater, count(p.rated_at), count(p.position), count(p.skipped),
                   max(p.rated_at)
            FROM rating_sittings AS t LEFT JOIN rating_places AS p USING (sitting_id)
            GROUP BY ALL ORDER BY t.sitting_id""").fetchall()
    by_session: dict[int, list[Sitting]] = {}
    for session_id, *values in sat:
        by_session.setdefault(session_id, []).append(Sitting(*values))
    return tuple(
        Session(
            session_id, name, kind, picture, Scales.model_validate_json(scales), items, repeated, seed, created_at,
            tuple(by_session.get(session_id, ())),
        )
        for session_id, name, kind, picture, scales, repeated, seed, created_at, items in found
    )  # fmt: skip


def delete_session(store: Store, session_id: int) -> None:
    """Remove a session with everything its raters said; one that is gone already is no error."""
    with store.write() as connection:
        for table in ("rating_values", "rating_places"):
            connection.execute(
                f"""DELETE FROM {table} WHERE sitting_id IN
                    (SELECT sitting_id FROM rating_sittings WHERE session_id = ?)""",
                [session_id],
            )
        for table in ("rating_sittings", "rating_items", "rating_sessions"):
            connection.execute(f"DELETE FROM {table} WHERE session_id = ?", [session_id])


def drop_items(connection: DuckDBConnection, generations: str) -> None:
    """Remove every item with one of ``generations`` (SQL that selects their ids), and what was said of it.

    An answer that is asked for anew has the identity of the one that was deleted, and would inherit its ratings.
    """
    gone = f"""SELECT session_id, item FROM rating_items
               WHERE generation_a IN ({generations}) OR generation_b IN ({generations})"""
    places = f"""SELECT sitting_id, position FROM rating_places JOIN rating_sittings USING (sitting_id)
                 WHERE (session_id, item) IN ({gone})"""
    connection.execute(f"DELETE FROM rating_values WHERE (sitting_id, position) IN ({places})")
    connection.execute(f"DELETE FROM rating_places WHERE (sitting_id, position) IN ({places})")
    connection.execute(f"DELETE FROM rating_items WHERE (session_id, item) IN ({gone})")


def asked(scales: Scales, kind: Kind) -> tuple[str, ...]:
    """The names of what is asked in sessions of ``kind``."""
    return tuple(one.name for one in (scales.preference if kind == "pairs" else scales.scale))


def named(text: str, of: str) -> str:
    """``text`` as the name of a session or a rater.

    Raises:
        UsageError: it is empty, too long, or holds characters that cannot be seen.
    """
    name = " ".join(text.split())
    if not name:
        raise UsageError(f"The {of} needs a name.")
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise UsageError(f"The name of a {of} is at most {_LONGEST_NAME} printable characters.")
    return name


def _candidates(
    store: Store, kind: Kind, wanted: Filter, scales: Scales
) -> Mapping[Runs, Sequence[npt.NDArray[np.int64]]]:
    """Runs → rows of ``generations``: each item one row, or the two of a pair, the lower run first."""
    if not store.exists():
        return {}
    rows = matching(store, wanted)
    told = " OR ".join(rf"regexp_matches({column}, '[^\s\pZ]')" for column in scales.shows)
    runs = ",".join(str(int(run)) for run in wanted.run_ids)
    readable = f"""SELECT rowid AS row, run_id, stimulus_id, repeat FROM generations
                   WHERE status = 'ok' AND ({told}) AND {f"run_id IN ({runs})" if runs else "true"}"""
    if kind == "single":
        sql = f"SELECT run_id AS r1, row AS a FROM ({readable}) ORDER BY r1, a"
    else:
        sql = f"""WITH r AS MATERIALIZED ({readable})
                  SELECT a.run_id AS r1, b.run_id AS r2, a.row AS a, b.row AS b
                  FROM r AS a JOIN r AS b USING (stimulus_id, repeat) WHERE a.run_id < b.run_id ORDER BY ALL"""
    with store.read({"memory_limit": "512MB", "threads": 2}) as connection:
        found: Mapping[str, Any] = connection.execute(sql).fetchnumpy()
    keys, members = (("r1",), ("a",)) if kind == "single" else (("r1", "r2"), ("a", "b"))
    items = np.stack([np.asarray(found[name], np.int64) for name in members], axis=1)
    of_runs = np.stack([np.asarray(found[name], np.int64) for name in keys], axis=1)
    meant = np.isin(items, rows).all(axis=1)
    items, of_runs = items[meant], of_runs[meant]
    groups, which = np.unique(of_runs, axis=0, return_inverse=True)
    which = which.reshape(-1)
    return {
        tuple(int(run) for run in group): list(items[which == place]) for place, group in enumerate(groups)
    }


def _generation_ids(store: Store, items: Sequence[npt.NDArray[np.int64]]) -> list[tuple[str, str | None]]:
    listed = ",".join(str(int(row)) for item in items for row in item)
    with store.read() as connection:
        ids: dict[int, str] = dict(
            connection.execute(
                f"SELECT rowid, generation_id FROM generations WHERE rowid IN ({listed})"
            ).fetchall()
        )
    return [
        (ids[int(item[0])], ids[int(item[1])] if len(item) > 1 else None)
        for item in items
        if all(int(row) in ids for row in item)
    ]
