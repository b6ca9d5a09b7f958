"""A fresh environment in seconds: our distributions from wheels, everything they need lent by the one at hand.

A folder of links to all packages that are not ours is put on the path of a new virtual environment. The links
leave out what an editable installation of the checkout has put there, so nothing of ours can come from it.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

from tests.docs.sandbox import COLUMNS, Sandbox

_OURS = ("elena_wb", "elena-wb", "__editable__", "_editable_impl")


class Installed(Sandbox):
    """A sandbox for commands of an environment in which pip has installed ``wheels``, without a network."""

    def __init__(self, folder: Path, wheels: Sequence[Path]) -> None:
        self.home = folder / "home"
        self.work = self.home / "study"
        self.work.mkdir(parents=True)
        self.place = folder / "venv"
        venv.create(self.place, with_pip=False)
        paths = sysconfig.get_paths("venv", {"base": str(self.place), "platbase": str(self.place)})
        self.python = Path(paths["scripts"]) / "python"
        lent = folder / "lent"
        _lend(lent)
        (Path(paths["purelib"]) / "lent.pth").write_text(f"{lent}\n", "utf-8")
        self.install(wheels)

    def install(self, wheels: Sequence[Path]) -> None:
        """Have pip install ``wheels``; what they depend on must be there."""
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(self.python),
            "install",
            "--quiet",
            "--no-compile",
            "--no-index",
        ]
        subprocess.run([*pip, *map(str, wheels)], check=True, cwd=self.work, env=self._environment)

    @property
    def _environment(self) -> dict[str, str]:
        """What commands need, and nothing that leads back to the checkout."""
        return {
            "COLUMNS": str(COLUMNS),
            "ELENA_WB_HOME": str(self.home / ".elena-wb"),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
            "PATH": f"{self.python.parent}:/usr/bin:/bin",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "TERM": "xterm",
        }


def _lend(folder: Path) -> None:
    folder.mkdir()
    for site in (Path(entry) for entry in sys.path if entry.endswith("site-packages")):
        for one in site.iterdir():
            taken = one.name.startswith(_OURS) or one.suffix == ".pth" or (folder / one.name).exists()
            if not taken:
                (folder / one.name).symlink_to(one)
