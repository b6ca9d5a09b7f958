"""Sessions of rating: made and sat down to through the store's own functions, and rated by them or all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from elena_wb.ratings import find_scales
from elena_wb.store import Store
from elena_wb.store.browsing import Filter
from elena_wb.store.rating_sessions import Design, asked, make_session
from elena_wb.store.ratings import Said, next_task, rate, sit_down, skip

SCALES = find_scales("elena")
SCALES = SCALES.model_copy(update={"scale": SCALES.scale[:2]})
SCALE_NAMES = [one.name for one in SCALES.scale]
SIDES = ("left", "right", "equal")
Judge = Callable[[str, str, list[str]], Any]
"""Gives, for a rater, what is asked and the narratives from left to right, a digit, a side, or a reason to skip."""


def session(store: Store, kind: Any = "single", **changes: Any) -> int:
    given: dict[str, Any] = {
        "name": f"{kind} one",
        "kind": kind,
        "picture": "none",
        "scales": SCALES,
        "filter": Filter(),
        "limit": 500,
        "repeat": 0,
        "seed": 7,
    }
    return make_session(store, Design(**(given | changes)))


def rated_by_hand(store: Store, number: int, judge: Judge, *raters: str) -> None:
    """Let each rater judge all items in his order, as the interface does."""
    for rater in raters:
        task = next_task(store, sit_down(store, number, rater))
        while task is not None:
            texts = [dict(answer.texts)["narrative"] for answer in task.answers]
            names = asked(SCALES, task.kind)
            said: Mapping[str, Said] = {name: judge(rater, name, texts) for name in names}
            reason = next((one for one in said.values() if isinstance(one, str) and one not in SIDES), None)
            task = rate(store, task, said, 1.0) if reason is None else skip(store, task, reason, 1.0)


def rated(store: Store, number: int, judge: Judge, *raters: str) -> None:
    """The same in one stroke: a commit for every item would take tests minutes."""
    for rater in raters:
        sitting = sit_down(store, number, rater)
        with store.write() as connection:
            places = connection.execute(
                """SELECT p.position, p.swapped, a.narrative, b.narrative FROM rating_places AS p
                   JOIN rating_items AS i ON i.item = p.item AND i.session_id = $session
                   JOIN generations AS a ON a.generation_id = i.generation_a
                   LEFT JOIN generations AS b ON b.generation_id = i.generation_b
                   WHERE p.sitting_id = $sitting ORDER BY p.position""",
                {"session": number, "sitting": sitting},
            ).fetchall()
            values, skipped = [], []
            for position, swapped, *texts in places:
                shown = [text for text in (texts[::-1] if swapped else texts) if text is not None]
                names = asked(SCALES, "pairs" if len(shown) > 1 else "single")
                said = {name: judge(rater, name, shown) for name in names}
                reason = next(
                    (one for one in said.values() if isinstance(one, str) and one not in SIDES), None
                )
                if reason is not None:
                    skipped.append([reason, sitting, position])
                    continue
                values += [
                    [sitting, position, name, *_as_kept(one, swapped=swapped)] for name, one in said.items()
                ]
            connection.execute(
                """UPDATE rating_places SET rated_at = TIMESTAMP '2026-01-01', seconds = 1 WHERE sitting_id = ?""",
                [sitting],
            )
            if skipped:
                connection.executemany(
                    "UPDATE rating_places SET skipped = ? WHERE sitting_id = ? AND position = ?", skipped
                )
            if values:
                connection.execute(
                    "INSERT INTO rating_values SELECT unnest($1), unnest($2), unnest($3), unnest($4), unnest($5)",
                    [list(column) for column in zip(*values, strict=True)],
                )


def _as_kept(said: int | str, *, swapped: bool) -> tuple[int | None, str | None]:
    if isinstance(said, int):
        return said, None
    return None, said if said == "equal" else "ab"[(said == "right") ^ swapped]
