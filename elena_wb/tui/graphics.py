"""How pictures reach the screen: by sixel or kitty's protocol where the terminal has them, else by half-blocks.

Settled once, before the app starts: textual-image asks the terminal when it is imported, and once the app reads the
keys the answers would be taken for some.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import Literal

Method = Literal["sixel", "kitty", "blocks", "none"]

_SLOW_S = 0.08
"""textual-image waits 0.1 s for each answer; what comes later would be typed into the app."""
_PATIENCE_S = 1.0
_USUAL_CELL = (10, 20)
_MULTIPLEXERS = ("tmux", "screen")


@dataclass(frozen=True, slots=True)
class Graphics:
    """What draws pictures, and how many pixels wide and high a cell of the terminal is."""

    method: Method
    cell: tuple[int, int] = _USUAL_CELL


def settle(images: str) -> Graphics:
    """The best that ``images`` (``auto``, ``blocks`` or ``none``) allows and the terminal can.

    Within tmux and screen, in a browser, and where the terminal is slow to answer or does not, half-blocks: a
    multiplexer may know graphics that the terminal around it does not.
    """
    if images == "none":
        return Graphics("none")
    if images == "blocks" or not _may_be_asked() or not _answers_soon():
        return Graphics("blocks", _cell())
    from textual_image.renderable import Image, SixelImage, TGPImage
    from textual_image.widget import get_cell_size  # type: ignore[attr-defined]

    width, height = get_cell_size()
    method: Method = "sixel" if Image is SixelImage else "kitty" if Image is TGPImage else "blocks"
    return Graphics(method, (width, height))


def _may_be_asked() -> bool:
    within = os.environ.get("TERM", "").startswith((*_MULTIPLEXERS, "linux", "dumb"))
    if within or any(name in os.environ for name in ("TMUX", "STY")):
        return False
    if "web" in os.environ.get("TEXTUAL_DRIVER", ""):
        return False
    terminals = (sys.__stdin__, sys.__stdout__)
    return os.name == "posix" and all(one is not None and one.isatty() for one in terminals)


def _answers_soon() -> bool:
    """Whether the terminal tells what it is (DA1, which all of them do) before textual-image would give up on it."""
    import select
    import termios
    import tty

    assert sys.__stdin__ is not None
    assert sys.__stdout__ is not None
    keys = sys.__stdin__.fileno()
    try:
        before = termios.tcgetattr(keys)
        tty.setcbreak(keys, termios.TCSANOW)
    except (OSError, termios.error):
        return False
    try:
        began = time.monotonic()
        os.write(sys.__stdout__.fileno(), b"\x1b[c")
        heard = b""
        while (left := began + _PATIENCE_S - time.monotonic()) > 0:
            if not select.select([keys], [], [], left)[0]:
                return False
            heard += os.read(keys, 64)
            if b"\x1b[?" in heard and heard.endswith(b"c"):
                return time.monotonic() - began < _SLOW_S
        return False
    except OSError:
        return False
    finally:
        termios.tcsetattr(keys, termios.TCSANOW, before)


def _cell() -> tuple[int, int]:
    """The size of a cell where the terminal or the browser tells it; cells are twice as high as wide elsewhere."""
    told = (os.environ.get("TEXTUAL_CELL_WIDTH", ""), os.environ.get("TEXTUAL_CELL_HEIGHT", ""))
    if all(one.isdecimal() and 0 < int(one) < 200 for one in told):
        return int(told[0]), int(told[1])
    if os.name != "posix" or sys.__stdout__ is None:
        return _USUAL_CELL
    import fcntl
    import struct
    import termios

    try:
        answer = fcntl.ioctl(sys.__stdout__.fileno(), termios.TIOCGWINSZ, bytes(8))
    except (OSError, ValueError):
        return _USUAL_CELL
    rows, columns, width, height = struct.unpack("HHHH", answer)
    if not (rows and columns and width >= columns and height >= rows):
        return _USUAL_CELL
    return width // columns, height // rows
