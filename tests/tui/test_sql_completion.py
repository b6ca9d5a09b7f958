"""What is offered at the cursor of a question in SQL."""

from __future__ import annotations

import pytest

from elena_wb.store.catalogue import Catalogue, Column, Relation
from elena_wb.tui.sql.completion import complete


def relation(name: str, *columns: str, view: bool = False) -> Relation:
    return Relation(
        name, view, f"About {name}.", tuple(Column(one, "VARCHAR", f"The {one}.") for one in columns)
    )


KNOWN = Catalogue(
    {
        one.name: one
        for one in (
            relation("runs", "run_id", "name", "status"),
            relation("narratives", "run_id", "emotion", "odd name", view=True),
            relation("body_parts", "generation_id", "part"),
        )
    },
    ("count", "regexp_matches"),
    ("FROM", "JOIN", "NATURAL", "ON", "SELECT", "WHERE"),
)


def offered(marked: str, *, asked: bool = False) -> list[str]:
    """Texts offered at the mark ``|``."""
    return [
        one.text
        for one in complete(marked.replace("|", ""), marked.index("|"), KNOWN, asked=asked).candidates
    ]


@pytest.mark.parametrize(
    ("marked", "first"),
    [
        ("SELECT * FROM na|", "narratives"),
        ("SELECT * FROM runs JOIN bo|", "body_parts"),
        ("SELECT * FROM runs AS r, bo|", "body_parts"),
        ("DESCRIBE ru|", "runs"),
        ("SELECT n.e| FROM narratives AS n", "emotion"),
        ("SELECT n.e|\nFROM main.narratives n", "emotion"),
        ("SELECT r.st| FROM narratives n JOIN runs r ON r.run_id = n.run_id", "status"),
        ("SELECT runs.na| FROM runs", "name"),
        ("SELECT sta| FROM runs", "status"),
        ("SELECT par|", "part"),
        ("SEL|", "SELECT"),
        ("SELECT cou|", "count"),
        ("WITH few AS (SELECT 1) FROM fe|", "few"),
        ("FROM runs; FROM na|", "narratives"),
        ("SELECT (SELECT emo| FROM narratives)", "emotion"),
        ("SELECT 'it''s', emo| FROM narratives", "emotion"),
        ("SELECT odd| FROM narratives", '"odd name"'),
    ],
)
def test_the_first_that_is_offered(marked: str, first: str) -> None:
    assert offered(marked)[0] == first


@pytest.mark.parametrize(
    "marked",
    [
        "SELECT 'FROM na|'",
        "SELECT 'FROM na|",
        "-- FROM na|",
        "/* FROM na|",
        "SELECT 12|",
        "SELECT x.| FROM runs",
        "FROM |",
        "FROM runs|",
        "|",
    ],
)
def test_nothing_is_offered_unasked_in_text_comments_numbers_and_where_all_is_written(marked: str) -> None:
    assert offered(marked) == []


def test_asked_for_everything_that_fits_is_offered_views_first() -> None:
    assert offered("FROM |", asked=True)[:3] == ["narratives", "body_parts", "runs"]
    assert offered("SELECT | FROM runs", asked=True)[:3] == ["run_id", "name", "status"]


def test_columns_of_other_tables_are_not_offered_where_the_tables_are_known() -> None:
    assert "part" not in offered("SELECT pa| FROM runs")
    assert "run_id" in offered("SELECT id| FROM runs")


def test_only_the_word_before_the_cursor_is_replaced() -> None:
    found = complete("SELECT emo, 1 FROM narratives", 10, KNOWN)
    assert found.start == 7
