"""Headers of GGUF files, read without trusting them."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from elena_wb_gguf import contents
from elena_wb_gguf.header import Header, TensorInfo, read_header
from gguf import GGUFReader, GGUFWriter

from elena_wb.core import ModelError

KEY = b"\x07\0\0\0\0\0\0\0some.ke"


def _file(folder: Path, body: bytes, *, version: int = 3, tensors: int = 0, keys: int = 0) -> Path:
    path = folder / "model.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", version, tensors, keys) + body)
    return path


def _header(**given: object) -> Header:
    values = {
        "path": Path("m.gguf"),
        "values": {},
        "lengths": {},
        "tensors": (),
        "data_offset": 0,
        "file_size": 0,
    }
    return Header(**{**values, **given})


@pytest.mark.parametrize("format_name", ["f32", "q4_0"])
def test_what_is_read_is_what_the_gguf_package_reads(
    format_name: str, exported: Callable[[str], tuple[Path, Path]]
) -> None:
    for path in exported(format_name):
        ours, theirs = read_header(path), GGUFReader(path)
        assert {tensor.name: tensor.kind for tensor in ours.tensors} == {
            one.name: int(one.tensor_type) for one in theirs.tensors
        }
        assert ours.data_offset + ours.tensors[0].offset == theirs.tensors[0].data_offset
        assert contents.parameters([ours]) == sum(int(one.n_elements) for one in theirs.tensors)
        assert contents.stored_bytes(ours) == sum(int(one.n_bytes) for one in theirs.tensors)
        for key, value in ours.values.items():
            found = theirs.fields[key].contents()
            assert (tuple(found) if isinstance(found, list) else found) == value, key
        contents.require_complete(ours)


def test_a_header_with_a_vocabulary_of_262144_tokens_takes_less_than_two_seconds(tmp_path: Path) -> None:
    count = 262_144
    strings = b"".join(
        struct.pack("<Q", 3 + number % 9) + b"abcdefghijklm"[: 3 + number % 9] for number in range(count)
    )
    name = b"tokenizer.ggml.tokens"
    body = struct.pack("<Q", len(name)) + name + struct.pack("<IIQ", 9, 8, count) + strings
    path = _file(tmp_path, body, keys=1)
    started = time.perf_counter()
    header = read_header(path)
    assert time.perf_counter() - started < 2
    assert contents.vocabulary(header) == count
    assert "tokenizer.ggml.tokens" not in header.values


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "no GGUF file"),
        (b"GG", "no GGUF file"),
        (b"PK\x03\x04 a zip archive", "no GGUF file"),
        (b"GGUF", "cut off"),
        (b"GGUF\0\0\0\x03" + bytes(16), "big-endian"),
        (b"GGUF\x01\0\0\0" + bytes(16), "version 1"),
        (b"GGUF\x63\0\0\0" + bytes(16), "version 99"),
        (b"GGUF\0\0\0\0" + bytes(16), "version 0"),
        (b"GGUF\x03\0\0\0" + b"\xff" * 16, "out of all proportion"),
    ],
)
def test_what_is_no_readable_gguf_file_is_a_clear_error(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=complaint) as caught:
        read_header(path)
    assert str(path) in caught.value.message


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (struct.pack("<Q", 2**60), "the key has"),
        (KEY + struct.pack("<I", 77), "no type of values 77"),
        (KEY + struct.pack("<IQ", 8, 2**62), "cut off"),
        (KEY + struct.pack("<IIQ", 9, 4, 2**61), "longer than the file"),
        (KEY + struct.pack("<IIQ", 9, 8, 2**61), "longer than the file"),
        (KEY + struct.pack("<IIQ", 9, 9, 1), "no type of values 9"),
        (KEY + struct.pack("<IIQ", 9, 8, 2) + struct.pack("<Q", 2**63) * 2, "cut off"),
        (b"\x11\0\0\0\0\0\0\0general.alignment" + struct.pack("<II", 4, 0), "alignment"),
    ],
)
def test_lengths_and_counts_are_not_believed(tmp_path: Path, body: bytes, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        read_header(_file(tmp_path, body, keys=1))


def test_texts_without_number_are_not_walked_through(tmp_path: Path) -> None:
    path = _file(tmp_path, KEY + struct.pack("<IIQ", 9, 8, 30_000_000), keys=1)
    with path.open("r+b") as file:
        file.truncate(250 * 2**20)  # takes no room on the disk; zeros are the lengths of empty texts
    with pytest.raises(ModelError, match="out of all proportion"):
        read_header(path)


def test_a_tensor_with_too_many_dimensions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="1000 dimensions"):
        read_header(_file(tmp_path, b"\x01\0\0\0\0\0\0\0w" + struct.pack("<I", 1000), tensors=1))


def test_a_header_cut_at_any_place_or_changed_at_random_is_an_error_or_a_header(
    tmp_path: Path, exported: Callable[[str], tuple[Path, Path]]
) -> None:
    whole = exported("q4_0")[1].read_bytes()
    path, chance = tmp_path / "model.gguf", random.Random(5)
    for _ in range(150):
        cut = chance.randrange(4, read_header(exported("q4_0")[1]).data_offset - 32)
        path.write_bytes(whole[:cut])
        with pytest.raises(ModelError):
            read_header(path)
    for _ in range(300):
        changed = bytearray(whole[:6000])
        for _ in range(chance.randrange(1, 5)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        path.write_bytes(changed)
        try:
            header = read_header(path)
            contents.quantisation([header])
            contents.require_complete(header)
        except ModelError:
            pass


def test_a_file_whose_weights_were_cut_off_is_found_by_its_size(
    tmp_path: Path, exported: Callable[[str], tuple[Path, Path]]
) -> None:
    path = tmp_path / "half.gguf"
    path.write_bytes(exported("q8_0")[0].read_bytes()[:-1000])
    with pytest.raises(ModelError, match="cut off") as caught:
        contents.require_complete(read_header(path))
    assert caught.value.hint == "Fetch the file again."


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        read_header(tmp_path / "absent.gguf")
    with pytest.raises(ModelError, match="directory"):
        read_header(tmp_path)


@pytest.mark.parametrize(
    ("told", "kind", "shown"),
    [
        (15, 12, "Q4_K_M"),
        (7, 8, "Q8_0"),
        (1, 12, "Q4_K"),
        (0, 0, "F32"),
        (None, 30, "BF16"),
        (1024, 2, "Q4_0"),
    ],
)
def test_the_quantisation_is_what_the_file_says_unless_its_weights_say_otherwise(
    told: int | None, kind: int, shown: str
) -> None:
    values = {} if told is None else {"general.file_type": told}
    tensors = (TensorInfo("a", (64, 64), kind, 0), TensorInfo("norm", (10**6,), 0, 0))
    assert contents.quantisation([_header(values=values, tensors=tensors)]) == shown


def test_a_type_of_the_future_has_its_number_and_no_size() -> None:
    header = _header(tensors=(TensorInfo("a", (64, 64), 999, 0),))
    assert contents.quantisation([header]) == "type 999"
    assert contents.stored_bytes(header) == 0
    contents.require_complete(header)


def test_a_file_written_by_the_package_with_short_lists_keeps_them(tmp_path: Path) -> None:
    writer = GGUFWriter(tmp_path / "m.gguf", "gemma3")
    writer.add_head_count_kv([2, 4, 2])
    writer.add_array("elena_wb.meant_for", ["stimuli", "others"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    header = read_header(tmp_path / "m.gguf")
    assert header.values["gemma3.attention.head_count_kv"] == (2, 4, 2)
    assert contents.meant_for(header) == ("stimuli", "others")
