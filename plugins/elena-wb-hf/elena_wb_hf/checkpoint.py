"""What a model's files say about it, read without torch: is it a vision model, how large, in which format."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elena_wb.core import ModelError
from elena_wb_hf.source import Source, is_offline

CONFIG = "config.json"
SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
_VISION_KEYS = ("vision_config", "vision_tower", "visual", "vq_config")
_DTYPES = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}
_PICKLED = (".bin", ".pt", ".pth", ".ckpt")
_INSTRUCT = "Take an image-text-to-text model, such as google/gemma-3-4b-it or Qwen/Qwen2.5-VL-3B-Instruct."


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The facts of a model's files.

    ``dtype`` is the number format that the configuration declares, or else that most weights are stored
    in; ``quantised_by`` names the method of weights that are stored quantised, whose packed numbers
    ``parameters`` then counts; ``weights`` are the names of the files that will be loaded.
    """

    source: Source
    config: Mapping[str, Any]
    weights: tuple[str, ...]
    dtype: str
    parameters: int | None
    context_length: int | None
    quantised_by: str | None

    def dtype_for(self, wanted: str) -> str:
        """The number format of the weights in memory; ``auto`` keeps the one they come in."""
        return self.dtype if wanted == "auto" else wanted


def inspect(source: Source) -> Checkpoint:
    """Read and check the files of ``source``.

    Raises:
        ModelError: no model, not a vision-language model, needs code of its own, pickled or broken.
    """
    config = _config(source)
    _require_vision_language(source, config)
    weights = _weight_files(source)
    headers = [_header(source.folder / name) for name in weights if (source.folder / name).is_file()]
    sizes = dict(source.parameters) or _sizes(headers, tied=config.get("tie_word_embeddings") is True)
    complete = bool(source.parameters) or len(headers) == len(weights)
    quantisation = config.get("quantization_config")
    return Checkpoint(
        source=source,
        config=config,
        weights=weights,
        dtype=_declared_dtype(config) or _commonest_dtype(sizes),
        parameters=sum(sizes.values()) if complete else None,
        context_length=_context_length(config),
        quantised_by=str(quantisation.get("quant_method")) if isinstance(quantisation, dict) else None,
    )


def _config(source: Source) -> Mapping[str, Any]:
    path = source.folder / CONFIG
    if not path.is_file():
        raise ModelError(f"{source.name} holds no model: there is no {CONFIG}.", hint=_what_is_it(source))
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The {CONFIG} of {source.name} cannot be read: {error}", hint="Fetch the model again."
        ) from error
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise ModelError(
            f"The {CONFIG} of {source.name} names no `model_type`, so it is not a transformers model.",
            hint=_what_is_it(source),
        )
    return config


def _what_is_it(source: Source) -> str:
    if any(name.endswith(".gguf") for name in source.files):
        return f"It holds GGUF files, which are for the gguf plugin: gguf:{source.name}"
    if "adapter_config.json" in source.files:
        return "It is an adapter (LoRA); merge it into its base model and save that, then give its folder."
    if not source.files:
        return "The folder is empty."
    return "Give the folder into which `save_pretrained` wrote the model and its processor."


def _require_vision_language(source: Source, config: Mapping[str, Any]) -> None:
    model_type = config["model_type"]
    architectures = config.get("architectures") or [""]
    looks_right = any(key in config for key in _VISION_KEYS) and str(architectures[0]).endswith(
        "ForConditionalGeneration"
    )
    if looks_right and "auto_map" not in config:
        return
    # Importing these names imports torch, so only doubtful models pay for it.
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    if model_type in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        return
    if "auto_map" in config:
        raise ModelError(
            f"{source.name} (`{model_type}`) runs only with Python code of its own, which elena-wb never executes.",
            hint=_INSTRUCT,
        )
    if model_type not in CONFIG_MAPPING:
        import transformers

        raise ModelError(
            f"{source.name} is a `{model_type}`, which transformers {transformers.__version__} does not know.",
            hint="Perhaps a newer one does: pip install --upgrade transformers",
        )
    raise ModelError(
        f"{source.name} (`{model_type}`) is no vision-language model: it cannot answer questions about pictures.",
        hint=_INSTRUCT,
    )


def _weight_files(source: Source) -> tuple[str, ...]:
    if SINGLE in source.files:
        return (SINGLE,)
    if INDEX in source.files:
        try:
            index = json.loads((source.folder / INDEX).read_text(encoding="utf-8"))
            names = sorted(set(index["weight_map"].values()))
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise ModelError(
                f"The weights' index of {source.name} cannot be read: {error}", hint="Fetch the model again."
            ) from error
        absent = [name for name in names if name not in source.files]
        if absent:
            _require_fetched(source)
            raise ModelError(
                f"{source.name} lacks {len(absent)} of its {len(names)} weight files, {absent[0]} first.",
                hint="Fetch the model again; the download stopped half-way.",
            )
        return tuple(names)
    pickled = sorted(name for name in source.files if name.endswith(_PICKLED))
    if pickled:
        raise ModelError(
            f"The weights of {source.name} are pickled ({pickled[0]}): loading them could run any code.",
            hint="Take a safetensors version of the model, or convert this one where you trust it.",
        )
    _require_fetched(source)
    raise ModelError(f"{source.name} holds no weights: there is no {SINGLE}.", hint=_what_is_it(source))


def _require_fetched(source: Source) -> None:
    """For a hub repository that lacks weights offline, raise what to do about it."""
    if source.commit is not None and is_offline():
        raise ModelError(
            f"Only the configuration of {source.name} is in the hub's cache, and the network is switched off.",
            hint=f"Fetch its weights once while online (hf download {source.name}), or give a local folder.",
        )


def _header(path: Path) -> Mapping[str, Any]:
    """The JSON header of a safetensors file (its length is in the first 8 bytes, little-endian)."""
    problem = "its header is not readable"
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if 0 < length <= size - 8 else None
        if isinstance(header, dict):
            header.pop("__metadata__", None)
            end = max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
            if 8 + length + end == size:
                return header
            problem = f"it has {size:,} bytes where its header promises {8 + length + end:,}"
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        problem = str(error)
    raise ModelError(f"The weights in {path} are damaged: {problem}.", hint="Fetch the model again.")


def _sizes(headers: list[Mapping[str, Any]], *, tied: bool) -> dict[str, int]:
    """Number of weights by stored number format, as safetensors names it (``BF16``).

    An output layer that is ``tied`` to the embedding counts once, also where it is stored beside it.
    """
    sizes: dict[str, int] = {}
    twice = tied and any(name.endswith("embed_tokens.weight") for header in headers for name in header)
    for header in headers:
        for name, tensor in header.items():
            if twice and name.endswith("lm_head.weight"):
                continue
            sizes[tensor["dtype"]] = sizes.get(tensor["dtype"], 0) + math.prod(tensor["shape"])
    return sizes


def _commonest_dtype(sizes: Mapping[str, int]) -> str:
    floating = {dtype: count for dtype, count in sizes.items() if dtype in _DTYPES}
    return _DTYPES[max(floating, key=lambda dtype: floating[dtype])] if floating else "float32"


def _declared_dtype(config: Mapping[str, Any]) -> str | None:
    for part in (config, config.get("text_config")):
        if isinstance(part, dict):
            declared = part.get("dtype") or part.get("torch_dtype")
            if isinstance(declared, str) and declared.removeprefix("torch.") in _DTYPES.values():
                return declared.removeprefix("torch.")
    return None


def _context_length(config: Mapping[str, Any]) -> int | None:
    for part in (config.get("text_config"), config.get("llm_config"), config):
        if isinstance(part, dict) and isinstance(part.get("max_position_embeddings"), int):
            return int(part["max_position_embeddings"])
    return None
