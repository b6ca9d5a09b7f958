"""The shipped weights by the names, shapes and conventions of llama.cpp (architectures ``gemma3`` and ``clip``)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from elena_wb.core import ModelError

Tensor = npt.NDArray[np.float32]

_TEXT_LAYER = re.compile(r"language_model\.model\.layers\.(\d+)\.(.+)\.weight")
_TEXT_PARTS = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "post_feedforward_layernorm": "post_ffw_norm",
}
_TEXT = {
    "language_model.model.embed_tokens.weight": "token_embd.weight",
    "language_model.model.norm.weight": "output_norm.weight",
}
_VISION_LAYER = re.compile(r"vision_tower\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)")
_VISION_PARTS = {
    "layer_norm1": "ln1",
    "layer_norm2": "ln2",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.out_proj": "attn_out",
    # llama.cpp calls the first of these layers `ffn_up`, in projectors that carry `projector_type`.
    "mlp.fc1": "ffn_up",
    "mlp.fc2": "ffn_down",
}
_VISION = {
    "vision_tower.embeddings.patch_embedding.weight": "v.patch_embd.weight",
    "vision_tower.embeddings.patch_embedding.bias": "v.patch_embd.bias",
    "vision_tower.embeddings.position_embedding.weight": "v.position_embd.weight",
    "vision_tower.post_layernorm.weight": "v.post_ln.weight",
    "vision_tower.post_layernorm.bias": "v.post_ln.bias",
    "multi_modal_projector.mm_input_projection_weight": "mm.input_projection.weight",
    "multi_modal_projector.mm_soft_emb_norm.weight": "mm.soft_emb_norm.weight",
}
_HEAD = "language_model.lm_head.weight"
_EMBEDDING = "language_model.model.embed_tokens.weight"


def read_tensors(folder: Path) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Tensors of the text model and of the projector, in float32 and in the order of the file.

    transformers stores the scale of a root-mean-square norm less 1, llama.cpp stores it whole.

    Raises:
        ModelError: ``model.safetensors`` is absent, or holds something that llama.cpp has no place for.
    """
    from safetensors.numpy import load_file

    path = folder / "model.safetensors"
    if not path.is_file():
        raise ModelError(f"There is no {path}.", hint="Install elena-wb-tiny again.")
    found: Mapping[str, npt.NDArray[np.floating]] = load_file(path)
    text: dict[str, Tensor] = {}
    projector: dict[str, Tensor] = {}
    for name, tensor in _renamed(found):
        whole = tensor.astype(np.float32)
        if tensor.ndim == 1 and not name.startswith("v."):
            whole += 1
        (projector if name.startswith(("v.", "mm.")) else text)[name] = whole
    return text, projector


def _renamed(found: Mapping[str, npt.NDArray[np.floating]]) -> Iterator[tuple[str, npt.NDArray[np.floating]]]:
    for old, tensor in found.items():
        if old == _HEAD and np.array_equal(tensor, found[_EMBEDDING]):
            continue  # tied: llama.cpp reads the embedding twice
        new = _new_name(old)
        if new is None:
            raise ModelError(f"The weights hold `{old}`, which has no place in a GGUF of this architecture.")
        yield new, tensor


def _new_name(old: str) -> str | None:
    if old in _TEXT or old in _VISION:
        return _TEXT.get(old) or _VISION[old]
    if match := _TEXT_LAYER.fullmatch(old):
        part = _TEXT_PARTS.get(match[2])
        return part and f"blk.{match[1]}.{part}.weight"
    if match := _VISION_LAYER.fullmatch(old):
        part = _VISION_PARTS.get(match[2])
        return part and f"v.blk.{match[1]}.{part}.{match[3]}"
    return None
