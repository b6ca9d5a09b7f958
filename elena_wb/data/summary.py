"""Making a long list of problems short: the first of each kind by name, then how many more there are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from elena_wb.core import Problem

LISTED = 20
_PARTICULARS = re.compile(r"`[^`]*`|\S*[/\\]\S*|[-+]?\d[\d.,]*")
_PLACE = re.compile(r":(?:\d+|\w+\(\d+\)\.\w+\(\d+\))$")


def summarised(problems: Iterable[Problem], listed: int | None = LISTED) -> tuple[Problem, ...]:
    """``problems`` with no more than ``listed`` of the same kind, in the same table or about files of their own.

    Problems are of the same kind if their reasons differ only in what they quote, name or count. ``None`` lists all.
    Equal problems are listed once.
    """
    different = dict.fromkeys(problems)
    if listed is None:
        return tuple(different)
    groups: dict[tuple[object, ...], list[Problem]] = {}
    for problem in different:
        groups.setdefault(_kind(problem), []).append(problem)
    left_out = {
        group[listed - 1]: len(group) - listed for group in groups.values() if len(group) > listed + 1
    }
    told: list[Problem] = []
    omitted = {problem for group in groups.values() if len(group) > listed + 1 for problem in group[listed:]}
    for problem in different:
        if problem in omitted:
            continue
        told.append(problem)
        if problem in left_out:
            more = f"… and {left_out[problem]:,} more of the same kind"
            told.append(replace(problem, where=_table(problem) or "there", reason=more))
    return tuple(told)


def _kind(problem: Problem) -> tuple[object, ...]:
    return _table(problem), problem.kind, problem.excludes, _PARTICULARS.sub("…", problem.reason)


def _table(problem: Problem) -> str:
    """The file of which a row is meant; empty where a file itself is."""
    found = _PLACE.search(problem.where)
    return problem.where[: found.start()] if found else ""
