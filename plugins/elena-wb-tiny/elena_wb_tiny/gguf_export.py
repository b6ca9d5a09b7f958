"""Writes the embedded model as llama.cpp reads it: a text model and a projector in GGUF files.

llama.cpp's own converter knows neither the byte-level vocabulary nor today's tensor names. The same export twice
gives the same bytes, so a file that is there already is either this one or something else.
"""

from __future__ import annotations

import filecmp
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elena_wb.core import ModelError, SetupError, UsageError

if TYPE_CHECKING:  # numpy is loaded when something is written: every listing of providers loads this module
    from elena_wb_tiny.gguf_tensors import Tensor

FORMATS: Mapping[str, str] = {
    "f32": "GGUF, 32 bits a weight: answers as the shipped weights do",
    "f16": "GGUF, 16 bits a weight: the precision of the shipped weights, half the size",
    "q8_0": "GGUF, weights of the text model in 8-bit blocks",
    "q4_0": "GGUF, weights of the text model in 4-bit blocks (its vocabulary in 8-bit ones)",
}
MEANT_FOR_KEY = "elena_wb.meant_for"
"""Key of the names of the datasets that a model was made for (an array of strings; not a key of llama.cpp)."""

_NAME = "elena-wb tiny"
_DESCRIPTION = "Reads posed figures drawn by the elena-wb workbench; no instrument for pictures of people."
_KEPT_WHOLE = ("v.patch_embd.", "v.position_embd.")  # llama.cpp adds these to or convolves them with float32


def export_gguf(folder: Path, out: Path, format_name: str, meant_for: Sequence[str]) -> tuple[Path, Path]:
    """Write ``elena-tiny-FORMAT.gguf`` and its projector ``mmproj-elena-tiny-*.gguf`` into ``out``.

    ``folder`` holds the weights as transformers saves them. The projector is float32 beside an ``f32`` text
    model and float16 beside any other: quantising it would save little and its rows do not divide into blocks.

    Raises:
        UsageError: no such format, or ``out`` is no folder or holds other files of these names.
        SetupError: the package ``gguf`` is missing, or ``out`` cannot be written to.
    """
    if format_name not in FORMATS:
        raise UsageError(
            f"The embedded model cannot be written as `{format_name}`.", hint=f"One of: {', '.join(FORMATS)}"
        )
    try:
        import gguf  # noqa: F401
    except ImportError as error:
        raise SetupError(
            "Writing GGUF files needs the package gguf.", hint="Run: pip install 'elena-wb-tiny[export]'"
        ) from error
    from elena_wb_tiny.gguf_tensors import read_tensors

    text, projector = read_tensors(folder)
    whole = "f32" if format_name == "f32" else "f16"
    names = f"elena-tiny-{format_name}.gguf", f"mmproj-elena-tiny-{whole}.gguf"
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=out) as scratch:
            drafts = [Path(scratch) / name for name in names]
            _write_text(drafts[0], folder, text, format_name, meant_for)
            _write_projector(drafts[1], folder, projector, whole, meant_for)
            for draft in drafts:
                _refuse_other(draft, out / draft.name)
            for draft in drafts:
                draft.replace(out / draft.name)
    except FileExistsError as error:
        raise UsageError(f"{out} is a file.", hint="Name a folder.") from error
    except OSError as error:
        raise SetupError(f"{out} cannot be written to: {error.strerror or error}") from error
    return out / names[0], out / names[1]


def _refuse_other(draft: Path, there: Path) -> None:
    if there.exists() and not (there.is_file() and filecmp.cmp(draft, there, shallow=False)):
        raise UsageError(
            f"{there} exists and is not what would be written.", hint="Move it away, or name another folder."
        )


def _write_text(
    path: Path, folder: Path, tensors: Mapping[str, Tensor], format_name: str, meant_for: Sequence[str]
) -> None:
    import gguf

    config = _read(folder / "config.json")["text_config"]
    if set(config["layer_types"]) != {"full_attention"}:
        raise ModelError("Layers with a sliding window cannot be written as GGUF here.")
    if config["query_pre_attn_scalar"] != config["head_dim"]:
        raise ModelError("llama.cpp scales attention by the head size; these weights want another scale.")
    writer: Any = gguf.GGUFWriter(path, "gemma3")
    _describe(writer, "model", format_name, meant_for)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["full_attention"]["rope_theta"])
    _add_tokenizer(writer, folder)
    _add_tensors(writer, tensors, format_name)
    _finish(writer)


def _write_projector(
    path: Path, folder: Path, tensors: Mapping[str, Tensor], format_name: str, meant_for: Sequence[str]
) -> None:
    import gguf

    config = _read(folder / "config.json")
    vision, pictures = config["vision_config"], _read(folder / "processor_config.json")["image_processor"]
    per_side = vision["image_size"] // vision["patch_size"]
    writer: Any = gguf.GGUFWriter(path, "clip")
    _describe(writer, "mmproj", format_name, meant_for)
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type("gemma3")
    writer.add_vision_use_gelu(True)
    writer.add_vision_image_size(vision["image_size"])
    writer.add_vision_patch_size(vision["patch_size"])
    writer.add_vision_embedding_length(vision["hidden_size"])
    writer.add_vision_feed_forward_length(vision["intermediate_size"])
    writer.add_vision_block_count(vision["num_hidden_layers"])
    writer.add_vision_head_count(vision["num_attention_heads"])
    writer.add_vision_attention_layernorm_eps(vision["layer_norm_eps"])
    writer.add_vision_projection_dim(config["text_config"]["hidden_size"])
    writer.add_vision_image_mean(pictures["image_mean"])
    writer.add_vision_image_std(pictures["image_std"])
    writer.add_vision_projector_scale_factor(per_side // round(config["mm_tokens_per_image"] ** 0.5))
    _add_tensors(writer, tensors, format_name)
    _finish(writer)


def _describe(writer: Any, kind: str, format_name: str, meant_for: Sequence[str]) -> None:
    import gguf

    writer.add_type(kind)
    writer.add_name(_NAME)
    writer.add_description(_DESCRIPTION)
    writer.add_license("apache-2.0")
    writer.add_array(MEANT_FOR_KEY, list(meant_for))
    prefix = "ALL" if format_name == "f32" else "MOSTLY"
    writer.add_file_type(gguf.LlamaFileType[f"{prefix}_{format_name.upper()}"])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _add_tokenizer(writer: Any, folder: Path) -> None:
    import gguf

    tokenizer, named = _read(folder / "tokenizer.json"), _read(folder / "tokenizer_config.json")
    ids: dict[str, int] = tokenizer["model"]["vocab"]
    specials = {token["content"] for token in tokenizer["added_tokens"] if token["special"]}
    tokens = sorted(ids, key=ids.__getitem__)
    if [ids[token] for token in tokens] != list(range(len(tokens))):
        raise ModelError("The vocabulary has gaps, which a GGUF cannot express.")
    kinds = gguf.TokenType
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")  # splits text as ours does, line breaks in pairs included
    writer.add_token_list(tokens)
    writer.add_token_types([kinds.CONTROL if token in specials else kinds.NORMAL for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(ids[named["bos_token"]])
    writer.add_eos_token_id(ids[named["eos_token"]])
    writer.add_eot_token_id(ids[named["eot_token"]])
    writer.add_unk_token_id(ids[named["unk_token"]])
    writer.add_pad_token_id(ids[named["pad_token"]])
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template((folder / "chat_template.jinja").read_text(encoding="utf-8"))


def _add_tensors(writer: Any, tensors: Mapping[str, Tensor], format_name: str) -> None:
    import gguf

    for name, tensor in tensors.items():
        kind = gguf.GGMLQuantizationType[_kept_as(name, tensor, format_name)]
        writer.add_tensor(name, gguf.quantize(tensor, kind), raw_dtype=kind)


def _kept_as(name: str, tensor: Tensor, format_name: str) -> str:
    if tensor.ndim == 1 or name.startswith(_KEPT_WHOLE):
        return "F32"
    if name == "token_embd.weight" and format_name == "q4_0":
        return "Q8_0"  # it is the output layer as well
    return format_name.upper()


def _finish(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
