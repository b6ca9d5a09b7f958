"""A lock on an open file that the operating system drops when its process dies, however it dies."""

from __future__ import annotations

import sys
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt

    # Windows locks byte ranges, and a locked byte cannot be read: this one lies behind any content.
    _BYTE = 0x7FFF_FFFF

    def lock(file: BinaryIO, *, wait: bool) -> bool:
        """Lock ``file`` for this handle alone; without ``wait``, say at once whether that worked."""
        while True:
            position = file.tell()
            file.seek(_BYTE)
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:
                    return False
            else:
                return True
            finally:
                file.seek(position)

    def is_locked(file: BinaryIO) -> bool:
        """Whether another handle has locked ``file``; two that ask at the same moment may take each other for it."""
        if not lock(file, wait=False):
            return True
        file.seek(_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        return False

else:
    import fcntl

    def lock(file: BinaryIO, *, wait: bool) -> bool:
        """Lock ``file`` for this handle alone; without ``wait``, say at once whether that worked."""
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def is_locked(file: BinaryIO) -> bool:
        """Whether another handle has locked ``file``; however many ask at the same moment."""
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)
        return False
