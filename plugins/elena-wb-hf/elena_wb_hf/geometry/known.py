"""The architectures whose geometry is known, by the ``model_type`` of their configuration."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from elena_wb.core import ModelError
from elena_wb_hf.geometry import gemma3, llava, mllama, qwen
from elena_wb_hf.geometry.case import ANY_MODEL, Case, Family, setting, shrunk_size
from elena_wb_hf.geometry.layout import Layout

KNOWN: Mapping[str, Family] = MappingProxyType(
    {
        "gemma3": gemma3.FAMILY,
        "llava": llava.FAMILY,
        "mllama": mllama.FAMILY,
        "qwen2_vl": qwen.FAMILY,
        "qwen2_5_vl": qwen.FAMILY,
    }
)


def require_known(network: Any, processor: Any = None) -> None:
    """Make sure that :func:`layout` can answer for ``network`` and, where given, the settings of its ``processor``.

    Raises:
        ModelError: it cannot; names the architecture or the setting.
    """
    family = _family(network.config)
    if processor is not None:
        _require_settings(family, network.config, processor)


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
    family = _family(network.config)
    _require_settings(family, network.config, processor)
    shown = shrunk_size(width, height, max_image_side)
    return family.layout(Case(network, processor, inputs, row, width, height, shown))


def _family(config: Any) -> Family:
    name = str(config.model_type)
    if name not in KNOWN:
        raise ModelError(
            f"Where the places of `{name}` lie in a picture is not known, and is not guessed.",
            hint=f"Known are {', '.join(sorted(KNOWN))}. {ANY_MODEL}",
        )
    tower = str(config.vision_config.model_type)
    if tower not in KNOWN[name].towers:
        raise ModelError(
            f"Where the places of `{name}` lie in a picture is not known where its pictures are read by `{tower}`.",
            hint=f"Known are {' and '.join(KNOWN[name].towers)}. {ANY_MODEL}",
        )
    return KNOWN[name]


def _require_settings(family: Family, config: Any, processor: Any) -> None:
    name = type(processor.image_processor).__name__
    if name.removesuffix("Pil").removesuffix("Fast") not in family.processors:
        raise ModelError(
            f"Where the places of `{config.model_type}` lie in a picture is not known where {name} prepares it.",
            hint=f"Known are {' and '.join(family.processors)}. {ANY_MODEL}",
        )
    if not setting(processor, "do_resize"):
        raise ModelError(
            f"Where the places of `{config.model_type}` lie in a picture is not known where {name} does not resize it.",
            hint=ANY_MODEL,
        )
    family.require(config, processor)
