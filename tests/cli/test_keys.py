"""``elena-wb keys``: keys are asked for, kept, told of and forgotten, and never shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Program

KEY = "Zq9-a-key-that-nobody-may-see"

_CLOUD = """
    from typing import ClassVar

    from pydantic import BaseModel

    from elena_wb import hookimpl
    from elena_wb.core import KeySlot, ModelError
    from elena_wb.remote.keys import require_key


    class Options(BaseModel):
        how: str = "say"


    class Cloud:
        options_model: ClassVar = Options
        requires: ClassVar = {}
        keys: ClassVar = (KeySlot("cloudy", ("CLOUDY_API_KEY", "CLOUDY_KEY"), "https://example.org/keys"),)

        def destination(self, reference, options):
            return "example.org"

        def describe(self, reference, options):
            key = require_key(self.keys[0]).value
            if options.how == "say":
                raise ModelError(f"The server does not like {key}.", hint=f"Not {key} at all.")
            raise ValueError("careless: " + key)


    @hookimpl
    def register_models(register):
        register("cloud", Cloud)
"""


@pytest.fixture
def cloudy(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A provider that needs a key, in an empty folder."""
    for variable in ("CLOUDY_API_KEY", "CLOUDY_KEY"):
        monkeypatch.delenv(variable, raising=False)
    program.install("cloud", _CLOUD)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return program


def _fed(program: Program, text: str, *arguments: str, code: int = 0) -> str:
    """stderr of the program, fed with ``text``; stdout stays empty."""
    process = program.start(*arguments, stdin=subprocess.PIPE)
    out, err = process.communicate(text, timeout=60)
    assert process.returncode == code, err
    assert out == ""
    return err


def _row(program: Program, name: str = "cloudy") -> dict[str, object]:
    return next(row for row in json.loads(program("keys", "--json").stdout) if row["name"] == name)


def test_a_key_from_stdin_is_kept_listed_and_forgotten_and_never_shown(cloudy: Program) -> None:
    path = cloudy.home / "config" / "keys.toml"
    assert _row(cloudy) == {
        "name": "cloudy",
        "set": False,
        "origin": None,
        "unused": [],
        "variables": ["CLOUDY_API_KEY", "CLOUDY_KEY"],
        "problem": None,
    }
    said = _fed(cloudy, f"{KEY}\n", "keys", "set", "cloudy")
    assert f"in the keys file {path}" in said
    assert path.stat().st_mode & 0o777 == 0o600
    listed = cloudy("keys")
    assert "cloudy\tkeys file\t\tCLOUDY_API_KEY, CLOUDY_KEY\n" in listed.stdout
    removed = cloudy("keys", "remove", "cloudy")
    assert "gone from the keys file" in removed.stderr
    assert not path.exists()
    for shown in (said, listed.stdout, listed.stderr, removed.stderr):
        assert KEY not in shown
    assert "No key is kept under `cloudy`" in cloudy("keys", "remove", "cloudy", code=2).stderr


def test_a_key_that_is_shadowed_is_told_of(cloudy: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text(f"CLOUDY_KEY={KEY}-file\n")
    said = _fed(cloudy, KEY, "keys", "set", "cloudy")
    assert "CLOUDY_KEY in .env holds a key too, and that one is used" in said
    monkeypatch.setenv("CLOUDY_API_KEY", f"{KEY}-environment")
    row = _row(cloudy)
    assert row["origin"] == "CLOUDY_API_KEY in the environment"
    assert row["unused"] == ["CLOUDY_KEY in .env", "keys file"]
    assert "still found in CLOUDY_API_KEY in the environment" in cloudy("keys", "remove", "cloudy").stderr


@pytest.mark.parametrize(("fed", "said"), [("  \n", "No key was given"), ("one\ntwo\n", "no key")])
def test_what_is_no_key_changes_nothing(cloudy: Program, fed: str, said: str) -> None:
    path = cloudy.home / "config" / "keys.toml"
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    path.write_text(f'[keys]\ncloudy = "{KEY}"\n')
    before = path.read_bytes()
    assert said in _fed(cloudy, fed, "keys", "set", "cloudy", code=2)
    assert path.read_bytes() == before


def test_a_key_on_the_command_line_is_refused_and_not_repeated(cloudy: Program) -> None:
    for arguments in (["cloudy", KEY], ["sk-0123456789abcdef0123456789abcdef"]):
        said = _fed(cloudy, KEY, "keys", "set", *arguments, code=2)
        assert arguments[-1] not in said
        assert "asked for" in said
    assert not (cloudy.home / "config").exists()


def test_a_name_that_no_plugin_asks_for_is_remarked_on_and_kept(cloudy: Program) -> None:
    said = _fed(cloudy, KEY, "keys", "set", "clody")
    assert "No installed plugin asks for a key called `clody`" in said
    assert "Did you mean `cloudy`?" in said
    assert _row(cloudy, "clody")["origin"] == "keys file"
    assert "Did you mean `clody`?" in cloudy("keys", "remove", "cloudy", code=2).stderr
    cloudy("keys", "remove", "clody")


def test_a_keys_file_open_to_others_is_refused_with_the_command_that_closes_it(cloudy: Program) -> None:
    _fed(cloudy, KEY, "keys", "set", "cloudy")
    path = cloudy.home / "config" / "keys.toml"
    path.chmod(0o644)
    said = cloudy("models", "info", "cloud:x", code=3).stderr
    assert "mode 0644" in said
    assert f"chmod 600 {path}" in said
    assert "0644" in str(_row(cloudy)["problem"])


def test_a_missing_key_ends_with_the_ways_to_set_it(cloudy: Program) -> None:
    said = cloudy("models", "info", "cloud:x", code=3).stderr
    assert "There is no API key for `cloudy`" in said
    assert "elena-wb keys set cloudy" in said
    assert "https://example.org/keys" in said


@pytest.mark.parametrize(("how", "debug"), [("say", False), ("say", True), ("raise", False), ("raise", True)])
def test_an_error_that_repeats_the_key_is_shown_without_it(
    cloudy: Program, how: str, debug: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDY_KEY", KEY)
    said = cloudy(*["--debug"] * debug, "models", "info", f"cloud:x?how={how}", code=1).stderr
    assert "[key]" in said
    assert "Zq9" not in said
    assert ("Traceback" in said) == debug
    if how == "raise":
        assert "ValueError: careless: [key]" in said
        assert "fault of the program or of a plugin" in said


def test_a_keyring_that_hangs_holds_nothing_up_for_long(
    cloudy: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloudy.install(
        "impatient",
        "from elena_wb.remote import system_keyring\n"
        "system_keyring.READING_S = system_keyring.WRITING_S = 0.3\n",
    )
    (cloudy.site / "hanging.py").write_text(
        "import time\nfrom keyring.backend import KeyringBackend\n"
        "class Keyring(KeyringBackend):\n    priority = 5\n"
        "    def get_password(self, service, username):\n        time.sleep(3600)\n"
        "    def set_password(self, service, username, password):\n        time.sleep(3600)\n"
    )
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "hanging.Keyring")
    said = _fed(
        cloudy, KEY, "keys", "set", "cloudy"
    )  # which waits a minute, where the keyring would take an hour
    assert "in the keys file" in said
    assert "did not answer" in said


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("typed", "code"), [(f"{KEY}\n", 0), ("\x03", 130), ("\x04", 130)])
def test_on_a_terminal_the_key_is_asked_for_and_not_echoed(cloudy: Program, typed: str, code: int) -> None:
    import pty

    child, terminal = pty.fork()
    if child == 0:
        environment = {**os.environ, "PYTHONPATH": str(cloudy.site)}
        os.execve(sys.executable, [sys.executable, "-m", "elena_wb", "keys", "set", "cloudy"], environment)
    shown = b""
    while b"not shown): " not in shown:
        shown += os.read(terminal, 4096)
    time.sleep(0.2)  # until the terminal has stopped to echo
    os.write(terminal, typed.encode())
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == code
    assert b"Zq9" not in shown
    assert (b"is now in" in shown) == (code == 0)
    assert (cloudy.home / "config" / "keys.toml").exists() == (code == 0)
