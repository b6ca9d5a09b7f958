"""``elena-wb models``: what there is, what it is, fetching and exporting; one bad plugin spoils nothing."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from elena_wb.cli.model_pages import kind_of, size
from tests.conftest import Program

SHELF = """
    from pathlib import Path
    from typing import Literal
    from pydantic import BaseModel, Field
    from elena_wb import hookimpl
    from elena_wb.core import KeySlot, LocalModel, ModelCard, ModelError, Usage, UsageError

    class Options(BaseModel, extra="forbid"):
        detail: Literal["low", "high"] | None = Field(None, description="How closely it looks.")
        layers: int = Field(4, ge=1, le=9, description="How deep.\\x1b[31m")

    class Shelf:
        options_model = Options
        requires = {}
        keys = (KeySlot("shelf", ("SHELF_KEY",), "https://shelf.example/keys"),)
        formats = {"f16": "half of it", "q8": "a quarter"}

        def destination(self, reference, options):
            return "shelf.example"

        def describe(self, reference, options):
            return ModelCard("shelf:" + reference, reference, "d1", quantisation="Q4_0", parameters=3057024)

        def at_most(self, reference, options, request):
            return Usage(2000, 0.0125)

        def local_models(self):
            path = Path("/models/one.gguf")
            return [
                LocalModel("shelf:one", "one", path, 2_534_000_000, "Q4_0", 3_100_000_000, True),
                LocalModel("shelf:a-rather-long-name-of-a-model-in-some-folder-Q4_0.gguf", "long", path, 1, "Q4_0"),
                LocalModel("shelf:two", "two", path, 1, problem="its projector is missing"),
            ]

        def pull(self, reference, options):
            if reference == "gone":
                raise ModelError("There is no `gone` on the shelf.")
            return Path("/models") / reference

        def export(self, reference, options, out, format_name):
            return [out / f"{reference}-{format_name}.gguf"]

    class Damaged(Shelf):
        def local_models(self):
            raise RuntimeError("cannot read the shelf")

    @hookimpl
    def register_models(register):
        register("shelf", Shelf)
        register("damaged", Damaged)
        register("broken", "no_such_module:Provider")
"""


@pytest.fixture
def stocked(program: Program) -> Program:
    program.install("shelf", SHELF)
    return program


def on_a_terminal(program: Program, *arguments: str, columns: int = 80) -> list[str]:
    """The lines that somebody at a terminal sees."""
    ours, theirs = pty.openpty()
    environment = {
        **os.environ,
        "PYTHONPATH": str(program.site),
        "COLUMNS": str(columns),
        "TERM": "xterm",
        "NO_COLOR": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "elena_wb", *arguments],
        env=environment,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    ):
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:  # how Linux says that the other end is closed
            pass
    os.close(ours)
    text = re.sub(r"\x1b\[[\d;]*m", "", shown.decode().replace("\r", ""))
    return [line.rstrip() for line in text.split("\n")]


def test_the_listing_has_schemes_aliases_and_models_of_this_machine(stocked):
    stocked("models", "alias", "mine", "shelf:one")
    listed = stocked("models", "--json")
    rows = {row["model"]: row for row in json.loads(listed.stdout)}
    assert rows["shelf:"]["kind"] == "provider"
    assert rows["mine"]["stands for"] == "shelf:one"
    assert rows["shelf:one"]["kind"] == "local"
    assert rows["shelf:one"]["needs_bytes"] == 3_100_000_000
    assert rows["shelf:one"]["fits"] is True
    assert rows["shelf:two"]["problem"] == "its projector is missing"
    text = stocked("models").stdout
    assert "shelf:one\tQ4_0\t2.5 GB\t3.1 GB\tyes" in text
    assert "shelf:two: its projector is missing" in text


def test_a_plugin_that_cannot_list_its_models_is_reported_and_spoils_nothing(stocked):
    listed = stocked("models", "list")
    assert "shelf:one" in listed.stdout
    assert "plugin `shelf` cannot list its models: RuntimeError: cannot read the shelf" in listed.stderr
    assert "no_such_module" in listed.stderr


def test_options_are_told_in_words(stocked):
    told = stocked("models", "info", "shelf").stdout.splitlines()
    assert told[1:] == [
        "detail\tlow | high\t\tHow closely it looks.",
        "layers\twhole number, 1 to 9\t4\tHow deep.\\u001b[31m",
    ]
    assert "properties" in json.loads(stocked("models", "info", "shelf", "--json").stdout)


def test_on_a_terminal_options_are_a_list_that_fits_it(stocked):
    shown = on_a_terminal(stocked, "models", "info", "shelf")
    assert max(map(len, shown)) <= 80
    text = "\n".join(shown)
    assert "layers=whole number, 1 to 9  (4 if not given)" in text
    assert "SHELF_KEY" in text
    assert "f16: half of it" in text
    assert "How deep.\\u001b[31m" in text


def test_long_uris_on_a_terminal_are_folded_and_never_cut(stocked):
    shown = on_a_terminal(stocked, "models", columns=60)
    assert max(map(len, shown)) <= 60
    place = next(number for number, line in enumerate(shown) if line.startswith("  on this"))
    pieces = "".join(line.split()[0] if line.split() else "" for line in shown[place:])
    assert "shelf:a-rather-long-name-of-a-model-in-some-folder-Q4_0.gguf" in pieces


def test_a_card_says_where_pictures_go_and_what_a_question_costs_at_most(stocked):
    told = stocked("models", "info", "shelf:one").stdout
    assert "pictures\tare sent to shelf.example" in told
    assert "parameters\t3,057,024" in told
    assert "at most $0.0125" in told
    card = json.loads(stocked("models", "info", "shelf:one", "--json").stdout)
    assert card["digest"] == "d1"
    assert card["at_most"] == {"tokens": 2000, "cost_usd": 0.0125}
    local = stocked("models", "info", "scripted:").stdout
    assert "pictures\tstay on this machine" in local
    assert "costs" not in local


def test_models_are_pulled_by_uri_or_alias(stocked):
    assert stocked("models", "pull", "shelf:one").stdout == "/models/one\n"
    stocked("models", "alias", "mine", "shelf:two")
    assert stocked("models", "pull", "mine").stdout == "/models/two\n"
    assert "no `gone` on the shelf" in stocked("models", "pull", "shelf:gone", code=1).stderr


def test_what_cannot_be_pulled_is_an_error_that_says_what_can(stocked):
    said = stocked("models", "pull", "scripted:", code=2).stderr
    assert "Models of `scripted:` cannot be pulled." in said
    assert "Models of `damaged:`" in said
    assert " and `shelf:` can be pulled." in said
    said = stocked("models", "pull", "yunett", code=2).stderr
    assert "Did you mean `yunet`?" in said
    assert "`shelf:` can be pulled" in said
    assert "--from" in stocked("models", "pull", "shelf:one", "--from", "x", code=2).stderr


def test_models_are_exported_in_the_first_format_or_a_named_one(stocked, tmp_path):
    assert stocked("models", "export", "shelf:one", str(tmp_path)).stdout == f"{tmp_path}/one-f16.gguf\n"
    named = stocked("models", "export", "shelf:one", str(tmp_path), "--format", "q8").stdout
    assert named == f"{tmp_path}/one-q8.gguf\n"
    said = stocked("models", "export", "shelf:one", str(tmp_path), "--format", "q9", code=2).stderr
    assert "Its formats are `f16`: half of it; `q8`: a quarter." in said
    said = stocked("models", "export", "scripted:", str(tmp_path), code=2).stderr
    assert "Models of `scripted:` cannot be exported." in said


class Many(BaseModel):
    either: Literal["a", "b"] | None = None
    counted: int | Literal["auto"] = "auto"
    bounded: float = Field(1.0, gt=0)
    several: list[int] = []
    one: Literal["only"] = "only"
    nested: dict[str, Any] = {}
    yes: bool = False


def test_types_are_told_in_words_whatever_pydantic_makes_of_them():
    schema = Many.model_json_schema()
    told = {name: kind_of(of, schema.get("$defs", {})) for name, of in schema["properties"].items()}
    assert told == {
        "either": "a | b",
        "counted": "whole number | auto",
        "bounded": "number > 0",
        "several": "list of whole number",
        "one": "only",
        "nested": "object",
        "yes": "true | false",
    }


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, ""),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_600, "1.0 MB"),
        (2_534_000_000, "2.5 GB"),
        (41_200_000_000, "41 GB"),
    ],
)
def test_sizes_have_two_digits_or_three(count, text):
    assert size(count) == text
