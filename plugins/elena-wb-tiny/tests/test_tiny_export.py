"""The embedded model written as GGUF files."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from elena_wb_tiny.gguf_export import FORMATS, MEANT_FOR_KEY, export_gguf
from elena_wb_tiny.gguf_tensors import read_tensors
from elena_wb_tiny.provider import WEIGHTS, TinyOptions, TinyProvider
from gguf import GGUFReader, dequantize

from elena_wb.core import Exports, ModelError, UsageError
from elena_wb.errors import SetupError


def _export(out: Path, format_name: str) -> list[Path]:
    return list(TinyProvider().export("", TinyOptions(), out, format_name))


def _tensors(path: Path) -> dict[str, np.ndarray]:
    return {one.name: dequantize(one.data, one.tensor_type) for one in GGUFReader(path).tensors}


def test_the_provider_says_that_it_exports_and_full_precision_is_the_default() -> None:
    assert isinstance(TinyProvider(), Exports)
    assert next(iter(TinyProvider.formats)) == "f32"


@pytest.mark.parametrize("format_name", list(FORMATS))
def test_the_same_export_twice_gives_the_same_bytes(tmp_path: Path, format_name: str) -> None:
    first, again = _export(tmp_path / "first", format_name), _export(tmp_path / "again", format_name)
    assert [path.name for path in first] == [path.name for path in again]
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("format_name", "most"), [("f32", 0.0), ("f16", 0.0), ("q8_0", 0.01), ("q4_0", 0.15)]
)
def test_the_weights_come_out_again_within_the_step_of_their_format(
    tmp_path: Path, format_name: str, most: float
) -> None:
    text, projector = _export(tmp_path, format_name)
    for path, tensors in zip((text, projector), read_tensors(WEIGHTS), strict=True):
        written = _tensors(path)
        assert written.keys() == tensors.keys()
        for name, tensor in tensors.items():
            error = np.abs(written[name].reshape(tensor.shape) - tensor).max() / np.abs(tensor).max()
            assert error <= most, name


def test_formats_share_a_projector_and_one_folder_holds_them_all(tmp_path: Path) -> None:
    for format_name in FORMATS:
        _export(tmp_path, format_name)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *(f"elena-tiny-{name}.gguf" for name in sorted(FORMATS)),
        "mmproj-elena-tiny-f16.gguf",
        "mmproj-elena-tiny-f32.gguf",
    ]


def test_both_files_say_what_they_are_and_what_the_model_is_meant_for_and_name_no_person(
    tmp_path: Path,
) -> None:
    for path, kind in zip(_export(tmp_path, "q8_0"), ("model", "mmproj"), strict=True):
        fields = GGUFReader(path).fields
        assert fields["general.type"].contents() == kind
        assert fields["general.name"].contents() == "elena-wb tiny"
        assert fields["general.license"].contents() == "apache-2.0"
        assert list(fields[MEANT_FOR_KEY].contents()) == ["stimuli"]
        assert not [name for name in fields if "author" in name or "url" in name]


def test_files_of_others_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mmproj-elena-tiny-f16.gguf").write_bytes(b"mine")
    with pytest.raises(UsageError, match="mmproj-elena-tiny-f16"):
        _export(tmp_path, "f16")
    assert [path.name for path in tmp_path.iterdir()] == ["mmproj-elena-tiny-f16.gguf"]
    assert (tmp_path / "mmproj-elena-tiny-f16.gguf").read_bytes() == b"mine"


def test_an_unknown_format_a_second_model_and_a_file_in_the_way_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="q2_k"):
        _export(tmp_path, "q2_k")
    with pytest.raises(ModelError, match="huge"):
        TinyProvider().export("huge", TinyOptions(), tmp_path, "f16")
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UsageError, match="is a file"):
        _export(tmp_path / "taken", "f16")


def test_without_the_package_the_command_that_installs_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(SetupError) as caught:
        _export(tmp_path, "f16")
    assert caught.value.hint == "Run: pip install 'elena-wb-tiny[export]'"


def test_weights_with_a_part_that_a_gguf_has_no_place_for_are_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    (tmp_path / "weights").mkdir()
    save_file(
        {"language_model.model.extra.weight": np.zeros(3, np.float32)}, tmp_path / "weights/model.safetensors"
    )
    with pytest.raises(ModelError, match="extra"):
        export_gguf(tmp_path / "weights", tmp_path / "out", "f16", ())


def test_text_is_split_into_the_tokens_of_the_models_own_tokenizer(tmp_path: Path) -> None:
    llama_cpp = pytest.importorskip("llama_cpp")
    from elena_wb_tiny.grammar import PROMPTS
    from tokenizers import Tokenizer

    own = Tokenizer.from_file(str(WEIGHTS / "tokenizer.json"))
    text, _ = _export(tmp_path, "q4_0")
    exported = llama_cpp.Llama(str(text), vocab_only=True, verbose=False)
    texts = [
        f"<start_of_turn>user\n\n\n{prompt}<end_of_turn>\n<start_of_turn>model\n"
        for prompt in PROMPTS.values()
    ]
    texts += [
        "Don't look (at 12:30)!",
        "Zürich – naïve, 日本語 😀",
        '{"emotion":"Fear","valence":3}\n\nyes; no: "maybe"',
    ]
    try:
        for one in texts:
            tokens = exported.tokenize(one.encode(), add_bos=False, special=True)
            assert tokens == own.encode(one, add_special_tokens=False).ids, one
    finally:
        exported.close()
