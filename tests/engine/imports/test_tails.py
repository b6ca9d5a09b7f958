"""Names written elsewhere, and the files that they mean."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.engine.imports.tails import Tree

ROOT = Path("/mine/pictures")


def found(names: Sequence[str], files: Sequence[str], root: Path = ROOT) -> list[str | None]:
    """The file below ``root`` that each name means, in a tree of ``files``."""
    matches = Tree([root / file for file in files], [root]).find(names)
    return [
        match.paths[0].relative_to(root).as_posix() if len(match.paths) == 1 else None
        for match in map(matches.__getitem__, names)
    ]


@pytest.mark.parametrize("name", ["sad/001.png", "x/happy2/001.png", "/them/sad/001.png", "C:\\sad\\001.png"])
def test_a_picture_of_another_folder_is_not_meant(name: str) -> None:
    assert found([name], ["happy/001.png"]) == [None]
    (match,) = Tree([ROOT / "happy/001.png"], [ROOT]).find([name]).values()
    assert match.elsewhere


@pytest.mark.parametrize(
    "name",
    [
        "001.png",
        "happy/001.png",
        "./happy//001.png",
        "sad/../happy/001.png",
        "happy\\001.png",
        "pictures/happy/001.png",
        "../data/happy/001.png",
        "/home/them/data/happy/001.png",
        "D:\\them\\happy\\001.png",
    ],
)
def test_a_name_may_begin_anywhere_and_go_beyond_the_root(name: str) -> None:
    assert found([name], ["happy/001.png", "angry/002.png"]) == ["happy/001.png"]


@pytest.mark.parametrize("head", ["", "emotic/", "/home/them/emotic/", "E:\\emotic\\"])
def test_names_with_more_folders_than_the_tree_are_told_apart_by_the_folders_they_share(head: str) -> None:
    files = ["mscoco/images/000.png", "framesdb/images/000.png"]
    assert found([f"{head}{file}" for file in files], files) == files


def test_a_name_that_fits_several_files_equally_well_means_none_of_them() -> None:
    files = ["a/images/000.png", "b/images/000.png", "001.png", "a/001.png"]
    assert found(["images/000.png", "000.png", "x/images/000.png"], files) == [None, None, None]
    assert found(["001.png"], files) == ["001.png"]


def test_what_the_root_is_called_tells_which_names_are_of_it() -> None:
    names = ["happy/001.png", "sad/001.png", "sad/002.png"]
    assert found(names, ["001.png", "002.png"], Path("/mine/happy")) == ["001.png", None, None]


def test_each_root_has_the_names_of_its_own() -> None:
    roots = [Path("/mine/mscoco"), Path("/mine/framesdb")]
    names = ["emotic/mscoco/images/0.png", "emotic/framesdb/images/0.png"]
    matches = Tree([root / "images/0.png" for root in roots], roots).find(names)
    assert [matches[name].paths for name in names] == [(root / "images/0.png",) for root in roots]


def test_a_name_is_not_flattened_into_a_root_that_others_lead_to_in_fewer_steps() -> None:
    assert found(["happy/001.png", "sad/001.png"], ["001.png", "happy/001.png"]) == ["happy/001.png", None]
    assert found(["them/1.png", "them/sad/2.png"], ["1.png", "2.png"]) == ["1.png", None]


def test_names_of_a_tree_that_was_flattened_are_found_where_they_do_not_collide() -> None:
    names = ["a/1.png", "b/2.png", "a/3.png", "b/3.png"]
    assert found(names, ["1.png", "2.png", "3.png"]) == ["1.png", "2.png", None, None]


def test_a_file_is_that_of_the_name_that_fits_best() -> None:
    assert found(["1.png", "x/1.png"], ["x/1.png"]) == [None, "x/1.png"]
    assert found(["./x/1.png", "x\\1.png"], ["x/1.png"]) == ["x/1.png", "x/1.png"]


def test_without_roots_only_whole_names_are_ends_of_paths() -> None:
    tree = Tree([Path("/mine/emo/happy/001.png")])
    matches = tree.find(["001.png", "happy/001.png", "/them/emo/happy/001.png", "/mine/emo/happy/001.png"])
    assert [len(match.paths) for match in matches.values()] == [0, 0, 0, 1]
    assert [len(tree.find([name])[name].paths) for name in matches] == [1, 1, 0, 1]


FOLDERS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3)
FILES = st.builds(lambda folders, name: "/".join([*folders, name]), FOLDERS, st.sampled_from(["1", "2"]))


@given(st.sets(FILES, min_size=1), st.sampled_from(["", "x/", "/them/y/", "pictures/"]))
def test_the_names_of_a_whole_tree_mean_its_files_wherever_it_was(files: set[str], head: str) -> None:
    ordered = sorted(files)
    assert found([f"{head}{file}" for file in ordered], ordered) == ordered


@given(st.sets(FILES, min_size=1), st.sets(FILES, min_size=1))
def test_of_a_tree_that_is_there_in_part_no_name_with_folders_means_another_file(
    theirs: set[str], mine: set[str]
) -> None:
    both = sorted(theirs & mine)
    if any("/" in file for file in both):
        names = sorted(name for name in theirs if "/" in name)
        meant = dict(zip(names, found(names, sorted(mine)), strict=True))
        for name, file in meant.items():
            assert file in (name, None) or file.endswith(f"/{name}")


@given(st.lists(st.text(min_size=1)), st.lists(st.text(alphabet="ab/.\\é\u0301", min_size=1)))
def test_any_names_can_be_asked_about(some: list[str], others: list[str]) -> None:
    names = [*some, *others]
    files = [ROOT / name.replace("\x00", "") for name in others]
    assert Tree(files, [ROOT]).find(names).keys() == set(names)


def test_tens_of_thousands_of_names_take_seconds() -> None:
    files = [f"{folder:05d}/{number:03d}.png" for folder in range(300) for number in range(100)]
    began = time.monotonic()
    assert found([f"/them/{file}" for file in files], files) == files
    assert found([f"elsewhere{file}" for file in files[:10_000]], files) == [None] * 10_000
    assert time.monotonic() - began < 20
