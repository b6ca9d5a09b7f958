"""A bright patch planted at known pixels is found at the key that the layout names, for each architecture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as _transformers
from elena_wb_hf.geometry import layout
from elena_wb_hf.model import HFModel
from elena_wb_hf.options import HFOptions
from elena_wb_hf.provider import HFProvider

from elena_wb.core import Block, Box, Request
from tests.planting import assert_each_patch_is_found, assert_exact_to_the_pixel, ground, look

transformers: Any = _transformers

SIZES = [(80, 60), (60, 200), (300, 30), (20, 20), (400, 300)]
"""Width and height: lying, standing, a strip, tiny, larger than what the networks are shown."""
ARCHITECTURES = ["gemma3", "llama", "llava", "qwen"]


@pytest.fixture(scope="module")
def gemma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HFModel]:
    from elena_wb_hf.testing import tiny_gemma3

    folder = tiny_gemma3(tmp_path_factory.mktemp("gemma"), image_size=112)
    model = HFProvider().open(str(folder), HFOptions(dtype="float32", device="cpu"))
    yield model
    model.close()


@pytest.fixture
def model(opened: Callable[..., HFModel], gemma: HFModel) -> Callable[..., HFModel]:
    """Gemma 3 with 16 tokens a picture in place of the usual 4, and the others as they are."""
    return lambda name: gemma if name == "gemma3" else opened(name)


def asked(width: int, height: int, user: str = "What do you see?") -> Request:
    return Request(ground(width, height), f"{width}x{height}", "Look.", user)


def laid_out(model: HFModel, width: int, height: int) -> Any:
    (seen,) = look(model, [ground(width, height)], asked(width, height))
    return seen.where


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_patch_planted_in_any_place_is_found_at_its_key(model, name, size):
    assert assert_each_patch_is_found(model(name), asked(*size)) > 0


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("gemma3", (112, 112)),
        ("llama", (112, 112)),
        ("llama", (100, 56)),
        ("llama", (56, 160)),
        ("llava", (81, 56)),
        ("llava", (56, 97)),
        ("qwen", (84, 56)),
        ("qwen", (112, 112)),
    ],
    ids=str,
)
def test_places_are_exact_to_the_pixel_where_nothing_is_resized(model, name, size):
    assert_exact_to_the_pixel(model(name), asked(*size))


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (2, 300)], ids=str)
@pytest.mark.parametrize("name", ["gemma3", "llama", "llava"])
def test_pictures_of_a_few_pixels_have_places_that_are_the_pictures(model, name, size):
    where = laid_out(model(name), *size)
    assert len(where.keys) == sum(block.places for block in where.blocks)
    covered = [block.box.clipped(*size) for block in where.blocks]
    assert all(box is not None and box.area > 0 for box in covered)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_key_of_the_picture_is_either_a_place_or_something_else(model, name):
    where = laid_out(model(name), 90, 70)
    told = np.concatenate([where.keys, *where.others.values()])
    assert len(told) == len(set(told.tolist()))
    assert sorted(told) == list(range(min(told), max(told) + 1))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_padding_of_a_batch_moves_columns_and_no_places(model, name):
    opened = model(name)
    chat = opened._chat
    short, long = asked(80, 60, "What?"), asked(80, 60, "What do you see in this picture, and where?")
    inputs = chat.inputs([short, long])
    both = [
        layout(opened.network, chat.processor, inputs, row, 80, 60, max_image_side=None) for row in (0, 1)
    ]
    moved = int((inputs["attention_mask"][0] == 0).sum())
    assert moved > 0
    assert both[0].blocks == both[1].blocks
    assert both[0].question_from == both[1].question_from + moved
    by = 0 if both[0].cross else moved
    assert (both[0].keys == both[1].keys + by).all()
    image = opened.network.config.image_token_id
    for row, where in enumerate(both):
        ids = inputs["input_ids"][row]
        assert ids[where.question_from - 1] == image
        assert image not in ids[where.question_from :]
        if not where.cross:
            assert (ids[where.keys] == image).all()


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("size", [(400, 300), (61, 333)], ids=str)
def test_a_picture_that_is_made_smaller_first_keeps_its_places(opened, name, size):
    limited = opened(name, max_image_side=100)
    assert assert_each_patch_is_found(limited, asked(*size), every=3) > 0
    unlimited = laid_out(opened(name), *size)
    if name == "llama" and size == (61, 333):
        assert [block.box for block in unlimited.blocks] != [
            block.box for block in laid_out(limited, *size).blocks
        ]


# Gemma 3 -------------------------------------------------------------------------------------------------


@pytest.fixture
def panning(gemma: HFModel, monkeypatch: pytest.MonkeyPatch) -> HFModel:
    processor = gemma._chat.processor
    chosen = {**processor.images_kwargs, "do_pan_and_scan": True, "pan_and_scan_min_crop_size": 10}
    monkeypatch.setattr(processor, "images_kwargs", chosen)
    return gemma


@pytest.mark.parametrize(
    ("size", "crops"),
    [
        ((301, 100), [(0, 0, 101, 100), (101, 0, 101, 100), (202, 0, 99, 100)]),
        ((50, 101), [(0, 0, 50, 51), (0, 51, 50, 50)]),
        ((403, 100), [(0, 0, 101, 100), (101, 0, 101, 100), (202, 0, 101, 100), (303, 0, 100, 100)]),
        ((100, 100), []),
    ],
    ids=str,
)
def test_gemma_is_shown_the_whole_picture_and_then_crops_where_it_pans_and_scans(panning, size, crops):
    where = laid_out(panning, *size)
    assert [block.name for block in where.blocks] == [
        "picture",
        *(f"crop {n + 1}" for n in range(len(crops))),
    ]
    boxes = [(block.box.x, block.box.y, block.box.w, block.box.h) for block in where.blocks]
    assert boxes == [(0, 0, *size), *crops]
    assert assert_each_patch_is_found(panning, asked(*size)) == 16 * (1 + len(crops))


def test_crops_of_a_picture_that_was_made_smaller_are_in_pixels_of_the_picture(panning, monkeypatch):
    from dataclasses import replace

    monkeypatch.setattr(panning, "_chat", replace(panning._chat, max_image_side=100))
    where = laid_out(panning, 602, 200)  # shown as 100 × 33, cut at every 34
    assert [block.box.w for block in where.blocks] == pytest.approx([602, 34 * 6.02, 34 * 6.02, 32 * 6.02])
    assert assert_each_patch_is_found(panning, asked(602, 200), every=3) == 22


def test_all_layers_of_gemma_see_the_picture_sliding_windows_or_not(model):
    kinds = model("gemma3").network.config.get_text_config().layer_types
    assert set(kinds) == {"sliding_attention", "full_attention"}
    assert laid_out(model("gemma3"), 80, 60).layers == tuple(range(len(kinds)))


# Llama 3.2 Vision ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "tiles"),
    [((50, 40), (1, 1)), ((110, 50), (1, 2)), ((50, 110), (2, 1)), ((220, 40), (1, 4)), ((100, 100), (2, 2))],
    ids=str,
)
def test_llama_lays_tiles_row_by_row_and_counts_the_others_as_absent(model, size, tiles):
    where = laid_out(model("llama"), *size)
    high, wide = tiles
    assert len(where.blocks) == high * wide
    slots = 4 * 4 + 1
    assert where.others["class token"].tolist() == [tile * slots for tile in range(high * wide)]
    assert where.others["absent"].tolist() == list(range(high * wide * slots, 4 * slots))
    first, last = where.blocks[0].box, where.blocks[-1].box
    assert (first.x, first.y) == (0, 0)
    assert last.x == pytest.approx(first.w * (wide - 1))
    assert last.y == pytest.approx(first.h * (high - 1))


def test_llama_pads_to_the_right_and_below(model):
    where = laid_out(model("llama"), 100, 50)  # 100 × 50 of a canvas of 112 × 56
    right = where.blocks[1].box
    assert (right.x + right.w, right.y + right.h) == (112, 56)


def test_only_the_cross_attention_layers_of_llama_see_the_picture(model):
    where = laid_out(model("llama"), 80, 60)
    assert where.cross
    assert where.layers == (1,)


# LLaVA ---------------------------------------------------------------------------------------------------


def test_what_llava_cuts_away_is_no_place(model):
    (block,) = laid_out(model("llava"), 200, 100).blocks
    assert block == Block("picture", 4, 4, Box(*(pytest.approx(edge) for edge in (50, 0, 100, 100))))


def test_llava_may_keep_its_class_token(model, monkeypatch):
    llava = model("llava")
    monkeypatch.setattr(llava.network.config, "vision_feature_select_strategy", "full")
    monkeypatch.setattr(llava._chat.processor, "vision_feature_select_strategy", "full")
    where = laid_out(llava, 80, 60)
    assert where.others["class token"].tolist() == [where.keys[0] - 1]
    assert assert_each_patch_is_found(llava, asked(80, 60)) == 16


@pytest.mark.parametrize("size", [(81, 57), (57, 100)], ids=str)
def test_llava_may_pad_a_picture_to_a_square_first(model, monkeypatch, size):
    llava = model("llava")
    padding = transformers.LlavaImageProcessorPil(
        size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}, do_pad=True
    )
    monkeypatch.setattr(llava._chat.processor, "image_processor", padding)
    (block,) = laid_out(llava, *size).blocks
    assert block.box.w == pytest.approx(max(size))
    assert block.box.h == pytest.approx(max(size))
    assert min(block.box.x, block.box.y) == -((max(size) - min(size)) // 2)
    assert assert_each_patch_is_found(llava, asked(*size)) > 0


@pytest.mark.parametrize("size", [(61, 40), (40, 75)], ids=str)
def test_a_crop_that_is_larger_than_the_picture_reaches_beyond_it(model, monkeypatch, size):
    llava = model("llava")
    wide = transformers.CLIPImageProcessorPil(
        size={"shortest_edge": 35}, crop_size={"height": 56, "width": 56}
    )
    monkeypatch.setattr(llava._chat.processor, "image_processor", wide)
    (block,) = laid_out(llava, *size).blocks
    assert min(block.box.x, block.box.y) < 0
    assert assert_each_patch_is_found(llava, asked(*size)) > 0


def test_a_tower_that_has_no_class_token_and_leaves_a_margin_is_read_right(tmp_path: Path):
    """SigLIP at 62 pixels with patches of 14 reads 56 of them."""
    from elena_wb_hf.testing import tiny_llava

    folder = tiny_llava(tmp_path)
    vision = {
        "model_type": "siglip_vision_model",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 62,
        "patch_size": 14,
    }
    config = transformers.AutoConfig.from_pretrained(folder)
    settings = {**config.to_dict(), "vision_config": vision, "vision_feature_select_strategy": "full"}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.LlavaForConditionalGeneration(transformers.LlavaConfig(**settings)).save_pretrained(
            folder
        )
    processor = transformers.AutoProcessor.from_pretrained(folder)
    processor.image_processor = transformers.SiglipImageProcessorPil(size={"height": 62, "width": 62})
    processor.num_additional_image_tokens, processor.vision_feature_select_strategy = 0, "full"
    processor.save_pretrained(folder)
    siglip = HFProvider().open(str(folder), HFOptions(dtype="float32", device="cpu"))
    (block,) = laid_out(siglip, 124, 31).blocks
    assert block == Block("picture", 4, 4, Box(0, 0, pytest.approx(112), pytest.approx(28)))
    assert assert_each_patch_is_found(siglip, asked(124, 93)) == 16
    assert_exact_to_the_pixel(siglip, asked(62, 62))
    siglip.close()


# Qwen2.5-VL ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "grid"), [((112, 56), (2, 4)), ((56, 112), (4, 2)), ((30, 300), (11, 1)), ((28, 28), (1, 1))]
)
def test_qwens_grid_follows_the_shape_of_the_picture(model, size, grid):
    (block,) = laid_out(model("qwen"), *size).blocks
    assert (block.rows, block.columns) == grid
    assert block.box == Box(0, 0, *size)


def test_pictures_of_several_shapes_in_one_batch_keep_their_own_grids(model):
    qwen = model("qwen")
    requests = [asked(112, 56), asked(56, 112), asked(60, 60)]
    inputs = qwen._chat.inputs(requests)
    grids = []
    for row, request in enumerate(requests):
        height, width = request.image.shape[:2]
        where = layout(qwen.network, qwen._chat.processor, inputs, row, width, height, max_image_side=None)
        grids.append((where.blocks[0].rows, where.blocks[0].columns))
    assert grids == [(2, 4), (4, 2), (2, 2)]
