"""The page: pieces of findings as HTML, escaped and harmless, under a content security policy that allows no script."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from elena_wb.core import Crosstab
from elena_wb.findings import Chart, Section, Table
from elena_wb.report import charts
from elena_wb.report.harmless import exact, harmless

_TEMPLATES = Path(__file__).parent / "templates"
MOST_ROWS = 200
"""So many rows of a table are shown."""
_CELL = 1500
_PROSE = 14
"""A table with a cell of more words than this is one to read, not to scan."""
_SHADES = 7
SIDE_BY_SIDE = "face-bias-models"
"""The section that says what its columns are; what was found stands in those of the runs that follow."""
_LEADS = 4


@dataclass(slots=True)
class Keys:
    """Names for anchors: each is given out once."""

    _taken: set[str] = field(default_factory=set)

    def new(self, name: str) -> Markup:
        """``name`` as an anchor, with a number where it is taken."""
        plain = re.sub(r"[^a-z0-9]+", "-", harmless(name).lower()).strip("-")[:60] or "part"
        key, number = plain, 2
        while key in self._taken:
            key, number = f"{plain}-{number}", number + 1
        self._taken.add(key)
        return Markup(key)


@dataclass(frozen=True, slots=True)
class ShownSection:
    """A section with the anchor of its heading, its pieces as the template takes them."""

    key: Markup
    name: str
    title: str
    shows: str
    not_shown: str
    pieces: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ShownChapter:
    """Sections under one heading; where there is but one, the heading is its own."""

    key: Markup
    title: str
    sections: tuple[ShownSection, ...]

    @property
    def led(self) -> str:
        """What it comes to: what its first section shows or, of runs side by side, the leads of the first few."""
        if self.sections[0].name != SIDE_BY_SIDE:
            return self.sections[0].shows
        leads = [of for of in self.sections[1:] if of.name.startswith("face-bias-")]
        told = [f"Run {of.name.removeprefix('face-bias-')}: {of.shows}" for of in leads[:_LEADS]]
        more = [f"Further runs: {len(leads) - _LEADS}."] if len(leads) > _LEADS else []
        return " ".join([*told, *more])

    @property
    def parted(self) -> bool:
        """Whether the sections have headings of their own."""
        return len(self.sections) > 1


def shown_chapter(title: str, sections: Sequence[Section], keys: Keys) -> ShownChapter:
    """``sections`` for the template, under ``title`` or, of a single one, its own."""
    key = keys.new(sections[0].name if len(sections) == 1 else title)
    shown = tuple(
        ShownSection(
            key if len(sections) == 1 else keys.new(of.name),
            of.name,
            of.title,
            of.shows,
            of.not_shown,
            tuple(_pieces(of, keys)),
        )
        for of in sections
    )
    return ShownChapter(key, title if len(sections) > 1 else sections[0].title, shown)


def render(values: Mapping[str, Any]) -> str:
    """The whole page from what the template ``report.html.j2`` takes, the policy and the style apart."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    template = _environment().get_template("report.html.j2")
    # The policy holds quotation marks and a digest of ours; escaped, it is the same to a browser.
    return template.render(policy=policy, style=Markup(style), **values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalised,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["exactly"] = _exactly
    environment.filters["prose"] = _prose
    return environment


@cache
def _style() -> str:
    return (_TEMPLATES / "report.css").read_text(encoding="utf-8")


def _finalised(value: object) -> object:
    """Whatever is put into the page: markup of our own as it is, anything else harmless; it is escaped after this."""
    if isinstance(value, Markup):
        return value
    return "" if value is None else harmless(value, longest=20_000)


def _exactly(text: object) -> Markup:
    return escape(exact(str(text)))


def _prose(text: object) -> Markup:
    """A paragraph, in which what stands between backticks is a command or a name."""
    parts = harmless(text).replace(" %", "\u00a0%").split("`")
    if len(parts) % 2 == 0:  # a backtick without its fellow is a mark like any other
        return escape("`".join(parts))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def _pieces(section: Section, keys: Keys) -> Iterator[Mapping[str, Any]]:
    for piece in section.pieces:
        if isinstance(piece, str):
            yield {"kind": "text", "text": piece}
        elif isinstance(piece, Table):
            yield _table(piece, keys)
        elif isinstance(piece, Crosstab):
            yield _crosstab(piece, keys)
        else:
            yield from _chart(piece, keys)


def _table(of: Table, keys: Keys) -> Mapping[str, Any]:
    rows = [[harmless(cell, _CELL) for cell in row] for row in of.rows[:MOST_ROWS]]
    return {
        "kind": "table",
        "key": keys.new(of.title),
        "title": of.title,
        "columns": of.columns,
        "rows": rows,
        "names": of.names,
        "more": f"{len(of.rows) - MOST_ROWS:,}" if len(of.rows) > MOST_ROWS else "",
        "sql": of.sql,
        "wide": any(len(cell.split()) > _PROSE or len(cell) > 60 for row in rows for cell in row),
    }


def _crosstab(of: Crosstab, keys: Keys) -> Mapping[str, Any]:
    title = of.title or "Truth by answer"
    rows = []
    for name, counts in zip(of.rows, of.counts.tolist(), strict=True):
        total = sum(counts)
        cells = [
            {
                "text": f"{count:,}" if count else "·",
                "shade": min(round(_SHADES * count / total), _SHADES) if total else 0,
                "right": column == name,
            }
            for column, count in zip(of.columns, counts, strict=True)
        ]
        rows.append({"name": name, "cells": cells})
    return {
        "kind": "crosstab",
        "key": keys.new(title),
        "title": title,
        "columns": of.columns,
        "rows": rows,
        "sql": of.sql,
    }


def _chart(of: Chart, keys: Keys) -> Iterator[Mapping[str, Any]]:
    key = keys.new(of.title)
    drawn = charts.drawn(of, key)
    if drawn:
        yield {"kind": "chart", "title": of.title, "drawn": drawn, "table": _table(charts.as_table(of), keys)}
