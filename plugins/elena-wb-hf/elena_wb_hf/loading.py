"""Loading weights: all that the architecture wants, or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from elena_wb.core import ModelError, SetupError
from elena_wb_hf.checkpoint import Checkpoint
from elena_wb_hf.machine import free_memory, is_out_of_memory, pick_device, release_memory
from elena_wb_hf.options import HFOptions

_LARGE = 200_000_000
_LISTED = 3
_BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0, "8bit": 1.0, "4bit": 0.5}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network in evaluation mode, and the device and number format its inputs must have.

    ``notes`` says which weights of the files the architecture has no place for.
    """

    network: Any
    device: torch.device
    dtype: torch.dtype
    notes: tuple[str, ...] = ()


def load_network(folder: Path, checkpoint: Checkpoint, options: HFOptions) -> Loaded:
    """Load the weights in ``folder``.

    Raises:
        ModelError: unknown architecture, incomplete or damaged weights, or too large for the device.
    """
    name = checkpoint.source.name
    device = pick_device(options.device)
    arguments: dict[str, Any] = {
        "dtype": getattr(torch, checkpoint.dtype_for(options.dtype)),
        "local_files_only": True,
        "output_loading_info": True,
        "trust_remote_code": False,
        "use_safetensors": True,
    }
    if options.attention != "auto":
        arguments["attn_implementation"] = options.attention
    if options.load_in != "none":
        bits_and_bytes: Any = transformers.BitsAndBytesConfig
        four = options.load_in == "4bit"
        arguments["quantization_config"] = bits_and_bytes(
            load_in_4bit=four,
            load_in_8bit=not four,
            bnb_4bit_compute_dtype=arguments["dtype"],
            bnb_4bit_quant_type="nf4",
        )
    if options.spread:
        arguments["device_map"] = "auto"
    else:
        _require_room(device, checkpoint, options)
    if not options.spread and options.load_in != "none":
        arguments["device_map"] = {"": device}
    auto: Any = transformers.AutoModelForImageTextToText
    try:
        with _progress_bar(shown=(checkpoint.parameters or 0) >= _LARGE):
            network, report = auto.from_pretrained(folder, **arguments)
        _require_complete(name, report)
        if "device_map" not in arguments:
            network.to(device)
    except ModelError:
        raise
    except ImportError as error:
        raise SetupError(f"{name} needs a package that is not installed: {_brief(error)}") from error
    except Exception as error:
        raise _translated(error, name, checkpoint, options) from error
    network.eval()
    placed_on = network.device if options.spread else device
    return Loaded(network, placed_on, arguments["dtype"], _notes_on_unused(report["unexpected_keys"]))


def _require_room(device: torch.device, checkpoint: Checkpoint, options: HFOptions) -> None:
    """Refuse what cannot fit: a machine short of main memory would end the whole process without a word."""
    free = free_memory(device)
    if checkpoint.parameters is None or free is None:
        return
    width = _BYTES[checkpoint.dtype_for(options.dtype) if options.load_in == "none" else options.load_in]
    needed = checkpoint.parameters * width
    if checkpoint.quantised_by is None and needed > free:
        raise ModelError(
            f"{checkpoint.source.name} does not fit: its weights take {needed / 2**30:.1f} GiB, "
            f"and {free / 2**30:.1f} GiB are free on {device}.",
            hint=_smaller(checkpoint, options),
        )


@contextmanager
def _progress_bar(*, shown: bool) -> Iterator[None]:
    """transformers draws a bar while loading; for a small model it is only noise."""
    logging: Any = transformers.utils.logging
    before = logging.is_progress_bar_enabled()
    if not shown:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if before:
            logging.enable_progress_bar()


def _require_complete(name: str, report: dict[str, Any]) -> None:
    """transformers fills absent weights with random numbers and only warns; that must not pass for a model."""
    found = [
        f"{len(keys)} {what}, such as `{_first(keys)}`"
        for what, keys in (
            ("weights missing", report["missing_keys"]),
            ("weights of the wrong shape", report["mismatched_keys"]),
        )
        if keys
    ]
    if found or report["error_msgs"]:
        detail = "; ".join(found) or str(report["error_msgs"][0])
        raise ModelError(
            f"The weights of {name} do not fit its configuration: {detail}.",
            hint="Fetch the model again, or save it again together with its configuration.",
        )


def _notes_on_unused(keys: Iterable[Any]) -> tuple[str, ...]:
    """Published checkpoints may carry weights of training or of parts that transformers does not build."""
    names = sorted(map(str, keys))
    if not names:
        return ()
    listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
    return (
        f"{len(names)} weights in its files belong to no part of this architecture and are unused: {listed}",
    )


def _first(keys: Iterable[Any]) -> str:
    first = min(keys, key=str)
    return str(first[0] if isinstance(first, tuple) else first)


def _translated(error: Exception, name: str, checkpoint: Checkpoint, options: HFOptions) -> ModelError:
    if is_out_of_memory(error):
        release_memory()
        return ModelError(
            f"{name} does not fit into memory: {_brief(error)}", hint=_smaller(checkpoint, options)
        )
    if "mismatched" in str(error) or "size mismatch" in str(error):
        return ModelError(
            f"The weights of {name} do not fit its configuration: {_brief(error)}",
            hint="Fetch the model again, or save it again together with its configuration.",
        )
    return ModelError(
        f"{name} cannot be loaded: {type(error).__name__}: {_brief(error)}",
        hint=f"Loaded with transformers {transformers.__version__}; the model may want another version.",
    )


def _smaller(checkpoint: Checkpoint, options: HFOptions) -> str:
    ways = []
    if options.load_in != "4bit":
        ways.append("load_in=4bit")
    if options.load_in == "none" and checkpoint.dtype_for(options.dtype) == "float32":
        ways.append("dtype=bfloat16")
    if not options.spread:
        ways.append("spread=true")
    size = f" It has {checkpoint.parameters / 1e9:.1f} billion parameters." if checkpoint.parameters else ""
    return f"Try {' or '.join(ways)}, or a smaller model.{size}" if ways else f"Take a smaller model.{size}"


def _brief(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__
