"""What cannot be loaded is said in a sentence, whatever llama.cpp makes of it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from elena_wb_gguf.model import GGUFModel
from elena_wb_gguf.testing import rewritten

from elena_wb.core import ModelError, Request, Sampling


def edited(source: Path, out: Path, key: str, value: bytes) -> Path:
    """A copy of a GGUF file in which the value of a key is another of the same size."""
    import gguf

    field = gguf.GGUFReader(str(source)).fields[key]
    part = field.data[0]
    start = field.offset + sum(piece.nbytes for piece in field.parts[:part])
    content = bytearray(source.read_bytes())
    content[start : start + field.parts[part].nbytes] = value
    out.write_bytes(content)
    return out


@pytest.mark.parametrize(
    ("which", "key", "value"),
    [
        ("projector", "clip.vision.attention.head_count", struct.pack("<I", 0)),
        ("projector", "clip.projector_type", b"gemmaX"),
        ("projector", "general.architecture", b"llip"),
        ("text", "general.architecture", b"gemmaX"),
        ("text", "gemma3.block_count", struct.pack("<I", 99)),
        ("text", "gemma3.attention.head_count", struct.pack("<I", 0)),
    ],
)
def test_damaged_metadata_is_an_error_for_people(
    exported: Any, opened: Callable[..., GGUFModel], tmp_path: Path, which: str, key: str, value: bytes
) -> None:
    source = exported()[which == "projector"]
    with pytest.raises(ModelError) as caught:
        opened(**{which: edited(source, tmp_path / f"damaged-{which}.gguf", key, value)})

    assert f"damaged-{which}.gguf" in caught.value.message
    assert caught.value.hint
    assert "pip-install" not in caught.value.message


def test_cut_files_and_numbers_that_are_none_are_errors_for_people(
    exported: Any, opened: Callable[..., GGUFModel], tmp_path: Path
) -> None:
    text, projector = exported()
    for name, source in (("text", text), ("projector", projector)):
        whole = source.read_bytes()
        for damaged in (whole[: len(whole) // 2], whole[: 100 * (name == "text")]):
            path = tmp_path / "damaged.gguf"
            path.write_bytes(damaged)
            with pytest.raises(ModelError, match=r"damaged\.gguf"):
                opened(**{name: path})
    path.write_bytes(text.read_bytes()[:-800] + b"\xff" * 800)
    with pytest.raises(ModelError, match=r"damaged\.gguf"):
        opened(text=path)


def test_a_projector_of_another_model_is_told_from_the_right_one(
    exported: Any, opened: Callable[..., GGUFModel], tmp_path: Path
) -> None:
    keys = {"clip.vision.projection_dim": 128}
    narrow = rewritten(exported()[1], tmp_path / "mmproj-other.gguf", keys=keys, tensor=narrowed)
    with pytest.raises(ModelError, match=r"mmproj-other\.gguf does not belong to .*128 numbers.*192"):
        opened(projector=narrow)
    with pytest.raises(ModelError, match="is no projector"):
        opened(projector=exported()[0])


def narrowed(name: str, data: Any) -> Any:
    return data[:, :128].copy() if name == "mm.input_projection.weight" else data


def test_a_context_too_small_for_a_picture_is_refused_when_it_is_opened(
    opened: Callable[..., GGUFModel],
) -> None:
    with pytest.raises(ModelError, match="A picture takes 36 tokens, but the context holds 30") as caught:
        opened(context_length=30)

    assert "context_length=" in str(caught.value.hint)


def test_the_card_tells_what_is_in_force(opened: Callable[..., GGUFModel]) -> None:
    card = opened(context_length=300).card

    assert card.context_length == 300
    assert card.device == "CPU, 1 thread"
    assert set(card.libraries) >= {"llama-cpp-python", "llama.cpp"}


def test_nothing_of_llama_cpp_reaches_the_terminal_unless_it_is_debugged(
    opened: Callable[..., GGUFModel], question: Callable[..., Request], capfd: pytest.CaptureFixture[str]
) -> None:
    quiet = opened()
    list(quiet.generate([question(sampling=Sampling(1.0))]))
    quiet.close()
    silence = capfd.readouterr()
    loud = opened(debug=True)
    loud.close()

    assert silence == ("", "")
    assert "llama_model_loader" in capfd.readouterr().err
