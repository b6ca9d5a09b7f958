"""Settings come in layers, and each knows its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from elena_wb.config import config_path, load_configuration, resolve_model, write_setting
from elena_wb.core import SetupError, UsageError
from tests.conftest import Program


def write_config(text: str) -> None:
    config_path().parent.mkdir(parents=True, exist_ok=True)
    config_path().write_text(text, "utf-8")


def test_each_layer_hides_the_one_below_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    write_config('model = "file:"\nprompt = "naive"\nseed = 3\n')
    monkeypatch.setenv("ELENA_WB_PROMPT", "elena-reasoned")
    monkeypatch.setenv("ELENA_WB_SEED", "5")
    found = load_configuration({"seed": 7, "model": None})
    assert (found.settings.model, found.settings.prompt, found.settings.seed) == (
        "file:",
        "elena-reasoned",
        7,
    )
    assert found.origins["model"] == str(config_path())
    assert found.origins["prompt"] == "ELENA_WB_PROMPT"
    assert found.origins["seed"] == "command line"
    assert found.origins["store"] == "default"


@pytest.mark.parametrize(
    ("text", "named"),
    [("promt = 'elena'", "promt"), ("seed = 'many'", "seed"), ("mask = ['face:']", "mask")],
)
def test_a_value_that_cannot_be_is_refused_by_name(text: str, named: str) -> None:
    write_config(text)
    with pytest.raises(UsageError, match=named):
        load_configuration()


def test_a_file_that_is_no_toml_is_named() -> None:
    write_config("= nonsense")
    with pytest.raises(SetupError, match=r"config\.toml"):
        load_configuration()


def test_setting_a_value_keeps_comments_and_can_be_undone() -> None:
    write_config("# mine\nseed = 1  # odd\n")
    write_setting("seed", "2")
    write_setting("aliases.llava", "hf:llava-hf/llava-1.5-7b-hf")
    write_setting("mask", "none,face@yunet")
    text = config_path().read_text("utf-8")
    assert "# mine" in text
    assert "seed = 2" in text
    assert load_configuration().settings.mask == ("none", "face@yunet")
    assert (
        resolve_model("llava", load_configuration().settings, {"hf": None}) == "hf:llava-hf/llava-1.5-7b-hf"
    )
    write_setting("seed", None)
    write_setting("aliases.llava", None)
    assert load_configuration().settings.seed == 0
    assert load_configuration().settings.aliases == {}


@pytest.mark.parametrize(("key", "value"), [("sede", "1"), ("seed", "x"), ("aliases", "x"), ("seed.x", "1")])
def test_a_bad_setting_leaves_the_file_alone(key: str, value: str) -> None:
    write_config("seed = 1\n")
    with pytest.raises(UsageError):
        write_setting(key, value)
    assert config_path().read_text("utf-8") == "seed = 1\n"


def test_without_any_model_the_error_names_the_choices() -> None:
    with pytest.raises(UsageError) as caught:
        resolve_model(None, load_configuration().settings, {"hf": None, "tiny": None})
    assert caught.value.hint
    assert "`hf:`" in caught.value.hint
    assert "`tiny:`" in caught.value.hint


def test_config_show_says_where_values_come_from(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELENA_WB_SEED", "9")
    shown = json.loads(program("--store", "x.duckdb", "config", "show", "--json").stdout)
    assert shown["seed"] == {"value": 9, "from": "ELENA_WB_SEED"}
    assert shown["store"]["from"] == "command line"
    assert Path(program("config", "path").stdout.strip()) == config_path()
