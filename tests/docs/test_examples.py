"""Every example of every page is run, or says why it is not and is held against the real verbs and options."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from elena_wb import experiments
from tests.docs import comparing, pages, spoken
from tests.docs.sandbox import Sandbox

EVERY = {page.relative_to(pages.ROOT).as_posix(): page for page in pages.every_page()}
_INLINE = re.compile(r"(?<!`)`(elena-wb [^`]+)`(?!`)")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path_factory.mktemp("docs"))
    yield made
    made.close()


@pytest.mark.parametrize("name", EVERY)
def test_the_examples_of_a_page_do_what_they_show(name: str, sandbox: Sandbox) -> None:
    page = pages.read(EVERY[name])
    to_run = [block for block in page.blocks if block.not_run is None]
    if not any(block.language in pages.RUN for block in to_run):
        return
    sandbox.prepare(page.set_up)
    with sandbox.inside("docs_page") as namespace:
        for block in to_run:
            _run(block, name, sandbox, namespace)


def _run(block: pages.Block, name: str, sandbox: Sandbox, namespace: dict[str, object]) -> None:
    where = f"{name}:{block.line}"
    if block.file:
        file = sandbox.work / block.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, "utf-8")
    match block.language:
        case "console":
            for command in pages.commands(block):
                done = sandbox.run(command.text)
                told = f"{where}: $ {command.text}\n{done.out}{done.err}"
                assert done.status == command.exits, f"exits with {done.status}: {told}"
                if command.shown and any(command.shown):
                    home = str(sandbox.home)
                    out, err = comparing.plain(done.out, home), comparing.plain(done.err, home)
                    unlike = comparing.difference(command.shown, out, err)
                    assert unlike is None, f"{unlike}\n{told}"
        case "sql":
            (sandbox.work / ".query.sql").write_text(block.text, "utf-8")
            done = sandbox.run('elena-wb query "$(cat .query.sql)"')
            assert done.status == 0, f"{where}\n{done.err}"
        case "python" if not block.file:
            sandbox.execute("\n" * block.line + block.text, where, namespace)
        case "toml":
            if {"models", "datasets"} <= tomllib.loads(block.text).keys():
                study = sandbox.work / "study-of-the-page.toml"
                study.write_text(block.text, "utf-8")
                experiments.read(study)


@pytest.mark.parametrize("name", EVERY)
def test_every_command_line_of_a_page_is_one_that_the_program_takes(name: str) -> None:
    page = pages.read(EVERY[name])
    for block in page.blocks:
        for command in pages.commands(block) if block.language == "console" else ():
            for arguments in spoken.calls(command.text):
                mistake = spoken.mistake(arguments)
                usage = command.exits == 2
                assert usage or mistake is None, f"{name}:{block.line}: $ {command.text}\n{mistake}"
    for line in _INLINE.findall(page.prose):
        assert spoken.unknown(line) is None, f"{name}: `{line}`: there is no {spoken.unknown(line)}"


@pytest.mark.parametrize("name", EVERY)
def test_no_block_of_a_page_is_beyond_the_tests(name: str) -> None:
    for block in pages.read(EVERY[name]).blocks:
        where = f"{name}:{block.line}"
        known = block.language in pages.RUN | pages.SHOWN or block.language.startswith("{")
        assert known, (
            f"{where}: a block of `{block.language}` is neither run nor shown; say console, python, text …"
        )
        commands = re.search(r"^(\$ |elena-wb )", block.text, re.MULTILINE)
        assert block.language == "console" or not commands, (
            f"{where}: commands belong into a block of console"
        )
        shows = block.language != "console" or block.text.startswith("$ ")
        assert shows, f"{where}: a block of console begins with a command"
        assert block.not_run is None or len(block.not_run) > 8, f"{where}: say why it is not run"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ran", "photos"], "No such command"),
        (["run", "photos", "--musk", "face"], "No such option"),
        (["import"], "Missing argument"),
        (["run", "photos", "--limit", "many"], "Invalid value"),
        (["runs", "shew", "1"], "No such command"),
    ],
)
def test_a_command_line_that_the_program_would_refuse_is_found(arguments: list[str], says: str) -> None:
    assert says in (spoken.mistake(arguments) or "")
    assert spoken.mistake(["run", "photos", "-m", "tiny:", "--mask", "face", "--limit", "3"]) is None
    assert spoken.unknown("elena-wb run FOLDER --musk face") == "--musk"
    assert spoken.unknown("elena-wb plugins shew") == "shew"
    assert spoken.unknown("elena-wb runs show N…") is None


def test_lines_of_a_shell_are_taken_apart() -> None:
    line = "X=1 elena-wb --offline run 'a b' && elena-wb keys set gemini < KEY | cat; echo elena-wb not"
    assert list(spoken.calls(line)) == [["--offline", "run", "a b"], ["keys", "set", "gemini"]]


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        (["a 1", "b 2", "c 3"], True),
        (["a   1", "…", "c 3"], True),
        (["…", "b …"], False),
        (["…", "b …", "…"], True),
        (["a 1", "c 3"], False),
        (["a 1", "b 2"], False),
        (["note", "a 1", "b 2", "c 3"], True),
        (["a 1", "b 2", "c 3", "note"], True),
        (["a 1", "b 2", "note too", "c 3", "note"], False),
        (["a 2", "…"], False),
    ],
)
def test_what_is_shown_is_compared_with_what_is_printed(shown: list[str], same: bool) -> None:
    difference = comparing.difference(shown, ["a 1", "b 2", "c 3"], ["note", "note too"])
    assert (difference is None) == same, difference


def test_times_and_places_are_not_compared() -> None:
    printed = comparing.plain(
        "24 in 3.1 s, \x1b[1mdone\x1b[0m 2026-01-02 03:04:05 /tmp/x/home/study/a", "/tmp/x/home"
    )
    assert comparing.difference(["24 in 12 s, done 2026-11-20 09:10 /home/you/study/a"], printed, []) is None


def test_a_page_is_taken_apart(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# T\n<!-- set-up: one\ntwo -->\n\n<!-- not run: needs\n weights -->\n```console\n"
        "$ a \\\n>  b  # exits with 4\n"
        "out\n$ c\n```\ntext\n<!-- file: d/e.toml -->\n\n```toml\nx = 1\n```\n```python\n1\n```\n",
        "utf-8",
    )
    found = pages.read(page)
    assert found.set_up == ("one", "two")
    console, toml, python = found.blocks
    assert (console.not_run, toml.file, python.not_run, python.file) == (
        "needs weights",
        "d/e.toml",
        None,
        None,
    )
    first, second = pages.commands(console)
    assert (first.text, first.exits, first.shown) == ("a b  # exits with 4", 4, ("out",))
    assert (second.text, second.exits, second.shown) == ("c", 0, ())
