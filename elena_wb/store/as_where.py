"""A filter as one condition over the view ``narratives``, for commands that take ``--where``."""

from __future__ import annotations

import re

import numpy as np

from elena_wb.store.database import Store
from elena_wb.store.filtering import Filter, condition_of, joined
from elena_wb.store.searching import LIMITS, matching

_NAME = re.compile(r"\$([a-z_]+)")
_COUNTED = 20_000


def as_where(wanted: Filter) -> str | None:
    """SQL of which holds what passes ``wanted``; ``None`` where everything does."""
    found = []
    condition = condition_of(wanted)
    if condition.sql != "true":
        sql = _NAME.sub(lambda at: _literal(condition.values[at[1]]), condition.sql)
        found.append(f"generation_id IN (SELECT g.generation_id FROM {joined(condition.joins)} WHERE {sql})")
    if wanted.where.strip():
        found.append(f"(\n{wanted.where}\n)")
    return " AND ".join(found) or None


def runs_of(store: Store, wanted: Filter) -> tuple[tuple[int, ...], int]:
    """The runs that have answers which pass, and how many answers that are, failed calls included.

    Where they are very many, all runs there are.

    Raises:
        UsageError: ``wanted.where`` is no condition, or names what there is not.
    """
    rows = matching(store, wanted)
    if not len(rows):
        return (), 0
    listed = ",".join(map(str, np.sort(rows)[:_COUNTED]))
    of_them = f"SELECT DISTINCT run_id FROM generations WHERE rowid IN ({listed}) ORDER BY ALL"
    every = "SELECT run_id FROM runs ORDER BY ALL"
    with store.read(LIMITS) as connection:
        found = connection.execute(of_them if len(rows) <= _COUNTED else every).fetchall()
    return tuple(int(run_id) for (run_id,) in found), len(rows)


def _literal(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]::VARCHAR[]"
    return "'" + str(value).replace("'", "''") + "'"
