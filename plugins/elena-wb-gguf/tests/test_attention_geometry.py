"""Places lie where llama.cpp sees them: what is planted in one of their rectangles changes that place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elena_wb_gguf.engine import Engine
from elena_wb_gguf.facts import ProjectorFacts, projector_facts
from elena_wb_gguf.geometry import Part, blocks, require_known
from elena_wb_gguf.model import GGUFModel
from elena_wb_gguf.pictures import Patch
from elena_wb_gguf.testing import loaded_engine, random_idefics, random_qwen

from elena_wb.core import AttentionQuestion, Block, ModelError, Request, Target

GEMMA = ProjectorFacts("gemma3", 168, 14)


@pytest.fixture(params=["gemma3", "qwen2vl_merger", "qwen2.5vl_merger"])
def engine(request: pytest.FixtureRequest, exported: Any, tmp_path: Path) -> Iterator[Engine]:
    files = exported()
    if request.param != "gemma3":
        files = random_qwen(files[0], tmp_path, windowed=request.param == "qwen2.5vl_merger")
    engine = loaded_engine(*files)
    assert engine.projector.facts.kind == request.param
    yield engine
    engine.free()


def seen(engine: Engine, image: np.ndarray) -> tuple[Block, np.ndarray]:
    """The grid of a picture and its embeddings, ``[places, width]``."""
    frame = engine.projector.frame("one", np.ascontiguousarray(image))
    (patch,) = (part for part in frame if isinstance(part, Patch))
    height, width = image.shape[:2]
    part = Part(patch.tokens, patch.columns, patch.rows)
    (block,) = blocks(engine.projector.facts, [part], width, height)
    embeddings = patch.embeddings.reshape(patch.tokens, -1).copy()
    engine.projector.forget()
    return block, embeddings


@pytest.mark.parametrize(("width", "height"), [(390, 175), (120, 310)])
def test_a_patch_planted_in_a_place_changes_this_place_most(engine: Engine, width: int, height: int) -> None:
    plain = np.random.default_rng(1).integers(100, 140, (height, width, 3), dtype=np.uint8)
    block, before = seen(engine, plain)
    assert block.places == len(before)
    planted = range(0, block.places, 1 + block.places // 25)
    found = []
    for k in planted:
        box = block.place(k)
        left, right = max(0.0, box.x) + 1, min(width, box.x + box.w) - 1
        top, bottom = max(0.0, box.y) + 1, min(height, box.y + box.h) - 1
        picture = plain.copy()
        picture[round(top) : round(bottom), round(left) : round(right)] = 255
        _, after = seen(engine, picture)
        found.append(int(np.abs(after - before).sum(1).argmax()))

    right = sum(place == k for place, k in zip(found, planted, strict=True))
    assert right >= 0.8 * len(planted), list(zip(planted, found, strict=True))


@pytest.mark.parametrize(("width", "height"), [(300, 200), (210, 500), (1000, 90), (35, 300), (60, 60)])
@pytest.mark.parametrize("windowed", [False, True])
def test_a_letterboxed_picture_fills_just_what_its_box_says(
    exported: Any, tmp_path: Path, width: int, height: int, windowed: bool
) -> None:
    """A white picture, and a black canvas that is white where the box puts the picture, are the same to llama.cpp."""
    engine = loaded_engine(*random_qwen(exported()[0], tmp_path, windowed=windowed))
    try:
        block, small = seen(engine, np.full((height, width, 3), 255, np.uint8))
        side = 28  # of a place: two patches of 14 pixels
        wide, high = side * block.columns, side * block.rows
        across, down = wide / block.box.w, high / block.box.h
        left, top = round(-block.box.x * across), round(-block.box.y * down)
        canvas = np.zeros((high, wide, 3), np.uint8)
        canvas[top : top + round(height * down), left : left + round(width * across)] = 255
        again, large = seen(engine, canvas)
    finally:
        engine.free()

    assert (again.rows, again.columns) == (block.rows, block.columns)
    assert (again.box.x, again.box.y, again.box.w, again.box.h) == (0, 0, wide, high)
    np.testing.assert_array_equal(small, large)


def test_a_stretched_picture_is_covered_from_edge_to_edge() -> None:
    (block,) = blocks(GEMMA, [Part(36, 36, 1)], 90, 60)

    assert (block.rows, block.columns) == (6, 6)
    assert (block.box.x, block.box.y, block.box.w, block.box.h) == (0.0, 0.0, 90.0, 60.0)
    assert (block.place(8).x, block.place(8).y) == (30.0, 10.0)


@pytest.mark.parametrize(
    ("facts", "parts"),
    [
        (GEMMA, [Part(35, 35, 1)]),
        (GEMMA, [Part(25, 25, 1)]),
        (GEMMA, [Part(36, 36, 1), Part(36, 36, 1)]),
        (GEMMA, []),
        (ProjectorFacts("qwen2vl_merger", 112, 14), [Part(12, 5, 2)]),
    ],
)
def test_parts_that_do_not_make_up_a_picture_are_refused(facts: ProjectorFacts, parts: list[Part]) -> None:
    with pytest.raises(ModelError, match=facts.kind):
        blocks(facts, parts, 90, 60)


@pytest.mark.parametrize("kind", ["idefics3", "internvl", "pixtral", "mlp", "llama4", ""])
def test_a_projector_whose_places_are_not_known_is_refused_by_name(kind: str) -> None:
    with pytest.raises(ModelError, match=kind or "nameless") as caught:
        require_known(ProjectorFacts(kind, 168, 14))

    assert "occlude" in str(caught.value.hint)


def test_a_model_with_such_a_projector_is_refused_before_anything_is_asked(
    exported: Any,
    opened: Callable[..., GGUFModel],
    question: Callable[..., Request],
    tmp_path: Path,
) -> None:
    projector = random_idefics(exported()[1], tmp_path / "mmproj-idefics.gguf", width=192)
    assert projector_facts(projector).kind == "idefics3"
    model = opened(projector=projector)
    with pytest.raises(ModelError, match="idefics3"):
        model.attention_methods()
    with pytest.raises(ModelError, match="idefics3"):
        model.attend(question(), "an answer", AttentionQuestion((Target("answer", ((0, 9),)),)))
