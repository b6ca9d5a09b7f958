"""The processor of a model: tokenizer, picture preparation and chat template, loaded and checked."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import transformers
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

from elena_wb.core import ModelError, SetupError

_VIDEO = "video_processor"


def load_processor(folder: Path, name: str) -> Any:
    """The processor saved in ``folder``.

    Raises:
        ModelError: absent, broken, without a tokenizer, a picture part or a chat template.
        SetupError: it needs a package that is missing.
    """
    try:
        processor = _loaded(folder)
    except ImportError as error:
        raise SetupError(f"The processor of {name} needs a package that is not installed: {error}") from error
    except Exception as error:
        raise ModelError(
            f"The processor of {name} cannot be loaded: {type(error).__name__}: {error}",
            hint="The folder must hold the processor beside the model: tokenizer.json, tokenizer_config.json and "
            "preprocessor_config.json or processor_config.json.",
        ) from error
    if getattr(processor, "image_processor", None) is None or getattr(processor, "tokenizer", None) is None:
        raise ModelError(
            f"{name} has no processor for pictures beside its tokenizer.",
            hint="The folder must hold preprocessor_config.json or processor_config.json too.",
        )
    if getattr(processor, "chat_template", None) is None:
        raise ModelError(
            f"{name} has no chat template, so it is not known how to ask it anything.",
            hint="Take the instruction-tuned version of the model (its name often ends in -it or -Instruct).",
        )
    return processor


def _loaded(folder: Path) -> Any:
    """The processor as transformers makes it, or without its video part where torchvision is missing.

    Processors that also read videos (Qwen2.5-VL) insist on torchvision for that part alone; pictures are
    prepared without it, so a machine that has none can still use the model.
    """
    auto: Any = transformers.AutoProcessor
    arguments: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    if importlib.util.find_spec("torchvision") is None:
        config = transformers.AutoConfig.from_pretrained(folder, **arguments)
        complete: Any = PROCESSOR_MAPPING.get(type(config), None)
        if complete is not None and _VIDEO in complete.get_attributes():
            return _without_video(complete).from_pretrained(folder, **arguments)
    return auto.from_pretrained(folder, **arguments)


def _without_video(complete: Any) -> Any:
    parts = [part for part in complete.get_attributes() if part != _VIDEO]
    return type(complete.__name__, (complete,), {"get_attributes": classmethod(lambda cls: list(parts))})
