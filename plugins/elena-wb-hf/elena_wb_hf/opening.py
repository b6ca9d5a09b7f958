"""Putting an opened model together from its parts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch

from elena_wb.core import ModelCard
from elena_wb_hf.chat import Chat
from elena_wb_hf.checkpoint import Checkpoint
from elena_wb_hf.loading import Loaded, load_network
from elena_wb_hf.machine import pick_device
from elena_wb_hf.model import HFModel
from elena_wb_hf.options import HFOptions

_BATCH_ON_GPU, _BATCH_ELSEWHERE = 8, 4


def open_checkpoint(folder: Path, checkpoint: Checkpoint, options: HFOptions, card: ModelCard) -> HFModel:
    """Load processor and weights from ``folder``; the card gains what only a loaded model knows.

    Raises:
        ModelError: see :meth:`elena_wb_hf.provider.HFProvider.open`.
        SetupError: a package is missing.
    """
    name = checkpoint.source.name
    pick_device(options.device)  # a device that is not there is reported before minutes of loading
    chat = Chat.load(folder, name, options.max_image_side)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    loaded = load_network(folder, checkpoint, options)
    card = dataclasses.replace(
        card,
        parameters=card.parameters or sum(weight.numel() for weight in loaded.network.parameters()),
        context_length=_context_length(loaded.network) or card.context_length,
        device=_device_name(loaded),
        notes=(
            *card.notes,
            *loaded.notes,
            f"pictures prepared by {type(chat.processor.image_processor).__name__}",
        ),
    )
    on_gpu = loaded.device.type != "cpu"
    batch_size = options.batch_size or (_BATCH_ON_GPU if on_gpu else _BATCH_ELSEWHERE)
    return HFModel(card, loaded, chat, batch_size, constrained=options.constrained)


def _context_length(network: Any) -> int | None:
    length = getattr(network.config.get_text_config(), "max_position_embeddings", None)
    return length if isinstance(length, int) else None


def _device_name(loaded: Loaded) -> str:
    if loaded.device.type == "cuda":
        return f"{loaded.device} ({torch.cuda.get_device_name(loaded.device)})"
    return str(loaded.device)
