"""For the tests of this plugin: the engine in the process of the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from elena_wb_gguf.asking import Load
from elena_wb_gguf.engine import Engine
from elena_wb_gguf.native import quieten


def loaded_engine(text: Path, projector: Path, *, kept_bytes: int | None = None, **given: Any) -> Engine:
    """An engine on one thread. ``kept_bytes`` bounds its store of encoded pictures."""
    quieten(everything=False)
    settings: dict[str, Any] = {
        "context_length": 512,
        "batch_tokens": None,
        "threads": 1,
        "gpu_layers": 0,
        "flash_attention": None,
        "cache_type": "f16",
        "constrained": True,
        "debug": False,
    }
    load = Load(text=str(text), projector=str(projector), **(settings | given))
    more = {} if kept_bytes is None else {"kept_bytes": kept_bytes}
    return Engine(load, threads=1, gpu_layers=0, progress=lambda _: None, **more)
