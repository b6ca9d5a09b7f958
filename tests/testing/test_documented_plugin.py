"""The plugin that docs/plugins.md shows is a plugin, and passes the check that the page describes."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from elena_wb import testing

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


def test_the_documented_check_passes_and_reports():
    script = "\n".join(blocks("python"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "MirrorProvider with ``: 2" in done.stdout


@pytest.mark.parametrize("parameter", ["deterministic", "constrained", "max_tokens"])
def test_every_option_of_the_check_is_documented(parameter):
    known = inspect.signature(testing.check_model).parameters
    assert {name for name, one in known.items() if one.kind is one.KEYWORD_ONLY} == {
        "deterministic",
        "constrained",
        "max_tokens",
    }
    assert f"`{parameter}=" in PAGE
