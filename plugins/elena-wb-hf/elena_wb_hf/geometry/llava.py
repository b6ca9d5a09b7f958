"""LLaVA 1.5 and its kin: one picture of a fixed size, resized and cut at the centre, or squeezed, or padded."""

from __future__ import annotations

import math
from typing import Any

from elena_wb.core import Block
from elena_wb_hf.geometry.case import Case, Family, setting, unknown_setting
from elena_wb_hf.geometry.layout import NOTHING, Layout, Placed

_CLASS_TOKEN = "clip_vision_model"
_PADS_TO_SQUARE = "LlavaImageProcessor"


def _require(config: Any, processor: Any) -> None:
    size = setting(processor, "size")
    squeezed = bool(size["height"] and size["width"])
    by_shortest = bool(size["shortest_edge"]) and not size["longest_edge"] and not squeezed
    if not (squeezed or by_shortest) or (by_shortest and not setting(processor, "do_center_crop")):
        crop = bool(setting(processor, "do_center_crop"))
        raise unknown_setting(processor, f"with size={dict(size)} and do_center_crop={crop}")
    if setting(processor, "do_pad") and not _pads(processor):
        raise unknown_setting(processor, "with do_pad=True")
    strategy = config.vision_feature_select_strategy
    if strategy == "default" and config.vision_config.model_type != _CLASS_TOKEN:
        raise unknown_setting(
            processor,
            f"where {config.vision_config.model_type} loses its first patch as if it were a class token",
        )


def _layout(case: Case) -> Layout:
    """One block: what the crop left of the picture. Where the processor padded, it reaches beyond the picture."""
    pixels = case.inputs["pixel_values"]
    case.require_one_picture(len(pixels))
    height, width = pixels.shape[-2:]
    patch = case.config.vision_config.patch_size
    rows, columns = height // patch, width // patch
    box = _placed(case, width, height).back(0.0, 0.0, columns * patch, rows * patch)
    tokens = case.columns()
    keys, others = tokens, NOTHING
    has_class = case.config.vision_config.model_type == _CLASS_TOKEN
    if has_class and case.config.vision_feature_select_strategy == "full":
        keys, others = tokens[1:], {"class token": tokens[:1]}
    block = Block("picture", rows, columns, box)
    return Layout((block,), keys, others, False, case.layers(), int(tokens[-1]) + 1)


def _pads(processor: Any) -> bool:
    """Whether a picture is made square before anything else, in the middle of what is added."""
    return type(processor.image_processor).__name__.startswith(_PADS_TO_SQUARE) and bool(
        setting(processor, "do_pad")
    )


def _placed(case: Case, width: int, height: int) -> Placed:
    """How the picture lies on what the network is shown, which is ``width`` × ``height`` pixels.

    Raises:
        ModelError: the processor's settings make another size of it.
    """
    processor = case.processor
    wide, high = case.shown
    left = top = 0
    if _pads(processor):
        longest = max(wide, high)
        left, top = (longest - wide) // 2, (longest - high) // 2
        wide = high = longest
    new_wide, new_high = _resized(wide, high, setting(processor, "size"))
    scale = new_wide / wide, new_high / high
    cut_left = cut_top = 0
    if setting(processor, "do_center_crop"):
        crop = setting(processor, "crop_size")
        cut_left, cut_top = (
            _cut(processor, new_wide, crop["width"]),
            _cut(processor, new_high, crop["height"]),
        )
        new_wide, new_high = crop["width"], crop["height"]
    if (new_wide, new_high) != (width, height):
        raise unknown_setting(processor, f"which makes {width}×{height} pixels of the picture")
    return Placed(
        (scale[0] * case.shrunk[0], scale[1] * case.shrunk[1]),
        (left * scale[0] - cut_left, top * scale[1] - cut_top),
    )


def _resized(width: int, height: int, size: Any) -> tuple[int, int]:
    """Width and height after the resizing."""
    if size["height"] and size["width"]:
        return int(size["width"]), int(size["height"])
    shortest = int(size["shortest_edge"])
    longest = int(shortest * max(width, height) / min(width, height))
    return (shortest, longest) if width <= height else (longest, shortest)


def _cut(processor: Any, side: int, crop: int) -> int:
    """Where a centred crop begins; negative where it pads. With Pillow, odd padding is longer before the picture."""
    half = (side - crop) / 2
    return math.floor(half) if processor.image_processor.backend == "pil" else math.trunc(half)


FAMILY = Family(
    ("clip_vision_model", "siglip_vision_model"),
    ("CLIPImageProcessor", "LlavaImageProcessor", "SiglipImageProcessor"),
    _require,
    _layout,
)
