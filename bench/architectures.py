"""Networks with random weights, small and of full size, the tokens to give them, and where their picture lies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import transformers
from elena_wb_hf.geometry import Layout

from elena_wb.core import Block, Box

Built = tuple[Any, dict[str, Any], Layout]
_WORD = 20


def gemma3_small(tokens: int, device: torch.device, dtype: torch.dtype) -> Built:
    """12 layers of 512, 8 heads; a vision tower of one layer, so that the text is what is measured."""
    text = {
        "vocab_size": 32_000,
        "hidden_size": 512,
        "intermediate_size": 2048,
        "num_hidden_layers": 12,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 64,
        "query_pre_attn_scalar": 64,
        "sliding_window": 512,
    }
    vision = {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 224,
        "patch_size": 14,
    }
    return _gemma3(text, vision, tokens, device, dtype)


def gemma3_12b(tokens: int, device: torch.device, dtype: torch.dtype) -> Built:
    """As in google/gemma-3-12b-it."""
    text = {
        "vocab_size": 262_208,
        "hidden_size": 3840,
        "intermediate_size": 15_360,
        "num_hidden_layers": 48,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 256,
        "query_pre_attn_scalar": 256,
        "sliding_window": 1024,
    }
    vision = {
        "hidden_size": 1152,
        "intermediate_size": 4304,
        "num_hidden_layers": 27,
        "num_attention_heads": 16,
        "image_size": 896,
        "patch_size": 14,
    }
    return _gemma3(text, vision, tokens, device, dtype)


def llama_11b(tokens: int, device: torch.device, dtype: torch.dtype) -> Built:
    """As in meta-llama/Llama-3.2-11B-Vision-Instruct, shown a picture that fills all four tiles."""
    configure: Any = transformers.MllamaConfig
    config = configure(vision_config={"image_size": 560}, image_token_index=128_256)
    network = _made(transformers.MllamaForConditionalGeneration, config, device, dtype)
    ids = torch.full((1, tokens), _WORD, device=device)
    ids[0, :2] = torch.tensor([1, 128_256])
    tiles, slots = 4, (560 // 14) ** 2 + 1
    inputs = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "pixel_values": torch.rand(1, 1, tiles, 3, 560, 560, device=device, dtype=dtype),
        "aspect_ratio_ids": torch.full((1, 1), 6, device=device),  # two by two
        "aspect_ratio_mask": torch.ones(1, 1, tiles, dtype=torch.int64, device=device),
        "cross_attention_mask": torch.ones(1, tokens, 1, tiles, dtype=torch.int64, device=device),
    }
    keys = np.arange(tiles * slots).reshape(tiles, slots)
    blocks = tuple(Block(f"tile {tile}", 40, 40, Box(0, 0, 560, 560)) for tile in range(tiles))
    layers = tuple(config.text_config.cross_attention_layers)
    found = Layout(blocks, keys[:, 1:].ravel(), {"class token": keys[:, 0].copy()}, True, layers, 2)
    return network, inputs, found


ARCHITECTURES: Mapping[str, Callable[[int, torch.device, torch.dtype], Built]] = {
    "gemma3-small": gemma3_small,
    "gemma3-12b": gemma3_12b,
    "llama-11b": llama_11b,
}


def _gemma3(
    text: dict[str, Any], vision: dict[str, Any], tokens: int, device: torch.device, dtype: torch.dtype
) -> Built:
    configure: Any = transformers.Gemma3Config
    config = configure(
        text_config=text, vision_config={**vision, "vision_use_head": False}, image_token_index=10
    )
    network = _made(transformers.Gemma3ForConditionalGeneration, config, device, dtype)
    count = config.mm_tokens_per_image
    ids = torch.full((1, tokens), _WORD, device=device)
    ids[0, 0] = 2
    columns = np.arange(5, 5 + count, dtype=np.int64)
    shown = torch.from_numpy(columns).to(device)
    ids[0, shown] = config.image_token_id
    kinds = torch.zeros_like(ids)
    kinds[0, shown] = 1
    side = vision["image_size"]
    inputs = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "token_type_ids": kinds,
        "pixel_values": torch.rand(1, 3, side, side, device=device, dtype=dtype),
    }
    block = Block("picture", 16, 16, Box(0, 0, side, side))
    layers = tuple(range(text["num_hidden_layers"]))
    return network, inputs, Layout((block,), columns, {}, False, layers, int(columns[-1]) + 1)


def _made(architecture: Any, config: Any, device: torch.device, dtype: torch.dtype) -> Any:
    """The network, its weights drawn where it is to run: main memory need not hold them."""
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            return architecture(config).eval()
    finally:
        torch.set_default_dtype(before)
