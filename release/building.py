"""From a commit to archives."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from release.distributions import Distribution


class ReleaseError(Exception):
    """A step that has to succeed did not; says which, and what it said."""


@dataclass(frozen=True, slots=True)
class Built:
    """The archives of one distribution. ``from_tree`` is a second wheel, made without the sdist in between."""

    distribution: Distribution
    sdist: Path
    wheel: Path
    from_tree: Path


def committed_tree(repository: Path, folder: Path) -> Path:
    """``folder`` with the files of the last commit: what is not committed is not released.

    Raises:
        ReleaseError: ``repository`` is no git repository.
    """
    folder.mkdir(parents=True)
    archive = folder.with_suffix(".tar")
    run("git", "-C", str(repository), "archive", "--output", str(archive), "HEAD")
    with tarfile.open(archive) as tree:
        tree.extractall(folder, filter="data")
    archive.unlink()
    return folder


def build(distribution: Distribution, out: Path, scratch: Path) -> Built:
    """The sdist, the wheel made from it (both in ``out``), and in ``scratch`` the wheel made from the folder.

    Raises:
        ReleaseError: it cannot be built.
    """
    builder = (sys.executable, "-m", "build", "--no-isolation")
    run(*builder, "--outdir", str(out), str(distribution.folder))
    run(*builder, "--wheel", "--outdir", str(scratch), str(distribution.folder))
    wheel = f"{distribution.stem}-py3-none-any.whl"
    return Built(distribution, out / f"{distribution.stem}.tar.gz", out / wheel, scratch / wheel)


def run(*command: str, **options: object) -> str:
    """What a command says on stdout.

    Raises:
        ReleaseError: it cannot be started, or fails; with the end of what it said.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    except OSError as error:
        raise ReleaseError(f"`{command[0]}` cannot be started: {error.strerror}.") from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-2000:]
        raise ReleaseError(f"`{' '.join(command)}` failed ({done.returncode}):\n{said}")
    return str(done.stdout)
