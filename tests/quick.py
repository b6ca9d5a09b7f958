"""Programs that start at once: ``python -m MODULE`` forked from a process that has its imports behind it.

What runs is a process of its own, with its own arguments, environment, folder, streams, signals and exit status, and
it ends as the interpreter ends. Only what it would have imported is there already: one to three seconds of work for
most verbs and ten where a model opens. Tests of what is imported, and of how the interpreter starts, start it
themselves.

Two servers are kept, each started when it is first needed: one with the host's libraries, one with the model
libraries as well. Neither has opened a store, a model or a plugin.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import functools
import gc
import importlib
import inspect
import json
import os
import random
import runpy
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[1]
LIBRARIES = """
cv2 duckdb jinja2 pandas pyarrow.parquet rich.console rich.progress rich.table scipy.ndimage scipy.stats
elena_wb.cli elena_wb.engine.run elena_wb.engine.study elena_wb.experiments elena_wb.exports elena_wb.findings
elena_wb.findings.comparing elena_wb.masking elena_wb.report
"""
MODEL_LIBRARIES = "torch transformers elena_wb_tiny.provider elena_wb_hf.opening"
_OPTIONS = {
    "bufsize",
    "cwd",
    "encoding",
    "env",
    "errors",
    "start_new_session",
    "stderr",
    "stdin",
    "stdout",
    "text",
}
_READ_BY_INTERPRETERS = ("PYTHON", "LC_", "LANG", "LD_")
_READ_BY_MODEL_LIBRARIES = ("HF_", "HUGGINGFACE_", "TRANSFORMERS_", "TORCH")
_NOT_AT_START = {"PYTHONPATH", "PYTHON_KEYRING_BACKEND"}
_WORD = 4
stores_from: Path | None = None
"""Where the stores lie that new ones are copied from (see :mod:`tests.stores`)."""


class Process(subprocess.Popen[str]):
    """``subprocess.Popen`` of ``python -m`` with these arguments, forked where that makes no difference."""

    def __init__(self, arguments: Sequence[str], **options: Any) -> None:
        self._server = _server_for(arguments, options)
        self._told = -1
        super().__init__([sys.executable, "-m", *arguments], **options)

    def _execute_child(self, *values: Any) -> None:
        if self._server is None:
            super()._execute_child(*values)  # type: ignore[misc]
            return
        given = inspect.signature(super()._execute_child).bind(*values).arguments  # type: ignore[misc]
        pipes = [
            given[name] for name in ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        ]
        wanted = {
            "arguments": list(map(os.fspath, given["args"][2:])),
            "folder": str(Path(given["cwd"] or "").absolute()),
            "environment": dict(os.environ if given["env"] is None else given["env"]),
            "session": given["start_new_session"],
            "stores": stores_from and str(stores_from),
        }
        streams = [own if pipe == -1 else pipe for own, pipe in enumerate(pipes[::2][:1] + pipes[3::2])]
        self.pid, self._told = self._server.fork(wanted, streams)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

    def _try_wait(self, flags: int) -> tuple[int, int]:
        if self._server is None:
            return super()._try_wait(flags)  # type: ignore[misc,no-any-return]
        if flags & os.WNOHANG and not select.select([self._told], [], [], 0)[0]:
            return 0, 0
        status = os.read(self._told, _WORD)
        os.close(self._told)
        return self.pid, int.from_bytes(status, "big") if status else signal.SIGKILL

    def _internal_poll(self, _deadstate: int | None = None, **given: Any) -> int | None:
        if self._server is None:
            return super()._internal_poll(_deadstate, **given)  # type: ignore[misc,no-any-return]
        if self.returncode is None and self._waitpid_lock.acquire(blocking=False):  # type: ignore[attr-defined]
            try:
                pid, status = self._try_wait(os.WNOHANG)
                if pid:
                    self._handle_exitstatus(status)  # type: ignore[attr-defined]
            finally:
                self._waitpid_lock.release()  # type: ignore[attr-defined]
        return self.returncode


def run(
    arguments: Sequence[str],
    *,
    input: str | None = None,
    capture_output: bool = False,
    check: bool = False,
    timeout: float | None = None,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """``subprocess.run`` of ``python -m`` with these arguments."""
    if input is not None:
        options["stdin"] = subprocess.PIPE
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Process(arguments, **options) as process:
        try:
            out, err = process.communicate(input, timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    if check:
        done.check_returncode()
    return done


class Server:
    """The client's side of a process that has imported ``libraries``."""

    def __init__(self, libraries: str) -> None:
        ours, its = socket.socketpair()
        left_out = ("PYTHONPATH", "ELENA_WB_", *_READ_BY_MODEL_LIBRARIES)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.quick", str(its.fileno()), *libraries.split()],
            cwd=ROOT,
            env={**environment, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
            pass_fds=[its.fileno()],
            stdin=subprocess.DEVNULL,
        )
        its.close()
        self.environment = environment
        self._socket, self._taken = ours, threading.Lock()
        atexit.register(self._end)

    @property
    def has_ended(self) -> bool:
        """Whether something has killed it, such as a test that ends all children of its process."""
        return self._process.poll() is not None

    def fork(self, wanted: Mapping[str, object], streams: Sequence[int]) -> tuple[int, int]:
        """The process id of what was asked for, and the file from which its wait status can be read once."""
        told, tells = os.pipe()
        said = json.dumps(wanted).encode()
        files = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [*streams, tells]))]
        with self._taken:
            self._socket.sendmsg([len(said).to_bytes(_WORD, "big")], files)
            self._socket.sendall(said)
        os.close(tells)
        pid = os.read(told, _WORD)
        assert pid, "the server of quick programs has ended"
        return int.from_bytes(pid, "big"), told

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()


@functools.cache
def _server(libraries: str) -> Server:
    return Server(libraries)


def _server_for(arguments: Sequence[str], options: Mapping[str, Any]) -> Server | None:
    """The server to ask; ``None`` where an interpreter of its own would make a difference."""
    if sys.platform != "linux" or not options.keys() <= _OPTIONS:
        return None
    asks = not {"attend", "occlude", "run"}.isdisjoint(arguments) and any("tiny:" in one for one in arguments)
    opens = asks or "demo" in arguments
    libraries = LIBRARIES + (MODEL_LIBRARIES if opens else "")
    if _server(libraries).has_ended:
        _server.cache_clear()
    server = _server(libraries)
    read = _READ_BY_INTERPRETERS + (_READ_BY_MODEL_LIBRARIES if opens else ())
    asked = options.get("env")
    differing = server.environment.items() ^ (os.environ if asked is None else asked).items()
    if any(name.startswith(read) and name not in _NOT_AT_START for name, _ in differing):
        return None
    return server


def _serve(control: socket.socket) -> dict[str, Any] | None:
    """Fork for each request; returns in each fork with what was wanted, and in the server with ``None`` at the end."""
    awake, wakes = socket.socketpair()
    for end in (awake, wakes):
        end.setblocking(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno())
    running: dict[int, int] = {}
    waiting = selectors.DefaultSelector()
    for source in (control, awake):
        waiting.register(source, selectors.EVENT_READ)
    while True:
        ready = {key.fileobj for key, _ in waiting.select()}
        if awake in ready:
            awake.recv(4096)
            _tell_of_ended(running)
        if control not in ready:
            continue
        files = array.array("i")
        head, sent, _, _ = control.recvmsg(_WORD, socket.CMSG_SPACE(4 * files.itemsize))
        if not head:
            for pid in running:
                os.kill(pid, signal.SIGKILL)
            return None
        files.frombytes(sent[0][2])
        said = b""
        while len(said) < int.from_bytes(head, "big"):
            said += control.recv(int.from_bytes(head, "big") - len(said))
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            waiting.close()
            for open_here in (control, awake, wakes):
                open_here.close()
            for file in (*running.values(), files[3]):
                os.close(file)
            return {**json.loads(said), "streams": files[:3]}
        os.write(files[3], pid.to_bytes(_WORD, "big"))
        running[pid] = files[3]
        for file in files[:3]:
            os.close(file)


def _tell_of_ended(running: dict[int, int]) -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            file = running.pop(ended[0])
            with contextlib.suppress(BrokenPipeError):
                os.write(file, ended[1].to_bytes(_WORD, "big"))
            os.close(file)


def _become(wanted: Mapping[str, Any]) -> None:
    """Make of this fork what a new interpreter would be."""
    for name in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(name, signal.SIG_DFL if name == signal.SIGCHLD else signal.default_int_handler)
    if wanted["session"]:
        os.setsid()
    for number, file in enumerate(wanted["streams"]):
        os.dup2(file, number)
        os.close(file)
    utf8 = {"encoding": sys.stdout.encoding, "closefd": False}
    sys.stdin = sys.__stdin__ = open(0, **utf8)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", errors=sys.stdout.errors, **utf8)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", 1, errors="backslashreplace", **utf8)  # noqa: SIM115
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    path = wanted["environment"].get("PYTHONPATH", "")
    sys.path[:1] = [wanted["folder"], *filter(None, path.split(os.pathsep))]
    sys.argv = ["-m", *wanted["arguments"][1:]]
    if wanted["stores"]:
        importlib.import_module("tests.stores").copy_from(Path(wanted["stores"]))
    for name in [name for name in sys.modules if name == "tests" or name.startswith("tests.")]:
        del sys.modules[name]
    random.seed()


def _main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    for library in sys.argv[2:]:
        with contextlib.suppress(ImportError):
            importlib.import_module(library)
    importlib.import_module("tests.stores")
    gc.collect()
    gc.freeze()
    wanted = _serve(control)
    if wanted is None:
        os._exit(0)
    _become(wanted)
    _end_as_interpreters_do(lambda: runpy.run_module(wanted["arguments"][0], None, "__main__", True))


def _end_as_interpreters_do(work: Callable[[], object]) -> NoReturn:
    """Run it; without taking the interpreter apart at the end, which takes as long as half of what is saved."""
    status = 0
    try:
        work()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if not isinstance(ended.code, int | None):
            sys.stderr.write(f"{ended.code}\n")
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:  # noqa: BLE001 - told as the interpreter tells it
        traceback.print_exc()
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            status = 120
    os._exit(status & 0xFF)


if __name__ == "__main__":
    _main()
