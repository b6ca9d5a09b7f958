"""One folder in which the commands of a page run, as on the machine of somebody who has just installed the program."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs import forking
from tests.docs.pages import DOCS, ROOT

COLUMNS = 100
LONGEST = 240
"""Seconds that one command may take."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command printed, and its exit status."""

    out: str
    err: str
    status: int


class Sandbox:
    """A home and a folder to work in, emptied for each page. Its path stays the same, for stores hold paths."""

    def __init__(self, folder: Path) -> None:
        self._kept = folder / "kept"
        self.home = Path(tempfile.mkdtemp(prefix="you"))  # a short path, as a user's is
        self.work = self.home / "study"
        self._bin = folder / "bin"
        for made in (self._kept, self._bin):
            made.mkdir()
        address = folder / "server"
        forking.install(self._bin, address, ("elena-wb", "plant"))
        (self._bin / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', "utf-8")
        (self._bin / "python").chmod(0o755)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.docs.forking", str(address)],
            cwd=ROOT,
            env={**self._environment, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._server.stdout is not None
        assert self._server.stdout.readline() == b"ready\n"

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "COLUMNS": str(COLUMNS),
            "DOCS": str(DOCS),
            "HOME": str(self.home),
            "HF_HUB_OFFLINE": "1",
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
            "PATH": f"{self._bin}:/usr/bin:/bin",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "TERM": "xterm",
            "USER": "you",
        }

    def close(self) -> None:
        """End the server and whatever it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def prepare(self, set_up: tuple[str, ...]) -> None:
        """Empty the sandbox and run the commands of ``set_up``, or bring back what they made for another page."""
        shutil.rmtree(self.home, ignore_errors=True)
        kept = self._kept / str(abs(hash(set_up)))
        if kept.exists():
            shutil.copytree(kept, self.home, symlinks=True)
            return
        self.work.mkdir(parents=True)
        for command in set_up:
            done = self.run(command)
            assert done.status == 0, f"set-up: {command}\n{done.out}\n{done.err}"
        shutil.copytree(self.home, kept, symlinks=True)

    def run(self, command: str) -> Printed:
        """Run a line of a shell at a terminal, which stdin is not."""
        terminal, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
        said, told = os.pipe()
        process = subprocess.Popen(
            ["/bin/bash", "-c", command],
            cwd=self.work,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=end,
            stderr=told,
            start_new_session=True,
        )
        for file in (end, told):
            os.close(file)
        try:
            out, err = _read(terminal, said)
            status = process.wait(LONGEST)
        finally:
            for file in (terminal, said):
                os.close(file)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return Printed(out.replace("\r\n", "\n"), err, status)

    @contextlib.contextmanager
    def inside(self, name: str) -> Iterator[dict[str, object]]:
        """A namespace for the page's Python, which runs in this process, in the page's folder and environment."""
        module = types.ModuleType(name)
        before, folder = dict(os.environ), Path.cwd()
        sys.modules[name] = module
        try:
            yield vars(module)
        finally:
            del sys.modules[name]
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(before)

    def execute(self, code: str, where: str, namespace: dict[str, object]) -> str:
        """Run a block of Python and return what it prints."""
        os.chdir(self.work)
        os.environ.update(self._environment | {"PATH": os.environ["PATH"]})
        os.environ.pop("ELENA_WB_HOME", None)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, where, "exec"), namespace)  # noqa: S102 - what a page says to run
        return printed.getvalue()


def _read(*files: int) -> list[str]:
    """All that comes out of ``files`` until nobody has them open any more."""
    found: dict[int, list[bytes]] = {file: [] for file in files}
    open_ = set(files)
    until = time.monotonic() + LONGEST
    while open_:
        ready = select.select(open_, [], [], max(0.0, until - time.monotonic()))[0]
        if not ready:
            raise TimeoutError(f"after {LONGEST} seconds the command had not ended")
        for file in ready:
            try:
                piece = os.read(file, 65536)
            except OSError:  # how a terminal says that it is closed
                piece = b""
            if piece:
                found[file].append(piece)
            else:
                open_.discard(file)
    return [b"".join(found[file]).decode("utf-8", "replace") for file in files]
