"""The device a model runs on, and what happens when its memory does not suffice."""

from __future__ import annotations

import gc
from pathlib import Path

import torch

from elena_wb.core import ModelError


def pick_device(wanted: str) -> torch.device:
    """The device named by the option; ``auto`` is the first of CUDA, MPS and CPU there is.

    Raises:
        ModelError: this machine has no such device.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    device = torch.device(wanted)
    there = {"cuda": cuda and (device.index or 0) < torch.cuda.device_count(), "mps": mps}
    if not there.get(device.type, True):
        raise ModelError(
            f"`device={wanted}` was asked for, but torch {torch.__version__} sees no such device.",
            hint="Leave the option out to take the best device there is, or give device=cpu.",
        )
    return device


def free_memory(device: torch.device) -> int | None:
    """Bytes that can still be had on ``device``, swap included for main memory; ``None`` if it is not known."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    found = 0
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            name, _, amount = line.partition(":")
            if name in {"MemAvailable", "SwapFree"}:
                found += int(amount.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        return None
    return found or None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory ran out; only CUDA has an exception type of its own for it."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "out of memory" in text or "can't allocate memory" in text or "cannot allocate memory" in text
    )


def is_device_lost(error: BaseException) -> bool:
    """Whether the device can no longer be used in this process (CUDA keeps failing after such an error)."""
    lost = getattr(torch, "AcceleratorError", None)
    if lost is not None and isinstance(error, lost):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and ("CUDA error" in text or "device-side assert" in text)


def release_memory() -> None:
    """Give freed memory back to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
