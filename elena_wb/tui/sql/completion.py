"""What may stand at the cursor of a question in SQL: tables after FROM, columns after ``alias.``, and the like.

Reads words and punctuation only, so that it works on SQL that is not finished yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from elena_wb.store.catalogue import Catalogue, Relation

Kind = Literal["column", "alias", "table", "view", "query", "function", "keyword"]
MOST = 100

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<text>'(?:[^']|'')*(?:'|\Z))
      | (?P<quoted>"(?:[^"]|"")*(?:"|\Z))
      | (?P<word>\w+)
      | (?P<mark>\S)""",
    re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(r"[a-z_][a-z0-9_]*", re.IGNORECASE | re.ASCII)
_TABLES_FOLLOW = frozenset({"FROM", "JOIN", "DESCRIBE", "SUMMARIZE", "TABLE", "USING SAMPLE"})
_FROM_ENDS = frozenset(
    {
        "WHERE",
        "GROUP",
        "ORDER",
        "HAVING",
        "LIMIT",
        "SELECT",
        "UNION",
        "EXCEPT",
        "INTERSECT",
        "QUALIFY",
        "WINDOW",
        "ON",
    }
)
_NO_ALIAS = _FROM_ENDS | {
    *(
        "JOIN",
        "LEFT",
        "RIGHT",
        "FULL",
        "INNER",
        "CROSS",
        "NATURAL",
        "SEMI",
        "ANTI",
        "ASOF",
        "POSITIONAL",
        "USING",
    ),
    *("OFFSET", "TABLESAMPLE", "FROM", "LATERAL", "PIVOT", "UNPIVOT"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to go on: ``text`` takes the place of what is written; ``about`` says what it is."""

    text: str
    kind: Kind
    about: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """Candidates, best first, for the text from ``start`` to the cursor."""

    start: int
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        return self.text.upper() if self.kind == "word" else self.text

    @property
    def name(self) -> str:
        """As an identifier: without quotation marks, and case does not count."""
        bare = self.text.strip('"').replace('""', '"') if self.kind == "quoted" else self.text
        return bare.lower()

    @property
    def is_name(self) -> bool:
        return self.kind in ("word", "quoted")


def complete(sql: str, cursor: int, known: Catalogue, *, asked: bool = False) -> Completion:
    """What may stand before ``cursor`` (an offset in ``sql``).

    Unless ``asked`` for, nothing is offered where no word was begun, and nothing that is written already.
    """
    tokens = [*_tokens(sql)]
    inside = next((one for one in tokens if one.start < cursor <= one.end), None)
    if inside is not None and inside.kind in ("comment", "text") and _is_open(inside, cursor):
        return Completion(cursor, ())
    word = inside if inside is not None and inside.kind == "word" else None
    start = word.start if word is not None else cursor
    prefix = sql[start:cursor]
    if prefix[:1].isdigit():
        return Completion(cursor, ())
    tokens = [one for one in tokens if one.kind not in ("comment", "text")]
    before = [one for one in _statement(tokens, cursor) if one.end <= start]
    rest = [one for one in _statement(tokens, cursor) if one is not word]
    after_dot = bool(before) and before[-1].text == "." and before[-1].end == start
    if not prefix and not after_dot and not asked:
        return Completion(cursor, ())
    found = _after_dot(before, rest, known) if after_dot else _in_general(before, rest, known)
    kept = _matching(prefix, found)
    if not asked and any(one.text.lower() == prefix.lower() for one in kept):
        kept = []
    return Completion(start, tuple(kept[:MOST]))


def _tokens(sql: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(sql):
        yield _Token(str(found.lastgroup), found[0], found.start(), found.end())


def _is_open(token: _Token, cursor: int) -> bool:
    """Whether the cursor is within the token, rather than just behind its end."""
    closed = {"--": "\n", "/*": "*/", "'": "'"}["'" if token.kind == "text" else token.text[:2]]
    return cursor < token.end or len(token.text) < 2 or not token.text.endswith(closed)


def _statement(tokens: list[_Token], cursor: int) -> list[_Token]:
    """The tokens of the statement in which the cursor is."""
    ends = [one.start for one in tokens if one.text == ";"]
    first = max((end for end in ends if end < cursor), default=-1)
    last = min((end for end in ends if end >= cursor), default=1 << 60)
    return [one for one in tokens if first < one.start < last]


def _after_dot(before: list[_Token], rest: list[_Token], known: Catalogue) -> Iterator[Candidate]:
    """The columns of the table or alias before the dot; of the schema ``main``, the tables."""
    if len(before) < 2 or not before[-2].is_name:
        return
    owner = before[-2].name
    relation = dict(_named(rest, known)).get(owner) or known.relations.get(owner)
    if relation is not None:
        yield from _columns(relation)
    elif owner == "main":
        yield from _relations(known)


def _in_general(before: list[_Token], rest: list[_Token], known: Catalogue) -> Iterator[Candidate]:
    queries = [Candidate(_written(name), "query", "above, by WITH") for name in _with_names(rest)]
    if _tables_follow(before):
        yield from queries
        yield from _relations(known)
        yield from _keywords(known)
        return
    named = dict(_named(rest, known))
    if named:
        for relation in {id(one): one for one in named.values()}.values():
            yield from _columns(relation, named=True)
    else:
        yield from _all_columns(known)
    for name, relation in named.items():
        if name != relation.name:
            yield Candidate(_written(name), "alias", relation.name)
    yield from _keywords(known)
    yield from queries
    yield from _relations(known)
    for function in known.functions:
        yield Candidate(function, "function")


def _tables_follow(before: list[_Token]) -> bool:
    """Whether a table is expected: after FROM, JOIN and the like, or after a comma among the tables of FROM."""
    if not before:
        return False
    if before[-1].upper in _TABLES_FOLLOW:
        return True
    if before[-1].text != ",":
        return False
    depth = 0
    for token in reversed(before):
        depth += {")": 1, "(": -1}.get(token.text, 0)
        if depth < 0:
            return False
        if depth == 0 and token.upper in _FROM_ENDS:
            return False
        if depth == 0 and token.upper == "FROM":
            return True
    return False


def _named(tokens: list[_Token], known: Catalogue) -> Iterator[tuple[str, Relation]]:
    """Name → relation for every table that the statement names, by its own name and by its alias."""
    for position, token in enumerate(tokens):
        relation = known.relations.get(token.name) if token.is_name else None
        if relation is None or not _tables_follow(
            [one for one in tokens[:position] if one.text not in ("main", ".")]
        ):
            continue
        alias = next(iter([one for one in tokens[position + 1 : position + 3] if one.upper != "AS"]), None)
        yield relation.name, relation
        if alias is not None and alias.is_name and alias.upper not in _NO_ALIAS:
            yield alias.name, relation


def _with_names(tokens: list[_Token]) -> list[str]:
    """Names of the queries that stand before the statement proper: ``WITH name AS (``, and after a comma."""
    if not any(one.upper == "WITH" for one in tokens):
        return []
    return [
        one.name
        for one, following, bracket in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if one.is_name and following.upper == "AS" and bracket.text in ("(", "MATERIALIZED")
    ]


def _columns(relation: Relation, *, named: bool = False) -> Iterator[Candidate]:
    for column in relation.columns:
        about = f"{relation.name}: {column.about}" if named and column.about else column.about
        yield Candidate(_written(column.name), "column", about or column.kind)


def _all_columns(known: Catalogue) -> Iterator[Candidate]:
    """Each name of a column once, with the tables that have it."""
    holders: dict[str, list[str]] = {}
    for relation in known.relations.values():
        for column in relation.columns:
            holders.setdefault(column.name, []).append(relation.name)
    for name in sorted(holders):
        yield Candidate(_written(name), "column", f"of {', '.join(holders[name])}")


def _relations(known: Catalogue) -> Iterator[Candidate]:
    """Views first: they are made to be asked."""
    for relation in sorted(known.relations.values(), key=lambda one: (not one.is_view, one.name)):
        yield Candidate(_written(relation.name), "view" if relation.is_view else "table", relation.about)


def _keywords(known: Catalogue) -> Iterator[Candidate]:
    return (Candidate(word, "keyword") for word in known.keywords)


def _matching(prefix: str, found: Iterable[Candidate]) -> list[Candidate]:
    """Those that begin with ``prefix``, then, from two letters, those that hold it; each text once."""
    wanted = prefix.lower()
    order: Mapping[str, int] = {"keyword": 1, "function": 2}
    unique = {one.text.lower(): one for one in reversed([*found])}
    begins, holds = [], []
    for one in reversed(unique.values()):
        bare = one.text.lower().strip('"')
        if bare.startswith(wanted):
            begins.append(one)
        elif len(wanted) > 1 and wanted in bare and one.kind not in order:
            holds.append(one)
    begins.sort(key=lambda one: order.get(one.kind, 0))
    return begins + holds


def _written(name: str) -> str:
    """``name`` as SQL has it, in quotation marks where it needs them."""
    return name if _NAME.fullmatch(name) else '"' + name.replace('"', '""') + '"'
