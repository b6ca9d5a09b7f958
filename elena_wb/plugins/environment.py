"""The environment that plugins are installed into, and the pip that does it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import site
import sys
import sysconfig
from pathlib import Path

from elena_wb.errors import SetupError

_OLDEST_PIP = (22, 2)
"""The first that can tell what it would install, in a form that a program reads."""
_BUNDLED = "import runpy, sys; sys.path.insert(0, {!r}); sys.argv[0] = 'pip'; runpy.run_module('pip', None, '__main__')"


def pip_command() -> list[str]:
    """The command that runs pip for the Python that is running, without pip's own arguments.

    That is the environment's own pip; where it has none, as environments made by uv have none, the one that comes
    with Python; else one that uv fetches.

    Raises:
        SetupError: there is no pip that can be used.
    """
    if _own_pip():
        _require_new_enough()
        return [sys.executable, "-P", "-m", "pip"]
    bundled = _bundled_pip()
    if bundled is not None:
        return [sys.executable, "-P", "-c", _BUNDLED.format(str(bundled))]
    uv = shutil.which("uv")
    if uv is not None:
        return [uv, "--quiet", "tool", "run", "pip", "--python", sys.executable]
    raise SetupError(
        "Nothing can be installed: the environment has no pip, Python came without one, and there is no uv.",
        hint=f"Run: {sys.executable} -m ensurepip, or install uv (https://docs.astral.sh/uv).",
    )


def require_open_environment(verb: str, names: list[str]) -> None:
    """Refuse where something else keeps the environment and would undo or forbid what pip does to it.

    ``verb`` is ``install`` or ``uninstall``; ``names`` are told in the command that does it there.

    Raises:
        SetupError: something does; the hint says what to do.
    """
    prefix, said = Path(sys.prefix), " ".join(names)
    if (prefix / "pipx_metadata.json").exists():
        inside = "inject" if verb == "install" else "uninject"
        raise SetupError(
            f"This environment is kept by pipx: {prefix}.", hint=f"Run: pipx {inside} elena-wb {said}"
        )
    if (prefix / "uv-receipt.toml").exists():
        more = " ".join(f"--with {name}" for name in names)
        raise SetupError(
            f"This environment is kept by uv as a tool: {prefix}.",
            hint=f"Run: uv tool install elena-wb {more}"
            if verb == "install"
            else "Run `uv tool install elena-wb` with a --with for each plugin that is to stay.",
        )
    own = sys.prefix != sys.base_prefix or "CONDA_PREFIX" in os.environ
    if not own and Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists():
        raise SetupError(
            "This Python belongs to the system, whose own tools look after its packages.",
            hint="Make an environment, and install the program and its plugins there: python3 -m venv ~/elena && "
            f"~/elena/bin/pip install elena-wb {said}",
        )
    place = sysconfig.get_path("purelib")
    if Path(place).is_dir() and not os.access(place, os.W_OK) and (own or not site.ENABLE_USER_SITE):
        raise SetupError(
            f"{place} cannot be written to.",
            hint="Ask who looks after it, or make an environment of your own: python3 -m venv ~/elena",
        )


def _require_new_enough() -> None:
    from importlib.metadata import PackageNotFoundError, version

    from packaging.version import InvalidVersion, Version

    try:
        found = Version(version("pip"))
    except (PackageNotFoundError, InvalidVersion):
        return
    if found.release < _OLDEST_PIP:
        raise SetupError(
            f"pip {found} is too old: {'.'.join(map(str, _OLDEST_PIP))} or newer is needed.",
            hint=f"Run: {sys.executable} -m pip install --upgrade pip",
        )


def _bundled_pip() -> Path | None:
    """The wheel of pip within Python's own ``ensurepip``."""
    found = importlib.util.find_spec("ensurepip")
    if found is None or found.origin is None:
        return None
    wheels = sorted(Path(found.origin).parent.glob("_bundled/pip-*.whl"))
    return wheels[-1] if wheels else None


def _own_pip() -> bool:
    return importlib.util.find_spec("pip") is not None
