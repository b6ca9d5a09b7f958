"""What was asked and may be paid for is kept, whatever ends a run or a call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from elena_wb import builtin
from elena_wb.core import Quota, Request, Response, SetupError
from elena_wb.engine import Answered, Event, RunFinished, study
from elena_wb.plugins import build_host
from elena_wb.remote.ledger import Ledger, Reservation
from elena_wb.store import Store
from tests import scripted

Pictures = Callable[..., Path]


class Odd(scripted.ScriptedModel):
    """Answers its fourth question with ``odd``, or dies of it."""

    odd: Response | type[BaseException]

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        if len(self.batches) != 3:
            yield from super().generate(requests)
            return
        self.batches.append(len(requests))
        if isinstance(self.odd, type):
            raise self.odd("fell over")
        yield self.odd


class ListeningError(Exception):
    """What a listener may raise."""


def planned(folder: Path, store: Store, options: str) -> study.Study:
    host = build_host([], [("builtin", builtin), ("scripted", scripted)])
    request = study.Request(sources=[folder], model_uri=f"scripted:?batch=1&{options}", prompts=["naive"])
    return study.plan_study(request, host, store)


def stored(store: Store, what: str = "count(*)") -> object:
    with store.read() as connection:
        ((found,),) = connection.execute(f"SELECT {what} FROM generations").fetchall()
    return found


@pytest.mark.parametrize("breaks", ["listener", "ledger"])
def test_calls_under_way_are_kept_when_the_run_breaks_off(
    breaks: str, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, log, stop = Store(tmp_path / "store.duckdb"), tmp_path / "log", threading.Event()
    plan = planned(pictures(30), store, f"concurrency=8&delay=0.2&rpm=1000&log={log}")
    entered: list[int] = []

    def reserve(self: Ledger, quota: Quota, tokens: int) -> Reservation:
        entered.append(tokens)
        if breaks == "ledger" and len(entered) == 7:
            raise SetupError("The disk is full.")
        return Reservation(len(entered))

    def listen(event: Event) -> None:
        if breaks == "listener" and isinstance(event, Answered):
            raise ListeningError

    monkeypatch.setattr(Ledger, "reserve", reserve)
    with pytest.raises((ListeningError, SetupError)):
        plan.carry_out(store, listener=listen, stop=stop)
    asked = log.read_text().count("asked")
    assert asked >= 4
    assert stored(store) == asked
    assert stop.is_set()


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize(
    "odd",
    [
        SystemExit,
        GeneratorExit,
        Response(0, None, "stop"),  # type: ignore[arg-type]
        Response(0, "x", "stop", -7),
    ],
)
def test_an_answer_that_cannot_be_read_fails_alone(
    odd: Response | type[BaseException], concurrency: int, pictures: Pictures, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store.duckdb")
    plan = planned(pictures(8), store, f"concurrency={concurrency}")
    opened = plan.address.open()
    assert isinstance(opened, scripted.ScriptedModel)
    model = Odd(opened.options, opened.card)
    model.odd = odd
    (result,) = plan.carry_out(store, listener=lambda event: None, open_model=lambda: model)
    assert replace(result, seconds=0.0) == RunFinished(1, "partial", 7, 0, 0, 1, 0.0, 0.0)
    assert stored(store, "string_agg(error)")
