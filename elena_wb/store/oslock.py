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

else:
    import fcntl

    def lock(file: BinaryIO, *, wait: bool) -> bool:
        """Lock ``file`` for this handle alone; without ``wait``, say at once whether that worked."""
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
