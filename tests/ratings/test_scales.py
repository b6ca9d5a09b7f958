"""Scales are a small file; what is wrong with one is told with line or field."""

from __future__ import annotations

from pathlib import Path

import pytest

from elena_wb.errors import UsageError
from elena_wb.ratings import find_scales, shipped_scales

SOUND = """
name = "mine"
shows = ["narrative", "emotion"]
[[scale]]
name = "fits"
question = "Does it fit?"
max = 5
low = "no"
high = "yes"
[[preference]]
name = "better"
question = "Which is better?"
"""


def written(folder: Path, text: str | bytes) -> str:
    path = folder / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_the_scales_that_ship_ask_what_the_study_needs() -> None:
    assert shipped_scales() == ("elena",)
    scales = find_scales("elena")
    assert [one.name for one in scales.scale] == ["fits", "coherent", "convincing", "visible"]
    assert all(one.low and one.high for one in scales.scale)
    assert scales.preference


def test_a_file_of_the_users_own_is_chosen_by_its_path(tmp_path: Path) -> None:
    scales = find_scales(written(tmp_path, SOUND))
    assert scales.shows == ("narrative", "emotion")
    assert (scales.scale[0].min, scales.scale[0].max) == (1, 5)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("max = 5", "max = 1", "scale 1: min (1) is not less than max (1)"),
        ("max = 5", "max = 10", "scale 1 max"),
        ("max = 5", "max = [", "line"),
        ('low = "no"', "", "scale 1 low: Field required"),
        ('low = "no"', 'low = "  "', "scale 1 low"),
        ('"emotion"]', '"condition"]', "shows 2"),
        ('"emotion"]', '"narrative"]', "shows names one thing twice"),
        ('name = "better"', 'name = "better"\nweight = 2', "preference 1 weight"),
        ('name = "fits"', 'name = "Fits well"', "scale 1 name"),
        (
            "[[preference]]",
            '[[scale]]\nname = "fits"\nquestion = "?"\nlow = "a"\nhigh = "b"\n[[preference]]',
            "two entries of scale are called `fits`",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in SOUND
    path = written(tmp_path, SOUND.replace(old, new, 1))
    with pytest.raises(UsageError) as error:
        find_scales(path)
    assert told in error.value.message
    assert path in error.value.message
    assert "elena.toml" in (error.value.hint or "")


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"", b'name = "x"', b"a" * 200_000, b"x = " + b"[" * 5000], ids=range(5)
)
def test_what_is_no_file_of_scales_is_an_error_for_people(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UsageError):
        find_scales(written(tmp_path, content))


@pytest.mark.parametrize(
    "text", ["", "elenaa", "no/such/file.toml", "a\0b.toml", "~nobody-here", "~nobody-here/a.toml", "a" * 300]
)
def test_scales_that_are_not_there_are_an_error_for_people(text: str) -> None:
    with pytest.raises(UsageError):
        find_scales(text)


def test_a_folder_is_no_file_of_scales(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="directory"):
        find_scales(str(tmp_path))
