"""What lies around the program: face detectors, the network, the terminal."""

from __future__ import annotations

import locale
import os
import shutil
import sys
from collections.abc import Callable, Iterator

from elena_wb.engine.health.finding import Finding, ok, warn
from elena_wb.errors import AbsentError, SetupError, WorkbenchError
from elena_wb.masking import mtcnn_net, weights
from elena_wb.offline import VARIABLE, is_offline

_SMALLEST = (80, 24)
_PICTURES = {
    "sixel": "drawn by sixel",
    "kitty": "drawn by kitty's protocol",
    "blocks": "drawn in half-blocks, which every terminal with colours shows",
    "none": "not drawn (--no-images)",
}
_PULL = "elena-wb models pull yunet"


def examine_detectors() -> Iterator[Finding]:
    """Whether the weights of the face detectors are here and are those that the program was measured with."""
    yield _detector("yunet", weights.verified_yunet, _PULL)
    yield _detector("mtcnn", mtcnn_net.verified_weights, mtcnn_net.INSTALL)


def examine_network() -> Iterator[Finding]:
    """Whether the network may be used. Nothing is asked over it."""
    if is_offline():
        said = f"The network is switched off (--offline, the variable {VARIABLE} or the setting `offline`)."
        yield ok("network", "use", said)
    else:
        yield ok("network", "use", "The network may be used; nothing was tried. --offline forbids it.")


def examine_terminal(pictures: str | None) -> Iterator[Finding]:
    """What can be shown here; ``pictures`` is the method by which pictures are drawn, where that is known."""
    out = sys.__stdout__
    if out is None or not out.isatty():
        yield ok("terminal", "screen", "The output goes to no terminal here, so none was examined.")
    else:
        yield _screen()
    if pictures is not None:
        yield ok("terminal", "pictures", f"Pictures are {_PICTURES.get(pictures, pictures)}.")
    encoding = (getattr(out, "encoding", None) or locale.getencoding()).lower().replace("-", "")
    if encoding != "utf8":
        said = f"Text is written as {encoding} here; what models write, and frames and signs, need UTF-8."
        yield warn("terminal", "text", said, "export LC_ALL=C.UTF-8" if os.name == "posix" else "chcp 65001")
    else:
        yield ok("terminal", "text", "Text is written as UTF-8.")


def _detector(name: str, verify: Callable[[], object], mend: str) -> Finding:
    try:
        verify()
    except AbsentError as error:
        return warn("detectors", name, error.message, mend)
    except SetupError as error:
        hint = error.hint or mend
        is_command = hint.startswith(("elena-wb ", "pip ")) and " takes " not in hint
        said = error.message if is_command else f"{error.message} {hint}"
        return warn("detectors", name, said, hint if is_command else mend)
    except WorkbenchError as error:
        return warn("detectors", name, error.message, mend)
    return ok("detectors", name, f"The face detector {name} is ready.")


def _screen() -> Finding:
    from rich.console import Console

    kind = os.environ.get("TERM", "")
    width, height = shutil.get_terminal_size()
    colours = {
        None: "no colours",
        "standard": "16 colours",
        "256": "256 colours",
        "windows": "16 colours",
    }.get(Console(file=sys.__stdout__).color_system, "all colours")
    within = " within tmux" if "TMUX" in os.environ else " within screen" if "STY" in os.environ else ""
    said = f"{kind or 'A terminal of unknown kind'}{within}, {width} columns by {height} lines, {colours}."
    if kind == "dumb":
        return warn(
            "terminal", "screen", f"{said} The interface cannot be shown on it.", "export TERM=xterm-256color"
        )
    if width < _SMALLEST[0] or height < _SMALLEST[1]:
        return warn(
            "terminal", "screen", f"{said} The interface wants 80 by 24 at least: make the window larger."
        )
    return ok("terminal", "screen", said)
