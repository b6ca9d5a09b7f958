"""What this machine has to share out among processes: cores, memory, graphics cards."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

CARDS = "CUDA_VISIBLE_DEVICES"
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory() -> int | None:
    """Bytes of main memory that can be had without swapping; ``None`` if the machine does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            name, _, amount = line.partition(":")
            if name == "MemAvailable":
                return _within_limit(int(amount.split()[0]) * 1024)
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def cards() -> tuple[str, ...]:
    """The graphics cards that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them; empty if none are known."""
    given = os.environ.get(CARDS)
    if given is not None:
        return tuple(card for one in given.split(",") if (card := one.strip()) and card != "-1")
    try:
        told = subprocess.run(
            ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return ()
    return tuple(card for line in told.splitlines() if (card := line.strip()).startswith("GPU-"))


def threads_of(workers: int) -> Mapping[str, str]:
    """The variables that give each of so many processes its share of the cores, but for those that the user has set."""
    share = str(max(1, cores() // workers))
    return {name: share for name in _THREADS if name not in os.environ}


def _within_limit(available: int) -> int:
    """``available`` bytes, or fewer where the control group of this process has less left."""
    group = Path("/sys/fs/cgroup")
    try:
        left = int((group / "memory.max").read_text()) - int((group / "memory.current").read_text())
    except (OSError, ValueError):
        return available
    return max(0, min(available, left))
