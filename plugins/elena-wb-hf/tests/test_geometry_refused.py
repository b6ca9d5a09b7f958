"""What the geometry does not know it refuses by name: architectures, and settings that move places."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import transformers as _transformers
from elena_wb_hf.geometry import layout, require_known

from elena_wb.core import ModelError, Request

transformers: Any = _transformers


def request(width: int = 80, height: int = 60, user: str = "What do you see?") -> Request:
    return Request(np.full((height, width, 3), 90, np.uint8), "grey", "Look.", user)


def laid_out(model: Any, inputs: Any, row: int = 0) -> Any:
    return layout(
        model.network, model._chat.processor, inputs, row, 80, 60, max_image_side=model._chat.max_image_side
    )


def refused(model: Any) -> str:
    """What is said of a model's settings: the same before a run as when it comes to a picture."""
    with pytest.raises(ModelError) as before:
        require_known(model.network, model._chat.processor)
    with pytest.raises(ModelError) as raised:
        laid_out(model, model._chat.inputs([request()]))
    assert str(raised.value) == str(before.value)
    assert "elena-wb occlude" in str(raised.value.hint)
    return str(raised.value)


def config_of(**fields: Any) -> Any:
    return SimpleNamespace(config=SimpleNamespace(**fields))


@pytest.mark.parametrize("name", ["idefics3", "llava_next", "gemma3n", "paligemma", "qwen3_vl"])
def test_an_unknown_architecture_is_refused_by_name_with_what_to_do_instead(name):
    with pytest.raises(ModelError, match=f"`{name}`") as raised:
        require_known(config_of(model_type=name))
    hint = str(raised.value.hint)
    for known in ("gemma3", "llava", "mllama", "qwen2_vl", "qwen2_5_vl", "elena-wb occlude"):
        assert known in hint


def test_a_known_architecture_with_another_vision_tower_is_refused_by_the_towers_name():
    pixtral = config_of(model_type="llava", vision_config=SimpleNamespace(model_type="pixtral"))
    with pytest.raises(ModelError, match="`pixtral`"):
        require_known(pixtral)


@pytest.mark.parametrize("name", ["gemma3", "llama", "llava", "qwen"])
def test_a_known_architecture_with_its_own_processor_is_accepted(opened, name):
    model = opened(name)
    require_known(model.network)
    require_known(model.network, model._chat.processor)


@pytest.mark.parametrize("name", ["gemma3", "qwen"])
def test_a_processor_that_does_not_resize_is_refused(opened, monkeypatch, name):
    model = opened(name)
    monkeypatch.setattr(model._chat.processor.image_processor, "do_resize", False)
    with pytest.raises(ModelError, match="does not resize"):
        require_known(model.network, model._chat.processor)


def test_a_setting_of_the_processor_goes_before_that_of_its_picture_part(opened, monkeypatch):
    processor = opened("gemma3")._chat.processor
    monkeypatch.setattr(processor, "images_kwargs", {**processor.images_kwargs, "do_resize": False})
    with pytest.raises(ModelError, match="does not resize"):
        require_known(opened("gemma3").network, processor)


def test_a_processor_of_another_architecture_is_refused_by_name(opened, monkeypatch):
    llava = opened("llava")
    anyres = transformers.LlavaNextImageProcessorPil(
        size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}
    )
    monkeypatch.setattr(llava._chat.processor, "image_processor", anyres)
    with pytest.raises(ModelError, match="LlavaNextImageProcessorPil"):
        require_known(llava.network, llava._chat.processor)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"do_pad": True}, "do_pad"),
        ({"do_center_crop": False}, "do_center_crop=False"),
        ({"size": {"shortest_edge": 56, "longest_edge": 80}}, "longest_edge"),
    ],
    ids=str,
)
def test_llavas_processor_with_settings_that_are_not_known_is_refused(opened, monkeypatch, settings, said):
    llava = opened("llava")
    fields = {"size": {"shortest_edge": 56}, "crop_size": {"height": 56, "width": 56}, **settings}
    monkeypatch.setattr(
        llava._chat.processor, "image_processor", transformers.CLIPImageProcessorPil(**fields)
    )
    with pytest.raises(ModelError) as raised:
        require_known(llava.network, llava._chat.processor)
    assert said in str(raised.value)


def test_a_tower_without_a_class_token_that_loses_its_first_patch_is_refused(opened, monkeypatch):
    llava = opened("llava")
    monkeypatch.setattr(llava.network.config.vision_config, "model_type", "siglip_vision_model")
    assert "first patch" in refused(llava)


@pytest.mark.parametrize("tokens", [3, 9, 0])
def test_gemmas_patches_pooled_in_another_way_are_refused(opened, monkeypatch, tokens):
    gemma = opened("gemma3")
    monkeypatch.setattr(gemma.network.config, "mm_tokens_per_image", tokens)
    assert f"pooled to {tokens} tokens" in refused(gemma)


def test_gemmas_picture_resized_by_its_shortest_edge_is_refused(opened, monkeypatch):
    gemma = opened("gemma3")
    monkeypatch.setattr(
        gemma._chat.processor,
        "image_processor",
        transformers.Gemma3ImageProcessorPil(size={"shortest_edge": 56}),
    )
    with pytest.raises(ModelError, match="shortest_edge"):
        require_known(gemma.network, gemma._chat.processor)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"max_image_tiles": 2}, "max_image_tiles=2"), ({"size": {"height": 28, "width": 28}}, "28")],
    ids=str,
)
def test_llamas_processor_that_makes_other_tiles_than_the_model_reads_is_refused(
    opened, monkeypatch, settings, said
):
    llama = opened("llama")
    fields = {"size": {"height": 56, "width": 56}, "max_image_tiles": 4, **settings}
    monkeypatch.setattr(
        llama._chat.processor, "image_processor", transformers.MllamaImageProcessorPil(**fields)
    )
    with pytest.raises(ModelError) as raised:
        require_known(llama.network, llama._chat.processor)
    assert said in str(raised.value)


@pytest.mark.parametrize(("setting", "value"), [("merge_size", 1), ("patch_size", 7)])
def test_qwens_processor_that_cuts_other_patches_than_the_model_reads_is_refused(
    opened, monkeypatch, setting, value
):
    qwen = opened("qwen")
    monkeypatch.setattr(qwen._chat.processor.image_processor, setting, value)
    with pytest.raises(ModelError, match=f"{setting}={value}"):
        require_known(qwen.network, qwen._chat.processor)


@pytest.mark.parametrize("name", ["llama", "llava", "qwen", "gemma3"])
def test_a_question_that_shows_two_pictures_is_refused(opened, name):
    from PIL import Image

    model = opened(name)
    picture = {"type": "image", "image": Image.new("RGB", (80, 60))}
    said = [{"role": "user", "content": [picture, picture, {"type": "text", "text": "Which?"}]}]
    inputs = model._chat.processor.apply_chat_template(
        [said], tokenize=True, return_dict=True, return_tensors="pt", processor_kwargs={"padding": True}
    )
    with pytest.raises(ModelError, match="picture"):
        laid_out(model, inputs)


def test_inputs_that_hold_more_signs_for_a_picture_than_places_are_refused(opened):
    import torch

    llava = opened("llava")
    inputs = dict(llava._chat.inputs([request()]))
    image = llava.network.config.image_token_id
    inputs["input_ids"] = torch.cat([inputs["input_ids"], torch.tensor([[image]])], dim=1)
    with pytest.raises(ModelError, match="17 keys, where its settings make 16 places"):
        laid_out(llava, inputs)


def test_inputs_without_a_picture_are_refused(opened):
    llava = opened("llava")
    inputs = dict(llava._chat.inputs([request()]))
    inputs["input_ids"] = inputs["input_ids"].clone().fill_(5)
    with pytest.raises(ModelError, match="no sign for the picture"):
        laid_out(llava, inputs)


def test_a_picture_of_another_size_than_the_settings_make_is_refused(opened):
    llava = opened("llava")
    inputs = dict(llava._chat.inputs([request()]))
    inputs["pixel_values"] = inputs["pixel_values"][..., :42]
    with pytest.raises(ModelError, match="42×56"):
        laid_out(llava, inputs)
