"""Rating: a rater sits down to a session, is given one item after the other, and says what he thinks of it.

What a rater is given holds texts of answers and nothing that tells whose they are. Every item is kept as it is rated,
so that a sitting can be left, or break off, at any moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from elena_wb.core import UsageError
from elena_wb.ratings import Scales, in_order
from elena_wb.store.database import DuckDBConnection, Store
from elena_wb.store.rating_sessions import Kind, PictureShown, asked, named
from elena_wb.store.schema import first_row, utc_now

Preferred = Literal["left", "right", "equal"]
Said = int | Preferred
"""The digit on a scale, or which of two answers is preferred, by the side on which it stands."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a rater sees of one answer: name of a field → text, empty ones left out. The identity is for its picture."""

    generation_id: str
    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Task:
    """One place of a sitting: ``answers`` from left to right (one, or two of a pair); ``done`` of ``total`` before it.

    ``said`` is what was said of it before it was taken back.
    """

    sitting_id: int
    position: int
    done: int
    total: int
    kind: Kind
    picture: PictureShown
    scales: Scales
    answers: tuple[Shown, ...]
    said: Mapping[str, Said]


def sit_down(store: Store, session_id: int, rater: str) -> int:
    """The sitting of ``rater`` (upper and lower case are one) in a session, begun if there is none yet.

    Raises:
        UsageError: the session is gone, or the name is none.
    """
    rater = named(rater, "rater")
    with store.write() as connection:
        session = first_row(
            connection,
            """SELECT seed, kind, repeated, (SELECT list(item ORDER BY item) FROM rating_items WHERE session_id = $1)
               FROM rating_sessions WHERE session_id = $1""",
            [session_id],
        )
        if session is None:
            raise UsageError("This session is not in the store any more.", hint="Someone deleted it.")
        found = first_row(
            connection,
            "SELECT sitting_id FROM rating_sittings WHERE session_id = ? AND lower(rater) = lower(?)",
            [session_id, rater],
        )
        if found is not None:
            return int(found[0])
        seed, kind, repeated, items = session[0], session[1], session[2], session[3] or []
        own = int.from_bytes(hashlib.sha256(f"{seed}/{rater.lower()}".encode()).digest()[:6])
        row = first_row(
            connection,
            """INSERT INTO rating_sittings (session_id, rater, seed, started_at) VALUES (?, ?, ?, ?)
               RETURNING sitting_id""",
            [session_id, rater, own, utc_now()],
        )
        assert row is not None
        order = in_order(len(items), own, pairs=kind == "pairs", repeat=min(repeated, len(items) // 2))
        if order:
            connection.executemany(
                """INSERT INTO rating_places (sitting_id, position, item, swapped, again) VALUES (?, ?, ?, ?, ?)""",
                [
                    [row[0], position, items[placed.item], placed.swapped, placed.again]
                    for position, placed in enumerate(order)
                ],
            )
        return int(row[0])


def next_task(store: Store, sitting_id: int) -> Task | None:
    """What is to be rated next; ``None`` where everything was.

    Raises:
        UsageError: the session is gone.
    """
    with store.read() as connection:
        return _task(connection, sitting_id)


def rate(store: Store, task: Task, said: Mapping[str, Said], seconds: float) -> Task | None:
    """Keep what was said of ``task``, all that is asked; returns the next.

    Raises:
        UsageError: something that is asked is missing or out of range; or the item is gone, or was rated elsewhere.
    """
    _check(task, said)
    with store.write() as connection:
        row = _settle(connection, task, seconds, None)
        values = []
        for name, value in said.items():
            if isinstance(value, int):
                values.append([task.sitting_id, task.position, name, value, None])
            elif value == "equal":
                values.append([task.sitting_id, task.position, name, None, "equal"])
            else:
                values.append([task.sitting_id, task.position, name, None, _SIDES[value, bool(row[0])]])
        connection.executemany("INSERT INTO rating_values VALUES (?, ?, ?, ?, ?)", values)
        return _task(connection, task.sitting_id)


def skip(store: Store, task: Task, reason: str, seconds: float) -> Task | None:
    """Keep that, and why, ``task`` cannot be rated; returns the next.

    Raises:
        UsageError: there is no reason; or the item is gone, or was rated elsewhere.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise UsageError("Say why it cannot be rated.")
    with store.write() as connection:
        _settle(connection, task, seconds, reason)
        return _task(connection, task.sitting_id)


def take_back(store: Store, sitting_id: int) -> Task | None:
    """Forget what was last said or skipped in a sitting; returns that place with what was said, to be rated anew.

    ``None`` where nothing was said yet.
    """
    with store.write() as connection:
        last = first_row(
            connection,
            """SELECT position, swapped FROM rating_places WHERE sitting_id = ? AND rated_at IS NOT NULL
               ORDER BY position DESC LIMIT 1""",
            [sitting_id],
        )
        if last is None:
            return None
        position, swapped = last
        rows = connection.execute(
            "SELECT scale, value, preferred FROM rating_values WHERE sitting_id = ? AND position = ?",
            [sitting_id, position],
        ).fetchall()
        connection.execute(
            "DELETE FROM rating_values WHERE sitting_id = ? AND position = ?", [sitting_id, position]
        )
        connection.execute(
            """UPDATE rating_places SET rated_at = NULL, seconds = NULL, skipped = NULL
               WHERE sitting_id = ? AND position = ?""",
            [sitting_id, position],
        )
        sides: Mapping[str | None, Said] = {
            "a": "right" if swapped else "left",
            "b": "left" if swapped else "right",
            "equal": "equal",
        }
        said = {name: value if value is not None else sides[preferred] for name, value, preferred in rows}
        return _task(connection, sitting_id, said)


_SIDES: Mapping[tuple[str, bool], str] = {
    ("left", False): "a",
    ("right", False): "b",
    ("left", True): "b",
    ("right", True): "a",
}


def _task(
    connection: DuckDBConnection, sitting_id: int, said: Mapping[str, Said] | None = None
) -> Task | None:
    session = first_row(
        connection,
        """SELECT s.session_id, s.kind, s.picture, s.scales, count(p.rated_at), count(p.position)
           FROM rating_sittings AS t JOIN rating_sessions AS s USING (session_id)
           LEFT JOIN rating_places AS p USING (sitting_id) WHERE t.sitting_id = ? GROUP BY ALL""",
        [sitting_id],
    )
    if session is None:
        raise UsageError("This session is not in the store any more.", hint="Someone deleted it.")
    session_id, kind, picture, scales, done, total = session
    place = first_row(
        connection,
        """SELECT p.position, p.swapped, i.generation_a, i.generation_b FROM rating_places AS p
           JOIN rating_items AS i ON i.session_id = ? AND i.item = p.item
           WHERE p.sitting_id = ? AND p.rated_at IS NULL ORDER BY p.position LIMIT 1""",
        [session_id, sitting_id],
    )
    if place is None:
        return None
    position, swapped, first, second = place
    ids = [one for one in ((second, first) if swapped else (first, second)) if one is not None]
    read = Scales.model_validate_json(scales)
    return Task(
        sitting_id, position, done, total, kind, picture, read, _shown(connection, read, ids), said or {}
    )


def _shown(connection: DuckDBConnection, scales: Scales, ids: list[str]) -> tuple[Shown, ...]:
    rows = connection.execute(
        f"""SELECT generation_id, {", ".join(scales.shows)} FROM generations
            WHERE generation_id IN (SELECT unnest(?))""",
        [ids],
    ).fetchall()
    texts: dict[str, tuple[Any, ...]] = {row[0]: row[1:] for row in rows}
    return tuple(
        Shown(
            one,
            tuple(
                (field, text)
                for field, text in zip(scales.shows, texts.get(one, ()), strict=False)
                if text and text.strip()
            ),
        )
        for one in ids
    )


def _check(task: Task, said: Mapping[str, Said]) -> None:
    names = asked(task.scales, task.kind)
    missing = [name for name in names if name not in said]
    if missing or set(said) - set(names):
        raise UsageError(f"Not everything is rated: {', '.join(missing) or 'something else was'}.")
    for scale in task.scales.scale if task.kind == "single" else ():
        value = said[scale.name]
        if not isinstance(value, int) or not scale.min <= value <= scale.max:
            raise UsageError(f"`{scale.name}` goes from {scale.min} to {scale.max}.")
    if task.kind == "pairs" and any(said[name] not in ("left", "right", "equal") for name in names):
        raise UsageError("Of two answers the left or the right one is preferred, or both are equal.")


def _settle(connection: DuckDBConnection, task: Task, seconds: float, skipped: str | None) -> tuple[Any, ...]:
    row = first_row(
        connection,
        """UPDATE rating_places SET rated_at = ?, seconds = ?, skipped = ?
           WHERE sitting_id = ? AND position = ? AND rated_at IS NULL RETURNING swapped""",
        [utc_now(), seconds, skipped, task.sitting_id, task.position],
    )
    if row is None:
        raise UsageError(
            "This cannot be rated any more: its run was deleted, or it was rated in another window.",
            hint="Go on with the next.",
        )
    return row
