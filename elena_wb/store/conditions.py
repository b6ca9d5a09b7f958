"""A reader's condition in SQL over the columns of ``narratives``, asked of a part of the answers.

The view itself joins all that is known of an answer, which takes seconds and much memory for a million of them. Here
only what the condition speaks of is joined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb

from elena_wb.core import UsageError
from elena_wb.store.database import Store
from elena_wb.store.filtering import CORRECT, joined
from elena_wb.store.selection import checked, tree_of
from elena_wb.store.selection import explained as _explained

_OF: Mapping[str, tuple[str, str]] = {
    "run_id": ("", "g.run_id"),
    "run": ("r", "coalesce(r.name, 'run ' || r.run_id)"),
    "experiment": ("r", "r.experiment"),
    "model": ("r", "r.model_uri"),
    "prompt": ("r", "r.prompt_name"),
    "condition": ("r", "r.condition"),
    "dataset": ("rs", "coalesce(s.dataset, r.dataset)"),
    "split": ("s", "s.split"),
    "picture": ("s", "parse_filename(s.path)"),
    "person_index": ("s", "s.person_index"),
    "attributes": ("s", "s.attributes"),
    "truth": ("t", "t.label"),
    "face_label": ("t", "t.face_label"),
    "body_label": ("t", "t.body_label"),
    "correct": ("t", CORRECT),
    "residual_faces": ("a", "a.residual_faces"),
    "body_parts": ("b", "coalesce(b.parts, [])"),
    "part_groups": ("b", "coalesce(b.part_groups, [])"),
    "path": ("s", "s.path"),
    **{
        name: ("", f"g.{name}")
        for name in (
            *("repeat", "status", "emotion", "valence", "arousal", "dominance", "narrative"),
            *("explicit_description", "implicit_description", "emotion_raw", "raw_text", "error", "attempts"),
            *("retried_for", "answered_by", "latency_ms", "cost_usd", "created_at", "stimulus_id"),
            "generation_id",
        )
    },
}
"""Each column of the view ``narratives``: the tables it needs beside the answers, and what it is."""
_NAMED: Mapping[str, str] = {
    "body_parts": "list(coalesce(part, phrase) ORDER BY position) AS parts",
    "part_groups": "list(DISTINCT part_group ORDER BY part_group) FILTER (part_group IS NOT NULL) AS part_groups",
}
_PARTS = """
    LEFT JOIN (
        SELECT generation_id, {named} FROM body_parts
        SEMI JOIN (SELECT generation_id FROM generations WHERE rowid >= {start} AND rowid < {stop})
            USING (generation_id)
        GROUP BY generation_id
    ) AS b ON b.generation_id = g.generation_id"""


@dataclass(frozen=True, slots=True)
class Where:
    """A condition that was checked, and what it speaks of.

    ``divisible``: it can be asked of some answers at a time, since it asks nothing of others. ``heavy``: it speaks of
    the parts that answers name, of which there are many.
    """

    sql: str
    names: frozenset[str]
    divisible: bool

    @classmethod
    def of(cls, text: str) -> Where | None:
        """``None`` for an empty text.

        Raises:
            UsageError: it is no condition.
        """
        if not text.strip():
            return None
        try:
            tree = tree_of(checked(text))
        except UsageError as problem:
            raise _for_readers(problem) from problem
        nodes = list(_nodes(tree))
        names = {str(name).lower() for node in nodes for name in _listed(node.get("column_names"))}
        classes = {str(node.get("class")) for node in nodes}
        if "STAR" in classes:
            names |= set(_OF)
        return cls(text, frozenset(names & set(_OF)), "SUBQUERY" not in classes)

    @property
    def heavy(self) -> bool:
        """See above."""
        return bool(self.names & set(_NAMED))

    def select(self, within: str, joins: frozenset[str], start: int, stop: int) -> str:
        """SQL for ``row`` and ``run_id`` of the answers that fulfil it, of the rows from ``start`` up to ``stop``.

        ``within`` is a further condition on ``generations AS g`` and what is named by ``joins``.
        """
        needed = joins | frozenset("".join(_OF[name][0] for name in self.names))
        columns = ", ".join(
            f'{sql} AS "{name}"'
            for name, (needs, sql) in _OF.items()
            if set(needs) <= needed and (needs != "b" or name in self.names)
        )
        source = joined(needed - {"b"})
        if self.heavy:
            named = ", ".join(sql for name, sql in _NAMED.items() if name in self.names)
            source += _PARTS.format(named=named, start=start, stop=stop)
        return f"""
            SELECT "number of the row" AS row, "run of the row" AS run_id FROM (
                SELECT g.rowid AS "number of the row", g.run_id AS "run of the row", {columns} FROM {source}
                WHERE g.rowid >= {start} AND g.rowid < {stop} AND {within}
            ) AS narratives WHERE (\n{self.sql}\n)"""


def explained(store: Store, problem: duckdb.Error, limit: object) -> UsageError:
    """What is wrong with a condition, for people."""
    if isinstance(problem, duckdb.OutOfMemoryException):
        return UsageError(
            f"The condition needs more than {limit} of memory.", hint="Narrow the search to fewer runs first."
        )
    return _for_readers(_explained(store, str(problem)))


def _for_readers(problem: UsageError) -> UsageError:
    return UsageError(problem.message.replace("--where", "WHERE"), hint=problem.hint)


def _nodes(tree: object) -> Iterator[Mapping[str, object]]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _listed(found: object) -> list[object]:
    return found if isinstance(found, list) else []
