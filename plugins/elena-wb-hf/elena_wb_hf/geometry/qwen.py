"""Qwen2-VL and Qwen2.5-VL: the picture at nearly its own size, as a grid that follows its shape."""

from __future__ import annotations

from typing import Any

from elena_wb.core import Block
from elena_wb_hf.geometry.case import Case, Family, setting, unknown_setting
from elena_wb_hf.geometry.layout import NOTHING, Layout, Placed


def _require(config: Any, processor: Any) -> None:
    vision = config.vision_config
    for name, read in (("patch_size", vision.patch_size), ("merge_size", vision.spatial_merge_size)):
        value = setting(processor, name)
        if value != read:
            raise unknown_setting(processor, f"with {name}={value}, where the model reads {read}")


def _layout(case: Case) -> Layout:
    """One block over the whole picture, which is resized to a multiple of the merged patches and never cut.

    The vision tower sorts patches into windows and back again, so that tokens are in order, row by row.
    """
    grid = case.inputs["image_grid_thw"]
    case.require_one_picture(len(grid))
    _, high, wide = (int(size) for size in grid[case.row])
    merge = case.config.vision_config.spatial_merge_size
    box = Placed(case.shrunk).back(0.0, 0.0, *case.shown)
    tokens = case.columns()
    block = Block("picture", high // merge, wide // merge, box)
    return Layout((block,), tokens, NOTHING, False, case.layers(), int(tokens[-1]) + 1)


FAMILY = Family(("qwen2_vl_vision", "qwen2_5_vl_vision"), ("Qwen2VLImageProcessor",), _require, _layout)
