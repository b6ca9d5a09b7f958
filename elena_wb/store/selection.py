"""Which answers of runs are meant: those that fulfil a condition in SQL, those that changed, the first few."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from elena_wb.core import UNMASKED, UsageError
from elena_wb.nearest import nearest
from elena_wb.store.database import Store
from elena_wb.store.query import Answer, ask

_NOTHING_ELSE = "SELECT (\nTRUE\n)"
_EXPECTED = re.compile(r'Referenced column "(.+?)" (?:was )?not found', re.IGNORECASE)
_KIND = re.compile(r"^(?:[A-Z]\w+ )+Error: ")


@dataclass(frozen=True, slots=True)
class Choice:
    """Some answers of some runs.

    ``where`` is a condition in SQL over the columns of the view ``narratives``. ``flips`` takes only answers whose
    emotion differs from the one under the condition ``none``, and those too; a pair fulfils ``where`` if one of the
    two does. ``limit`` takes the first of each run by the paths of the pictures.
    """

    where: str | None = None
    flips: bool = False
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """One answer that was chosen."""

    generation_id: str
    stimulus_id: str
    repeat: int


def choose_answers(store: Store, run_ids: Sequence[int], choice: Choice) -> Mapping[int, tuple[Chosen, ...]]:
    """``run_id`` → the answers meant, in order of the pictures; runs without any are there, too.

    Calls that failed are no answers. With ``choice.flips`` a run may come in that was not named: the unmasked
    counterpart of a masked one, or the masked ones of an unmasked one that was named without any.

    Raises:
        UsageError: the condition is no single expression, or is wrong; there is nothing to pair the runs with.
    """
    where = "TRUE" if choice.where is None else checked(choice.where)
    listed = ", ".join(str(int(run_id)) for run_id in run_ids)
    if choice.flips:
        pairs = _pairs(store, run_ids)
        wanted = " OR ".join(f"(run_a, run_b) = ({int(a)}, {int(b)})" for a, b in pairs)
        source = f"""
            SELECT DISTINCT unnest([generation_a, generation_b]) AS generation_id FROM flips
            WHERE ({wanted}) AND (generation_a IN (FROM meant) OR generation_b IN (FROM meant))"""
        run_ids = sorted({*run_ids, *(run_id for pair in pairs for run_id in pair)})
    else:
        source = f"SELECT generation_id FROM narratives WHERE run_id IN ({listed}) AND generation_id IN (FROM meant)"
    sql = f"""
        WITH meant AS (SELECT generation_id FROM narratives WHERE (\n{where}\n))
        SELECT run_id, generation_id, stimulus_id, repeat FROM narratives SEMI JOIN ({source}) USING (generation_id)
        WHERE status <> 'error'
        QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY path, stimulus_id, repeat) <= {choice.limit or "9e18"}
        ORDER BY run_id, path, stimulus_id, repeat"""
    found: dict[int, list[Chosen]] = {run_id: [] for run_id in run_ids}
    for run_id, *row in _asked(store, sql, of_user=choice.where is not None):
        found[run_id].append(Chosen(*row))
    return {run_id: tuple(ids) for run_id, ids in found.items()}


def checked(condition: str) -> str:
    """``condition`` if it is one expression of SQL and nothing else: no further statement, clause or source.

    DuckDB's own parser says so, of the text in the brackets in which it is used, and in others: what closes the ones
    and opens them again does not suit both.

    Raises:
        UsageError: it is not.
    """
    hint = (
        "It is one expression over the columns of `narratives`, such as \"emotion = 'fear' AND NOT correct\"."
    )
    if not condition.strip():
        raise UsageError("The condition of --where is empty.", hint=hint)
    if re.match(r"\s*where\b", condition, re.IGNORECASE):
        raise UsageError("The condition of --where begins with the word WHERE.", hint="Leave that word out.")
    if "\0" in condition:
        raise UsageError("The condition of --where holds a NUL character.", hint=hint)
    found = _parsed(f"SELECT (\n{condition}\n)")
    if found["error"]:
        reason = str(found.get("error_message", "it cannot be read")).partition("\n")[0]
        raise UsageError(f"--where cannot be read as a condition: {reason}", hint=hint)
    if _around(found) != _around(_parsed(_NOTHING_ELSE)) or _parsed(f"SELECT [\n{condition}\n]")["error"]:
        raise UsageError("--where holds more than one condition.", hint=hint)
    return condition


def tree_of(condition: str) -> object:
    """DuckDB's tree of a condition that was checked."""
    statements = _parsed(f"SELECT (\n{condition}\n)")["statements"]
    assert isinstance(statements, list)
    return statements[0]["node"]["select_list"][0]


def paired_runs(store: Store, run_ids: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Unmasked and masked run of each pair of runs (view ``pairs``) of which one at least is among ``run_ids``."""
    listed = ", ".join(str(int(run_id)) for run_id in run_ids)
    with store.read() as connection:
        rows = connection.execute(
            f"""SELECT DISTINCT run_a, run_b FROM pairs WHERE condition_a = '{UNMASKED}'
                AND (run_a IN ({listed}) OR run_b IN ({listed})) ORDER BY ALL"""
        ).fetchall()
    return tuple((int(first), int(second)) for first, second in rows)


def columns(store: Store) -> tuple[str, ...]:
    """The columns that a condition may name."""
    with store.read() as connection:
        rows = connection.execute(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = 'narratives' ORDER BY column_index"
        ).fetchall()
    return tuple(name for (name,) in rows)


def _parsed(sql: str) -> dict[str, object]:
    """DuckDB's tree of ``sql``, which is not run."""
    with duckdb.connect(config={"enable_external_access": False}) as connection:
        try:
            row = connection.execute("SELECT json_serialize_sql($1)", [sql]).fetchall()[0]
        except duckdb.Error as problem:
            return {"error": True, "error_message": str(problem)}
    found: dict[str, object] = json.loads(row[0])
    return found


def _around(parsed: Mapping[str, object]) -> object:
    """Everything in a tree but the one expression that is selected, which ``condition`` is to be."""
    statements = parsed["statements"]
    assert isinstance(statements, list)
    if len(statements) != 1:
        return len(statements)
    node = dict(statements[0]["node"])
    chosen = node.pop("select_list", [])
    return node, len(chosen), statements[0].get("named_param_map")


def _pairs(store: Store, run_ids: Sequence[int]) -> Sequence[tuple[int, int]]:
    """Unmasked and masked run of each pair of runs that is meant."""
    pairs = paired_runs(store, run_ids)
    if not pairs:
        raise UsageError(
            f"No answers of {_named(run_ids)} can be paired with others about the same pictures under the condition "
            f"`{UNMASKED}`, so there are no flips.",
            hint="Ask under both in one command: `elena-wb run FOLDER --mask none --mask face`.",
        )
    return [pair for pair in pairs if pair[1] in run_ids] or pairs


def _asked(store: Store, sql: str, *, of_user: bool) -> list[tuple]:  # type: ignore[type-arg]
    """The rows of ``sql`` in the sandbox, which reads the store and nothing else; Ctrl-C stops it."""

    def rows(answer: Answer) -> list[tuple]:  # type: ignore[type-arg]
        assert answer.relation is not None
        return answer.relation.fetchall()

    try:
        with ask(store, sql) as answer:
            return answer(rows)
    except UsageError as problem:
        if not of_user:
            raise
        raise explained(store, problem.message) from problem


def explained(store: Store, message: str) -> UsageError:
    """What is wrong with a condition, given what DuckDB says of it; tells the columns there are."""
    known = columns(store)
    missing = _EXPECTED.search(message)
    told = f"Columns: {', '.join(known)}."
    if missing:
        near = nearest(missing[1], known) or ""
        return UsageError(f"--where: there is no column `{missing[1]}`.", hint=f"{near} {told}".strip())
    reason = _KIND.sub("", message.partition("\n")[0])
    return UsageError(f"--where cannot be used: {reason}", hint=told)


def _named(run_ids: Sequence[int]) -> str:
    return f"run {run_ids[0]}" if len(run_ids) == 1 else f"runs {', '.join(map(str, run_ids))}"
