"""The examination of a machine: every check stands alone, tells what mends it, and changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import duckdb
import pytest

from elena_wb import hookimpl
from elena_wb.config import Settings, load_configuration
from elena_wb.core import KeySlot
from elena_wb.engine import health
from elena_wb.engine.health import State, examine, plugged, program, storage, surroundings, worst
from elena_wb.engine.installed import installed_plugins
from elena_wb.errors import WorkbenchError
from elena_wb.masking import weights
from elena_wb.plugins import PluginHost, build_host
from elena_wb.plugins.requirements import unmet
from elena_wb.store import Outbox, Store, begin_run
from tests.store.conftest import generation, spec, stimulus


@pytest.fixture
def host() -> PluginHost:
    return build_host([], [])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "s.duckdb", lock_timeout=0.3)
    begin_run(store, spec(), [stimulus(1)])
    return store


def by_name(findings) -> dict[str, health.Finding]:
    return {one.name: one for one in findings}


def plugin(**models: type) -> SimpleNamespace:
    """A plugin with these providers."""

    @hookimpl
    def register_models(register) -> None:
        for name, provider in models.items():
            register(name, provider)

    return SimpleNamespace(register_models=register_models)


def test_all_areas_are_told_in_order(store: Store, host: PluginHost) -> None:
    findings = examine(Settings(store=store.path), host, patience=60)
    areas = list(dict.fromkeys(one.area for one in findings))
    assert [one for one in areas if one != "torch"] == [
        *("program", "store", "settings", "models", "detectors", "network", "terminal"),
    ]
    assert all(one.says.strip() for one in findings)


def test_a_check_that_breaks_or_hangs_is_told_of_and_the_others_go_on(monkeypatch, store, host) -> None:
    never = threading.Event()
    monkeypatch.setattr(program, "examine", lambda: 1 / 0)
    monkeypatch.setattr(surroundings, "examine_network", lambda: iter([never.wait(30)]))
    began = time.monotonic()
    findings = examine(Settings(store=store.path), host, patience=4.0)
    never.set()
    assert time.monotonic() - began < 20
    named = by_name(findings)
    assert named["program"].state is State.FAIL
    assert "ZeroDivisionError" in named["program"].says
    assert named["network"].state is State.WARN
    assert named["text"].area == "terminal"


def test_the_worst_of_findings() -> None:
    one = [health.Finding("a", "b", state, "") for state in (State.OK, State.FAIL, State.WARN)]
    assert worst(one) is State.FAIL
    assert worst(one[:1]) is State.OK
    assert worst([]) is State.OK


def test_a_sound_store_is_counted_and_neither_made_nor_touched(store: Store, tmp_path: Path) -> None:
    before = store.path.stat().st_mtime_ns
    found = by_name(storage.examine(store))
    assert "1 runs, 0 answers" in found["file"].says
    assert {one.state for one in found.values()} == {State.OK}
    assert store.path.stat().st_mtime_ns == before
    nowhere = Store(tmp_path / "deep" / "none.duckdb")
    found = by_name(storage.examine(nowhere))
    assert found["file"].state is State.OK
    assert not (tmp_path / "deep").exists()


def test_an_older_store_is_left_as_it_is(store: Store) -> None:
    with store.write() as connection:
        connection.execute("DELETE FROM schema_migrations WHERE version > 3")
    found = by_name(storage.examine(Store(store.path)))
    assert "the next use brings the store up" in found["file"].says
    connection = duckdb.connect(str(store.path), read_only=True)
    assert connection.execute("SELECT max(version) FROM schema_migrations").fetchall() == [(3,)]
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(b"no database" * 1000), "not a DuckDB database"),
        (lambda path: (path.unlink(), duckdb.connect(str(path)).close()), "schema 0"),
        (lambda path: (path.unlink(), path.mkdir()), "folder"),
        (
            lambda path: (path.unlink(), duckdb.connect(str(path)).execute("CREATE TABLE x (y INT)").close()),
            "not a store",
        ),
    ],
)
def test_what_is_no_store_is_told_in_words(store: Store, spoil, said: str) -> None:
    spoil(store.path)
    assert said in by_name(storage.examine(Store(store.path, lock_timeout=0.3)))["file"].says


def test_who_holds_the_store_is_told(store: Store) -> None:
    code = f"import duckdb, sys; c = duckdb.connect({str(store.path)!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        found = by_name(storage.examine(store))["file"]
        holder.communicate("")
    assert found.state is State.WARN
    assert str(holder.pid) in found.says


def test_answers_that_wait_and_damaged_ones_are_told(store: Store) -> None:
    with Outbox(store) as outbox:
        outbox.append(generation("k", 1))
        assert "running" in by_name(storage.examine(store))["outbox"].says
    (store.outbox_dir / "999999999-gone.jsonl").write_bytes(b"{}\n{}\n")
    (store.outbox_dir / "rejected.txt").write_bytes(b"x\n")
    found = [one for one in storage.examine(store) if one.name == "outbox"]
    assert [one.state for one in found] == [State.WARN, State.WARN]
    assert found[0].says.startswith("2 lines")
    assert (store.outbox_dir / "999999999-gone.jsonl").exists()


def test_a_place_that_cannot_be_written_to_is_told(monkeypatch, store: Store) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    found = by_name(storage.examine(store))["writing"]
    assert found.state is State.WARN
    assert str(store.path) in found.says


def test_a_default_that_leads_nowhere_fails_and_the_command_is_given(store: Store) -> None:
    host = build_host([], [("one", plugin(one=object))])
    settings = Settings(store=store.path, model="two:x", prompt="nosuch", aliases={"mine": "gone:x"})
    found = by_name(health.settled.examine(settings, host, None))
    assert found["model"].state is State.FAIL
    assert found["model"].mend == "elena-wb models default URI"
    assert found["prompt"].mend == "elena-wb config set prompt elena"
    assert found["alias"].mend == "elena-wb config set aliases.mine"


def test_a_broken_configuration_is_told_with_the_command_that_opens_it(home: Path, host: PluginHost) -> None:
    path = home / "config" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("modle = 'x'\n")
    with pytest.raises(WorkbenchError) as caught:
        load_configuration()
    found = by_name(health.settled.examine(Settings(), host, caught.value))["file"]
    assert found.state is State.FAIL
    assert "modle" in found.says
    assert found.mend is not None
    assert str(path) in found.mend


class Needy:
    """A provider that needs a package that is not there, and a key."""

    requires: ClassVar = {"a_module_that_is_not_there": "pip install needed"}
    keys = (KeySlot("needy", ("NEEDY_KEY",)),)


def test_plugins_tell_what_they_lack_and_their_keys_are_never_shown(monkeypatch) -> None:
    def torn() -> None:
        raise RuntimeError("torn")

    class Torn:
        __init__ = torn

    host = build_host(
        [EntryPoint("broken", "a_module_that_is_not_there", "elena_wb")],
        [("needy", plugin(needy=Needy)), ("thief", plugin(needy=Needy)), ("torn", plugin(torn=Torn))],
    )
    found = by_name(plugged.examine(host))
    assert {one.state for one in found.values()} == {State.WARN}
    assert found["needy"].mend == "pip install needed"
    assert "already provided by plugin `needy`" in found["thief"].says
    assert "No module named" in found["broken"].says
    assert "torn" in found["torn"].says
    assert [one.plugin for one in installed_plugins(host)] == ["broken", "needy", "thief", "torn"]
    assert by_name(plugged.examine_keys(host))["needy"].mend == "elena-wb keys set needy"
    monkeypatch.setenv("NEEDY_KEY", "secret-1234567890")
    set_ = by_name(plugged.examine_keys(host))["needy"]
    assert set_.state is State.OK
    assert "NEEDY_KEY" in set_.says
    assert "secret" not in set_.says


def test_a_package_that_is_missing_or_too_old_is_named() -> None:
    wanted = [
        "numpy>=1",
        "numpy>=999",
        "nosuchpackage>1",
        'other; extra == "x"',
        "gone; python_version < '3'",
    ]
    assert unmet(wanted) == ["numpy>=999", "nosuchpackage>1"]
    assert program.install(["a>=1", "b"]) == 'pip install "a>=1" "b"'


@pytest.mark.parametrize(
    ("module", "state", "said"),
    [
        ("import sys; sys.exit('the driver is gone')", State.WARN, "the driver is gone"),
        ("import time; time.sleep(60)", State.OK, "could not be told"),
        (
            "class cuda:\n is_available = staticmethod(lambda: True)\n device_count = staticmethod(lambda: 1)\n"
            " get_device_name = staticmethod(lambda i: 'GPU Nine')\nclass backends: mps = None",
            State.OK,
            "GPU Nine",
        ),
    ],
)
def test_what_torch_sees_is_asked_in_another_process(tmp_path, monkeypatch, module, state, said) -> None:
    (tmp_path / "torch.py").write_text(module)
    info = tmp_path / "torch-9.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 9.9\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (found,) = plugged.examine_torch(1.5 if "sleep" in module else 20)
    assert (found.state, said in found.says) == (state, True), found
    assert "torch 9.9" in found.says


def test_weights_that_are_not_here_or_others_are_told_with_the_command(monkeypatch, tmp_path) -> None:
    missing = by_name(surroundings.examine_detectors())["yunet"]
    assert (missing.state, missing.mend) == (State.WARN, "elena-wb models pull yunet")
    damaged = tmp_path / "w.onnx"
    damaged.write_bytes(b"short")
    monkeypatch.setenv(weights.OVERRIDE_VARIABLE, str(damaged))
    other = by_name(surroundings.examine_detectors())["yunet"]
    assert other.state is State.WARN
    assert "cut short" in other.says


def test_the_network_is_not_touched_and_being_offline_is_told(monkeypatch) -> None:
    monkeypatch.setenv("ELENA_WB_OFFLINE", "1")
    (found,) = surroundings.examine_network()
    assert "switched off" in found.says


def test_text_that_is_not_utf8_is_warned_of(monkeypatch) -> None:
    out = SimpleNamespace(isatty=lambda: False, encoding="ascii")
    monkeypatch.setattr(sys, "__stdout__", out)
    found = by_name(surroundings.examine_terminal("blocks"))
    assert found["text"].state is State.WARN
    assert "half-blocks" in found["pictures"].says
