"""Plugins are installed into the environment that runs, unless that would break what is there."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from elena_wb.cli import plugins_install
from elena_wb.errors import SetupError, UsageError, WorkbenchError
from elena_wb.plugins import environment, pip, sources
from elena_wb.plugins.installing import Plan, distributions_called, plan_install
from elena_wb.plugins.judging import Change, broken_by, constraints, needed
from elena_wb.plugins.sources import Kind, read_source

PLUGIN = """
from elena_wb import hookimpl
@hookimpl
def register_models(register):
    register("{name}", "json:JSONDecoder")
"""
BACKEND = """
import sys
sys.path.insert(0, {root!r})
from tests.test_installing_plugins import wheel
from pathlib import Path
def build_wheel(folder, config_settings=None, metadata_directory=None):
    return wheel(Path(folder), "elena-wb-folded").name
"""


def wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    plugin: str | None = None,
    source: str | None = None,
    requires: Sequence[str] = (),
) -> Path:
    """A wheel of one module, made by hand; it brings the plugin that its name ends in, unless ``plugin`` is ``""``."""
    module = name.replace("-", "_")
    plugin = name.rpartition("-")[2] if plugin is None else plugin
    info = f"{module}-{version}.dist-info"
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{module}.py": source or PLUGIN.format(name=plugin),
        f"{info}/METADATA": head + "".join(f"Requires-Dist: {one}\n" for one in requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if plugin:
        files[f"{info}/entry_points.txt"] = f"[elena_wb]\n{plugin} = {module}\n"
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    made = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return made


class Place:
    """An environment of its own that sees what this one has installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "venv" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
        (site,) = (folder / "venv").glob("lib/python*/site-packages")
        (site / "parent.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")

    def __call__(self, *arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **place_variables(self.folder), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [str(self.python), "-m", "elena_wb", *map(str, arguments)],
            env=environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def install(self, *arguments: str | Path, code: int = 0) -> str:
        done = self("plugins", "install", *arguments, code=code)
        return done.stdout + done.stderr

    def holds(self, name: str) -> bool:
        return any((self.folder / "venv").glob(f"lib/python*/site-packages/{name}*"))


def place_variables(folder: Path) -> dict[str, str]:
    """What keeps pip to the wheels in ``folder``."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("place"))


@pytest.fixture
def without_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with wheels that pip finds; nothing else is."""
    for name, value in place_variables(tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_a_plugin_comes_and_goes_by_its_name_and_is_told_of(place: Place, home: Path) -> None:
    wheel(place.folder, "elena-wb-first")
    told = place.install("elena-wb-first>=1")
    assert "added: elena-wb-first 1.0" in told
    assert "first (elena-wb-first 1.0): models: first" in told
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text('model = "first:x"\n[aliases]\nmine = "first:y"\n')
    gone = place("plugins", "uninstall", "first", "--yes").stderr
    assert "models: first" in gone
    assert "alias `mine`" in gone
    assert "default model is first:x" in gone
    assert not place.holds("elena_wb_first")


def test_a_plugin_with_which_nothing_starts_is_taken_out_again(place: Place) -> None:
    told = place.install(wheel(place.folder, "elena-wb-deadly", source="import os; os.abort()"), code=1)
    assert "cannot start any more" in told
    assert "elena-wb-deadly was taken out again" in told
    assert not place.holds("elena_wb_deadly")


def test_what_would_break_what_is_installed_is_refused_with_the_requirements_that_clash(
    without_index: Path,
) -> None:
    wheel(without_index, "duckdb", "0.9", plugin="", source="x = 1")
    duck = wheel(without_index, "elena-wb-duck", requires=["duckdb<1"])
    with pytest.raises(WorkbenchError) as caught:
        plan_install([str(duck)])
    assert "elena-wb-duck 1.0 depends on duckdb<1" in caught.value.message
    assert "the program, as it is installed, needs duckdb>=" in caught.value.message
    wheel(without_index, "elena-wb-old", requires=["elena-wb<0.1"])
    with pytest.raises(WorkbenchError, match=r"depends on elena-wb<0\.1") as caught:
        plan_install(["elena-wb-old"])
    assert caught.value.hint == "Nothing was changed."


def test_what_is_no_plugin_or_takes_the_name_of_one_is_refused_before_pip_is_asked(
    without_index: Path,
) -> None:
    torn = without_index / "elena_wb_torn-1.0-py3-none-any.whl"
    torn.write_bytes(b"PK and nothing more")
    other = wheel(without_index, "elena-wb-other", plugin="tiny")
    for made, said in (
        (wheel(without_index, "plain-library", plugin="", source="x = 1"), "is no plugin of elena-wb"),
        (wheel(without_index, "elena-wb", "9"), "is the program itself"),
        (torn, "is no wheel, or is damaged"),
        (other, "brings a plugin called `tiny`, and so does elena-wb-tiny"),
    ):
        with pytest.raises(WorkbenchError, match=said):
            plan_install([str(made)])
    with pytest.raises(UsageError, match="elena-wb-tiny needs it"):
        distributions_called(["hf"])
    assert set(distributions_called(["elena_wb_tiny", "hf"])) == {"elena-wb-tiny", "elena-wb-hf"}
    with pytest.raises(UsageError) as caught:
        distributions_called(["tinny"])
    assert "`tiny`" in (caught.value.hint or "")


def test_a_folder_is_built_without_a_network_and_nothing_is_fetched(
    without_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELENA_WB_OFFLINE", "1")
    project = without_index / "folded"
    project.mkdir()
    (project / "backend.py").write_text(BACKEND.format(root=str(Path(__file__).parents[1])))
    head = '[build-system]\nbuild-backend = "backend"\nbackend-path = ["."]\nrequires = '
    (project / "pyproject.toml").write_text(head + '["no-such-backend"]')
    with pytest.raises(UsageError, match="cannot be built without a network: no-such-backend"):
        plan_install([str(project)])
    (project / "pyproject.toml").write_text(head + "[]")
    assert list(map(str, plan_install([str(project)]).changes)) == ["added: elena-wb-folded 1.0"]
    monkeypatch.delenv("PIP_FIND_LINKS")
    for source in ("elena-wb-folded", "https://example.org/x.whl"):
        with pytest.raises(UsageError, match="would be fetched"):
            plan_install([source])


def test_changes_to_what_is_there_are_asked_for_but_not_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    own, other = Change("Mine", "1", "2"), Change("other", "1", "2")
    assert Plan((), ("mine",), (own, other, Change("new", None, "1"))).alters == (own, other)
    assert Plan((), ("mine",), (own, other), upgrade=True).alters == (other,)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(UsageError, match="Nothing was changed"):
        plugins_install._ask("Go on?")


CONFLICT = """
INFO: pip is looking at multiple versions of x
ERROR: Cannot install elena-wb-x==1.0 because these package versions have conflicting dependencies.

The conflict is caused by:
    elena-wb-x 1.0 depends on numpy<1
    The user requested (constraint) numpy>=1.26

To fix this you could try to: loosen the range of package versions you've specified
"""


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        (CONFLICT, WorkbenchError, "depends on numpy<1\nthe program, as it is installed, needs numpy>=1.26"),
        (
            "ERROR: Package 'x' requires a different Python: 3.11.7 not in '>=3.14'",
            UsageError,
            "needs Python >=3.14, and this is Python 3.11.7",
        ),
        (
            "WARNING: Retrying after NewConnectionError('…')\nERROR: No matching distribution found for x",
            SetupError,
            "cannot be reached",
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement x==7 (from versions: 1.0, 2.0)\n",
            UsageError,
            "There is no x==7",
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement y>1 (from elena-wb-x) (from versions:)",
            UsageError,
            "There is no package y>1, which elena-wb-x needs",
        ),
        (
            "  " + "noise\n" * 500 + "ERROR: the disk is full\n",
            WorkbenchError,
            "pip failed:\nERROR: the disk is full",
        ),
        (
            "fatal: unable to access 'https://x'\nerror: subprocess-exited-with-error\n",
            WorkbenchError,
            "pip failed:\nfatal: unable to access 'https://x'",
        ),
        (
            "ERROR: Exception:\nTraceback\n  File x\npip._vendor.Undefined: ~=\n",
            WorkbenchError,
            "pip failed:\npip._vendor.Undefined: ~=",
        ),
    ],
)
def test_of_what_pip_says_only_what_helps_is_told(said: str, kind: type[WorkbenchError], told: str) -> None:
    found = pip._failure(said)
    assert type(found) is kind
    assert told in found.message
    assert len(found.message) < 1300


def test_passwords_in_addresses_are_never_told() -> None:
    address = "https://ann:s3cret%2Fword@example.org/simple/x-1.0-py3-none-any.whl?token=abc"
    source = read_source(address)
    assert (source.kind, source.shown) == (Kind.ADDRESS, "https://example.org/simple/x-1.0-py3-none-any.whl")
    assert read_source(f"x @ {address}").shown == f"x @ {source.shown}"
    said = pip._harmless(f"Looking in {address}: s3cret/word \x1b[31mno\x1b[0m")
    assert not re.search(r"s3cret|abc|\x1b", said)


@pytest.mark.parametrize(
    "text", ["-r", "--index-url=x", "two words", "x.whl", "./nowhere", "", "no/such/file"]
)
def test_what_is_neither_a_package_nor_a_file_is_refused(text: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        read_source(text)
    assert sources.without_credentials(text) == text


def test_what_the_program_needs_is_known_to_the_last_library_and_must_stay_met() -> None:
    requirements = needed()
    assert ("elena-wb", "duckdb") in {(who, one.name) for who, one in requirements}
    assert any(who == "pydantic" for who, _ in requirements), "what is needed needs something, too"
    assert any(line.startswith("elena-wb==") for line in constraints(requirements))
    (said,) = {
        one for one in broken_by([Change("DuckDB", "2.0", "0.1")], requirements) if "elena-wb needs" in one
    }
    assert "duckdb 0.1 would be installed" in said
    words = [Change("a", *versions).word for versions in ((None, "1"), ("1", "2"), ("2", "1"), ("1", "1"))]
    assert words == ["added", "upgraded", "downgraded", "replaced"]


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("pipx_metadata.json", "pipx inject elena-wb x"),
        ("uv-receipt.toml", "uv tool install elena-wb --with x"),
    ],
)
def test_an_environment_that_another_tool_keeps_is_left_to_it(tmp_path, monkeypatch, file, command) -> None:
    (tmp_path / file).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(SetupError) as caught:
        environment.require_open_environment("install", ["x"])
    assert command in (caught.value.hint or "")


def test_a_python_of_the_system_and_a_place_that_cannot_be_written_to_are_left_alone(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    with pytest.raises(SetupError, match="belongs to the system"):
        environment.require_open_environment("install", ["x"])
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(SetupError, match="cannot be written to"):
        environment.require_open_environment("install", ["x"])


def test_without_a_pip_that_of_python_itself_is_taken_and_else_it_is_said(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(environment, "_own_pip", lambda: False)
    command = environment.pip_command()
    assert subprocess.run([*command, "--version"], capture_output=True, check=False).stdout.startswith(
        b"pip "
    )
    monkeypatch.setattr(environment, "_bundled_pip", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="no pip"):
        environment.pip_command()
    (tmp_path / "uv").touch(0o755)
    assert environment.pip_command()[1:5] == ["--quiet", "tool", "run", "pip"]
