"""``plugins new``: what it writes is sound code that tests itself, of every kind and whatever it is called."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from elena_wb import __version__
from elena_wb.errors import SetupError, UsageError
from elena_wb.plugins import KINDS, build_host
from elena_wb.plugins.making import host_requirement, write_plugin
from elena_wb.plugins.making_kinds import SKELETONS
from elena_wb.plugins.making_names import LONGEST, plugin_name, require_free
from tests.conftest import Program

SHORT = {kind: f"{kind[0]}{number}" for number, kind in enumerate(SKELETONS)}
LONG = {kind: f"my-{kind}-{'of-many-letters-' * 3}"[: LONGEST - 1].rstrip("-") + "x" for kind in SKELETONS}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two plugins of each kind, one of a short name and one of the longest."""
    folder = tmp_path_factory.mktemp("written")
    for names in (SHORT, LONG):
        for kind, name in names.items():
            write_plugin(name, kind, folder / name, author="Ada Lovelace <ada@lab.example>")
    return folder


def tool(*arguments: str | Path, cwd: Path, **environment: str) -> None:
    """Run a tool of Python's; what it says where it fails is the failure."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_kind_for_every_hook_that_registers_something() -> None:
    assert sorted(one.hook for one in SKELETONS.values()) == sorted(KINDS)


def test_what_is_written_is_formatted_and_has_no_fault_that_a_linter_knows(written: Path) -> None:
    tool("ruff", "check", "--no-cache", ".", cwd=written)
    tool("ruff", "format", "--no-cache", "--check", ".", cwd=written)


def test_what_is_written_is_typed_throughout(written: Path) -> None:
    sources = [written / name / "src" for name in SHORT.values()]
    tests = [written / name / "tests" for name in SHORT.values()]
    files = [file for folder in (*sources, *tests) for file in folder.rglob("*.py")]
    here = Path(__file__).parents[2]  # its settings are strict, and what it has analysed is kept
    path = os.pathsep.join(map(str, [here, *sources]))
    tool("mypy", "--strict", *files, cwd=here, MYPYPATH=path)


def test_what_is_written_passes_its_own_tests(written: Path) -> None:
    sources = os.pathsep.join(str(written / name / "src") for name in SHORT.values())
    tests = [written / name / "tests" for name in SHORT.values()]
    options = ("-q", "-p", "no:cacheprovider", "--import-mode=importlib", "--rootdir", written)
    tool("pytest", *options, *tests, cwd=written, PYTHONPATH=sources)


@pytest.mark.parametrize("kind", SKELETONS)
def test_the_distribution_says_what_it_is_and_what_it_needs(kind: str, written: Path) -> None:
    for name in (SHORT[kind], LONG[kind]):
        folder, package = written / name, f"elena_wb_{name.replace('-', '_')}"
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
        assert project["name"] == f"elena-wb-{name}"
        assert project["authors"] == [{"name": "Ada Lovelace", "email": "ada@lab.example"}]
        assert project["entry-points"]["elena_wb"] == {name: f"{package}.plugin"}
        needed = {Requirement(one).name: Requirement(one) for one in project["dependencies"]}
        assert needed["elena-wb"].specifier.contains(__version__, prereleases=True)
        assert (folder / "src" / package / "py.typed").is_file()
        assert "Apache License" in (folder / "LICENSE").read_text("utf-8")
        readme = (folder / "README.md").read_text("utf-8")
        assert f"# elena-wb-{name}\n" in readme
        assert f"`elena_wb.testing.check_{kind}`" in readme
        assert not [file for file in folder.rglob("*") if file.is_file() and "$" in file.read_text("utf-8")]


@pytest.mark.parametrize(
    ("given", "meant"),
    [("my-camera", "my-camera"), ("elena-wb-my-camera", "my-camera"), ("My_Camera.2", "my-camera-2")],
)
def test_names_are_read_as_they_are_meant(given: str, meant: str) -> None:
    assert plugin_name(given) == meant


@pytest.mark.parametrize("given", ["", "x", "2nd", "a/b", "ä-z", "../up", "a b", "x" * 31, "-a", "nul\0"])
def test_a_name_that_cannot_be_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a plugin"):
        plugin_name(given)


@pytest.mark.parametrize("given", ["hf", "ray", "none", "builtin", "https"])
def test_a_name_that_means_something_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match=f"`{given}`"):
        plugin_name(given)


def test_a_name_that_something_installed_has_is_refused() -> None:
    from elena_wb import builtin

    host = build_host([], [("builtin", builtin), ("cameras", object())])
    require_free("my-camera", host)
    with pytest.raises(UsageError, match="among its maskers"):
        require_free("box", host)
    with pytest.raises(UsageError, match="A plugin `cameras` is installed already"):
        require_free("cameras", host)


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("0.1.0", "elena-wb>=0.1,<0.2"),
        ("0.12.3.dev1", "elena-wb>=0.12,<0.13"),
        ("0.2.0.dev3", "elena-wb>=0.2.0.dev3,<0.3"),
        ("2.3.1", "elena-wb>=2.3,<3"),
        ("0+unknown", "elena-wb"),
        ("of today", "elena-wb"),
    ],
)
def test_a_plugin_asks_for_the_versions_that_keep_their_promise(version: str, wanted: str) -> None:
    assert host_requirement(version) == wanted


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("all of it")
    (tmp_path / "file").write_text("")
    for name in ("taken", "file"):
        with pytest.raises(UsageError, match="is there already"):
            write_plugin("my-camera", "model", tmp_path / name)
    assert [file.name for file in (tmp_path / "taken").iterdir()] == ["thesis.txt"]
    (tmp_path / "empty").mkdir()
    assert len(write_plugin("my-camera", "model", tmp_path / "empty")) == 9


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be written to"):
        write_plugin("my-camera", "model", tmp_path / "file" / "below")


@pytest.mark.parametrize("author", ["", "  ", "\x1b[31mred", "<>", "a\nb"])
def test_an_author_who_cannot_be_is_refused(author: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no author"):
        write_plugin("my-camera", "model", tmp_path / "out", author=author)
    assert not (tmp_path / "out").exists()


def test_an_author_of_any_script_is_written_as_toml(tmp_path: Path) -> None:
    write_plugin("my-camera", "model", tmp_path, author='Zoë "Z" Müller-李')
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["authors"] == [{"name": 'Zoë "Z" Müller-李'}]


def test_the_verb_writes_the_files_and_says_what_to_do_next(program: Program, tmp_path: Path) -> None:
    out = tmp_path / "my folder"
    done = program("plugins", "new", "My_Style", "--kind", "masker", "--out", str(out))
    files = [Path(line) for line in done.stdout.splitlines()]
    assert len(files) == 9
    assert all(file.is_file() for file in files)
    assert f"pip install --editable '{out}[dev]'" in done.stderr
    assert f"pytest '{out}'" in done.stderr
    assert "elena-wb plugins check my-style" in done.stderr
    assert "is there already" in program("plugins", "new", "my-style", "--out", str(out), code=2).stderr
    assert "among its maskers" in program("plugins", "new", "box", code=2).stderr
