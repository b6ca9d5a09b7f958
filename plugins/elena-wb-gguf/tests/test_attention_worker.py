"""llama.cpp may die, hang or run out of memory while it is looked at; and its tensors may not be what they were."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import psutil
import pytest
from elena_wb_gguf import tensors
from elena_wb_gguf.capture import Capture
from elena_wb_gguf.model import GGUFModel
from elena_wb_gguf.native import EngineError

from elena_wb.core import AttentionQuestion, ModelError, OutOfMemoryError, Request, Target, WorkbenchError

LONG = "The hands are lifted high. " * 230
WANTED = AttentionQuestion((Target("answer", ((0, len(LONG)),)),), heads="each")
SHORT = AttentionQuestion((Target("answer", ((0, 3),)),))


def after(seconds: float, act: Callable[[], object]) -> threading.Thread:
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


@pytest.mark.parametrize(
    ("how", "error"), [(signal.SIGABRT, WorkbenchError), (signal.SIGKILL, OutOfMemoryError)]
)
def test_a_child_that_dies_while_it_looks_fails_one_look(
    how: signal.Signals,
    error: type[WorkbenchError],
    opened: Callable[..., GGUFModel],
    question: Callable[..., Request],
) -> None:
    model = opened()
    expected = model.attend(question(), "Joy", SHORT).weights
    killed = model.pid
    assert killed is not None
    killer = after(0.1, lambda: os.kill(killed, how))
    with pytest.raises(WorkbenchError, match=how.name) as caught:
        model.attend(question(), LONG, WANTED)
    killer.join()

    assert type(caught.value) is error
    assert (model.attend(question(), "Joy", SHORT).weights == expected).all()
    assert model.pid != killed
    (response,) = model.generate([question()])
    assert response.error is None


def test_a_child_that_hangs_while_it_looks_is_ended(
    opened: Callable[..., GGUFModel], question: Callable[..., Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = opened()
    hanging = psutil.Process(model.pid)
    hanging.suspend()
    with monkeypatch.context() as patch:
        patch.setattr("elena_wb_gguf.model._ANSWERING_S", 0.2)
        with pytest.raises(WorkbenchError, match="nothing was heard") as caught:
            model.attend(question(), "Joy", SHORT)

    assert type(caught.value) is WorkbenchError
    assert model.attend(question(), "Joy", SHORT).tokens[0] > 0
    assert not hanging.is_running()


def test_a_model_that_dies_at_every_look_is_given_up(
    opened: Callable[..., GGUFModel], question: Callable[..., Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = opened()
    monkeypatch.setattr("elena_wb_gguf.model._MOST_CRASHES", 2)
    for expected in (WorkbenchError, ModelError):
        model.attention_methods()
        child = psutil.Process(model.pid) if model.pid is not None else None
        assert child is not None
        child.suspend()
        killer = after(0.1, child.kill)
        with pytest.raises(WorkbenchError, match="SIGKILL") as caught:
            model.attend(question(), "Joy", SHORT)
        killer.join()
        assert ("in succession" in str(caught.value)) == (expected is ModelError)
        if expected is WorkbenchError:
            model._living()


class EnoughError(Exception):
    """What a signal raises in the middle of waiting, as Ctrl-C does."""


def test_a_look_that_was_broken_off_leaves_a_model_that_answers_what_is_asked_next(
    opened: Callable[..., GGUFModel], question: Callable[..., Request]
) -> None:
    def stop(*_: object) -> None:
        raise EnoughError

    model = opened()
    expected = model.attend(question(), "Joy", SHORT).weights
    child, before = model.pid, signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.15)
        with pytest.raises(EnoughError):
            for _ in range(100):
                model.attend(question(), LONG, WANTED)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    (response,) = model.generate([question()])

    assert response.error is None
    assert (model.attend(question(), "Joy", SHORT).weights == expected).all()
    assert model.pid == child


def test_too_little_memory_is_told_as_such(
    opened: Callable[..., GGUFModel], question: Callable[..., Request]
) -> None:
    model = opened()
    list(model.generate([question()]))
    assert model.pid is not None
    taken = psutil.Process(model.pid).memory_info().vms
    resource.prlimit(model.pid, resource.RLIMIT_AS, (taken, taken))
    with pytest.raises(OutOfMemoryError) as caught:
        model.attend(question(), LONG, WANTED)

    assert caught.value.hint
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        (response,) = model.generate([question()])
        if response.error is None:
            break
    assert response.error is None


def test_a_closed_model_says_so(opened: Callable[..., GGUFModel], question: Callable[..., Request]) -> None:
    model = opened()
    model.close()
    with pytest.raises(ModelError, match="closed"):
        model.attend(question(), "Joy", SHORT)


@pytest.fixture
def made() -> Iterator[Callable[..., int]]:
    """Makes a tensor of a type and shape, without data."""
    library = tensors._library()
    context = library.ggml_init(tensors._InitParameters(1 << 16, None, True))
    yield lambda kind, *shape: library.ggml_new_tensor_4d(context, kind, *shape)
    library.ggml_free(context)


@pytest.mark.parametrize(
    ("kind", "shape"), [(0, (256, 3, 4, 1)), (1, (256, 3, 4, 1)), (0, (256, 3, 4, 2)), (8, (256, 3, 4, 1))]
)
def test_only_float32_with_data_is_read(kind: int, shape: tuple[int, ...], made: Callable[..., int]) -> None:
    with pytest.raises(EngineError, match="not known here"):  # the first is as it should be, but has no data
        tensors.scores(made(kind, *shape))


def test_rows_outside_a_tensor_are_never_read(made: Callable[..., int]) -> None:
    found = tensors.Scores(made(0, 256, 3, 4, 1), heads=4, queries=3, keys=256)
    for head, start, count in ((4, 0, 1), (-1, 0, 1), (0, 3, 1), (0, 2, 2), (0, -1, 1), (0, 0, 0)):
        with pytest.raises(EngineError, match="no such rows"):
            found.rows(head, start, count)


def test_tensors_kept_in_another_form_are_not_read_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    class Shifted(ctypes.Structure):
        _fields_: ClassVar[list[Any]] = [("new", ctypes.c_int64), *tensors._Record._fields_]

    tensors._library.cache_clear()
    monkeypatch.setattr(tensors, "_Record", Shifted)
    with pytest.raises(EngineError, match="form that is not known"):
        tensors._library()
    monkeypatch.undo()
    assert tensors._library() is not None


def test_what_the_callback_raises_comes_out_of_the_listening() -> None:
    capture = Capture()
    with pytest.raises(EngineError, match="layer 3"):
        capture.listen([3, 5], lambda *_: None, lambda: None)
    assert capture._called(1, True, None) is False  # nobody listens: not even the name is read
