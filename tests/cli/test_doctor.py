"""``elena-wb doctor`` as people and scripts use it: whatever is broken, it tells and does not break."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from elena_wb.store import Store
from tests.conftest import Program


def examined(program: Program, *arguments: str, code: int = 0) -> dict[tuple[str, str], dict[str, str]]:
    done = program(*arguments, "doctor", "--json", code=code)
    assert "Traceback" not in done.stderr
    return {(one["area"], one["name"]): one for one in json.loads(done.stdout)}


def test_a_sound_machine_exits_with_0_and_a_pipe_gets_lines(program: Program, tmp_path: Path) -> None:
    done = program("--store", str(tmp_path / "none.duckdb"), "doctor")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines[0] == ["state", "area", "name", "says", "mend"]
    assert {len(line) for line in lines} == {5}
    assert done.stderr.strip().endswith("0 failed.")
    assert not (tmp_path / "none.duckdb").exists()


def test_a_broken_configuration_and_a_broken_store_are_both_told(program: Program, tmp_path: Path) -> None:
    (program.home / "config").mkdir(parents=True)
    (program.home / "config" / "config.toml").write_text('offline = "perhaps\n')
    (tmp_path / "s.duckdb").write_bytes(b"nonsense" * 1000)
    found = examined(program, "--store", str(tmp_path / "s.duckdb"), code=3)
    assert found["settings", "file"]["state"] == "fail"
    assert "config.toml" in found["settings", "file"]["mend"]
    assert found["store", "file"]["state"] == "fail"
    assert found["program", "python"]["state"] == "ok"


def test_what_the_command_line_or_the_environment_gets_wrong_is_told(program: Program, monkeypatch) -> None:
    found = examined(program, "--store", "~nobody-of-this-name/s.duckdb", code=3)
    assert "store" in found["settings", "file"]["says"]
    monkeypatch.setenv("ELENA_WB_SEED", "many")
    found = examined(program, code=3)
    assert "ELENA_WB_SEED" in found["settings", "file"]["says"]
    assert found["settings", "file"]["mend"] is None


def test_a_plugin_that_fails_is_a_warning_with_its_reason(program: Program, tmp_path: Path) -> None:
    program.install("torn", "raise RuntimeError('no [bold]licence')", dist="elena-wb-torn")
    program.install("second", "from scripted import *")
    found = examined(program, "--store", str(tmp_path / "none.duckdb"))
    assert found["plugins", "torn"]["state"] == "warn"
    assert "no [bold]licence" in found["plugins", "torn"]["says"]
    assert found["plugins", "torn"]["mend"] == "elena-wb plugins install --upgrade elena-wb-torn"


def test_keys_are_named_and_never_shown(program: Program, monkeypatch, tmp_path: Path) -> None:
    program.install(
        "paid",
        """
        from elena_wb import hookimpl
        from elena_wb.core import KeySlot

        class Paid:
            requires = {}
            keys = (KeySlot("paid", ("PAID_KEY",)),)

        @hookimpl
        def register_models(register):
            register("paid", Paid)
        """,
    )
    monkeypatch.setenv("PAID_KEY", "sk-very-secret-0123456789")
    done = program("--store", str(tmp_path / "none.duckdb"), "doctor", "--json")
    assert "PAID_KEY" in done.stdout
    assert "very-secret" not in done.stdout + done.stderr


def test_a_store_on_a_disk_that_cannot_be_written_to_can_be_looked_at(
    program: Program, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with Store(disk / "s.duckdb").write():
        pass
    if shutil.which("mount") is None or not _made_read_only(disk):
        disk.chmod(0o500)
        (disk / "s.duckdb").chmod(0o400)
    try:
        writable = _is_writable(disk)
        found = examined(program, "--store", str(disk / "s.duckdb"))
    finally:
        subprocess.run(["umount", str(disk)], capture_output=True, check=False)
        disk.chmod(0o700)
    assert found["store", "file"]["state"] == "ok"
    assert found["store", "writing"]["state"] == ("ok" if writable else "warn")


def _made_read_only(disk: Path) -> bool:
    """Whether ``disk`` is now a file system of its own that nobody, root included, can write to."""
    for command in (["mount", "--bind", str(disk), str(disk)], ["mount", "-o", "remount,ro,bind", str(disk)]):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return False
    return True


def _is_writable(folder: Path) -> bool:
    try:
        (folder / "probe").touch()
    except OSError:
        return False
    (folder / "probe").unlink()
    return True
