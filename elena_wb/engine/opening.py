"""Showing a picture in whatever program the desktop has for pictures."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from elena_wb.data.walk import PICTURE_SUFFIXES
from elena_wb.errors import SetupError


def open_outside(path: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Open the picture at ``path`` in another program, which is not waited for.

    No shell reads the name, and a file that is not called as pictures are is not opened: what opens it is chosen by its
    name.

    Raises:
        SetupError: it is no file called as a picture, or there is no desktop here.
    """
    path = path.absolute()
    if path.suffix.lower() not in PICTURE_SUFFIXES or not path.is_file():
        raise SetupError(f"{path} is not opened: it is no file that is called as pictures are.")
    if "SSH_CONNECTION" in environment or "web" in environment.get("TEXTUAL_DRIVER", ""):
        raise SetupError(
            "Pictures are not opened from afar: the program would open on the machine where the interface runs.",
            hint=f"The file there: {path}",
        )
    if sys.platform == "win32":
        os.startfile(path)
        return
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    desktop = sys.platform == "darwin" or "DISPLAY" in environment or "WAYLAND_DISPLAY" in environment
    if opener is None or not desktop:
        raise SetupError("There is no desktop here to open pictures with.", hint=f"The file: {path}")
    try:
        subprocess.Popen(
            [opener, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise SetupError(
            f"{opener} cannot be started: {error.strerror}.", hint=f"The file: {path}"
        ) from error
