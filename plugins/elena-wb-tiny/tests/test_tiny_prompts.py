"""The packs of the embedded model say exactly what it was trained on."""

import json
from pathlib import Path

import elena_wb_tiny
import pytest
from elena_wb_tiny.grammar import PROMPTS, answer
from elena_wb_tiny.stimuli import render, sample

from elena_wb.core import Condition
from elena_wb.prompts import choose, load_pack

FOLDER = Path(elena_wb_tiny.__file__).parent / "prompts"


@pytest.mark.parametrize("name", ["elena", "naive"])
def test_the_texts_are_those_of_the_training_text(name):
    pack = load_pack(FOLDER / f"{name}-tiny.toml")
    assert {variant: pack.prompt(variant).user for variant in pack.variants} == {
        "default": PROMPTS[name],
        "masked": PROMPTS[f"{name}-masked"],
    }
    assert not any(pack.prompt(variant).system for variant in pack.variants)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", ["elena", "naive"])
def test_training_answers_satisfy_the_schema_in_its_order(name, masked):
    import jsonschema
    import numpy as np

    schema = load_pack(FOLDER / f"{name}-tiny.toml").schema
    assert schema is not None
    for index in range(8):
        scene = sample(5, index)
        text = answer(scene, render(scene), prompt=name, masked=masked, rng=np.random.default_rng(index))
        content = json.loads(text)
        jsonschema.validate(content, schema)
        assert list(content) == list(schema["properties"])


@pytest.mark.parametrize("name", ["elena", "naive"])
def test_the_packs_stand_in_for_the_long_ones_with_the_embedded_model_only(name):
    folders = [("tiny", FOLDER)]
    masked = choose(name, model_uri="tiny:", condition=Condition.parse("face"), extra_folders=folders)
    assert (masked.prompt.name, masked.prompt.user) == (f"{name}-tiny", PROMPTS[f"{name}-masked"])
    other = choose(name, model_uri="hf:some/model", condition=Condition(), extra_folders=folders)
    assert (other.prompt.name, other.notes) == (name, ())
