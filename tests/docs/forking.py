"""Quick copies of the program: one process has everything imported, and forks for each command.

``elena-wb`` in a sandbox is a few lines of Python that hand their arguments, folder, environment and open files to the
server and exit as the forked program does. To the shell it is the program, without the seconds that importing
model libraries takes.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

SHIM = """\
#!{python} -IS
import array, json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    said = json.dumps([{name!r}, sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    files = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))]
    server.sendmsg([len(said).to_bytes(4, "big")], files)
    server.sendall(said)
    status = server.recv(1)
sys.exit(status[0] if status else 70)
"""
"""The program in a sandbox; 70 is the status of one that died."""

HEAVY = (
    "torch",
    "transformers",
    "pandas",
    "scipy.stats",
    "pyarrow.parquet",
    "rich.live",
    "rich.progress",
    "rich.table",
)
"""Libraries that most commands import. What is not installed is left out."""

OURS = ("elena_wb", "elena_wb_hf", "elena_wb_tiny", "elena_wb_gguf")
"""Packages of which every module is imported, except those named next."""
LEFT_OUT = ("elena_wb.tui", "elena_wb.__main__", "elena_wb.jobs.__main__")


def install(folder: Path, address: Path, names: tuple[str, ...]) -> None:
    """Put the programs ``names`` into ``folder``."""
    for name in names:
        file = folder / name
        file.write_text(SHIM.format(python=sys.executable, address=str(address), name=name), "utf-8")
        file.chmod(0o755)


def serve(address: str) -> None:
    """Answer until stdin is closed, which is when the tests end."""
    for module in (*HEAVY, *_ours()):
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the system
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if os.fork() == 0:
        while True:
            caller, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _work(caller)
            caller.close()
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)


def _ours() -> Iterator[str]:
    for package in OURS:
        with contextlib.suppress(ImportError):
            inside = importlib.import_module(package).__path__
            found = pkgutil.walk_packages(inside, f"{package}.", onerror=lambda name: None)
            yield from (module.name for module in found if not module.name.startswith(LEFT_OUT))


def _work(caller: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    files = array.array("i")
    head, sent, _, _ = caller.recvmsg(4, socket.CMSG_SPACE(3 * files.itemsize))
    files.frombytes(sent[0][2])
    length = int.from_bytes(head, "big")
    said = b""
    while len(said) < length:
        said += caller.recv(length - len(said))
    name, arguments, folder, environment = json.loads(said)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, "w" if n else "r", closefd=False) for n in (0, 1, 2))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [name, *arguments]
    status = _status(name)
    atexit._run_exitfuncs()
    for file in (sys.stdout, sys.stderr):
        file.flush()
    caller.sendall(bytes([status]))
    os._exit(0)


def _status(name: str) -> int:
    try:
        if name == "elena-wb":
            from elena_wb.cli import main
        else:
            from tests.docs.planting import main
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - told as Python would
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
