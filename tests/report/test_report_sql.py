"""Every query that stands below a table gives its numbers, in the sandbox in which a reader runs it."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from elena_wb import builtin
from elena_wb.core import BodyPart, Crosstab, Label, Resampling
from elena_wb.findings import Table
from elena_wb.plugins import build_host
from elena_wb.report import ReportOptions
from elena_wb.report.finding import find
from elena_wb.store import AuditRecord, Store, add_audits
from elena_wb.store.query import Answer, ask
from tests.findings.planted import put
from tests.store.conftest import digest, stimulus

_NUMBER = re.compile(r"[-+−]?[\d,]*\.?\d+")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Four runs: of two conditions, with feelings, repeats, failures, several labels, labels to be mapped, audits."""
    store = Store(tmp_path / "study.duckdb", lock_timeout=20)
    one = ["fear", "anger", "sadness", "happiness"]
    labels: dict[int, tuple[Label, ...]] = {
        n: (
            Label("given", "ekman7", one[n % 4], float(n % 9) + 1, 5.0, None if n == 3 else float(n % 4) + 2),
        )
        for n in range(12)
    }
    labels[8] = (Label("given", "heco8", "Excitement"),)
    labels[9] = (Label("given", "emotic26", "Esteem"),)
    labels[10] = (Label("given", "ekman7", "fear"), Label("given", "ekman7", "anger"))
    labels[11] = ()

    def said(emotion: str | None, n: int) -> dict[str, Any]:
        return {
            "emotion": emotion,
            "valence": float((n * 7) % 10) + 1,
            "arousal": 4.0 + n % 3,
            "dominance": float(n % 5) + 1,
            "narrative": f"The hands shake in fear, {n % 4} times.",
            "body_parts": (BodyPart("hands", "hands", "hands"), BodyPart("smile", "mouth", "face")),
        }

    for key, condition, turn in (("a", "none", 0), ("b", "face", 1), ("c", "face:control", 2)):
        answers: dict[int, Any] = {
            n: [said(one[(n + (n + turn) % 3 * turn) % 4], n + turn), said(one[n % 4], n)] for n in range(12)
        }
        answers[4] = ["!refused", said(None, 4)]
        answers[5 + turn] = ["!error", "!unparsed"]
        put(store, key, answers, labels, condition=condition, options={"masking": f"mask {condition}"})
    put(store, "d", {0: said("Peace", 0), 1: said("Fear", 1)}, labels, options={"scheme": "heco8"})
    audits = [AuditRecord(digest("s", n), "face", "mask face", "mtcnn", n % 2) for n in range(6)]
    add_audits(store, [stimulus(n) for n in range(6)], audits)
    return store


def test_every_table_of_a_report_is_checked_by_its_query(store: Store) -> None:
    host = build_host([], [("builtin", builtin)])
    found = find(store, host, [3, 1, 2, 4], ReportOptions(resampling=Resampling(20)))
    assert [one.why for one in found.missing if "scheme" not in one.why] == []
    sections = [
        *found.set_up,
        *(of for chapter in found.chapters for of in chapter.sections),
        *found.failures,
    ]
    checked = 0
    for section in sections:
        for piece in section.pieces:
            if isinstance(piece, Table) and piece.sql:
                checked += _agrees(store, piece)
            elif isinstance(piece, Crosstab) and piece.sql:
                names, rows = _asked(store, piece.sql)
                assert names[1:] == list(piece.columns)
                assert [row[0] for row in rows] == list(piece.rows)
                assert [list(row[1:]) for row in rows] == piece.counts.tolist()
                checked += 1
    assert checked > 20
    unchecked = [
        piece.title
        for section in (*found.set_up, *found.failures, *found.chapters[0].sections)
        for piece in section.pieces
        if isinstance(piece, Table) and not piece.sql
    ]
    assert all(title.startswith("Run") for title in unchecked), unchecked


def _agrees(store: Store, table: Table) -> int:
    """How many cells of the table are as the query says; at least one is compared."""
    names, rows = _asked(store, table.sql)
    assert len(rows) == len(table.rows), (table.title, len(rows), len(table.rows))
    shared = [(place, names.index(name)) for place, name in enumerate(table.columns) if name in names]
    assert shared, (table.title, table.columns, names)
    compared = 0
    for told, row in zip(table.rows, rows, strict=True):
        for place, at in shared:
            assert _same(told[place], row[at]), (table.title, table.columns[place], told[place], row[at])
            compared += 1
    assert compared, table.title
    return 1


def _same(cell: str, value: object) -> bool:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return cell.split("[")[0].strip() in ("", "–")
    if isinstance(value, str) or not isinstance(value, int | float):
        return cell == str(value) or (not value and cell in ("–", "nobody", ""))
    match = _NUMBER.search(cell)
    if match is None:
        return value == 0 and cell in ("·", "")
    text = match[0].replace(",", "").replace("−", "-")
    told = float(text)
    decimals = len(text.partition(".")[2])
    scale = 100 if "%" in cell else 1
    return any(
        abs(told - value * by) <= 0.51 * 10**-decimals for by in {scale, 100 if "." in text else scale}
    )


def _asked(store: Store, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    def rows(answer: Answer) -> tuple[list[str], list[tuple[Any, ...]]]:
        assert answer.relation is not None
        return list(answer.relation.columns), answer.relation.fetchall()

    with ask(store, sql) as answer:
        return answer(rows)
