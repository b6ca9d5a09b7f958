"""``elena-wb narratives`` as people and programs use it."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest
from typer.testing import CliRunner

from elena_wb.cli import app
from elena_wb.core import BodyPart, Box, Region
from elena_wb.errors import UsageError
from elena_wb.store import Store
from elena_wb.vocabulary import body_part
from tests.conftest import Program
from tests.findings.planted import put

HOSTILE = "\x1b[31m[red]50_% & \\emph{x} \u202e'); DROP TABLE runs; --<script>alert(1)</script> fear"
EMOTIONS = ("fear", "anger", "happiness", "sadness", "surprise", "disgust", "neutral")


@pytest.fixture
def study(home, tmp_path):
    """Two conditions over fourteen pictures with all seven emotions, two answers each; the pictures have faces."""
    store = Store(tmp_path / "study.duckdb")
    region = Region("face", Box(1, 1, 5, 5), "annotated")
    for key, condition in (("a", "none"), ("b", "face:blur")):
        answers = {
            n: [
                {
                    "emotion": EMOTIONS[n % 7],
                    "narrative": HOSTILE if n % 2 else "Someone waits.",
                    "explicit_description": "Arms hang down.",
                    "implicit_description": "A cold knot.",
                    "body_parts": (
                        body_part("wide eyes" if n % 3 else "fists"),
                        BodyPart(HOSTILE * 40, None, None),
                    ),
                }
            ]
            * 2
            for n in range(14)
        }
        put(
            store,
            key,
            answers,
            regions={n: [region] if n < 10 else [] for n in answers},
            condition=condition,
        )
    put(store, "c", {0: "!refused", 1: "!error"})
    return store


def told(store, *arguments):
    result = CliRunner().invoke(app, ["--store", str(store.path), "narratives", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_a_terminal_of_eighty_columns_shows_every_subject_and_nothing_that_acts(study, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = told(study, "1", "2").stdout
    assert max(map(len, text.splitlines())) <= 80
    for title in (
        "Parts of the body that answers name",
        "Parts of the body by the emotion",
        "Parts that answers name and parts that are in the picture",
        "Explicit and implicit",
        "Narratives that name the emotion outright",
    ):
        assert title in text
    for sign in ("\x1b", "\u202e"):
        assert sign not in text
    assert "\\u202e" in text  # of an example
    assert "Parts that the condition hides" in text


def test_each_subject_is_told_alone_and_every_format_holds_the_same(study, tmp_path):
    parts = told(study, "1", "--about", "parts").stdout
    assert "Explicit and implicit" not in parts
    rows = list(csv.DictReader(io.StringIO(told(study, "1", "2", "--about", "mentions", "-f", "csv").stdout)))
    hidden = [row for row in rows if row["table"].startswith("Parts that the condition hides")]
    assert {row["column"]: row["value"] for row in hidden}["named"] == "64.3 %"
    page = tmp_path / "found.md"
    told(study, "1", "--about", "words", "-o", str(page))
    assert "| 1 | fear | 4 |" in page.read_text("utf-8")
    assert "\\<script>" in page.read_text("utf-8")
    document = told(study, "1", "--about", "words", "-f", "latex").stdout
    assert document.count(r"\begin{tabular}") == document.count(r"\end{tabular}") > 3


def test_json_has_every_figure_in_full(study):
    found = json.loads(told(study, "1", "2", "--json").stdout)
    assert {"parts", "mentions", "explicit_and_implicit", "emotion_named", "open_vocabulary"} <= set(found)
    first = found["parts"]["runs"][0]
    eyes = next(one for one in first["parts"] if one["part"] == "eyes")
    assert eyes["named"]["value"] == pytest.approx(9 / 14)
    assert eyes["named"]["n"] == 28
    assert eyes["named"]["low"] < 0.45  # fourteen pictures
    assert first["parts_by_emotion"][0]["p_holm"] is None
    hidden = [one for one in found["mentions"]["runs"][1]["mentions"] if one["state"] == "hidden"]
    assert [(one["part"], one["pictures"]) for one in hidden] == [("face", 14)]
    whole = found["emotion_named"]["runs"][0]["whole"]
    assert whole["either"]["value"] == 0.5
    assert whole["own"]["value"] == pytest.approx(1 / 14)
    assert math.isclose(found["explicit_and_implicit"]["runs"][0]["whole"]["implicit"]["value"], 0.5)
    assert not any(name.startswith("_") for name in found["mentions"])


def test_what_does_not_apply_is_said_and_what_is_not_there_is_refused(study):
    silent = told(study, "3")
    assert silent.stdout.strip() == ""
    assert "no answers that say anything" in silent.stderr
    assert "No answer names a part of the body" in told(study, "3", "--about", "parts").stderr
    with pytest.raises(UsageError, match="There is no run `9`"):
        told(study, "9")
    with pytest.raises(UsageError, match="contradict each other"):
        told(study, "1", "--json", "-f", "csv")
    with pytest.raises(UsageError, match="is the store itself"):
        told(study, "1", "-o", str(study.path))


def test_the_program_knows_the_verb(program: Program):
    assert "--about" in program("narratives", "--help").stdout
