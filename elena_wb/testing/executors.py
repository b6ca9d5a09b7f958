"""The contract of an executor: ``check_executor`` tries everything that the host relies on."""

from __future__ import annotations

import contextlib
import os
import platform
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from elena_wb.core import (
    Executor,
    KnocksOut,
    Model,
    ModelError,
    ModelJob,
    OutOfMemoryError,
    WorkbenchError,
)
from elena_wb.engine.models import ModelAddress
from elena_wb.executors import job_of, open_here
from elena_wb.plugins import plugin_host
from elena_wb.testing import probe
from elena_wb.testing.elsewhere import (
    ENDED_S,
    asked,
    ended,
    must_agree,
    must_not_open,
    must_raise,
    order,
    questions,
    told,
    where,
)
from elena_wb.testing.inspection import Inspection, Report, must
from elena_wb.testing.instances import made, silent
from elena_wb.testing.questions import plain

_MOST_CALLS = 8


def check_executor(
    executor: Executor | Callable[..., Executor],
    options: Mapping[str, str] | None = None,
    *,
    uri: str | None = None,
    deaths: bool = True,
) -> Report:
    """Hold an executor, made with ``options`` as the host makes it, against the contract.

    It is given a model of the check's own, whose answers show what arrived; workers must be able to import this
    package. Where they run on other machines, ``uri`` names a local model that is installed there instead, and only
    its answers are compared. With ``deaths`` a worker is killed twice, where it is not this very process.

    Raises:
        AssertionError: something the contract asks for does not hold; says what, and what was seen.
    """
    name = executor.__name__ if isinstance(executor, type) else type(executor).__name__
    inspection = Inspection(name)
    own = probe.probe_installed() if uri is None else contextlib.nullcontext()
    with silent(inspection), own:
        subject = made(inspection, "executor", executor, options)
        job = _job(uri or probe.URI)
        trial = _Trial(inspection, subject.first, job)
        with inspection.asking("`open` opens a model with the digest of the job"):
            model = subject.first.open(job)
        try:
            trial.check_card(model)
            trial.compare(model)
            trial.ask_at_once(model)
            trial.give_up(model)
            if uri is None:
                trial.check_order(model, deaths=deaths)
            else:
                inspection.leave_out("failures, streaming and workers that die: the model is one of yours")
            trial.check_closing(model, probed=uri is None)
        finally:
            with contextlib.suppress(Exception):
                model.close()
        trial.open_in_vain()
        if uri is None:
            trial.open_offline()
    return inspection.report()


def _job(uri: str) -> ModelJob:
    address = ModelAddress.parse(uri, plugin_host())
    return job_of(address, address.describe())


class _Trial:
    """One executor on trial."""

    def __init__(self, inspection: Inspection, executor: Executor, job: ModelJob) -> None:
        self._inspection = inspection
        self._executor = executor
        self._job = job
        self._is_here = True

    def check_card(self, model: Model) -> None:
        """The model that was opened is the job's, and says how it is to be fed."""
        with self._inspection.asking("the opened model has the digest of the job, and sizes of one or more"):
            must(
                model.card.digest == self._job.card.digest,
                f"{model.card.digest}, not {self._job.card.digest}",
            )
            for name in ("preferred_batch_size", "max_concurrency"):
                size = getattr(model, name)
                must(isinstance(size, int) and size >= 1, f"{name} is {size!r}")

    def compare(self, model: Model) -> None:
        """Its answers are those that the model itself gives here."""
        asking = self._inspection.asking
        with asking("an empty batch has no answers and is no error"):
            must(not (got := list(model.generate([]))), f"{got!r}")
        here = open_here(replace(self._job, offline=False))
        try:
            for what, batch in questions().items():
                with asking(f"{what} are answered as the model itself answers"):
                    must_agree(asked(model, batch), asked(here, batch), batch)
            if isinstance(here, KnocksOut):
                with asking(
                    "a model that can be kept from parts of a picture still can (`require_knock_out`)"
                ):
                    must(isinstance(model, KnocksOut), f"{type(model).__name__} has no `require_knock_out`")
                    if isinstance(model, KnocksOut):
                        model.require_knock_out()
        finally:
            here.close()

    def ask_at_once(self, model: Model) -> None:
        """As many calls at once as it says."""
        calls = min(model.max_concurrency, _MOST_CALLS)
        with self._inspection.asking(
            "calls from other threads, as many as `max_concurrency` says, are answered"
        ):
            batches = [[plain(2 * number), plain(2 * number + 1)] for number in range(2 * calls)]
            alone = [asked(model, batch) for batch in batches]
            with ThreadPoolExecutor(calls) as pool:
                for batch, expected, got in zip(
                    batches, alone, pool.map(lambda batch: asked(model, batch), batches), strict=True
                ):
                    must_agree(got, expected, batch)

    def give_up(self, model: Model) -> None:
        """A call that nobody hears to the end."""
        with self._inspection.asking("a call that is given up half-way leaves the model usable"):
            for _ in range(model.max_concurrency + 1):
                answers = iter(model.generate([plain(number).request for number in range(3)]))
                next(answers)
                close = getattr(answers, "close", None)
                if close is not None:
                    close()
            asked(model, [plain(0)])

    def check_order(self, model: Model, *, deaths: bool) -> None:
        """What the check's own model does when it is told to."""
        asking = self._inspection.asking
        with asking(
            "a request that fails among others fails alone, and its response is as the model gave it"
        ):
            answers = asked(model, [plain(0), order(probe.FAIL), plain(1)])
            failed = answers[1]
            must(
                (failed.finish_reason, failed.error, failed.retryable, failed.trouble, failed.retry_after_s)
                == ("error", "told to fail", True, "server", 2.5),
                f"{failed!r}",
            )
        with asking("responses are handed on as they are made, and not when all are there"):
            started = time.perf_counter()
            times = [
                time.perf_counter() - started
                for _ in model.generate([plain(0).request, order(probe.WAIT).request, plain(1).request])
            ]
            must(
                times[-1] - times[0] > probe.WAIT_S / 2, f"after {', '.join(f'{one:.2f}' for one in times)} s"
            )
        with asking("an OutOfMemoryError of the model is one here, and what was answered before stands"):
            self._check_memory(model)
        with asking("whatever else the model raises is raised here, and the model goes on answering"):
            must_raise(Exception, model, [order(probe.RAISE)])
            asked(model, [plain(0)])
        self._is_here = where(model) == (os.getpid(), platform.node())
        if self._is_here:
            self._inspection.leave_out("workers that die: the model answers in this very process")
        elif deaths:
            self._check_deaths(model)
        else:
            self._inspection.leave_out("workers that die: deaths=False")

    def check_closing(self, model: Model, *, probed: bool) -> None:
        """The end of a model."""
        asking = self._inspection.asking
        process, machine = where(model) if probed else (os.getpid(), "")
        with asking("calling `close` twice is harmless"):
            model.close()
            model.close()
        with asking("`generate` raises a ModelError once the model is closed"):
            must_raise(ModelError, model, [plain(0)])
        if process != os.getpid() and machine == platform.node():
            with asking(f"processes end within {ENDED_S:g} s of `close`"):
                must(ended(process), f"process {process} still runs")

    def open_in_vain(self) -> None:
        """Jobs that cannot be done."""
        asking = self._inspection.asking
        other = replace(self._job, card=replace(self._job.card, digest="0" * 64))
        with asking("another model than the job's (by its digest) is refused with a ModelError"):
            must_not_open(self._executor, other, ModelError)
        unknown = replace(self._job, uri="no-such-scheme:")
        with asking("a model that is not installed there is refused with a WorkbenchError"):
            must_not_open(self._executor, unknown, WorkbenchError)

    def open_offline(self) -> None:
        """What the user has forbidden."""
        if self._is_here:
            self._inspection.leave_out("jobs without network: the model answers in this very process")
            return
        with self._inspection.asking("a job that is `offline` forbids the network to whoever answers"):
            model = self._executor.open(replace(self._job, offline=True))
            try:
                must(told(model)["offline"], "it is allowed there")
            finally:
                model.close()

    def _check_memory(self, model: Model) -> None:
        answered: list[int] = []
        batch = [plain(0), order(probe.MEMORY)]
        try:
            for response in model.generate([question.request for question in batch]):
                answered.append(response.index)
        except OutOfMemoryError:
            must(answered in ([0], []), f"answers to {answered!r}")
        else:
            must(False, f"answers to {answered!r}")
        asked(model, [plain(0)])

    def _check_deaths(self, model: Model) -> None:
        word = f"{probe.DIE_ONCE}{uuid.uuid4().hex}"
        with self._inspection.asking(
            "a worker that dies is replaced, and asked what the dead one had not answered"
        ):
            try:
                asked(model, [plain(0), order(word), plain(1)])
            finally:
                probe.forget(word)
        with self._inspection.asking(
            "a request that no worker survives raises in the end, and costs no other"
        ):
            must_raise(Exception, model, [order(probe.DIE)])
            asked(model, [plain(0), plain(1)])
