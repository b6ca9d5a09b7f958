"""The plugin that docs/plugins.md shows is a plugin, and passes the check that the page describes."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path

import pytest

from elena_wb import testing
from elena_wb.plugins.making_kinds import SKELETONS

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_documented_plugin_runs_as_part_of_the_program(program, pictures):
    (entry,) = tomllib.loads(blocks("toml")[0])["project"]["entry-points"]["elena_wb"].items()
    assert entry == ("mirror", "elena_wb_mirror")
    program.install("elena_wb_mirror", blocks("python")[0])
    assert (
        "polite\ttrue | false\tfalse\tAnswer in a whole sentence."
        in program("models", "info", "mirror").stdout
    )
    program("run", str(pictures(2)), "-m", "mirror:?polite=true", "-p", "naive")
    told = program("query", "SELECT raw_text FROM generations", "--format", "tsv").stdout
    assert "I see " in told
    assert "mirror:?polite=true" in program("runs").stdout


def test_every_kind_that_can_be_written_has_its_check_on_the_page():
    for kind in SKELETONS:
        assert f"| `{kind}`" in PAGE
        assert f"check_{kind}(" in "".join(blocks("python"))


@pytest.mark.parametrize("check", testing.__all__)
def test_every_option_of_a_check_is_on_the_page(check):
    parameters = inspect.signature(getattr(testing, check)).parameters.values() if check != "Report" else ()
    for one in parameters:
        assert one.kind is not one.KEYWORD_ONLY or f"{one.name}=" in PAGE


@pytest.mark.parametrize("parameter", ["deterministic", "constrained", "max_tokens"])
def test_every_option_of_the_check_is_documented(parameter):
    known = inspect.signature(testing.check_model).parameters
    assert {name for name, one in known.items() if one.kind is one.KEYWORD_ONLY} == {
        "deterministic",
        "constrained",
        "max_tokens",
    }
    assert f"`{parameter}=" in PAGE
