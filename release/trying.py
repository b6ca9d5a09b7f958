"""Trying the wheels where nothing of the checkout can help: a fresh environment, and a folder elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

from release.building import ReleaseError, run

_INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "OMP_NUM_THREADS",
    "TMPDIR",
    "TEMP",
    "SYSTEMROOT",
    "SSL_CERT_FILE",
    "LC_ALL",
)


class Fresh:
    """A new environment in ``folder`` with a user's home of its own; commands run in an empty folder beside it."""

    def __init__(self, folder: Path) -> None:
        self._venv, self._away = folder / "venv", folder / "away"
        self._away.mkdir(parents=True)
        venv.create(self._venv, with_pip=True)
        self.environment = {
            name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith("PIP_")
        } | {"ELENA_WB_HOME": str(folder / "home"), "COLUMNS": "100"}

    def program(self, name: str) -> str:
        """The path of a program that was installed."""
        return str(self._venv / ("Scripts" if sys.platform == "win32" else "bin") / name)

    def __call__(self, name: str, *arguments: str) -> str:
        """What an installed program says.

        Raises:
            ReleaseError: it fails.
        """
        return run(self.program(name), *arguments, cwd=self._away, env=self.environment)

    def show(self, name: str, *arguments: str) -> None:
        """Let an installed program talk to the terminal.

        Raises:
            ReleaseError: it fails.
        """
        command = (self.program(name), *arguments)
        code = subprocess.run(command, cwd=self._away, env=self.environment, check=False).returncode
        if code:
            raise ReleaseError(f"`{name} {' '.join(arguments)}` failed ({code}).")

    def install(self, wheels: Sequence[Path], constraints: Path) -> None:
        """Our ``wheels``, and from the registry what they need, within ``constraints``."""
        self("python", "-m", "pip", "install", "--quiet", "--constraint", str(constraints), *map(str, wheels))


def check(fresh: Fresh, names: Sequence[str]) -> Iterator[str]:
    """Problems of an environment in which the distributions ``names`` were installed from wheels."""
    where = Path(fresh("python", "-c", "import elena_wb; print(elena_wb.__file__)").strip())
    if not where.is_relative_to(Path(fresh.program("python")).parent.parent):
        yield f"elena_wb is imported from {where}, not from the environment"
    if editable := json.loads(fresh("python", "-m", "pip", "list", "--editable", "--format", "json")):
        yield f"installed as editable: {', '.join(one['name'] for one in editable)}"
    try:
        fresh("python", "-m", "pip", "check")
    except ReleaseError as error:
        yield str(error)
    listed = json.loads(fresh("elena-wb", "plugins", "list", "--json"))
    for one in listed:
        if one["health"] != "ok":
            yield f"plugin {one['plugin']}: {one['health']}. {' '.join(one['says'])}"
    brought = {one["distribution"] for one in listed}
    yield from (f"{name} is installed and brings no plugin" for name in names if name not in brought)
