"""The processor of a model: tokenizer, picture preparation and chat template, loaded and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import transformers

from elena_wb.core import ModelError, SetupError


def load_processor(folder: Path, name: str) -> Any:
    """The processor saved in ``folder``.

    Raises:
        ModelError: absent, broken, without a tokenizer, a picture part or a chat template.
        SetupError: it needs a package that is missing.
    """
    try:
        processor: Any = transformers.AutoProcessor.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
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
    if processor.chat_template is None:
        raise ModelError(
            f"{name} has no chat template, so it is not known how to ask it anything.",
            hint="Take the instruction-tuned version of the model (its name often ends in -it or -Instruct).",
        )
    return processor
