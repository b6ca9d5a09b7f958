"""What a progress bar claims about rate and time left."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import pytest
from rich.console import Console

from elena_wb.cli import progress
from elena_wb.engine import Answered, RunStarted


def test_answers_that_come_in_batches_make_no_absurd_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, width=150)
    monkeypatch.setattr(progress, "stderr_console", lambda: console)
    began = time.monotonic()
    with progress.watching(events=False) as listener:
        listener(RunStarted(1, None, "naive", "none", 200, 0, 0))
        time.sleep(0.3)
        for number in range(40):
            listener(Answered(1, str(number), str(number), Path("a.png"), 0, "ok", "fear", None))
    fastest = 40 / 0.3
    rates = [float(rate) for rate in re.findall(r"([\d.]+)/s", drawn.getvalue())]
    assert rates
    assert max(rates) <= fastest
    ((hours, minutes, seconds),) = re.findall(r"(\d):(\d\d):(\d\d) left", drawn.getvalue())[-1:]
    left = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    assert 160 / fastest <= left <= 160 / 40 * (time.monotonic() - began) + 1


def test_a_slow_model_is_told_in_seconds_for_each_answer() -> None:
    assert progress._rate(3, 270.0) == "90 s each"
    assert progress._rate(30, 10.0) == "3.0/s"
    assert progress._rate(1, 0.0) == ""
