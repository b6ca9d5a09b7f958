"""Questions in SQL: named ones, and a sandbox for those that people paste."""

from __future__ import annotations

import difflib
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

import duckdb
from duckdb import StatementType

from elena_wb.core import SetupError, UsageError
from elena_wb.errors import ExitCode, WorkbenchError
from elena_wb.offline import NetworkForbiddenError, is_offline
from elena_wb.paths import packaged
from elena_wb.store.database import DuckDBConnection, Store
from elena_wb.store.outbox import drain_orphans

T = TypeVar("T")

_READING = frozenset({StatementType.SELECT, StatementType.EXPLAIN, StatementType.MULTI})
_WRITING = frozenset(
    {
        StatementType.INSERT,
        StatementType.UPDATE,
        StatementType.DELETE,
        StatementType.MERGE_INTO,
        StatementType.CREATE,
        StatementType.DROP,
        StatementType.ALTER,
    }
)
_REACHING = frozenset(
    {
        StatementType.COPY,
        StatementType.EXPORT,
        StatementType.ATTACH,
        StatementType.DETACH,
        StatementType.LOAD,
        StatementType.SET,
        StatementType.PRAGMA,
        StatementType.CALL,
    }
)
SANDBOX: Mapping[str, str | bool | int] = {
    "enable_external_access": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
    "temp_directory": "",
    "memory_limit": "2GB",
    "threads": 2,
    "lock_configuration": True,
}
"""Settings of a connection that runs what somebody wrote: it reaches nothing but the store, and memory is bounded."""
# DuckDB before 2.0 lets these functions through although the configuration is locked.
_CONFIGURING = re.compile(r"\b(enable|disable)_(logging|profiling)\b", re.IGNORECASE)


class QueryError(UsageError):
    """DuckDB refused the SQL; ``place`` is the line and column (from 1) where, if that is known."""

    def __init__(
        self, message: str, *, hint: str | None = None, place: tuple[int, int] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.place = place


class StoppedError(WorkbenchError):
    """The query was stopped before it was done."""

    exit_code = ExitCode.INTERRUPTED


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A question that ships with the program."""

    name: str
    question: str
    sql: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the last statement gave: a relation to read from, or ``changed`` rows where it changed some."""

    relation: duckdb.DuckDBPyRelation | None
    changed: int | None = None


@contextmanager
def ask(
    store: Store,
    sql: str,
    *,
    write: bool = False,
    allow_external: bool = False,
    stop: threading.Event | None = None,
) -> Iterator[Callable[[Callable[[Answer], T]], T]]:
    """Open the store for ``sql``; gives a function that runs it and hands the answer to a consumer.

    Every statement is run in order; the answer is that of the last. Both the query and the consumer run in
    a thread, so that Ctrl-C, or ``stop`` being set, stops them at any time. Without ``write`` nothing in the
    store can change; without ``allow_external`` no other file, extension or setting can be reached, and memory
    is bounded.

    Raises:
        UsageError: the SQL does more than it was allowed to; a :class:`QueryError` where it is wrong.
        SetupError: the store cannot be read.
        StoppedError: ``stop`` was set.
        NetworkForbiddenError: it is about DuckDB's extensions, which have ways into the network that cannot be
            guarded, and the network is switched off.
    """
    with suppress(SetupError):
        drain_orphans(store)
    settings = {} if allow_external else SANDBOX
    opened = store.write(settings) if write else store.read(settings)
    try:
        with opened as connection:
            statements = connection.extract_statements(sql)
            if not statements:
                raise UsageError("The query is empty.")
            for statement in statements:
                _check(statement, write=write, allow_external=allow_external)
                if is_offline():
                    _refuse_extensions(statement)

            def answer(consume: Callable[[Answer], T]) -> T:
                def work() -> T:
                    try:
                        for earlier in statements[:-1]:
                            _run(connection, earlier)
                        return consume(_run(connection, statements[-1]))
                    except OSError as problem:
                        if (
                            problem.errno is None
                        ):  # what DuckDB says in the midst of an answer, as Arrow passes it on
                            raise duckdb.Error(str(problem)) from problem
                        raise

                return _interruptible(connection, work, stop or threading.Event())

            yield answer
    except duckdb.Error as problem:
        raise _explained(store, problem, sql) from problem


def named_queries() -> tuple[NamedQuery, ...]:
    """The questions in ``store/queries``, by name."""
    found = []
    for file in sorted((packaged("store") / "queries").glob("*.sql")):
        sql = file.read_text(encoding="utf-8")
        found.append(NamedQuery(file.stem, sql.partition("\n")[0].removeprefix("--").strip(), sql))
    return tuple(found)


def named_query(name: str) -> NamedQuery:
    """The question of this name.

    Raises:
        UsageError: there is none; names the nearest.
    """
    known = {query.name: query for query in named_queries()}
    if name not in known:
        raise UsageError(
            f"There is no named query `{name}`.",
            hint=f"{_nearest(name, known)} `elena-wb query --list` shows all.",
        )
    return known[name]


def _check(statement: duckdb.Statement, *, write: bool, allow_external: bool) -> None:
    kind = statement.type
    allowed = _READING | (_WRITING if write else frozenset()) | (_REACHING if allow_external else frozenset())
    if kind in allowed and (allow_external or not _CONFIGURING.search(statement.query)):
        return
    if kind in _WRITING:
        raise UsageError(f"{kind.name} would change the store.", hint="Allow it with `--write`.")
    if kind in _REACHING or kind in _READING:
        raise UsageError(
            f"{kind.name} reaches beyond the store.",
            hint="Allow it with `--allow-external` if you trust the query.",
        )
    raise UsageError(f"A query cannot contain {kind.name}.", hint="All statements run in one transaction.")


def _refuse_extensions(statement: duckdb.Statement) -> None:
    if statement.type == StatementType.LOAD or "known_extensions" in statement.query.lower():
        raise NetworkForbiddenError("An extension of `duckdb`", "servers of its own choice")


def _run(connection: DuckDBConnection, statement: duckdb.Statement) -> Answer:
    if statement.type not in _WRITING:
        return Answer(connection.sql(statement))
    result = connection.execute(statement)
    names = [column[0] for column in result.description or ()]
    rows = result.fetchall()
    if names == ["Count"] or not names:
        return Answer(None, int(rows[0][0]) if rows and names else 0)
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return Answer(connection.from_arrow(pa.table([pa.array(c) for c in columns], names=names)))


def _interruptible(connection: DuckDBConnection, work: Callable[[], T], stop: threading.Event) -> T:
    """Run ``work`` in a thread; Ctrl-C and ``stop`` interrupt the query it is in."""
    results: list[T] = []
    failures: list[BaseException] = []
    # Not Thread.join: interrupted, it takes a living thread for finished (CPython before 3.13).
    finished = threading.Event()

    def guarded() -> None:
        try:
            results.append(work())
        except BaseException as failure:  # noqa: BLE001 - handed to the calling thread
            failures.append(failure)
        finally:
            finished.set()

    threading.Thread(target=guarded, name="query", daemon=True).start()
    try:
        while not finished.wait(0.1 if not stop.is_set() else 0.02):
            if stop.is_set():
                connection.interrupt()
    except KeyboardInterrupt:
        while not finished.wait(0.05):
            connection.interrupt()
        raise
    if stop.is_set():
        raise StoppedError("The query was stopped.")
    if failures:
        raise failures[0]
    return results[0]


def _explained(store: Store, problem: duckdb.Error, sql: str) -> QueryError:
    message = str(problem).strip()
    place = _place(message, sql)
    hint = None
    missing = re.search(r"Table with name \"?(.+?)\"? does not exist", message)
    if missing:
        message = f"There is no table or view `{missing[1]}`."
        hint = _nearest(missing[1], _relations(store))
    elif isinstance(problem, duckdb.PermissionException) or "configuration has been locked" in message:
        hint = "A query reaches nothing but the store; `--allow-external` lifts that if you trust it."
    elif "read-only mode" in message:
        hint = "Allow changes with `--write`."
    elif isinstance(problem, duckdb.OutOfMemoryException):
        message = f"The query needs more than {SANDBOX['memory_limit']} of memory."
        hint = "Ask for less, or lift the bound with `--allow-external`."
    return QueryError(message, hint=hint, place=place)


_LINE = re.compile(r"^LINE (\d+): (.*)\n( *)\^", re.MULTILINE)
_NAMED = re.compile(r'(?:column|near|with name|function|alias) "?(?!with )([\w.]+)"?', re.IGNORECASE)


def _place(message: str, sql: str) -> tuple[int, int] | None:
    """Line and column (from 1) that a message of DuckDB's is about.

    It counts lines within one statement, cuts long ones, and often names only a word: what it shows is looked for.
    """
    lines = sql.splitlines()
    shown = _LINE.search(message)
    if shown is not None:
        excerpt = shown[2].removeprefix("...").removesuffix("...").rstrip()
        within = len(shown[3]) - len(f"LINE {shown[1]}: ") - (3 if shown[2].startswith("...") else 0)
        numbers = [number for number, line in enumerate(lines) if excerpt in line]
        if numbers and excerpt:
            number = int(shown[1]) - 1 if int(shown[1]) - 1 in numbers else numbers[0]
            return number + 1, max(lines[number].index(excerpt) + within, 0) + 1
    named = _NAMED.search(message)
    if named is None:
        return None
    word = re.compile(rf"(?<!\w){re.escape(named[1])}(?!\w)", re.IGNORECASE)
    found = [(number, at.start()) for number, line in enumerate(lines, 1) for at in word.finditer(line)]
    return (found[0][0], found[0][1] + 1) if len(found) == 1 else None


def _relations(store: Store) -> list[str]:
    with store.read() as connection:
        rows = connection.execute("""
            SELECT table_name FROM duckdb_tables() UNION ALL
            SELECT view_name FROM duckdb_views() WHERE NOT internal""").fetchall()
    return sorted(name for (name,) in rows)


def _nearest(name: str, known: Mapping[str, object] | list[str]) -> str:
    near = difflib.get_close_matches(name.lower(), list(known), n=3, cutoff=0.5)
    return f"Nearest: {', '.join(near)}." if near else f"There are: {', '.join(known)}."
