"""``elena-wb occlude`` as its user types it: what is asked, shown and refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from elena_wb.analysis.occluding import Confidence, Effect, Left
from elena_wb.cli.occlude import hidden_by, parts_of
from elena_wb.cli.occlude_tables import sentence, sentences, table
from elena_wb.core import Estimate
from elena_wb.errors import UsageError
from elena_wb.plugins import plugin_host
from tests.conftest import Program
from tests.here import Here

Pictures = Callable[..., Path]
NOTHING = Estimate(float("nan"), float("nan"), float("nan"), 0)


@pytest.fixture
def here(
    program: Program, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Here]:
    """The same program in this process, which spares a test the start of another."""
    monkeypatch.syspath_prepend(str(program.site))
    plugin_host.cache_clear()
    yield Here(program.home, program.site, capsys)
    plugin_host.cache_clear()


@pytest.fixture
def folder(pictures: Pictures) -> Path:
    folder = pictures(10)
    rows = [f"{path.name},face,4,2,6,6" for path in sorted(folder.glob("*.png"))]
    (folder / "regions.csv").write_text("\n".join(["path,part,x,y,w,h", *rows]), "utf-8")
    return folder


def test_a_part_that_matters_is_found_and_the_same_command_only_prints_it(
    program: Program, here: Here, folder: Path
) -> None:
    model = "scripted:?looks_at=4,2,10,8&logprobs=yes"
    asked = ("occlude", str(folder), "-m", model, "-p", "elena", "--parts", "face@annotated")
    first = program(*asked)
    header, row = first.stdout.splitlines()
    assert header.split("\t")[:7] == [
        *("part", "n", "flips hidden", "flips control", "difference", "p", "p (Holm)"),
    ]
    assert row.split("\t")[:2] == ["face@annotated", "10"]
    assert row.split("\t")[3].startswith("0 (0.0 %")
    assert "These answers depend on the face more than" in first.stderr
    again = here(*asked)
    assert again.stdout == first.stdout
    assert "Nothing is missing" in again.stderr
    told = json.loads(here(*asked, "--json").stdout)
    (part,) = told["parts"]
    assert (told["prompt_variant"], told["unmasked_run"]) == ("default", 1)
    assert (part["hidden_run"], part["control_run"], part["verdict"]) == (2, 3, "part")
    assert part["control"]["value"] == 0.0
    assert part["accuracy"] is None
    events = here(*asked, "--events", "jsonl").stdout.splitlines()
    assert json.loads(events[-1])["event"] == "Occluded"
    assert json.loads(events[-1])["parts"] == told["parts"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"knock_out": True, "styled": True}, "--style has nothing to do"),
        ({"layers": "0-3"}, "--layers is for --knock-out"),
        ({"style": "control"}, "hides no part"),
        ({"style": "knock-out"}, "hides no part"),
        ({"style": "box,colour"}, "no style"),
    ],
)
def test_what_contradicts_itself_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        hidden_by(**{"style": "box", "layers": "all", "knock_out": False, "styled": False, **options})


def test_styles_and_parts_are_read_as_typed() -> None:
    assert str(hidden_by("Blur,strength=1", "all", knock_out=False, styled=True)) == "blur,strength=1"
    assert str(hidden_by("box", " 0-3 ", knock_out=True, styled=False)) == "knock-out,layers=0-3"
    assert str(hidden_by("box", "ALL", knock_out=True, styled=False)) == "knock-out"
    assert parts_of(" Face, hands+arms@annotated,,face") == ("face", "hands+arms@annotated")
    with pytest.raises(UsageError, match="names none"):
        parts_of(" , ")


def test_a_model_without_knock_out_is_refused_with_what_to_do(here: Here, folder: Path) -> None:
    refused = here("occlude", str(folder), "-m", "scripted:", "--knock-out", code=2)
    assert "`face:knock-out` keeps a model from attending" in refused.stderr
    assert "`--mask face:control`" in refused.stderr


def test_what_a_run_settles_cannot_be_changed(here: Here, folder: Path) -> None:
    here("run", str(folder), "-m", "scripted:", "-p", "elena", "--limit", "2")
    refused = here("occlude", "1", "--seed", "3", "--repeat", "2", code=2)
    assert "taken from run 1 itself: repeat, seed" in refused.stderr
    told = json.loads(here("occlude", "1", "--parts", "face", "--json").stdout)
    assert (told["unmasked_run"], told["parts"][0]["n"]) == (1, 2)


def effect(
    hidden: int, control: int, only_hidden: int, only_control: int, p: float, **given: object
) -> Effect:
    n = 20
    share = [Estimate(count / n, 0.1, 0.6, n) for count in (hidden, control)]
    apart = Estimate((hidden - control) / n, -0.1, 0.5, n)
    fields = {
        "part": "left_hand",
        "left": Left(),
        "confidence": None,
        "accuracy": None,
        "repeats": False,
        **given,
    }
    return Effect(
        n=n,
        hidden=share[0],
        control=share[1],
        difference=apart,
        only_hidden=only_hidden,
        only_control=only_control,
        p=p,
        p_holm=p,
        **fields,  # type: ignore[arg-type]
    )


def test_a_sentence_says_what_is_and_what_is_not_shown() -> None:
    clear = sentence(effect(10, 1, 9, 0, 0.004), 3, knocked_out=False)
    assert "Hiding the left hand changes 10 of 20 answers (50.0 %)" in clear
    assert "p = 0.004 after Holm's correction for 3 parts" in clear
    assert "depend on the left hand more than" in clear
    assert "is not shown" in clear
    other = sentence(effect(1, 10, 0, 9, 0.0004), 1, knocked_out=True)
    assert "Forbidding attention to the left hand" in other
    assert "p < 0.001." in other
    assert "on what the control takes more than" in other
    few = sentence(effect(3, 1, 3, 1, 0.6), 1, knocked_out=False)
    assert "Only 4 of them changed with one of the two alone." in few
    assert "neither is that they do not" in few
    assert "None of them" in sentence(effect(2, 2, 0, 0, 1.0), 1, knocked_out=False)


def test_a_part_without_any_question_that_counts_says_why() -> None:
    empty = Effect(
        *("face", 0, Left(unfound=3, no_room=1), NOTHING, NOTHING, NOTHING, 0, 0),
        *(float("nan"), float("nan"), None, None, False),
    )
    assert sentence(empty, 0, knocked_out=False).startswith(
        "Face: no question counts (3 nothing found to hide, 1 no room for the control)"
    )
    columns, rows = table([empty])
    assert rows == [
        ["face", "0", "–", "–", "–", "–", "–", "3 nothing found to hide, 1 no room for the control"]
    ]
    assert len(columns) == len(rows[0])


def test_columns_of_log_probabilities_are_there_where_a_model_tells_them() -> None:
    said = Confidence(Estimate(-1.5, -2, -1, 20), Estimate(-0.5, -1, 0.1, 20), Estimate(-1.0, -1.4, -0.6, 20))
    columns, rows = table([effect(5, 1, 5, 1, 0.2), effect(5, 1, 5, 1, 0.2, confidence=said, part="face")])
    start = columns.index("log-prob hidden")
    assert rows[0][start : start + 3] == ["", "", ""]
    assert rows[1][start : start + 3] == ["-1.50", "-0.50", "-1.00 (-1.40 to -0.60)"]


def test_repeats_are_warned_of() -> None:
    told = [*sentences([effect(5, 1, 5, 1, 0.2, repeats=True)], knocked_out=False)]
    assert "repeatedly" in told[-1]
