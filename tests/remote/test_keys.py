"""Where keys are looked for and put, in a process of its own where a keyring is chosen."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from elena_wb.core import KeySlot, SetupError, UsageError
from elena_wb.remote import keys, redaction
from elena_wb.remote.keyfile import Held, keys_path, read_held, write_held
from elena_wb.remote.redaction import redact

SLOT = KeySlot("gemini", ("GOOGLE_API_KEY", "GEMINI_API_KEY"), "https://example.org/keys")
FIRST, SECOND, THIRD, FOURTH = (f"{word}-key-0123456789" for word in ("first", "second", "third", "fourth"))


@pytest.fixture(autouse=True)
def no_keys_but_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_the_environment_comes_before_the_env_file_and_that_before_the_keys_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert keys.find_key(SLOT) is None
    keys.store_key("gemini", FOURTH)
    assert keys.find_key(SLOT) == keys.Key(FOURTH, "keys file")
    Path(".env").write_text(f"OTHER=x\nexport GEMINI_API_KEY='{THIRD}'\n")
    assert keys.find_key(SLOT) == keys.Key(THIRD, "GEMINI_API_KEY in .env")
    monkeypatch.setenv("GEMINI_API_KEY", SECOND)
    assert keys.find_key(SLOT) == keys.Key(SECOND, "GEMINI_API_KEY in the environment")
    monkeypatch.setenv("GOOGLE_API_KEY", FIRST)
    assert keys.find_key(SLOT) == keys.Key(FIRST, "GOOGLE_API_KEY in the environment")
    (state,) = keys.list_keys([SLOT])
    assert state.origin == "GOOGLE_API_KEY in the environment"
    assert state.unused == ("GEMINI_API_KEY in the environment", "GEMINI_API_KEY in .env", "keys file")


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "  ")
    monkeypatch.setenv("GEMINI_API_KEY", f" {FIRST}\n")
    assert keys.find_key(SLOT) == keys.Key(FIRST, "GEMINI_API_KEY in the environment")


def test_an_env_file_changes_nothing_in_the_environment_and_takes_nothing_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOST_SECRET", "from-the-environment")
    Path(".env").write_text("OTHER_THING=1\nGEMINI_API_KEY=${HOST_SECRET}-0123\n")
    before = dict(os.environ)
    found = keys.require_key(SLOT)
    assert found.value == "${HOST_SECRET}-0123"
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfGEMINI_API_KEY=first-key-0123456789\r\n",
        b"# x\nbad line {\nGEMINI_API_KEY=first-key-0123456789",
    ],
)
def test_an_env_file_of_another_program_or_editor_is_read(content: bytes) -> None:
    Path(".env").write_bytes(content)
    assert keys.require_key(SLOT).value == FIRST


def test_an_env_folder_is_a_virtual_environment_and_no_file() -> None:
    Path(".env").mkdir()
    assert keys.find_key(SLOT) is None


def test_an_env_file_that_is_no_text_is_named_without_showing_it() -> None:
    Path(".env").write_bytes(b"GEMINI_API_KEY=abc\xff\xfedef")
    with pytest.raises(SetupError, match=r"\.env") as caught:
        keys.find_key(SLOT)
    assert "abc" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_without_a_key_the_ways_to_set_it_are_told() -> None:
    with pytest.raises(SetupError, match="no API key for `gemini`") as caught:
        keys.require_key(SLOT)
    hint = caught.value.hint or ""
    for way in (
        "elena-wb keys set gemini",
        "GOOGLE_API_KEY or GEMINI_API_KEY",
        ".env",
        "https://example.org/keys",
    ):
        assert way in hint


@pytest.mark.parametrize("value", ["two words", "a\nb", "kéy-kéy-kéy", "tab\there", "x" * 5000])
def test_what_cannot_be_a_key_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", value)
    with pytest.raises(SetupError, match="GEMINI_API_KEY in the environment") as found:
        keys.find_key(SLOT)
    with pytest.raises(UsageError, match="no key") as stored:
        keys.store_key("gemini", value)
    assert value not in str(found.value) + str(stored.value)
    assert not keys_path().exists()
    (state,) = keys.list_keys([SLOT])
    assert state.origin is None
    assert state.problem


def test_a_key_never_shows_itself_and_is_hidden_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_secrets", set())
    monkeypatch.setenv("GEMINI_API_KEY", "Xq-unseen-0123456789")
    found = keys.require_key(SLOT)
    assert "Xq-unseen" not in repr(found) + str(found) + f"{found}"
    assert redact("was Xq-unseen-0123456789") == "was [key]"
    assert "Xq-unseen" not in repr(Held({"gemini": found.value}))


@pytest.mark.parametrize("name", ["", "Gemini", "a b", "-a", "a-", "../x", "a.b", "a\n", "sk-" + "a1" * 20])
def test_names_are_plain_words_and_a_key_given_for_a_name_is_not_repeated(name: str) -> None:
    with pytest.raises(UsageError, match="lower-case letters") as caught:
        keys.store_key(name, FIRST)
    assert not name or name not in caught.value.message


@pytest.mark.skipif(os.name != "posix", reason="modes of files are those of POSIX")
def test_the_keys_file_is_its_owners_alone_from_the_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[int] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            for path in keys_path().parent.glob("*keys.toml*") if keys_path().parent.exists() else ():
                try:
                    seen.add(stat.S_IMODE(path.stat().st_mode))
                except OSError:
                    continue

    watcher = threading.Thread(target=watch)
    before = os.umask(0)
    watcher.start()
    try:
        for index in range(30):
            write_held(Held({"gemini": f"{FIRST}-{index}"}))
    finally:
        stop.set()
        watcher.join()
        os.umask(before)
    assert seen == {0o600}
    assert stat.S_IMODE(keys_path().parent.stat().st_mode) == 0o700
    assert list(keys_path().parent.iterdir()) == [keys_path()]


@pytest.mark.skipif(os.name != "posix", reason="modes of files are those of POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666, 0o610])
def test_a_keys_file_open_to_others_is_refused_with_the_command_that_closes_it(mode: int) -> None:
    keys.store_key("gemini", FIRST)
    keys_path().chmod(mode)
    for use in (
        lambda: keys.find_key(SLOT),
        lambda: keys.store_key("gemini", SECOND),
        lambda: keys.remove_key("gemini"),
    ):
        with pytest.raises(SetupError, match=f"{mode:04o}") as caught:
            use()
        assert f"chmod 600 {keys_path()}" in (caught.value.hint or "")
    (state,) = keys.list_keys([SLOT])
    assert state.origin is None
    assert f"{mode:04o}" in (state.problem or "")
    keys_path().chmod(0o600)
    assert keys.require_key(SLOT).value == FIRST


def test_an_open_keys_file_does_not_matter_where_the_key_is_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys.store_key("gemini", FIRST)
    keys_path().chmod(0o644)
    monkeypatch.setenv("GEMINI_API_KEY", SECOND)
    assert keys.require_key(SLOT).value == SECOND


def test_a_symbolic_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "my-keys.toml"
    elsewhere.parent.mkdir()
    keys_path().parent.mkdir(parents=True)
    keys_path().symlink_to(elsewhere)
    keys.store_key("gemini", FIRST)
    assert keys_path().is_symlink()
    assert elsewhere.is_file()
    assert keys.require_key(SLOT).value == FIRST
    elsewhere.chmod(0o644)
    with pytest.raises(SetupError, match="0644"):
        keys.find_key(SLOT)


@pytest.mark.parametrize(
    "content",
    [
        "[keys",
        "keys = 3",
        "[keys]\ngemini = 3",
        "in_keyring = 'gemini'",
        "in_keyring = [1]",
        '[keys]\ngemini = "abc',
    ],
)
def test_a_damaged_keys_file_is_named_and_its_content_is_not_shown(content: str) -> None:
    keys_path().parent.mkdir(parents=True)
    keys_path().touch(0o600)
    keys_path().write_text(content)
    with pytest.raises(SetupError, match="damaged") as caught:
        keys.find_key(SLOT)
    assert "abc" not in str(caught.value)
    assert keys_path().read_text() == content


def test_a_folder_or_pipe_in_the_place_of_the_keys_file_is_refused_at_once() -> None:
    keys_path().mkdir(parents=True)
    with pytest.raises(SetupError, match="no file"):
        keys.find_key(SLOT)
    keys_path().rmdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(keys_path(), 0o600)
        with pytest.raises(SetupError, match="no file"):
            keys.find_key(SLOT)


def test_any_key_that_can_be_given_comes_back_from_the_file() -> None:
    key = "".join(chr(code) for code in range(0x21, 0x7F))
    keys.store_key("my-server", key)
    keys.store_key("gemini", FIRST)
    assert keys.require_key(KeySlot("my-server", ())).value == key
    assert [state.service for state in keys.list_keys([SLOT])] == ["gemini", "my-server"]


def test_the_file_goes_when_its_last_key_does() -> None:
    keys.store_key("gemini", FIRST)
    keys.store_key("openai", SECOND)
    assert keys.remove_key("gemini") == (["the keys file"], None)
    assert read_held().keys == {"openai": SECOND}
    assert keys.remove_key("openai") == (["the keys file"], None)
    assert not keys_path().exists()
    assert keys.remove_key("openai") == ([], None)


def _with_keyring(kind: str, code: str, tmp_path: Path) -> list[str]:
    """What ``code`` prints where keyrings are of this kind."""
    backend = kind if "." in kind else f"keyrings.{kind}"
    patience = 0.3 if kind == "Hanging" else 30.0
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from elena_wb.remote import keys, system_keyring\nfrom elena_wb.core import KeySlot\n"
            f"system_keyring.READING_S = system_keyring.WRITING_S = {patience}\n"
            "slot = KeySlot('gemini', ('GEMINI_API_KEY',))\n" + textwrap.dedent(code),
        ],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parent),
            "PYTHON_KEYRING_BACKEND": backend,
            "TEST_KEYRING": str(tmp_path / "keyring.json"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


_SET_AND_FIND = f"""
    stored = keys.store_key("gemini", "{FIRST}")
    print(stored.place)
    print(stored.problem)
    print(keys.find_key(slot))
"""


def test_a_key_goes_to_the_system_keyring_and_from_the_file(tmp_path: Path) -> None:
    keys.store_key("gemini", SECOND)
    place, problem, found = _with_keyring("Keeping", _SET_AND_FIND, tmp_path)
    assert place == "the system keyring (keyrings Keeping)"
    assert problem == "None"
    assert found == "Key(origin='system keyring')"
    assert FIRST in (tmp_path / "keyring.json").read_text()
    assert read_held() == Held({}, frozenset({"gemini"}))
    listed = _with_keyring(
        "Keeping", "print(*keys.list_keys([]), keys.remove_key('gemini'), sep='|')", tmp_path
    )
    assert "origin='system keyring'" in listed[0]
    assert listed[0].endswith("(['the system keyring'], None)")
    assert (tmp_path / "keyring.json").read_text() == "{}"
    assert not keys_path().exists()


def test_a_key_that_is_put_into_the_file_on_purpose_is_not_shadowed_by_an_old_one(tmp_path: Path) -> None:
    code = f"""
        keys.store_key("gemini", "{FIRST}")
        print(keys.store_key("gemini", "{SECOND}", in_file=True).place)
        print(keys.require_key(slot).origin, keys.require_key(slot).value == "{SECOND}")
    """
    place, found = _with_keyring("Keeping", code, tmp_path)
    assert place == f"the keys file {keys_path()}"
    assert found == "keys file True"


@pytest.mark.parametrize(
    "kind", ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring", "PlaintextKeyring"]
)
def test_what_keeps_no_secrets_is_no_keyring(kind: str, tmp_path: Path) -> None:
    place, problem, found = _with_keyring(kind, _SET_AND_FIND, tmp_path)
    assert place == f"the keys file {keys_path()}"
    assert problem == "None"
    assert found == "Key(origin='keys file')"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("Locked", "KeyringLocked"),
        ("Hanging", "did not answer"),
        ("Forgetful", "did not keep"),
        ("nowhere.Keyring", "nowhere"),
    ],
)
def test_a_keyring_out_of_order_is_told_and_the_file_used(kind: str, said: str, tmp_path: Path) -> None:
    place, problem, found = _with_keyring(kind, _SET_AND_FIND, tmp_path)
    assert place == f"the keys file {keys_path()}"
    assert said in problem
    assert FIRST not in problem
    assert found == "Key(origin='keys file')"


def test_a_missing_key_is_explained_by_a_keyring_out_of_order(tmp_path: Path) -> None:
    code = """
        try:
            keys.require_key(slot)
        except Exception as error:
            print(error)
    """
    (said,) = _with_keyring("Locked", code, tmp_path)
    assert said.startswith(
        "There is no API key for `gemini`. The system keyring cannot be used: KeyringLocked"
    )


def test_the_program_ends_though_the_keyring_still_hangs_and_asks_it_once_only(tmp_path: Path) -> None:
    code = """
        import time
        began = time.monotonic()
        for _ in range(20):
            assert keys.find_key(slot) is None
        print(time.monotonic() - began < 3)
    """
    assert _with_keyring("Hanging", code, tmp_path) == ["True"]
