"""llama.cpp may die; the program that asked lives on and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil
import pytest
from elena_wb_gguf.model import GGUFModel

from elena_wb.core import ModelError, Request

LONG = {"type": "array", "items": {"const": "again and again and again"}, "minItems": 250}
"""A schema that keeps the model writing for some seconds."""


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


def test_a_child_that_dies_while_it_answers_fails_one_request(
    opened: Callable[..., GGUFModel], question: Callable[..., Request]
) -> None:
    model = opened()
    long = question(schema=LONG, max_tokens=1900)

    assert "SIGKILL" in killed_while_answering(model, long, signal.SIGKILL)
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


@pytest.mark.parametrize("side", [20, 600])  # 600: more than a pipe takes in at once
def test_a_child_that_hangs_fails_one_request(
    opened: Callable[..., GGUFModel],
    question: Callable[..., Request],
    monkeypatch: pytest.MonkeyPatch,
    side: int,
) -> None:
    model = opened()
    hanging = psutil.Process(model.pid)
    hanging.suspend()
    with monkeypatch.context() as patch:
        patch.setattr("elena_wb_gguf.model._ANSWERING_S", 0.2)
        (first,) = model.generate([question(image=np.zeros((side, side, 3), np.uint8))])
    (second,) = model.generate([question()])

    assert "nothing was heard of llama.cpp" in str(first.error)
    assert second.error is None
    assert not hanging.is_running()


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


class EnoughError(Exception):
    """What a signal raises in the middle of waiting, as Ctrl-C does."""


def test_a_wait_that_was_broken_off_leaves_a_model_that_answers_what_is_asked_next(
    opened: Callable[..., GGUFModel], question: Callable[..., Request]
) -> None:
    def stop(*_: object) -> None:
        raise EnoughError

    model = opened()
    (expected,) = model.generate([question("What now?")])
    child = model.pid
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(EnoughError):
            list(model.generate([question(schema=LONG, max_tokens=1900)]))
    finally:
        signal.signal(signal.SIGALRM, before)
    started = time.perf_counter()
    (response,) = model.generate([question("What now?")])

    assert response.text == expected.text
    assert model.pid == child
    assert time.perf_counter() - started < 2.0, "the answer that nobody waited for was given up"


PARENT = """
import json, sys
from pathlib import Path
import numpy as np
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
