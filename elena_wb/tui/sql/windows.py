"""Windows of the SQL screen: one cell in full, the questions that ship, what was asked before."""

from __future__ import annotations

from datetime import datetime

from elena_wb.store.query import named_queries
from elena_wb.tui.sql.history import Asked
from elena_wb.tui.sql.picking import Pick, Pickable
from elena_wb.tui.widgets.reading import Reading


def cell(name: str, value: str | None) -> Reading:
    """One cell in full, under the name of its column."""
    return Reading(name, "NULL: there is no value." if value is None else value)


def questions() -> Pick:
    """The questions that ship with the program, to choose one."""
    choices = [Pickable(one.question, one.name, one.sql) for one in named_queries()]
    return Pick("Questions that ship with the program", choices, empty="There are none.")


def asked_before(entries: tuple[Asked, ...], now: datetime) -> Pick:
    """What was asked before, the latest first, to choose one."""
    choices = [Pickable(" ".join(one.sql.split()), _ago(one.at, now), one.sql) for one in reversed(entries)]
    return Pick("Asked before, the latest first", choices, empty="Nothing was asked of this store so far.")


def _ago(at: str, now: datetime) -> str:
    """The time ``at`` (UTC, as it was kept), as far away as it is."""
    try:
        minutes = (now - datetime.fromisoformat(at)).total_seconds() / 60
    except (ValueError, TypeError):
        return ""
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes:.0f} min ago"
    return f"{minutes / 60:.0f} h ago" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days ago"
