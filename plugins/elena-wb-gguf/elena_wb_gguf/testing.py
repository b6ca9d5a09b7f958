"""For the tests of this plugin: the engine in the process of the test, changed GGUF files, a random Qwen2-VL.

Writing files needs the package ``gguf``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from elena_wb_gguf.asking import Load
from elena_wb_gguf.engine import Engine
from elena_wb_gguf.native import quieten

Array = npt.NDArray[np.float32]


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


def rewritten(
    source: Path,
    out: Path,
    *,
    keys: Mapping[str, Any] | None = None,
    tensor: Callable[[str, npt.NDArray[Any]], npt.NDArray[Any]] = lambda _, data: data,
) -> Path:
    """A copy of a GGUF file with ``keys`` set (floats, whole numbers, lists) and each ``tensor`` changed."""
    import gguf

    reader = gguf.GGUFReader(str(source))
    writer = gguf.GGUFWriter(str(out), reader.fields["general.architecture"].contents())
    given = dict(keys or {})
    _copy_keys(reader, writer, lambda name: name not in given)
    add: Mapping[type, Callable[[str, Any], None]] = {
        int: writer.add_uint32,
        float: writer.add_float32,
        list: writer.add_array,
    }
    for name, value in given.items():
        add[type(value)](name, value)
    for one in reader.tensors:
        writer.add_tensor(one.name, tensor(one.name, one.data), raw_dtype=one.tensor_type)
    _finish(writer)
    return out


def random_qwen(tokenizer: Path, folder: Path, *, windowed: bool = False) -> tuple[Path, Path]:
    """An untrained Qwen2-VL: pictures at their own size, whose places count in three directions (M-RoPE).

    ``tokenizer`` is a GGUF text model from which vocabulary and chat template are taken. ``windowed`` makes the vision
    tower that of Qwen2.5-VL, which sorts patches into windows for all but some layers.
    """
    import gguf

    text, projector = folder / "qwen.gguf", folder / "mmproj-qwen.gguf"
    random = np.random.default_rng(0)

    def noise(*shape: int, spread: float = 0.2) -> Array:
        return random.normal(0, spread, shape).astype(np.float32)

    reader = gguf.GGUFReader(str(tokenizer))
    width, hidden, vocabulary = 128, 128, len(reader.fields["tokenizer.ggml.tokens"].data)
    writer = gguf.GGUFWriter(str(text), "qwen2vl")
    writer.add_context_length(1024)
    writer.add_embedding_length(width)
    writer.add_block_count(2)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_dimension_sections([4, 6, 6, 0])
    _copy_keys(reader, writer, lambda name: name.startswith("tokenizer."))
    tensors = {"token_embd.weight": noise(vocabulary, width, spread=0.5), "output_norm.weight": _ones(width)}
    tensors["output.weight"] = noise(vocabulary, width, spread=0.5)
    for block in ("blk.0.", "blk.1."):
        tensors |= {block + "attn_norm.weight": _ones(width), block + "ffn_norm.weight": _ones(width)}
        for name, rows in (("attn_q", width), ("attn_k", width // 2), ("attn_v", width // 2)):
            tensors |= {f"{block}{name}.weight": noise(rows, width), f"{block}{name}.bias": noise(rows)}
        tensors[block + "attn_output.weight"] = noise(width, width)
        tensors |= {block + f"ffn_{name}.weight": noise(hidden, width) for name in ("gate", "up")}
        tensors[block + "ffn_down.weight"] = noise(width, hidden)
    _finish(writer, tensors)

    seen = 64
    writer = gguf.GGUFWriter(str(projector), "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", "qwen2.5vl_merger" if windowed else "qwen2vl_merger")
    writer.add_bool("clip.use_silu" if windowed else "clip.use_gelu", True)
    if windowed:
        writer.add_uint32("clip.vision.n_wa_pattern", 2)
    sizes = {"image_size": 112, "patch_size": 14, "embedding_length": seen, "feed_forward_length": 128}
    blocks = 2 if windowed else 1
    sizes |= {"block_count": blocks, "projection_dim": width, "attention.head_count": 4}
    for name, value in sizes.items():
        writer.add_uint32(f"clip.vision.{name}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    writer.add_array("clip.vision.image_mean", [0.5] * 3)
    writer.add_array("clip.vision.image_std", [0.5] * 3)
    tensors = {f"v.patch_embd.weight{end}": noise(seen, 3, 14, 14) for end in ("", ".1")}
    shapes = {"mm.0": (4 * seen, 4 * seen), "mm.2": (width, 4 * seen)}
    norms = ["v.post_ln"]
    for block in (f"v.blk.{number}." for number in range(blocks)):
        norms += [block + "ln1", block + "ln2"]
        shapes |= {f"{block}attn_{name}": (seen, seen) for name in ("q", "k", "v", "out")}
        shapes |= {block + f"ffn_{name}": (128, seen) for name in (("up", "gate") if windowed else ("up",))}
        shapes |= {block + "ffn_down": (seen, 128)}
    for name in norms:
        tensors[f"{name}.weight"] = _ones(seen)
        if not windowed:
            tensors[f"{name}.bias"] = noise(seen)
    for name, shape in shapes.items():
        tensors |= {f"{name}.weight": noise(*shape), f"{name}.bias": noise(shape[0])}
    _finish(writer, tensors)
    return text, projector


def random_idefics(projector: Path, out: Path, *, width: int) -> Path:
    """The vision tower of a Gemma 3 ``projector`` behind an untrained projection as of Idefics 3, ``width`` wide."""
    import gguf

    reader = gguf.GGUFReader(str(projector))
    writer = gguf.GGUFWriter(str(out), "clip")
    _copy_keys(reader, writer, lambda name: not name.endswith("projector_type"))
    writer.add_string("clip.projector_type", "idefics3")
    kept = [one for one in reader.tensors if one.name.startswith("v.")]
    for one in kept:
        writer.add_tensor(one.name, one.data, raw_dtype=one.tensor_type)
    scale = reader.fields["clip.vision.projector.scale_factor"].contents()
    seen = reader.fields["clip.vision.embedding_length"].contents() * scale**2
    noise = np.random.default_rng(0).normal(0, 0.05, (width, seen)).astype(np.float32)
    _finish(writer, {"mm.model.fc.weight": noise})
    return out


def _copy_keys(reader: Any, writer: Any, wanted: Callable[[str], bool]) -> None:
    for field in reader.fields.values():
        if not field.name.startswith("GGUF.") and field.name != "general.architecture" and wanted(field.name):
            inner = field.types[-1] if len(field.types) > 1 else None
            writer.add_key_value(field.name, field.contents(), field.types[0], inner)


def _finish(writer: Any, tensors: Mapping[str, Array] | None = None) -> None:
    for name, data in (tensors or {}).items():
        writer.add_tensor(name, data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _ones(width: int) -> Array:
    return np.ones(width, np.float32)
