"""What one copy of a model takes of its machine, told from the model's small files."""

from __future__ import annotations

from elena_wb.core import Needs
from elena_wb_hf.checkpoint import Checkpoint
from elena_wb_hf.options import HFOptions

_PROGRAM = 2**30
"""Bytes that torch, transformers and room to compute in take beside the weights, of a small model on a CPU."""

_BYTES = {"8bit": 1.0, "4bit": 0.5, "float32": 4.0}


def needs_of(checkpoint: Checkpoint, options: HFOptions) -> Needs:
    """Cores, CUDA cards and main memory of one copy.

    ``device=auto`` is what this machine would take. On a card the main memory that is taken is not known.
    """
    cards = _cards(options)
    cpus = float(options.threads or 1)
    if cards:
        return Needs(cpus, float(cards))
    if checkpoint.parameters is None or checkpoint.quantised_by is not None:
        return Needs(cpus)
    held = options.load_in if options.load_in != "none" else checkpoint.dtype_for(options.dtype)
    return Needs(cpus, 0.0, int(checkpoint.parameters * _BYTES.get(held, 2.0)) + _PROGRAM)


def _cards(options: HFOptions) -> int:
    if options.device.startswith("cuda"):
        return 1
    if options.device != "auto":
        return 0
    import torch

    if not torch.cuda.is_available():
        return 0
    return torch.cuda.device_count() if options.spread else 1
