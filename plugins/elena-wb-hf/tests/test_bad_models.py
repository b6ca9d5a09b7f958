"""Folders and names that are no usable model are refused with the reason, and nothing is run or fetched."""

from __future__ import annotations

import json
import shutil

import pytest
from elena_wb_hf import loading, machine
from elena_wb_hf.options import HFOptions
from elena_wb_hf.provider import HFProvider

from elena_wb.core import ModelError, SetupError


@pytest.fixture
def copy(folders, tmp_path):
    """A tiny model that a test may spoil."""
    return shutil.copytree(folders["llava"], tmp_path / "model")


def refused(folder, expected=ModelError, *, describing=True, **options):
    """The error that both describing and opening raise."""
    provider, chosen = HFProvider(), HFOptions(**{"device": "cpu", **options})
    if describing:
        with pytest.raises(expected):
            provider.describe(str(folder), chosen)
    else:
        provider.describe(str(folder), chosen)
    with pytest.raises(expected) as caught:
        provider.open(str(folder), chosen)
    return caught.value


def change_config(folder, **values):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, **values}))


def rewrite_weights(folder, change):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def test_a_text_only_model_is_no_vision_language_model(tmp_path):
    import transformers

    config = transformers.LlamaConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1, vocab_size=32
    )
    transformers.LlamaForCausalLM(config).save_pretrained(tmp_path)
    assert "no vision-language model" in refused(tmp_path).message


def test_a_model_that_compares_pictures_and_texts_cannot_answer(tmp_path):
    change = {"model_type": "clip", "architectures": ["CLIPModel"], "vision_config": {}, "text_config": {}}
    (tmp_path / "config.json").write_text(json.dumps(change))
    assert "no vision-language model" in refused(tmp_path).message


def test_an_empty_folder_says_so(tmp_path):
    error = refused(tmp_path)
    assert "holds no model" in error.message
    assert error.hint == "The folder is empty."


def test_a_folder_of_gguf_files_names_the_plugin_for_them(tmp_path):
    (tmp_path / "model-Q4_K_M.gguf").write_bytes(b"GGUF")
    assert "gguf:" in refused(tmp_path).hint
    assert "gguf:" in refused(tmp_path / "model-Q4_K_M.gguf").hint


def test_an_adapter_is_told_from_a_model(tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")
    assert "adapter" in refused(tmp_path).hint


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"model_type": 3}', "\x00"])
def test_a_broken_configuration_is_named(content, copy):
    (copy / "config.json").write_text(content)
    assert "config.json" in refused(copy).message


def test_an_architecture_that_transformers_does_not_know_asks_for_a_newer_one(copy):
    change_config(copy, model_type="llava_of_the_future", architectures=["X"])
    error = refused(copy)
    assert "does not know" in error.message
    assert "upgrade" in error.hint


def test_code_of_the_models_own_is_never_run(copy, tmp_path):
    trace = tmp_path / "executed"
    for name in ("configuration_x.py", "modeling_x.py"):
        (copy / name).write_text(f"open({str(trace)!r}, 'w')\nclass X: pass\n")
    change_config(
        copy, model_type="x", auto_map={"AutoConfig": "configuration_x.X", "AutoModel": "modeling_x.X"}
    )
    error = refused(copy)
    assert "code of its own" in error.message
    assert "(`x`)" in error.message
    assert not trace.exists()


def test_pickled_weights_are_refused_with_the_reason(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    assert "pickled (pytorch_model.bin)" in refused(copy).message


def test_a_folder_without_weights_says_so(copy):
    (copy / "model.safetensors").unlink()
    assert "holds no weights" in refused(copy).message


def test_a_missing_shard_is_named(copy):
    (copy / "model.safetensors").rename(copy / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (copy / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    assert "model-00002-of-00002.safetensors" in refused(copy).message


@pytest.mark.parametrize("index", ["", "[]", '{"weight_map": 3}', "{}"])
def test_a_broken_index_is_named(index, copy):
    (copy / "model.safetensors").unlink()
    (copy / "model.safetensors.index.json").write_text(index)
    assert "index" in refused(copy).message


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: b"\xff" * len(data),
        lambda data: data[:8] + b"[" + data[9:],
    ],
    ids=["empty", "cut off", "noise", "header"],
)
def test_damaged_weights_are_named(damage, copy):
    weights = copy / "model.safetensors"
    weights.write_bytes(damage(weights.read_bytes()))
    assert "damaged" in refused(copy).message


def test_weights_that_are_missing_are_never_made_up(copy):
    rewrite_weights(copy, lambda weights: weights.pop(min(weights)))
    assert "1 weights missing" in refused(copy, describing=False).message


def test_weights_of_the_wrong_shape_are_refused(copy):
    def halve(weights):
        name = next(name for name in weights if "linear_1.weight" in name)
        weights[name] = weights[name][:16].clone()

    rewrite_weights(copy, halve)
    assert "do not fit its configuration" in refused(copy, describing=False).message


def test_weights_that_no_part_wants_are_left_out_and_named_on_the_card(copy):
    import torch

    rewrite_weights(copy, lambda weights: weights.update({f"adapter.{n}": torch.zeros(2) for n in range(5)}))
    model = HFProvider().open(str(copy), HFOptions(device="cpu"))
    (note,) = (note for note in model.card.notes if "unused" in note)
    assert note.startswith("5 weights")
    assert note.endswith("adapter.0, adapter.1, adapter.2, …")
    model.close()


def test_a_model_without_its_processor_is_refused(copy):
    for name in ("processor_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (copy / name).unlink()
    assert "processor" in refused(copy, describing=False).message


def test_a_model_without_a_chat_template_is_refused(copy):
    (copy / "chat_template.jinja").unlink()
    assert "no chat template" in refused(copy, describing=False).message


@pytest.mark.parametrize(
    "template", ["{{ messages[0].content[0].text }}", "{{ raise_exception('no') }}", "{% if %}"]
)
def test_a_chat_template_that_loses_text_or_picture_is_refused(template, copy):
    (copy / "chat_template.jinja").write_text(template)
    assert "does not place" in refused(copy, describing=False).message


def test_a_model_larger_than_the_free_memory_is_refused_before_it_is_loaded(copy, monkeypatch):
    monkeypatch.setattr(loading, "free_memory", lambda device: 1000)
    error = refused(copy, describing=False)
    assert "does not fit" in error.message
    assert "load_in=4bit" in error.hint
    assert "dtype=bfloat16" in error.hint


def test_running_out_of_memory_while_loading_is_the_same_error(copy, monkeypatch):
    import torch
    import transformers

    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(transformers.AutoModelForImageTextToText, "from_pretrained", full)
    assert "does not fit" in refused(copy, describing=False).message


def test_free_memory_of_this_machine_is_known_or_none():
    import torch

    free = machine.free_memory(torch.device("cpu"))
    assert free is None or free > 0


def test_a_device_that_is_not_there_is_named(copy):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    assert "device=cuda:7" in refused(copy, describing=False, device="cuda:7").message


@pytest.mark.parametrize(
    ("options", "command"),
    [({"load_in": "4bit"}, "quantised"), ({"load_in": "8bit"}, "quantised"), ({"spread": True}, "spread")],
)
def test_a_missing_package_is_named_with_the_command(options, command, copy, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    error = refused(copy, SetupError, describing=False, **options)
    assert error.hint == f"Run: pip install 'elena-wb-hf[{command}]'"


@pytest.mark.parametrize(
    "reference", ["", " ", "/no/such/folder", "./nothing", "a/b/c", "~/nothing-there", "\x00"]
)
def test_what_is_no_folder_and_no_name_is_refused_without_the_network(reference, monkeypatch):
    monkeypatch.setenv("ELENA_WB_OFFLINE", "1")
    with pytest.raises(ModelError):
        HFProvider().describe(reference, HFOptions())


def test_a_revision_of_a_folder_is_refused(copy):
    assert "no revisions" in refused(copy, revision="main").message
