"""What a command line names is all that is made ready, and nothing is missed for it."""

from __future__ import annotations

import pytest
import typer
from typer.main import get_command

from elena_wb.cli import app
from elena_wb.cli.named import only_named


def verbs(asked: typer.Typer) -> set[str]:
    return set(get_command(asked).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("run F -m tiny:", {"run"}),
        ("--offline --store run query x", {"run", "query"}),
        ("--store=a --debug runs show 1", {"runs"}),
        ("query runs", {"query", "runs"}),
        ("--store run", None),
        ("rum run", None),
        ("--help", None),
        ("", None),
    ],
)
def test_only_verbs_of_the_line_are_made_ready_where_it_begins_with_one(
    line: str, left: set[str] | None
) -> None:
    before = list(app.registered_commands), list(app.registered_groups)
    assert verbs(only_named(app, line.split())) == (left or verbs(app))
    assert (app.registered_commands, app.registered_groups) == before


def test_a_plugins_verb_without_a_name_of_its_own_stays() -> None:
    own = typer.Typer()

    @own.callback()
    def options(store: str = "") -> None: ...

    @own.command()
    def count_all() -> None: ...

    @own.command("run")
    def first() -> None: ...

    @own.command("other")
    def second() -> None: ...

    assert verbs(only_named(own, ["run"])) == {"run", "count-all"}
    assert only_named(own, ["count-all"]) is own
