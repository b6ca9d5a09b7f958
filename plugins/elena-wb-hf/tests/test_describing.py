"""What is said about a model before, and without, loading it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from elena_wb_hf import digest
from elena_wb_hf.options import HFOptions
from elena_wb_hf.provider import HFProvider
from pydantic import ValidationError

ARCHITECTURES = ("gemma3", "llama", "llava", "qwen")


def describe(folder, **options):
    return HFProvider().describe(str(folder), HFOptions(**options))


@pytest.fixture
def copy(folders, tmp_path):
    """A tiny model that a test may spoil."""
    return shutil.copytree(folders["llava"], tmp_path / "model")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_card_before_loading_agrees_with_the_one_after(architecture, folders, opened):
    card, loaded = describe(folders[architecture], dtype="float32", device="cpu"), opened(architecture).card
    assert card.digest == loaded.digest
    assert (
        card.parameters
        == loaded.parameters
        == sum(p.numel() for p in opened(architecture).network.parameters())
    )
    assert card.context_length in (None, 4096)
    assert loaded.context_length == 4096
    assert card.quantisation == loaded.quantisation == "float32"
    assert loaded.device == "cpu"
    assert {"torch", "transformers", "tokenizers"} <= set(loaded.libraries)
    assert loaded.uri == f"hf:{folders[architecture]}?dtype=float32&device=cpu"


def test_describing_a_usual_model_imports_no_torch(folders):
    program = (
        "import sys\n"
        "from elena_wb_hf.options import HFOptions\n"
        "from elena_wb_hf.provider import HFProvider\n"
        f"HFProvider().describe({str(folders['gemma3'])!r}, HFOptions())\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ)


def test_a_provider_built_on_this_one_can_name_the_model_itself(folders):
    card = HFProvider().describe(str(folders["llava"]), HFOptions(), uri="tiny:")
    assert card.uri == "tiny:"
    assert card.digest == describe(folders["llava"]).digest


def test_an_option_that_changes_answers_changes_the_digest(folders):
    base = describe(folders["llava"]).digest
    changed = [{"dtype": "bfloat16"}, {"max_image_side": 64}, {"constrained": True}, {"load_in": "4bit"}]
    assert len({base, *(describe(folders["llava"], **options).digest for options in changed)}) == 5


@pytest.mark.parametrize(
    "options", [{"batch_size": 3}, {"threads": 1}, {"device": "cpu"}, {"dtype": "float32"}]
)
def test_an_option_that_changes_no_answer_leaves_the_digest(options, folders):
    assert describe(folders["llava"], **options).digest == describe(folders["llava"]).digest


@pytest.mark.parametrize("name", ["tokenizer.json", "chat_template.jinja", "processor_config.json"])
def test_a_small_file_that_changes_answers_changes_the_digest(name, copy):
    before = describe(copy).digest
    (copy / name).write_text((copy / name).read_text() + "\n")
    assert describe(copy).digest != before


def test_a_file_that_changes_nothing_leaves_the_digest(copy):
    before = describe(copy).digest
    (copy / "README.md").write_text("About this model.")
    (copy / "training.json").write_text("{}")
    assert describe(copy).digest == before


def test_moving_a_model_leaves_its_digest_and_changing_a_weight_does_not(copy, tmp_path):
    before = describe(copy).digest
    moved = shutil.copytree(copy, tmp_path / "moved")
    assert describe(moved).digest == before
    weights = moved / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert describe(moved).digest != before


def test_unchanged_weights_are_not_read_again(copy, monkeypatch):
    before = describe(copy).digest
    monkeypatch.setattr(digest.hashlib, "file_digest", lambda *_: pytest.fail("read again"))
    assert describe(copy).digest == before


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 1}'])
def test_a_damaged_digest_cache_only_costs_time(content, copy, monkeypatch, tmp_path):
    monkeypatch.setenv("ELENA_WB_HOME", str(tmp_path / "home"))
    before = describe(copy).digest
    cache = tmp_path / "home" / "cache" / "hf-digests.json"
    assert json.loads(cache.read_text())
    cache.write_text(content)
    assert describe(copy).digest == before


def test_a_home_folder_is_understood(copy, monkeypatch):
    monkeypatch.setenv("HOME", str(copy.parent))
    assert describe("~/model").name == "model"


def test_a_path_with_spaces_and_letters_of_any_kind_works(copy):
    folder = copy.rename(copy.parent / "mein Modell ü 日本")
    assert describe(folder).name == "mein Modell ü 日本"


@pytest.mark.parametrize(
    "options",
    [{"temperature": "1"}, {"dtype": "int3"}, {"device": "tpu"}, {"batch_size": "0"}, {"load_in": "2bit"}],
)
def test_an_option_that_does_not_exist_or_fit_is_refused(options):
    with pytest.raises(ValidationError):
        HFOptions(**options)


def test_options_are_read_from_the_strings_of_a_uri_and_each_is_described():
    options = HFOptions.model_validate({"batch_size": "3", "constrained": "true", "device": "cuda:1"})
    assert (options.batch_size, options.constrained, options.device) == (3, True, "cuda:1")
    assert all(field.description for field in HFOptions.model_fields.values())
