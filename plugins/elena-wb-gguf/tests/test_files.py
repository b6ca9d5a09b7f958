"""Which files a reference means, by names and by what lies in folders."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from elena_wb_gguf.files import candidates, choose, quantisation_in, rank_projectors
from elena_wb_gguf.source import find_source
from gguf import GGUFWriter

from elena_wb.core import ModelError

Exported = Callable[[str], tuple[Path, Path]]


@pytest.fixture
def folder(tmp_path: Path, exported: Exported) -> Path:
    """Two quantisations and their projectors."""
    for format_name in ("f16", "f32", "q8_0"):
        for path in exported(format_name):
            shutil.copy(path, tmp_path)
    return tmp_path


def _projector(path: Path, width: int) -> None:
    writer = GGUFWriter(path, "clip")
    writer.add_clip_projector_type("gemma3")
    writer.add_vision_projection_dim(width)
    writer.add_tensor("mm.input_projection.weight", np.zeros((8, width), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gemma-3-4b-it-Q4_K_M.gguf", "Q4_K_M"),
        ("gemma-3-4b-it.q8_0.gguf", "Q8_0"),
        ("UD/Big-UD-Q4_K_XL-00001-of-00002.gguf", "UD-Q4_K_XL"),
        ("model-f16.gguf", "F16"),
        ("model-FP16.gguf", "F16"),
        ("Model-IQ3_XXS.gguf", "IQ3_XXS"),
        ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
        ("gemma-3-4b-it.gguf", None),
        ("Qwen2-VL-2B-Instruct.gguf", None),
    ],
)
def test_the_quantisation_is_read_off_the_end_of_a_name(name: str, told: str | None) -> None:
    assert quantisation_in(name) == told


def test_parts_of_a_model_are_one_and_missing_parts_are_told() -> None:
    names = [f"big-Q8_0-0000{number}-of-00003.gguf" for number in (1, 2, 3)]
    (one,) = candidates([*names, "mmproj-big-f16.gguf", "readme.md"])
    assert one.parts == tuple(names)
    assert one.quantisation == "Q8_0"
    with pytest.raises(ModelError, match="2 of the 3 parts of big-Q8_0"):
        choose(candidates(names[:2]), None, "here", by_preference=True, known="m")


def test_a_quantisation_is_matched_whole_and_in_any_case() -> None:
    found = candidates(["m-Q4_K_M.gguf", "m-Q4_K_S.gguf", "m-f16.gguf"])
    assert choose(found, "q4_k_s", "here", by_preference=False, known="m").first == "m-Q4_K_S.gguf"
    assert choose(found, "fp16", "here", by_preference=False, known="m").first == "m-f16.gguf"
    assert choose(found, "m-Q4_K_M.gguf", "here", by_preference=False, known="m").first == "m-Q4_K_M.gguf"
    with pytest.raises(ModelError, match="has no `Q4_K`; it has F16, Q4_K_M, Q4_K_S") as caught:
        choose(found, "Q4_K", "here", by_preference=False, known="m")
    assert caught.value.hint is not None
    assert "gguf:m:" in caught.value.hint


def test_of_a_repository_the_usual_quantisation_is_taken_and_of_a_folder_none_by_itself() -> None:
    found = candidates(["m-BF16.gguf", "m-Q8_0.gguf", "m-Q4_K_M.gguf"])
    assert choose(found, None, "here", by_preference=True, known="m").quantisation == "Q4_K_M"
    assert choose([found[0], found[2]], None, "here", by_preference=True, known="m").quantisation == "Q8_0"
    with pytest.raises(ModelError, match="3 text models: BF16, Q4_K_M, Q8_0"):
        choose(found, None, "here", by_preference=False, known="m")


def test_projectors_are_ranked_by_name_and_then_by_precision() -> None:
    names = ["mmproj-F32.gguf", "mmproj-F16.gguf", "mmproj-Q8_0.gguf"]
    assert rank_projectors(names, "m-Q4_K_M.gguf", {})[0] == ["mmproj-F16.gguf"]
    assert rank_projectors(names, "m-F32.gguf", {})[0] == ["mmproj-F32.gguf"]
    assert rank_projectors(names, "m-F32.gguf", {})[-1] == ["mmproj-Q8_0.gguf"]
    others = ["mmproj-gemma-f32.gguf", "mmproj-qwen-f16.gguf"]
    assert rank_projectors(others, "gemma-Q4_K_M.gguf", {})[0] == ["mmproj-gemma-f32.gguf"]


def test_a_file_takes_the_projector_beside_it(folder: Path) -> None:
    assert (
        find_source(str(folder / "elena-tiny-q8_0.gguf"), None, None).projector.name
        == "mmproj-elena-tiny-f16.gguf"
    )
    assert (
        find_source(str(folder / "elena-tiny-f32.gguf"), None, None).projector.name
        == "mmproj-elena-tiny-f32.gguf"
    )


def test_a_folder_with_several_models_wants_one_named(folder: Path) -> None:
    assert find_source(f"{folder}:Q8_0", None, None).parts == (folder / "elena-tiny-q8_0.gguf",)
    with pytest.raises(ModelError, match="3 text models: F16, F32, Q8_0") as caught:
        find_source(str(folder), None, None)
    assert caught.value.hint == f"Name one: gguf:{folder}:F16"


def test_a_projector_under_another_name_is_found_by_its_header(tmp_path: Path, exported: Exported) -> None:
    text, projector = exported("q8_0")
    shutil.copy(text, tmp_path / "language.gguf")
    shutil.copy(projector, tmp_path / "vision.gguf")
    source = find_source(str(tmp_path), None, None)
    assert (source.parts[0].name, source.projector.name) == ("language.gguf", "vision.gguf")


def test_a_projector_of_another_width_is_passed_over_and_alone_it_is_an_error(
    tmp_path: Path, exported: Exported
) -> None:
    text, projector = exported("q8_0")
    shutil.copy(text, tmp_path)
    _projector(tmp_path / "mmproj-elena-tiny.gguf", 2560)
    with pytest.raises(ModelError, match="vectors of 2560 numbers, and the text model reads 192") as caught:
        find_source(str(tmp_path), None, None)
    assert caught.value.hint is not None
    assert "mmproj=FILE" in caught.value.hint
    shutil.copy(projector, tmp_path / "mmproj-else.gguf")
    assert find_source(str(tmp_path), None, None).projector.name == "mmproj-else.gguf"


def test_two_projectors_that_go_equally_well_want_one_named(tmp_path: Path, exported: Exported) -> None:
    text, projector = exported("q8_0")
    shutil.copy(text, tmp_path)
    for name in ("mmproj-one-f16.gguf", "mmproj-two-f16.gguf"):
        shutil.copy(projector, tmp_path / name)
    with pytest.raises(ModelError, match=r"2 projectors .*: mmproj-one-f16\.gguf, mmproj-two-f16\.gguf"):
        find_source(str(tmp_path), None, None)
    assert find_source(str(tmp_path), "mmproj-two-f16.gguf", None).projector.name == "mmproj-two-f16.gguf"
    named = find_source(str(tmp_path), str(tmp_path / "mmproj-one-f16.gguf"), None)
    assert named.projector.name == "mmproj-one-f16.gguf"


def test_a_model_without_a_projector_cannot_see_and_is_told_what_to_do(
    tmp_path: Path, exported: Exported
) -> None:
    shutil.copy(exported("q8_0")[0], tmp_path)
    with pytest.raises(ModelError, match="No projector lies beside") as caught:
        find_source(str(tmp_path), None, None)
    assert caught.value.hint is not None
    assert "cannot see" in caught.value.hint
    with pytest.raises(ModelError, match="There is no projector absent"):
        find_source(str(tmp_path), "absent.gguf", None)


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [
        ("", "names no model"),
        ("./absent/folder", "There is no"),
        ("/absent/model.gguf", "There is no"),
        ("owner/model.gguf", "There is no"),
        ("a sentence?", "There is no"),
        ("x" * 5000, "There is no"),
        ("~nobody-of-this-name/model.gguf", "There is no"),
        ("nul\0.gguf", "There is no"),
    ],
)
def test_what_is_neither_file_nor_folder_nor_repository_is_an_error(reference: str, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        find_source(reference, None, None)


def test_a_projector_given_as_the_model_and_a_revision_of_a_file_are_errors(folder: Path) -> None:
    with pytest.raises(ModelError, match="is a projector") as caught:
        find_source(str(folder / "mmproj-elena-tiny-f16.gguf"), None, None)
    assert caught.value.hint is not None
    with pytest.raises(ModelError, match="no revisions"):
        find_source(str(folder / "elena-tiny-f16.gguf"), None, "main")


def test_any_part_of_a_split_model_stands_for_all(tmp_path: Path, exported: Exported) -> None:
    text, projector = exported("q8_0")
    shutil.copy(projector, tmp_path)
    for number in (1, 2):
        shutil.copy(text, tmp_path / f"big-Q8_0-0000{number}-of-00002.gguf")
    source = find_source(str(tmp_path / "big-Q8_0-00002-of-00002.gguf"), None, None)
    assert [path.name for path in source.parts] == [f"big-Q8_0-0000{one}-of-00002.gguf" for one in (1, 2)]


def test_a_model_that_lacks_parts_does_not_stand_in_the_way_of_its_neighbours(folder: Path) -> None:
    shutil.copy(folder / "elena-tiny-q8_0.gguf", folder / "big-Q6_K-00002-of-00003.gguf")
    assert (
        find_source(str(folder / "elena-tiny-q8_0.gguf"), None, None).parts[0].name == "elena-tiny-q8_0.gguf"
    )
    assert find_source(f"{folder}:F16", None, None).parts[0].name == "elena-tiny-f16.gguf"
    for reference in (f"{folder}:Q6_K", str(folder / "big-Q6_K-00002-of-00003.gguf")):
        with pytest.raises(ModelError, match="1 of the 3 parts of big-Q6_K"):
            find_source(reference, None, None)
