"""The model's shape: a Gemma 3 small enough to train on a laptop's processor.

Full attention in every layer and a query scale equal to the head size keep the model exportable to formats that
know nothing of sliding windows.
"""

from pathlib import Path

import torch
from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3TextConfig, SiglipVisionConfig

IMAGE_SIZE = 168
PATCH = 14
GRID = IMAGE_SIZE // PATCH
POOL = 2
IMAGE_TOKENS = (GRID // POOL) ** 2

VISION_WIDTH = 144
VISION_LAYERS = 4
TEXT_WIDTH = 192
TEXT_LAYERS = 4
HEAD_SIZE = 48
CONTEXT = 2048


def build(vocabulary: int, ids: dict[str, int], *, seed: int = 0) -> Gemma3ForConditionalGeneration:
    """Make an untrained model for a tokenizer of `vocabulary` tokens.

    `ids` gives the token ids named pad, eos (end of turn), bos, boi, eoi and image.
    """
    torch.manual_seed(seed)
    vision = SiglipVisionConfig(
        hidden_size=VISION_WIDTH,
        intermediate_size=4 * VISION_WIDTH,
        num_hidden_layers=VISION_LAYERS,
        num_attention_heads=4,
        image_size=IMAGE_SIZE,
        patch_size=PATCH,
        vision_use_head=False,
    )
    text = Gemma3TextConfig(
        vocab_size=vocabulary,
        hidden_size=TEXT_WIDTH,
        intermediate_size=512,
        num_hidden_layers=TEXT_LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=HEAD_SIZE,
        query_pre_attn_scalar=HEAD_SIZE,
        max_position_embeddings=CONTEXT,
        sliding_window=2 * CONTEXT,
        layer_types=["full_attention"] * TEXT_LAYERS,
        pad_token_id=ids["pad"],
        eos_token_id=ids["eos"],
        bos_token_id=ids["bos"],
        rope_parameters={
            kind: {"rope_type": "default", "rope_theta": 10_000.0}
            for kind in ("full_attention", "sliding_attention")
        },
    )
    model = Gemma3ForConditionalGeneration(
        Gemma3Config(
            text_config=text,
            vision_config=vision,
            mm_tokens_per_image=IMAGE_TOKENS,
            boi_token_index=ids["boi"],
            eoi_token_index=ids["eoi"],
            image_token_index=ids["image"],
        )
    )
    # transformers starts the projection at zero, from which no gradient reaches the vision tower.
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight, std=0.08)
    model.generation_config.eos_token_id = ids["eos"]
    model.generation_config.pad_token_id = ids["pad"]
    model.generation_config.bos_token_id = ids["bos"]
    model.generation_config.do_sample = False
    return model


def save(model: Gemma3ForConditionalGeneration, folder: Path) -> None:
    """Write weights as float16 safetensors with their configuration; the model in memory stays as it is."""
    half = {name: value.detach().to(torch.float16) for name, value in model.state_dict().items()}
    dtype = model.config.dtype
    try:
        model.config.dtype = torch.float16
        model.save_pretrained(folder, state_dict=half)
    finally:
        model.config.dtype = dtype
