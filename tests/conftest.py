"""What tests of several rooms share: pictures, a user's home of their own, plugins on the path."""

from __future__ import annotations

import os
import subprocess
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import quick, stores

_started: list[subprocess.Popen[str]] = []
"""Programs that the test at hand has started."""


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    """What a test has started ends with it, also where the test failed half-way."""
    yield
    while _started:
        process = _started.pop()
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture(autouse=True, scope="session")
def _stores_are_copies(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The tests' stores, and those of the programs they start, are copies of one."""
    quick.stores_from = tmp_path_factory.mktemp("stores")
    stores.copy_from(quick.stores_from)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the user's own store, weights, configuration or keys."""
    for name in [
        name for name in os.environ if name.startswith("ELENA_WB_") and name != "ELENA_WB_TEST_DATA"
    ]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("ELENA_WB_HOME", str(home))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    for variable in ("GOOGLE_API_KEY", "GEMINI_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    return home


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[[int], Path]:
    """A folder with so many different small pictures."""

    def make(count: int, name: str = "pictures", seed: int = 0) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        rng = np.random.default_rng(seed)
        for index in range(count):
            pixels = rng.integers(0, 255, (24, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{index:04d}.png")
        return folder

    return make


def plugin_on_path(folder: Path, name: str, source: str, *, dist: str | None = None) -> Path:
    """Lay a plugin out below ``folder`` as an installed distribution would be; returns the folder."""
    (folder / f"{name}.py").write_text(textwrap.dedent(source), "utf-8")
    info = folder / f"{dist or name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist or name}\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[elena_wb]\n{name} = {name}\n", "utf-8")
    return folder


@dataclass(frozen=True)
class Program:
    """Runs ``elena-wb`` as its user would, with extra plugins installed."""

    home: Path
    site: Path

    def start(self, *arguments: str, **options: object) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(self.site), "OMP_NUM_THREADS": "1"}
        process = quick.Process(
            ["elena_wb", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        _started.append(process)
        return process

    def __call__(self, *arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=120)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if code is not None:
            assert process.returncode == code, f"exit {process.returncode}\n{out}\n{err}"
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def install(self, name: str, source: str, *, dist: str | None = None) -> None:
        plugin_on_path(self.site, name, source, dist=dist)


@pytest.fixture
def program(tmp_path: Path, home: Path) -> Program:
    """``elena-wb`` with the plugin ``scripted`` installed."""
    site = tmp_path / "site"
    site.mkdir()
    program = Program(home, site)
    program.install("scripted", (Path(__file__).parent / "scripted.py").read_text("utf-8"))
    return program


def rows(program: Program, sql: str) -> Sequence[Sequence[str]]:
    """The rows of a query, as the command line gives them."""
    out = program("query", sql, "--format", "tsv").stdout
    return [line.split("\t") for line in out.splitlines()[1:]]
