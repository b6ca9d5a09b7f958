"""One visitor of the served interface: a process of his own, that ends with his page."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence

from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from elena_wb.plain import plain_lines

_PATIENCE_S = 5.0
_SIZES = range(1, 1001)
_PRELUDE, _PRELUDE_LINES = b"__GANGLION__\n", 10
_LARGEST_PACKET = 64 * 1024 * 1024
_ERRORS_KEPT = 4000


class Visit(AppService):
    """Runs ``command`` (a program and its arguments, no shell) and carries keys and screens to and fro.

    ``close`` is called when the process has ended, however it did.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        write_bytes: Callable[[bytes], Awaitable[None]],
        write_str: Callable[[str], Awaitable[None]],
        close: Callable[[], Awaitable[None]],
        download_manager: DownloadManager,
    ) -> None:
        super().__init__(
            "", write_bytes=write_bytes, write_str=write_str, close=close, download_manager=download_manager
        )
        self._arguments = tuple(command)
        self._ending: asyncio.Task[int | None] | None = None

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        environment = self._build_environment(_sane(width, 80), _sane(height, 24))
        environment["TERM"] = "xterm-256color"  # the terminal is the page's, not the one that serves
        self._process = process = await asyncio.create_subprocess_exec(
            *self._arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment
        )
        assert process.stdin is not None
        self._stdin = process.stdin
        return process

    async def run(self) -> None:
        """Carry what the process writes to the page until it ends; what it said of its failure, too."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        assert process.stderr is not None
        errors = asyncio.create_task(_last_of(process.stderr))
        began = False
        try:
            began = await _has_begun(process.stdout)
            while began:
                kind = await process.stdout.readexactly(1)
                size = int.from_bytes(await process.stdout.readexactly(4), "big")
                if size > _LARGEST_PACKET:
                    break
                payload = await process.stdout.readexactly(size)
                if kind == b"D":
                    await self.on_data(payload)
                elif kind == b"M":
                    await self.on_meta(payload)
                elif kind == b"P":
                    await self.on_packed(payload)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the process has ended, or the page is gone
        finally:
            with contextlib.suppress(TimeoutError):
                said = await asyncio.wait_for(errors, _PATIENCE_S)
                if said and not (began and process.returncode in (0, None)):
                    with contextlib.suppress(ConnectionError):
                        await self.remote_write_bytes(_told(said))
            with contextlib.suppress(ConnectionError):
                await self.remote_close()

    def end(self) -> asyncio.Task[int | None]:
        """Ask the process to leave, and see to it that it does; its exit code, if one was started."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())
        return self._ending

    async def _end(self) -> int | None:
        process = self._process
        if process is None:
            return None
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(_PATIENCE_S):
                await self.stop()
                await process.wait()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        with contextlib.suppress(TimeoutError, OSError):  # to the end of its pipes, which closes them
            await asyncio.wait_for(process.communicate(), _PATIENCE_S)
        return process.returncode


async def _has_begun(stream: asyncio.StreamReader) -> bool:
    for _ in range(_PRELUDE_LINES):
        try:
            line = await stream.readline()
        except ValueError:  # a line without an end is no prelude
            return False
        if line == _PRELUDE:
            return True
        if not line:
            return False
    return False


async def _last_of(stream: asyncio.StreamReader) -> bytes:
    kept = b""
    while chunk := await stream.read(4096):
        kept = (kept + chunk)[-_ERRORS_KEPT:]
    return kept


def _told(said: bytes) -> bytes:
    """``said`` as lines of a terminal, back on its plain screen."""
    lines = plain_lines(said.decode("utf-8", "replace")).strip().splitlines()
    return ("\x1b[?1049l\x1b[2J\x1b[H" + "\r\n".join(lines) + "\r\n").encode()


def _sane(size: int, otherwise: int) -> int:
    return size if size in _SIZES else otherwise
