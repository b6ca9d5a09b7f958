"""``python -m elena_wb.jobs.command STORE NUMBER``: the program itself, doing a job and noting how it ended.

The exit code is put down by this process, so that it is known also where whoever started it was killed meanwhile.
"""

from __future__ import annotations

import runpy
import signal
import sys
from contextlib import suppress
from pathlib import Path

from elena_wb.errors import ExitCode
from elena_wb.jobs.folder import Folder
from elena_wb.oslock import lock


def carry_out(store: Path, number: int) -> int:
    """Run the command of job ``number`` within this process, and return its exit code."""
    # Whoever started the queue may have been told to ignore Ctrl-C, as shells tell what they start in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = Folder.of(store)
    job = folder.demand(number)
    with (folder.of_job(number) / "alive").open("a+b") as alive:
        if sys.platform == "win32":  # elsewhere it is inherited locked
            lock(alive, wait=False)
        try:
            sys.argv = ["elena-wb", "--store", str(store), *job.argv]
            code = int(ExitCode.INTERRUPTED) if job.interrupts else _run()
        except KeyboardInterrupt:
            code = int(ExitCode.INTERRUPTED)
        with suppress(OSError):
            (folder.of_job(number) / "exit").write_text(str(code))
    return code


def _run() -> int:
    try:
        runpy.run_module("elena_wb", run_name="__main__")
    except SystemExit as ended:
        if ended.code is None:
            return int(ExitCode.OK)
        return ended.code if isinstance(ended.code, int) else int(ExitCode.FAILED)
    return int(ExitCode.OK)


if __name__ == "__main__":
    sys.exit(carry_out(Path(sys.argv[1]), int(sys.argv[2])))
