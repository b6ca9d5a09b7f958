"""The architectures whose geometry is known, by the ``model_type`` of their configuration."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any

from elena_wb.core import ModelError
from elena_wb_hf.geometry import gemma3
from elena_wb_hf.geometry.case import Case, shrunk_size
from elena_wb_hf.geometry.layout import Layout

KNOWN: Mapping[str, ModuleType] = MappingProxyType({"gemma3": gemma3})


def require_known(network: Any, processor: Any = None) -> None:
    """Make sure that :func:`layout` can answer for ``network`` and, where given, the settings of its ``processor``.

    Raises:
        ModelError: it cannot; names the architecture or the setting.
    """
    family = _family(network)
    if processor is not None:
        family.require(network.config, processor)


def layout(
    network: Any,
    processor: Any,
    inputs: Mapping[str, Any],
    row: int,
    width: int,
    height: int,
    *,
    max_image_side: int | None,
) -> Layout:
    """Which key is which rectangle of the picture of ``row``, which is ``width`` × ``height`` pixels.

    ``inputs`` are what :meth:`elena_wb_hf.chat.Chat.inputs` made of a batch, and ``max_image_side`` is the limit of
    that chat.

    Raises:
        ModelError: that is not known for this architecture, or not for these settings of its processor.
    """
    family = _family(network)
    family.require(network.config, processor)
    shown = shrunk_size(width, height, max_image_side)
    found: Layout = family.layout(Case(network, processor, inputs, row, width, height, shown))
    return found


def _family(network: Any) -> ModuleType:
    name = str(network.config.model_type)
    if name not in KNOWN:
        raise ModelError(
            f"Where the places of `{name}` lie in a picture is not known, and is not guessed.",
            hint=f"Known are {', '.join(sorted(KNOWN))}. `elena-wb occlude` works with any model.",
        )
    return KNOWN[name]
