"""llama.cpp may die; the program that asked lives on and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from elena_wb_gguf.loading import Loading
from elena_wb_gguf.model import GGUFModel, open_model

from elena_wb.core import ModelCard, ModelError, Request, Sampling

LONG = {"type": "array", "items": {"const": "again and again and again"}, "minItems": 250}
"""A schema that keeps the model writing for some seconds."""


@pytest.fixture
def opened(exported: Any, card: ModelCard) -> Iterator[Callable[..., GGUFModel]]:
    models: list[GGUFModel] = []

    def open_one(**given: Any) -> GGUFModel:
        text, projector = exported()
        settings: dict[str, Any] = {"text": text, "projector": projector, "threads": 1} | given
        model = open_model(Loading(**settings), card)
        assert isinstance(model, GGUFModel)
        models.append(model)
        return model

    yield open_one
    for model in models:
        model.close()


def killed_while_answering(model: GGUFModel, request: Request, how: signal.Signals) -> str:
    """The error of ``request``, during whose answer the child gets a signal."""

    def kill() -> None:
        while model.pid is None:  # it is being started anew
            time.sleep(0.02)
        time.sleep(0.3)
        os.kill(model.pid, how)

    killer = threading.Thread(target=kill)
    killer.start()
    (response,) = model.generate([request])
    killer.join()
    assert response.finish_reason == "error"
    return str(response.error)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV])
def test_a_child_that_dies_while_it_answers_fails_one_request(
    opened: Callable[..., GGUFModel], question: Callable[..., Request], how: signal.Signals
) -> None:
    model = opened()
    long = question(schema=LONG, max_tokens=1900)

    assert how.name in killed_while_answering(model, long, how)
    first, second = model.generate([question("One?"), question("Two?")])
    assert (first.error, second.error) == (None, None)
    assert first.text


def test_a_child_that_died_while_nobody_asked_fails_no_request(
    opened: Callable[..., GGUFModel], question: Callable[..., Request]
) -> None:
    model = opened()
    gone = psutil.Process(model.pid)
    gone.kill()
    gone.wait(5)
    (response,) = model.generate([question()])

    assert response.error is None


def test_three_crashes_in_succession_end_the_run(
    opened: Callable[..., GGUFModel], question: Callable[..., Request]
) -> None:
    model = opened()
    long = question(schema=LONG, max_tokens=1900)
    for _ in range(2):
        killed_while_answering(model, long, signal.SIGABRT)
    with pytest.raises(ModelError, match="3 times in succession"):
        killed_while_answering(model, long, signal.SIGABRT)


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
        ("projector", "clip.vision.embedding_length", struct.pack("<I", 7)),
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
        for damaged in (whole[: len(whole) // 2], whole[:100], b""):
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
    narrow = with_narrow_projection(exported()[1], tmp_path / "mmproj-other.gguf")
    with pytest.raises(ModelError, match=r"mmproj-other\.gguf does not belong to .*128 numbers.*192"):
        opened(projector=narrow)
    with pytest.raises(ModelError, match="is no projector"):
        opened(projector=exported()[0])


def with_narrow_projection(source: Path, out: Path) -> Path:
    """A copy of a projector that makes vectors of 128 numbers."""
    import gguf

    reader = gguf.GGUFReader(str(source))
    writer = gguf.GGUFWriter(str(out), "clip")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        kind = field.types[0]
        value = 128 if field.name == "clip.vision.projection_dim" else field.contents()
        sub = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, value, kind, sub)
    for tensor in reader.tensors:
        data = tensor.data
        if tensor.name == "mm.input_projection.weight":
            data = data[:, :128].copy()
        writer.add_tensor(tensor.name, data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out


def test_a_context_too_small_for_a_picture_is_refused_when_it_is_opened(
    opened: Callable[..., GGUFModel],
) -> None:
    with pytest.raises(ModelError, match="A picture takes 36 tokens, but the context holds 30") as caught:
        opened(context_length=30)

    assert "context_length=" in str(caught.value.hint)


def test_a_failing_request_among_good_ones_is_an_answer_like_the_others(
    opened: Callable[..., GGUFModel], question: Callable[..., Request]
) -> None:
    model = opened(context_length=200)
    good, long, wrong, again = model.generate(
        [question(), question("word " * 300), question(schema={"type": "fancy"}), question()]
    )

    assert good.text == again.text != ""
    assert "context_length=" in str(long.error)
    assert "JSON Schema" in str(wrong.error)
    assert list(model.generate([])) == []


def test_the_card_tells_what_is_in_force(opened: Callable[..., GGUFModel]) -> None:
    card = opened(context_length=300).card

    assert card.context_length == 300
    assert card.device == "CPU, 1 thread"
    assert set(card.libraries) >= {"llama-cpp-python", "llama.cpp"}


def test_closing_twice_is_harmless_and_ends_process_and_threads(
    opened: Callable[..., GGUFModel], question: Callable[..., Request]
) -> None:
    before = threading.active_count()
    model = opened()
    child = psutil.Process(model.pid)
    next(model.generate([question(), question()]))
    model.close()
    model.close()

    assert not child.is_running()
    assert threading.active_count() == before
    with pytest.raises(ModelError, match="closed"):
        list(model.generate([question()]))


PARENT = """
import json, sys, time, hashlib
import numpy as np
from pathlib import Path
from elena_wb.core import ModelCard, Request
from elena_wb_gguf.loading import Loading
from elena_wb_gguf.model import GGUFModel

text, projector, schema = sys.argv[1:]
model = GGUFModel(Loading(Path(text), Path(projector), threads=1), ModelCard("gguf:x", "x", "0"))
print(model.pid, flush=True)
image = np.zeros((40, 40, 3), np.uint8)
list(model.generate([Request(image, "0", "", "Tell", schema=json.loads(schema), max_tokens=1900)] * 50))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_the_child_goes_when_its_parent_is_ended_while_it_answers(exported: Any, how: signal.Signals) -> None:
    arguments = [sys.executable, "-c", PARENT, *map(str, exported()), json.dumps(LONG)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        time.sleep(0.5)
        parent.send_signal(how)
        parent.wait(10)
        child.wait(5)

    assert not child.is_running()


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
