"""Starting up: quick, quiet, and with errors a person can act upon."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from elena_wb import __version__
from tests.conftest import Program

HEAVY = {"torch", "transformers", "cv2", "textual", "duckdb", "pyarrow", "numpy", "PIL", "llama_cpp"}
HEAVY |= {"keyring", "dotenv", "sqlite3", "openai", "google", "scipy", "sklearn", "plotext"}
HEAVY |= {"textual_fastdatatable", "textual_image", "textual_plotext", "textual_serve"}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["plugins", "list"], ["keys", "list"], ["--version"]]
)
def test_help_and_listings_import_nothing_heavy_with_every_plugin_installed(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom elena_wb.cli import main\n"
        f"sys.argv = ['elena-wb', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    imported = {name.partition(".")[0] for name in done.stderr.split()}
    assert "elena_wb_hf" in imported
    assert "elena_wb_tiny" in imported
    assert not imported & (HEAVY - {"keyring"} if arguments[0] == "keys" else HEAVY)
    assert arguments != ["--help"] or "pydantic" not in imported


def test_the_version_is_printed(program: Program) -> None:
    assert program("--version").stdout.strip() == __version__


def test_every_documented_verb_has_help(program: Program) -> None:
    shown = program("--help").stdout
    for verb in ("run", "query", "runs", "models", "prompts", "plugins", "keys", "config", "demo", "stimuli"):
        assert f" {verb} " in shown
        assert "Usage" in program(verb, "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run", "nowhere", "-m", "scripted:"], 2, "nowhere"),
        (["run", ".", "-m", "scipted:"], 2, "scripted:"),
        (["run", ".", "-m", "scripted:?btach=1"], 2, "batch"),
        (["run", ".", "-m", "scripted:?batch=x"], 2, "batch"),
        (["run", "."], 2, "models default"),
        (["run", "-m", "scripted:"], 2, "No pictures"),
        (["run", "--resume", "1", "."], 2, "--resume"),
        (["run", ".", "-m", "scripted:", "-p", "elna"], 2, "elena"),
        (["run", ".", "-m", "scripted:", "--mask", "face:"], 2, "face+hands"),
        (["run", ".", "-m", "scripted:", "--dataset", "emotc"], 2, "emotc"),
        (["frobnicate"], 2, "frobnicate"),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(
    program: Program, pictures, arguments: list[str], code: int, said: str
) -> None:
    folder = str(pictures(1))
    done = program(*[folder if argument == "." else argument for argument in arguments], code=code)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_traceback_comes_only_with_debug(program: Program) -> None:
    assert "Traceback" in program("--debug", "run", "nowhere", "-m", "scripted:", code=2).stderr


def test_models_are_listed_described_aliased_and_made_default(program: Program, pictures) -> None:
    listed = {row["model"] for row in json.loads(program("models", "--json").stdout)}
    assert {"scripted:", "hf:", "tiny:"} <= listed
    assert "batch" in program("models", "info", "scripted").stdout
    program("models", "alias", "quick", "scripted:?batch=2")
    program("models", "default", "quick")
    assert program("models", "default").stdout.strip() == "scripted:?batch=2"
    program("run", str(pictures(2)), "-p", "naive")
    program("models", "default", "nothing:", code=2)


def test_an_interrupt_before_anything_is_asked_ends_the_program_without_a_traceback(program: Program) -> None:
    code = """
    import os, signal
    import duckdb
    import typer
    from elena_wb import hookimpl
    if "INTERRUPT_EARLY" in os.environ:
        raise KeyboardInterrupt

    @hookimpl
    def register_commands(app: typer.Typer) -> None:
        @app.command("count")
        def count() -> None:
            signal.signal(signal.SIGALRM, signal.default_int_handler)
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            while True:  # short ones: DuckDB looks for signals only between the pieces of its work
                duckdb.execute("SELECT count(*) FROM range(2000000) AS t(i) WHERE hash(i) = 1").fetchall()
    """
    program.install("interrupted", code)
    assert program("count", code=130).stderr == ""
    early = {**os.environ, "PYTHONPATH": str(program.site), "INTERRUPT_EARLY": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "elena_wb", "runs"], env=early, capture_output=True, check=False
    )
    assert done.returncode == 130
    assert b"`interrupted` was being loaded" in done.stderr
    assert b"ELENA_WB_WITHOUT_PLUGINS=interrupted" in done.stderr
