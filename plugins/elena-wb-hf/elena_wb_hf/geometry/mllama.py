"""Llama 3.2 Vision: cross-attention layers read tiles of a canvas in whose top left the picture lies."""

from __future__ import annotations

from typing import Any

import numpy as np
from transformers.models.mllama.image_processing_pil_mllama import (
    get_all_supported_aspect_ratios,
    get_image_size_fit_to_canvas,
)

from elena_wb.core import Block
from elena_wb_hf.geometry.case import Case, Family, setting, unknown_setting
from elena_wb_hf.geometry.layout import Layout, Placed


def _require(config: Any, processor: Any) -> None:
    size = setting(processor, "size")
    side = config.vision_config.image_size
    if (size["height"], size["width"]) != (side, side):
        raise unknown_setting(
            processor, f"with size={dict(size)}, where the model reads tiles of {side} pixels"
        )
    tiles = setting(processor, "max_image_tiles")
    if tiles != config.vision_config.max_num_tiles:
        raise unknown_setting(
            processor,
            f"with max_image_tiles={tiles}, where the model reads {config.vision_config.max_num_tiles}",
        )


def _layout(case: Case) -> Layout:
    """One block a tile that is used, tiles row by row.

    Every picture has ``max_image_tiles`` tiles of one class token and then its patches row by row, whether used or
    not. What lies right of the picture and below it in a tile that is used is not masked: those places' boxes lie
    beyond the picture.
    """
    pictures, tiles = case.inputs["pixel_values"].shape[1:3]
    case.require_one_picture(pictures * len(case.inputs["pixel_values"]))
    vision = case.config.vision_config
    side = vision.image_size // vision.patch_size
    slots = side**2 + 1
    ratio = int(case.inputs["aspect_ratio_ids"][case.row, 0]) - 1
    high, wide = get_all_supported_aspect_ratios(tiles)[ratio]
    placed = _placed(case, high * vision.image_size, wide * vision.image_size)
    covered = float(side * vision.patch_size)
    blocks, keys = [], []
    for tile in range(high * wide):
        row, column = divmod(tile, wide)
        box = placed.back(column * vision.image_size, row * vision.image_size, covered, covered)
        blocks.append(Block(f"tile {tile + 1}", side, side, box))
        keys.append(tile * slots + 1 + np.arange(side**2, dtype=np.int64))
    others = {
        "class token": np.arange(high * wide, dtype=np.int64) * slots,
        "absent": np.arange(high * wide * slots, tiles * slots, dtype=np.int64),
    }
    layers = tuple(sorted(int(layer) for layer in case.config.get_text_config().cross_attention_layers))
    question = int(case.columns()[-1]) + 1
    return Layout(tuple(blocks), np.concatenate(keys), others, True, layers, question)


def _placed(case: Case, canvas_height: int, canvas_width: int) -> Placed:
    width, height = case.shown
    new_height, new_width = get_image_size_fit_to_canvas(
        image_height=height,
        image_width=width,
        canvas_height=canvas_height,
        canvas_width=canvas_width,
        tile_size=case.config.vision_config.image_size,
    )
    return Placed((float(new_width) / case.width, float(new_height) / case.height))


FAMILY = Family(("mllama_vision_model",), ("MllamaImageProcessor",), _require, _layout)
