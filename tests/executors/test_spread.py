"""One model of several workers: who is asked, who is replaced, and what becomes of the questions."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from elena_wb.core import (
    KnocksOut,
    Model,
    ModelCard,
    ModelError,
    ModelJob,
    Needs,
    Notifies,
    OutOfMemoryError,
    Request,
    Response,
    SetupError,
    WorkbenchError,
)
from elena_wb.executors import Opened, Spread, WorkerLostError, raised, told
from elena_wb.remote.redaction import hide

CARD = ModelCard("scripted:", "scripted", "d" * 64)
JOB = ModelJob("scripted:", CARD, Needs(), offline=False)
OPENED = Opened(CARD, preferred_batch_size=4, max_concurrency=1, knocks_out=False, no_knock_out=None)


class Crew:
    """Makes scripted workers and remembers what became of them."""

    def __init__(self) -> None:
        self.made: list[Scripted] = []
        self.taken: Counter[str] = Counter()
        self.opens: Callable[[Scripted], Opened] = lambda worker: OPENED
        self.deadly: Callable[[Scripted, str], bool] = lambda worker, question: False
        self.gate: threading.Event | None = None
        self.at_once = self.most_at_once = 0
        self.guard = threading.Lock()

    def __call__(self, number: int) -> Scripted:
        with self.guard:
            worker = Scripted(self, number, len(self.made))
            self.made.append(worker)
        return worker

    @property
    def deaths(self) -> int:
        return sum(worker.died for worker in self.made)

    def spread(self, workers: int) -> Spread:
        return Spread(JOB, self, workers)


class Scripted:
    def __init__(self, crew: Crew, number: int, serial: int) -> None:
        self.crew, self.number, self.serial = crew, number, serial
        self.closed, self.died = threading.Event(), False

    def open(self) -> Opened:
        return self.crew.opens(self)

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        crew = self.crew
        with crew.guard:
            crew.at_once += 1
            crew.most_at_once = max(crew.most_at_once, crew.at_once)
        try:
            for index, request in reversed(list(enumerate(requests))):
                while crew.gate is not None and not crew.gate.wait(0.01):
                    if self.closed.is_set():
                        raise WorkerLostError("closed")
                if request.user == "too much":
                    raise OutOfMemoryError("it does not fit")
                if self.died or self.closed.is_set() or crew.deadly(self, request.user):
                    self.died = True
                    raise WorkerLostError("its process was ended by SIGKILL")
                crew.taken[request.user] += 1
                yield Response(index, request.user, "stop")
        finally:
            with crew.guard:
                crew.at_once -= 1

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def crew() -> Crew:
    return Crew()


def ask(*questions: str) -> list[Request]:
    blank = np.zeros((2, 2, 3), np.uint8)
    return [Request(blank, "0" * 64, "", question) for question in questions]


def answers(model: Model, *questions: str) -> dict[int, str]:
    """Index → text; each index comes once."""
    found: dict[int, str] = {}
    for response in model.generate(ask(*questions)):
        assert response.index not in found
        found[response.index] = response.text
    return found


def in_threads(count: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_it_is_a_model_that_answers_as_wide_as_its_workers_are_together(crew: Crew) -> None:
    crew.opens = lambda worker: replace(
        OPENED, max_concurrency=2 if worker.number else 1, preferred_batch_size=4 + worker.number
    )
    model = crew.spread(3)
    assert isinstance(model, Model)
    assert isinstance(model, Notifies)
    assert not isinstance(model, KnocksOut)
    assert (model.max_concurrency, model.preferred_batch_size) == (5, 4)
    assert model.card == replace(CARD, notes=model.card.notes)
    assert "copies of the model" in model.card.notes[-1]
    crew.gate = threading.Event()
    threading.Timer(0.2, crew.gate.set).start()
    in_threads(8, lambda number: answers(model, f"{number}a", f"{number}b"))
    assert crew.most_at_once == 5
    assert set(crew.taken.values()) == {1}
    assert len(crew.taken) == 16
    model.close()
    model.close()
    assert all(worker.closed.is_set() for worker in crew.made)
    with pytest.raises(ModelError, match="was closed"):
        answers(model, "late")


def test_what_a_dead_worker_had_not_answered_is_asked_again_and_nothing_twice(crew: Crew) -> None:
    crew.deadly = lambda worker, question: worker.serial == 0 and question == "2"
    model, news = crew.spread(1), []
    model.notify(news.append)
    assert answers(model, *"01234") == {index: str(index) for index in range(5)}
    assert crew.taken == Counter("01234")
    assert [worker.number for worker in crew.made] == [0, 0]
    assert news == ["Worker 1 was lost and is being replaced: its process was ended by SIGKILL"]


def test_others_go_on_while_one_is_being_replaced(crew: Crew) -> None:
    ready = threading.Event()

    def opens(worker: Scripted) -> Opened:
        assert worker.serial < 2 or ready.wait(30)
        return OPENED

    crew.opens = opens
    crew.deadly = lambda worker, question: question == "deadly" and not crew.deaths
    model = crew.spread(2)
    assert answers(model, "deadly", "a", "b") == {0: "deadly", 1: "a", 2: "b"}
    while len(crew.made) < 3:
        time.sleep(0.01)
    assert crew.deaths == 1
    ready.set()


def test_a_question_that_kills_whoever_is_asked_takes_no_other_with_it(crew: Crew) -> None:
    crew.deadly = lambda worker, question: question == "poison"
    model = crew.spread(2)
    questions = [*map(str, range(11)), "poison", *map(str, range(12, 16))]
    came = {}
    with pytest.raises(RuntimeError, match="every worker that was asked this died: its process was ended"):
        for response in model.generate(ask(*questions)):
            came[response.index] = response.text
    assert came == {index: text for index, text in enumerate(questions) if text != "poison"}
    assert set(crew.taken.values()) == {1}
    with pytest.raises(RuntimeError):
        answers(model, "poison")
    assert answers(model, "on") == {0: "on"}


def test_workers_that_die_at_random_lose_and_double_nothing(crew: Crew) -> None:
    dice = np.random.default_rng(5)
    crew.deadly = lambda worker, question: bool(dice.random() < 0.03)
    model = crew.spread(3)
    questions = [[f"{call}.{index}" for index in range(12)] for call in range(40)]

    def work(number: int) -> None:
        for mine in questions[number::4]:
            assert answers(model, *mine) == dict(enumerate(mine))

    in_threads(4, work)
    assert crew.taken == Counter(text for mine in questions for text in mine)
    assert crew.deaths > 5
    model.close()


def test_workers_that_all_die_end_in_words_and_not_in_a_loop(crew: Crew) -> None:
    crew.deadly = lambda worker, question: True
    model = crew.spread(2)
    with pytest.raises(ModelError, match=r"died \d+ times without an answer between.*SIGKILL"):
        for number in range(50):
            with pytest.raises(RuntimeError):
                answers(model, f"{number}")
    assert len(crew.made) <= 14
    with pytest.raises(ModelError, match="without an answer"):
        answers(model, "more")


def test_a_machine_that_ends_all_its_workers_is_done_without(crew: Crew) -> None:
    def opens(worker: Scripted) -> Opened:
        if worker.number == 1 and worker.serial > 1:
            raise WorkerLostError("its process ended with code 7")
        return OPENED

    crew.opens = opens
    model, news = crew.spread(2), []
    model.notify(news.append)
    crew.deadly = lambda worker, question: worker.number == 1
    crew.gate = threading.Event()
    threading.Timer(0.1, crew.gate.set).start()
    in_threads(2, lambda number: answers(model, f"{number}"))
    for number in range(2, 2000):
        assert answers(model, f"{number}") == {0: f"{number}"}
        if any("Worker 2 is not replaced" in one for one in news):
            break
        time.sleep(0.005)
    assert [one for one in news if one == "Worker 2 is not replaced: its process ended with code 7"]
    assert len(crew.made) <= 11
    assert set(crew.taken.values()) == {1}


def test_a_model_that_cannot_be_opened_again_goes_on_with_who_is_left(crew: Crew) -> None:
    def opens(worker: Scripted) -> Opened:
        if worker.serial > 1:
            raise ModelError("The weights are gone.")
        return OPENED

    crew.opens = opens
    model, news = crew.spread(2), []
    model.notify(news.append)
    crew.deadly = lambda worker, question: question == "deadly" and not crew.deaths
    assert answers(model, "deadly") == {0: "deadly"}
    crew.deadly = lambda worker, question: True
    with pytest.raises(ModelError, match="The weights are gone"):
        answers(model, "last")
    assert [one for one in news if "is not replaced: The weights are gone" in one]


def test_all_open_at_once_and_the_first_refusal_closes_the_rest(crew: Crew) -> None:
    together = threading.Barrier(3)

    def opens(worker: Scripted) -> Opened:
        together.wait(10)
        if worker.number == 1:
            raise SetupError("It needs `pip install wings`.", hint="Run it.")
        assert worker.closed.wait(10)
        raise WorkerLostError("closed")

    crew.opens = opens
    with pytest.raises(SetupError, match="wings"):
        crew.spread(3)
    assert all(worker.closed.is_set() for worker in crew.made)


def test_workers_without_room_are_done_without_and_told_of(crew: Crew) -> None:
    def opens(worker: Scripted) -> Opened:
        if worker.number == 2:
            raise OutOfMemoryError("The card is full.")
        return OPENED

    crew.opens = opens
    model, news = crew.spread(3), []
    model.notify(news.append)
    assert model.max_concurrency == 2
    assert news == [
        "2 of 3 workers answer; there are no more, for one could not open the model: The card is full."
    ]
    crew.opens = lambda worker: (_ for _ in ()).throw(WorkerLostError("it ended with code 7"))
    with pytest.raises(ModelError, match="No worker could open scripted:: it ended with code 7"):
        crew.spread(2)


def test_another_model_does_not_answer(crew: Crew) -> None:
    crew.opens = lambda worker: replace(OPENED, card=replace(CARD, digest="e" * 64))
    with pytest.raises(ModelError, match="another model"):
        crew.spread(1)


def test_closing_ends_calls_in_flight(crew: Crew) -> None:
    model, ended = crew.spread(2), []
    crew.gate = threading.Event()

    def work(number: int) -> None:
        if number == 3:
            while crew.at_once < 2:
                time.sleep(0.01)
            model.close()
            return
        with pytest.raises(ModelError, match="was closed"):
            answers(model, "a", "b")
        ended.append(number)

    in_threads(4, work)
    assert sorted(ended) == [0, 1, 2]
    assert len(crew.made) == 2


def test_what_a_worker_raises_is_raised_and_the_worker_stays(crew: Crew) -> None:
    model = crew.spread(1)
    with pytest.raises(OutOfMemoryError):
        answers(model, "too much")
    first = next(model.generate(ask("a", "b")))
    assert first.index == 1
    assert answers(model, "c") == {0: "c"}
    assert len(crew.made) == 1


def test_it_knocks_out_where_its_workers_do_and_says_why_where_they_cannot(crew: Crew) -> None:
    crew.opens = lambda worker: replace(OPENED, knocks_out=True)
    model = crew.spread(2)
    assert isinstance(model, KnocksOut)
    model.require_knock_out()
    crew.opens = lambda worker: replace(
        OPENED, knocks_out=True, no_knock_out="Its attention is out of reach."
    )
    unable = crew.spread(2)
    assert isinstance(unable, KnocksOut)
    with pytest.raises(ModelError, match="out of reach"):
        unable.require_knock_out()


def test_an_error_says_the_same_on_the_other_side_without_keys() -> None:
    class OwnError(OutOfMemoryError):
        """A plugin's own kind."""

    hide("sk-very-secret-0123456789")
    there = raised(told(OwnError("No room for sk-very-secret-0123456789.", hint="Make some.")))
    assert type(there) is OutOfMemoryError
    assert (there.message, there.hint) == ("No room for [key].", "Make some.")
    fault = raised(told(UnicodeDecodeError("utf-8", b"x", 0, 1, "bad sk-very-secret-0123456789")))
    assert isinstance(fault, RuntimeError)
    assert not isinstance(fault, WorkbenchError)
    assert type(fault).__name__ == "UnicodeDecodeError"
    assert "bad [key]" in str(fault)
    assert len(str(raised(told(ValueError("x" * 100_000))))) < 5000
