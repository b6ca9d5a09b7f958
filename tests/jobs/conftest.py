"""A store's jobs as real processes, with the plugin ``scripted`` installed for them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from elena_wb.jobs import Job, jobs, submit

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Queue:
    """The jobs of one store, for tests."""

    store: Path
    pictures: Path

    def submit(self, *arguments: str, title: str = "a job") -> Job:
        return submit(self.store, arguments, title)

    def run(self, options: str = "", *more: str) -> Job:
        return self.submit(
            "run", str(self.pictures), "-m", f"scripted:?{options}", "--events", "jsonl", *more
        )

    def job(self, number: int) -> Job:
        return next(job for job in jobs(self.store) if job.number == number)

    def wait(self, number: int, *states: str) -> Job:
        """The job once it is in one of the states; any end if none is named."""
        wanted = states or ("done", "partial", "failed", "cancelled", "lost")
        until = time.monotonic() + PATIENCE_S
        while (job := self.job(number)).state not in wanted:
            assert time.monotonic() < until, f"{job} is still {job.state}"
            time.sleep(0.02)
        return job

    def wait_for(self, what: Callable[[], object]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not what():
            assert time.monotonic() < until
            time.sleep(0.02)

    def processes(self) -> Sequence[psutil.Process]:
        """Every process that works for this store."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if str(self.store) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def keeper(self) -> psutil.Process:
        """The process that works through the queue."""
        (found,) = (one for one in self.processes() if "elena_wb.jobs" in one.cmdline())
        return found

    def kill_all(self) -> None:
        """As when the machine goes down: nothing has the time to notice that something else ended."""
        for _ in range(5):
            found = self.processes()
            for deed in (psutil.Process.suspend, psutil.Process.kill):
                for process in found:
                    with contextlib.suppress(psutil.Error):
                        deed(process)
            psutil.wait_procs(found, timeout=PATIENCE_S)


@pytest.fixture
def queue(
    tmp_path: Path, program, pictures: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Queue]:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(program.site), os.getcwd()]))  # noqa: PTH109
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    made = Queue(tmp_path / "store.duckdb", pictures(8))
    yield made
    made.kill_all()
    assert not made.processes()
