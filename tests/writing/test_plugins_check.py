"""``plugins check``: every thing that a plugin provides is looked at, whatever the others do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Program

PLUGIN = """
import os, sys, time
from elena_wb import hookimpl
from elena_wb.core import ModelCard, ModelError
from elena_wb.masking.box import BoxMasker
from elena_wb.masking.annotated import AnnotatedLocator
from elena_wb.data.folder import FolderDataset
from pydantic import BaseModel

class Options(BaseModel, extra="forbid"):
    pass

class Far:
    options_model, requires = Options, {}
    def destination(self, reference, options):
        return "api.far.example"
    def describe(self, reference, options):
        raise AssertionError("nobody is to ask")
    open = describe

class Named(Far):
    def destination(self, reference, options):
        return None
    def describe(self, reference, options):
        raise ModelError("There is no model without a name.")

class Lacking(Named):
    requires = {"a_module_that_is_not_there": "pip install it"}

class Hanging(BoxMasker):
    def mask(self, pixels, boxes):
        print("I hang, and \\x1b[31mso do you", flush=True)
        time.sleep(600)

class Leaving(AnnotatedLocator):
    def locate(self, pixels, stimulus):
        os._exit(7)

class Exiting:
    reads = frozenset({"emotion"})
    def score(self, answers, resampling):
        sys.exit("enough")

class Broken(BoxMasker):
    def mask(self, pixels, boxes):
        return pixels

@hookimpl
def register_maskers(register):
    register("a-hanging", Hanging)
    register("b-broken", Broken)
    register("c-sound", BoxMasker)
    register("d-missing", "much_of:Nothing")

@hookimpl
def register_locators(register):
    register("leaving", Leaving)

@hookimpl
def register_metrics(register):
    register("exiting", Exiting)

@hookimpl
def register_datasets(register):
    register("pile", FolderDataset)

@hookimpl
def register_models(register):
    register("far", Far)
    register("named", Named)
    register("lacking", Lacking)

@hookimpl
def register_commands(app):
    @app.command()
    def look(): "Look."
"""

QUIET = """
from elena_wb import hookimpl

@hookimpl
def register_maskers(register):
    register("quiet", "elena_wb.masking.box:BoxMasker")
"""


@pytest.fixture
def outcomes(program: Program, pictures: Any) -> dict[str, dict[str, Any]]:
    program.install("rough", PLUGIN)
    folder = str(pictures(2))
    arguments = ("--timeout", "3", "--model", "far:one", "--model", "lacking:one", "--data", folder)
    done = program("plugins", "check", "rough", *arguments, "--json", code=1)
    assert "I hang, and \\u001b[31mso do you" in done.stderr
    return {f"{row['kind']} {row['name']}": row for row in json.loads(done.stdout)}


def test_each_thing_is_looked_at_whatever_the_others_do(outcomes: dict[str, dict[str, Any]]) -> None:
    said = {name: (row["state"], row["says"]) for name, row in outcomes.items()}
    state, says = said.pop("package rough 1.0")
    assert state == "failed"
    assert "promises `d-missing` at `much_of:Nothing`" in says
    assert "does not require elena-wb" in says
    assert said.pop("maskers a-hanging") == ("failed", "it took longer than 3 s and was ended (--timeout)")
    state, says = said.pop("maskers b-broken")
    assert (state, says.partition(": ")[0]) == ("failed", "Broken")
    assert "the very pixels that were given" in says
    assert said.pop("maskers c-sound") == ("ok", "")
    assert "cannot be loaded" in said.pop("maskers d-missing")[1]
    assert said.pop("locators leaving") == ("failed", "it ended the process that checked it (exit code 7)")
    assert "SystemExit: enough" in said.pop("metrics exiting")[1]
    assert said.pop("datasets pile") == ("ok", "")
    assert said.pop("models far") == (
        "not checked",
        "far:one is answered by api.far.example, which may cost money: --ask allows it",
    )
    state, says = said.pop("models named")
    assert (state, "--model named:…" in says) == ("not checked", True)
    state, says = said.pop("models lacking")
    assert (state, "a_module_that_is_not_there" in says) == ("not checked", True)
    assert said.pop("commands look") == ("ok", "")
    assert not said
    assert len(outcomes["maskers c-sound"]["checked"]) >= 12


def test_what_is_sound_is_told_line_by_line_and_what_nobody_can_use_is_refused(program: Program) -> None:
    program.install("quiet", QUIET)
    told = program("plugins", "check", "quiet", code=1).stdout.splitlines()
    assert told[0].startswith(
        "FAILED       quiet, package quiet 1.0: its distribution does not require elena-wb"
    )
    assert told[1:] == ["ok           quiet, masking style quiet (12 checks)"]
    assert "No plugin `nobody` is installed" in program("plugins", "check", "nobody", code=2).stderr
    for given in (("--model", "hf:x"), ("--data", ".")):
        program("plugins", "check", "quiet", *given, code=2)
