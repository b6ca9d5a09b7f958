"""What a quantised model attends to is what its safetensors attend to, as far as the numbers allow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elena_wb_gguf.model import GGUFModel
from elena_wb_gguf.testing import rewritten
from elena_wb_hf.model import HFModel
from elena_wb_hf.provider import HFProvider
from elena_wb_tiny.grammar import PROMPTS
from elena_wb_tiny.provider import WEIGHTS, TinyOptions, TinyProvider

from elena_wb.core import HEADS, AttentionQuestion, AttentionRecord, Heads, Request, Target

BOUNDS = {"f32": 1e-3, "f16": 2e-3, "q8_0": 2e-2, "q4_0": 0.2}
"""Largest difference of any weight of any head; measured on 16 answers: 0.0003, 0.0006, 0.0054, 0.077."""
TEXT = (
    '{"emotion":"Sadness","valence":3,"arousal":5,"body_parts":["one arm lifted high","head held level"],'
    '"narrative":"Ünïcödé 😀: the house is empty now."}'
)
WINDOW = 16


def target(name: str, *words: str) -> Target:
    return Target(name, tuple((TEXT.index(word), TEXT.index(word) + len(word)) for word in words))


TARGETS = (
    target("emotion", "Sadness"),
    target("parts", "one arm lifted high", "head held level"),
    target("odd letters", "ïcödé 😀"),
    Target("answer", ((0, len(TEXT)),)),
    Target("nothing", ()),
)


@pytest.fixture
def asked(question: Callable[..., Request]) -> Request:
    return question(PROMPTS["elena"], system="")


@pytest.fixture(scope="module")
def reference() -> Iterator[HFModel]:
    model = TinyProvider().open("", TinyOptions())
    assert isinstance(model, HFModel)
    yield model
    model.close()


def strayed(found: AttentionRecord, expected: AttentionRecord) -> float:
    """The largest difference, after making sure that both are about the same."""
    assert found.blocks == expected.blocks
    assert (found.layers, found.heads) == (expected.layers, expected.heads)
    assert (found.tokens, found.first_token) == (expected.tokens, expected.first_token)
    assert tuple(found.elsewhere) == tuple(expected.elsewhere)
    assert found.baseline is not None
    assert expected.baseline is not None
    pairs = [(found.weights, expected.weights), (found.baseline, expected.baseline)]
    pairs += [(found.elsewhere[name], expected.elsewhere[name]) for name in found.elsewhere]
    for mine, theirs in pairs:
        assert mine.shape == theirs.shape
        assert (np.isnan(mine) == np.isnan(theirs)).all()
    return max(float(np.nanmax(np.abs(mine - theirs))) for mine, theirs in pairs)


@pytest.mark.parametrize("format_name", list(BOUNDS))
def test_weights_are_those_of_transformers(
    format_name: str,
    exported: Callable[[str], tuple[Path, Path]],
    opened: Callable[..., GGUFModel],
    reference: HFModel,
    asked: Request,
) -> None:
    text, projector = exported(format_name)
    model = opened(text=text, projector=projector)
    for heads in HEADS:
        wanted = AttentionQuestion(TARGETS, heads=heads)
        found, expected = model.attend(asked, TEXT, wanted), reference.attend(asked, TEXT, wanted)
        assert strayed(found, expected) < BOUNDS[format_name]
        assert float(np.nanmax(expected.weights)) > 0.1  # there is something to stray from


@pytest.mark.parametrize(("layers", "heads"), [((2,), "mean"), ((3, 0), "each"), ((-1,), "max")])
def test_some_layers_are_the_same_as_among_all(
    layers: tuple[int, ...],
    heads: Heads,
    opened: Callable[..., GGUFModel],
    reference: HFModel,
    asked: Request,
) -> None:
    wanted = AttentionQuestion(TARGETS, layers=layers, heads=heads)
    model = opened()
    found, expected = model.attend(asked, TEXT, wanted), reference.attend(asked, TEXT, wanted)
    everything = model.attend(asked, TEXT, AttentionQuestion(TARGETS, heads=heads))

    assert strayed(found, expected) < BOUNDS["f32"]
    np.testing.assert_array_equal(found.weights, everything.weights[:, list(found.layers)])


def test_layers_with_a_sliding_window_see_no_further(
    exported: Any, opened: Callable[..., GGUFModel], asked: Request, tmp_path: Path
) -> None:
    keys = {
        "gemma3.attention.sliding_window": WINDOW,
        "gemma3.attention.sliding_window_pattern": [True, False, True, False],
        "gemma3.rope.freq_base_swa": 10_000.0,
    }
    text, _ = exported()
    model = opened(text=rewritten(text, tmp_path / "sliding.gguf", keys=keys))
    reference = HFProvider().open(str(_sliding(tmp_path / "sliding")), HFProvider.options_model())
    assert isinstance(reference, HFModel)
    wanted = AttentionQuestion(TARGETS)
    try:
        found, expected = model.attend(asked, TEXT, wanted), reference.attend(asked, TEXT, wanted)
    finally:
        reference.close()

    assert strayed(found, expected) < BOUNDS["f32"]
    last = [*(name.name for name in TARGETS)].index("odd letters")
    assert found.weights[last, [0, 2]].max() == 0.0  # the picture lies further back
    assert found.weights[last, [1, 3]].min() > 0.0


def _sliding(folder: Path) -> Path:
    shutil.copytree(WEIGHTS, folder)
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    text = config["text_config"]
    text["layer_types"] = ["sliding_attention", "full_attention"] * 2
    text["sliding_window"] = WINDOW
    text["rope_parameters"]["sliding_attention"] = {"rope_type": "default", "rope_theta": 10_000.0}
    path.write_text(json.dumps(config), encoding="utf-8")
    return folder
