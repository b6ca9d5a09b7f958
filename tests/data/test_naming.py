"""Names for copies: whatever an original is called, its copy has a plain file of its own inside the folder."""

from __future__ import annotations

import os
import random
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.data.naming import allot, safe_name

ANY_NAME = st.text(st.characters(codec=None), max_size=300) | st.sampled_from(
    [
        "..",
        ".",
        "",
        "/",
        "\\",
        "CON",
        "nul.jpg",
        "a/../../b",
        "C:\\x",
        "~",
        "...",
        " ",
        "a.jpg",
        "A.JPG",
        "a.png",
    ]
)
"""Any text at all, lone surrogates included."""


@given(ANY_NAME)
def test_any_text_becomes_one_plain_visible_name(written: str) -> None:
    name = safe_name(written)
    assert PurePosixPath(name).name == name
    assert PureWindowsPath(name).name == name
    assert not PureWindowsPath(f"{name}.png").is_reserved()
    assert name.isprintable()
    assert not name.startswith(".")
    assert not name.endswith((".", " "))
    assert len(name.encode()) <= 160


@given(ANY_NAME)
def test_a_safe_name_stays_as_it_is(written: str) -> None:
    assert safe_name(safe_name(written)) == safe_name(written)


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("IMG_0001", "IMG_0001"),
        ("Grüße, 1 (2)", "Grüße, 1 (2)"),
        ("..", "_"),
        ("../../etc/passwd", "__.._etc_passwd"),
        (".ssh", "_ssh"),
        ("a\x1b[31m\nb", "a_[31m_b"),
        ("left\u202eright", "left_right"),
        ("face:blur", "face_blur"),
        ("COM1", "_COM1"),
        ("aux.tar", "_aux.tar"),
        ("a. .", "a"),
        (os.fsdecode(b"caf\xe9"), "caf%E9"),
    ],
)
def test_names_keep_what_they_can(written: str, safe: str) -> None:
    assert safe_name(written) == safe


def test_long_names_are_cut_and_stay_different() -> None:
    one, other = (safe_name("é" * 300 + ending) for ending in "ab")
    assert one != other
    assert max(len(one.encode()), len(other.encode())) <= 160


PATHS = st.lists(st.lists(ANY_NAME.filter(bool), min_size=1, max_size=3).map(tuple), max_size=12, unique=True)


@given(PATHS, st.sampled_from([".png", ".jpg"]), st.randoms(use_true_random=False))
def test_no_two_copies_share_a_file_and_the_order_of_originals_does_not_matter(
    paths: list[tuple[str, ...]], suffix: str, shuffling: random.Random
) -> None:
    wanted = [(path, suffix) for path in paths]
    names = allot(wanted, reserved=["masks.csv"])
    folded = [unicodedata.normalize("NFC", "/".join(name)).casefold() for name in names]
    assert len(set(folded)) == len(folded)
    folders = {
        "/".join(name.split("/")[:depth]) for name in folded for depth in range(1, name.count("/") + 1)
    }
    assert folders.isdisjoint(folded)
    assert "masks.csv" not in folders | set(folded)
    root = Path("/out")
    for name in names:
        assert Path(os.path.normpath(root.joinpath(*name))) == root.joinpath(*name)
    order = list(range(len(wanted)))
    shuffling.shuffle(order)
    assert allot([wanted[index] for index in order], reserved=["masks.csv"]) == [
        names[index] for index in order
    ]


def test_names_that_differ_in_case_ending_or_composition_only_are_told_apart() -> None:
    wanted = [("a.jpg",), ("a.png",), ("A.png",), ("caf\u00e9.png",), ("cafe\u0301.png",)]
    assert allot([(path, ".png") for path in wanted]) == [
        ("a-3.png",),
        ("a-2.png",),
        ("A.png",),
        ("café-2.png",),
        ("cafe\u0301.png",),
    ]


def test_a_folder_and_a_copy_never_want_the_same_name() -> None:
    wanted = [("a.png", "inner.jpg"), ("a.jpg",), ("masks.csv", "b.jpg")]
    assert allot([(path, ".png") for path in wanted], reserved=["masks.csv"]) == [
        ("a.png", "inner.png"),
        ("a-2.png",),
        ("masks.csv-2", "b.png"),
    ]


def test_ten_thousand_copies_that_would_be_called_alike_are_named_at_once() -> None:
    names = allot([((f"{'?' * 3}{chr(7 + n % 2)}.jpg" + "." * n,), ".png") for n in range(3000)])
    assert len(set(names)) == 3000
