"""One process at a time makes copies in a folder: two would lose each other's entries in the list."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from elena_wb import oslock
from elena_wb.core import SetupError
from elena_wb.data.writing import OutputFolder
from elena_wb.store.outbox import is_at

LOCK = ".elena-wb-mask.lock"
_UNSUPPORTED = frozenset(
    getattr(errno, name) for name in ("ENOLCK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS") if hasattr(errno, name)
)
"""Some network folders know no locks; copies may still go there."""
_FLAGS: int = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def check_unclaimed(folder: OutputFolder) -> None:
    """Check that no process is making copies in ``folder`` now; writes nothing.

    Raises:
        SetupError: one is.
    """
    with suppress(OSError), _opened(folder, _FLAGS) as file:
        _take(file, folder)


@contextmanager
def claiming(folder: OutputFolder) -> Iterator[None]:
    """Hold ``folder``, made if need be, while the block lasts; a process that dies lets go of it.

    Raises:
        SetupError: another process holds it, or nothing can be written there.
    """
    while True:
        try:
            folder.root.mkdir(parents=True, exist_ok=True)
            file = _opened(folder, _FLAGS | os.O_CREAT)
        except OSError as error:
            raise SetupError(
                f"{folder.path([LOCK])} cannot be written: {error.strerror}.",
                hint="Choose another folder for the copies.",
            ) from error
        with file:
            _take(file, folder)
            if not is_at(file, folder.path([LOCK])):
                continue
            try:
                yield
            finally:
                with suppress(OSError):
                    folder.path([LOCK]).unlink()
            return


def _opened(folder: OutputFolder, flags: int) -> BinaryIO:
    return os.fdopen(os.open(folder.path([LOCK]), flags, 0o666), "r+b", buffering=0)


def _take(file: BinaryIO, folder: OutputFolder) -> None:
    try:
        taken = oslock.lock(file, wait=False)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        return
    if not taken:
        raise SetupError(
            f"Another process is making copies in {folder.root}.",
            hint="Wait for it to finish and give the command again, or choose another folder.",
        )
