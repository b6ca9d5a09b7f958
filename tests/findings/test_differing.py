"""What lies between two runs is said, and whether it can change answers."""

from __future__ import annotations

from typing import Any

import pytest

from elena_wb.findings.differing import Difference, differences


def run(**changes: Any) -> dict[str, Any]:
    """A run as the store shows it; ``card``, ``options`` and ``environment`` change single entries."""
    card = {"name": "gemma-F32", "quantisation": "F32", "parameters": 4_000_000}
    options = {
        "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 0},
        "max_tokens": 512,
        "masking": "none",
        "prompt_variant": "default",
    }
    environment = {"python": "3.11.7", "platform": "Linux x86_64", "device": "cpu", "numpy": "2.0"}
    return {
        "model_uri": "gguf:gemma-F32.gguf",
        "model_digest": "m1",
        "prompt_name": "elena",
        "prompt_digest": "p1",
        "condition": "none",
        "seed": 0,
        **{name: value for name, value in changes.items() if name not in ("card", "options", "environment")},
        "model_card": card | changes.get("card", {}),
        "options": options | changes.get("options", {}),
        "environment": environment | changes.get("environment", {}),
    }


def told(first: dict[str, Any], second: dict[str, Any]) -> dict[str, tuple[str, str, bool]]:
    found = differences(first, second)
    backwards = differences(second, first)
    assert backwards == tuple(Difference(d.aspect, d.second, d.first, d.matters) for d in found)
    return {one.aspect: (one.first, one.second, one.matters) for one in found}


def quantised(**changes: Any) -> dict[str, Any]:
    card = {"name": "gemma-Q4_0", "quantisation": "Q4_0"} | changes.pop("card", {})
    return run(**{"model_uri": "gguf:gemma-Q4_0.gguf", "model_digest": "m2", "card": card} | changes)


def test_equal_runs_differ_in_nothing():
    assert told(run(), run()) == {}


def test_two_quantisations_of_one_model_differ_in_quantisation_alone():
    assert told(run(), quantised()) == {"quantisation": ("F32", "Q4_0", True)}


def test_an_option_that_the_quantisation_names_is_no_second_difference():
    card = {"name": "gemma", "quantisation": "float32"}
    first = run(model_uri="hf:g?dtype=float32", card=card)
    second = run(model_uri="hf:g?dtype=bfloat16", model_digest="m2", card=card | {"quantisation": "bfloat16"})
    assert set(told(first, second)) == {"quantisation"}
    other = second | {"model_uri": "hf:g?dtype=bfloat16&max_image_side=512"}
    assert told(first, other)["model options"] == ("no max_image_side", "max_image_side 512", True)


def test_a_number_in_a_quantisation_explains_no_option():
    first, second = run(model_uri="gguf:g?ctx=4"), quantised(model_uri="gguf:g?ctx=0")
    assert set(told(first, second)) == {"quantisation", "model options"}


@pytest.mark.parametrize(
    ("changed", "aspects"),
    [
        ({"card": {"name": "llava-Q4_0"}}, {"model", "quantisation"}),
        ({"card": {"parameters": 5}}, {"parameters", "quantisation"}),
        ({"model_uri": "hf:gemma"}, {"software", "quantisation"}),
        ({"card": {"revision": "abc"}}, {"revision", "quantisation"}),
    ],
)
def test_another_model_in_another_quantisation_is_more_than_a_quantisation(changed, aspects):
    assert set(told(run(), quantised(**changed))) == aspects


def test_weights_that_differ_under_one_name_are_told_by_their_digest():
    assert told(run(), run(model_digest="m2")) == {"weights": ("m1…", "m2…", True)}


def test_a_server_that_changed_its_model_in_between_is_told():
    first, second = run(answered_by=("m-0514",)), run(answered_by=("m-0514", "m-0801"))
    assert told(first, second) == {"version that answered": ("m-0514", "m-0514, m-0801", True)}
    assert told(first, run(answered_by=())) == {}


def test_options_that_leave_the_model_as_it_is_cannot_change_answers():
    found = told(run(), run(model_uri="gguf:gemma-F32.gguf?batch_size=2"))
    assert found == {"model options": ("no batch_size", "batch_size 2", False)}


def test_prompt_variant_and_text_are_told_apart():
    assert set(told(run(), run(prompt_name="naive", prompt_digest="p2"))) == {"prompt"}
    masked = run(
        prompt_digest="p2", condition="face", options={"prompt_variant": "masked", "masking": "face"}
    )
    assert set(told(run(), masked)) == {"prompt variant", "condition"}
    assert set(told(run(), run(prompt_digest="p2"))) == {"text of the prompt"}


def test_the_same_condition_masked_in_another_way_is_a_difference():
    first = run(condition="face", options={"masking": "face:box@yunet 1"})
    second = run(condition="face", options={"masking": "face:box@yunet 2"})
    assert set(told(first, second)) == {"masking"}


def test_a_seed_changes_nothing_about_greedy_answers_and_much_about_others():
    assert told(run(), run(seed=1)) == {"seed": ("0", "1", False)}
    warm = {"sampling": {"temperature": 0.7}}
    assert told(run(options=warm), run(seed=1, options=warm)) == {"seed": ("0", "1", True)}
    assert told(run(), run(options=warm))["sampling"] == ("greedy", "temperature 0.7", True)


def test_versions_and_machines_are_told():
    other = {"numpy": "2.1", "device": "cuda:0", "torch": "2.13", "python": "3.12.1"}
    assert told(run(), run(environment=other)) == {
        "device": ("cpu", "cuda:0", True),
        "library versions": ("numpy 2.0, no torch", "numpy 2.1, torch 2.13", True),
        "Python": ("3.11.7", "3.12.1", False),
    }


def test_libraries_of_another_software_are_not_counted_beside_it():
    first = run(environment={"llama-cpp-python": "0.3"})
    second = run(model_uri="hf:gemma", model_digest="m2", environment={"torch": "2.13"})
    assert set(told(first, second)) == {"software"}


def test_imported_answers_differ_in_origin_and_are_not_judged_by_their_files():
    gone = {"sampling": None, "max_tokens": None, "masking": None, "prompt_variant": None}
    imported = run(
        model_uri="imported:a",
        model_digest="file 1",
        options=gone | {"provenance": "imported"},
        environment={},
    )
    assert told(imported, imported | {"model_digest": "file 2"}) == {}
    found = told(run(), imported)
    assert found["origin"] == ("asked here", "imported", True)
    assert found["sampling"] == ("greedy", "(not recorded)", True)
    assert "device" not in found
