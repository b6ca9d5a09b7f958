"""What stands beside an answer: which picture, which outlines, where a named part lies, gauges, and who opens files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from elena_wb.core import Box, SetupError
from elena_wb.engine.opening import open_outside
from elena_wb.engine.showing import Shown
from elena_wb.store.browsing import Filter
from elena_wb.tui.narratives.answer import where
from elena_wb.tui.narratives.filters import in_words
from elena_wb.tui.narratives.gauges import bars, gauges
from elena_wb.tui.narratives.picture import HIDDEN, content_of

FACE, HAND = Box(10, 10, 20, 20), Box(80, 80, 10, 10)
WHOLE = np.zeros((100, 100, 3), np.uint8)


def shown(**changes: object) -> Shown:
    values: dict[str, object] = {
        "generation_id": "one",
        "path": Path("a.png"),
        "original": WHOLE,
        "problem": None,
        "seen": WHOLE[:50, 5:55],
        "seen_box": Box(5, 0, 50, 50),
        "regions": {"face": (FACE,), "left_hand": (HAND,)},
        "hidden": (FACE,),
        **changes,
    }
    return Shown(**values)  # type: ignore[arg-type]


def test_what_the_model_saw_has_the_outlines_that_lie_in_it() -> None:
    content, note = content_of(shown(), "face", "seen")
    assert content is not None
    assert content.pixels.shape == (50, 50, 3)
    assert content.outlines == {"face": (Box(5, 10, 20, 20),)}
    assert note == "As the model saw it (face)"
    _, note = content_of(shown(hidden=(), notes=("no face was found",)), "face", "seen")
    assert note == "As the model saw it (face: nothing was found to hide)\nno face was found"
    _, note = content_of(shown(attended=False), "face:knock-out", "seen")
    assert "no pixel hidden" in note


def test_the_original_is_said_to_be_that_and_shows_what_was_hidden_elsewhere() -> None:
    content, note = content_of(shown(hidden=(Box(50, 50, 9, 9),)), "face:control", "original")
    assert content is not None
    assert content.outlines[HIDDEN] == (Box(50, 50, 9, 9),)
    assert note == "The picture as it is, not as the model saw it"
    content, note = content_of(shown(seen=None, seen_box=None, notes=("It was imported.",)), "face", "seen")
    assert content is not None
    assert content.pixels is WHOLE
    assert HIDDEN not in content.outlines
    assert note == "The picture as it is, not as the model saw it\nIt was imported."
    assert content_of(shown(original=None, problem="gone"), "none", "seen") == (None, "gone")


@pytest.mark.parametrize(
    ("part", "group", "regions", "found"),
    [
        ("arms", "upper", ["left_arm"], "arms"),
        ("eyes", "face", ["face", "left_arm"], "face"),
        ("eyes", "face", ["head"], "head"),
        ("fingers", "hands", ["left-hand"], "hands"),
        ("knees", "lower", ["left_leg"], None),
        ("upper body", "upper", ["upper_body"], "upper_body"),
        (None, None, ["face"], None),
        ("heart", "internal", ["body", "face"], None),
    ],
)
def test_a_named_part_lies_in_a_region_or_nowhere(
    part: str | None, group: str | None, regions: list[str], found: str | None
) -> None:
    assert where(part, group, regions) == found


def test_gauges_draw_what_lies_on_the_scale_and_tell_the_rest() -> None:
    values = [
        ("low", 1.0),
        ("high", 10.0),
        ("half", 5.5),
        ("none", None),
        ("nan", float("nan")),
        ("far", 99.0),
    ]
    lines = str(gauges(values, width=4)).splitlines()
    assert [one.split(maxsplit=1)[1] for one in lines] == [
        "1▕░░░░▏10  1",
        "1▕████▏10  10",
        "1▕██░░▏10  5.5",
        "not given",
        "nan (no number)",
        "99 (outside 1 to 10)",
    ]
    assert "██▌░" in str(bars([("fear", 0.625)], width=4))
    assert "████ 2.000" in str(bars([("odd", 2.0)], width=4))


def test_a_filter_is_told_in_one_harmless_line() -> None:
    told = in_words(
        Filter((1, 2), ("", "fear"), correct="wrong", text="[b]\x1b", flags=("marked",), where="a\nb"),
        "newest",
    )
    assert str(told) == (
        "emotion none or fear · run 1 or 2 · wrong · marked · “[b]\\u001b” · where a b · newest first"
    )


def test_only_pictures_are_opened_and_only_where_somebody_sees_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = tmp_path / "-a $(x).png"
    picture.write_bytes(b"x")
    started: list[list[str]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: started.append(command))
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(SetupError, match="no desktop"):
        open_outside(picture, {})
    with pytest.raises(SetupError, match="from afar"):
        open_outside(picture, {"DISPLAY": ":0", "SSH_CONNECTION": "1 2 3 4"})
    script = tmp_path / "a.desktop"
    script.write_text("[Desktop Entry]")
    for wrong in (script, tmp_path, tmp_path / "gone.png"):
        with pytest.raises(SetupError, match="not opened"):
            open_outside(wrong, {"DISPLAY": ":0"})
    assert started == []
    open_outside(picture, {"DISPLAY": ":0"})
    assert started == [["/usr/bin/xdg-open", str(picture)]]
