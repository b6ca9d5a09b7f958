"""Batches: every answer paid for once and fetched, whatever happens in between."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from elena_wb_gemini import batch
from elena_wb_gemini.batch_answers import Awaited, answers
from elena_wb_gemini.batch_calls import BatchCalls
from elena_wb_gemini.jobs import Job, Jobs
from elena_wb_gemini.options import GeminiOptions
from elena_wb_gemini.provider import GeminiProvider
from elena_wb_gemini.wire import Batch

from elena_wb.core import Metered, ModelError, PostponedError, SetupError, Waits
from tests.loopback import Batches, Gemini, Unreliable, faults, on


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(batch, "_FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(batch, "_LONGEST_PAUSE_S", 0.05)
    monkeypatch.setattr(batch, "_LATE_S", (0.0, 0.05))


def _created(server):
    return [call for call in server.calls if call.path.endswith(":batchGenerateContent")]


def _left(server):
    return [job.name for job in server.api.batches.jobs.values() if not job.deleted]


def _texts(responses):
    assert {response.finish_reason for response in responses} == {"stop"}, [one.error for one in responses]
    return [response.text for response in sorted(responses, key=lambda response: response.index)]


def test_a_batch_gives_the_answers_of_single_calls_at_half_the_price(open_at, question):
    questions = [question(number) for number in range(5)]
    with Unreliable(Gemini(batches=Batches(polls=3, shuffle=True))) as server:
        single = list(open_at(server).generate(questions))
        together = list(open_at(server, batch=True).generate(questions))
        assert _texts(together) == _texts(single)
        for one, other in zip(single, sorted(together, key=lambda response: response.index), strict=True):
            assert other.cost_usd == pytest.approx(one.cost_usd / 2)
            assert (other.prompt_tokens, other.answered_by) == (one.prompt_tokens, one.answered_by)
        assert len(_created(server)) == 1
        assert not _left(server), "nothing of the pictures is left at Google"


def test_it_is_fed_in_batches_one_at_a_time_and_says_that_it_waits(open_at):
    with Unreliable(Gemini()) as server:
        model = open_at(server, batch=True, batch_size=50)
    assert (model.preferred_batch_size, model.max_concurrency) == (50, 1)
    assert isinstance(model, Waits)
    assert isinstance(model, Metered)


def test_the_same_question_asked_twice_gets_two_answers(open_at, question):
    same = question(1)
    with Unreliable(Gemini()) as server:
        responses = list(open_at(server, batch=True).generate([same, same, replace(same, seed=9)]))
        assert sorted(response.index for response in responses) == [0, 1, 2]
        assert len(_created(server)[0].questions) == 3


def test_stopping_leaves_the_batch_to_the_next_run_which_pays_nothing_more(open_at, question):
    questions = [question(number) for number in range(3)]
    hold, stop = threading.Event(), threading.Event()
    with Unreliable(Gemini(batches=Batches(hold=hold))) as server:
        model = open_at(server, batch=True)
        model.stop_on(stop)
        threading.Timer(0.3, stop.set).start()
        started = time.monotonic()
        with pytest.raises(PostponedError, match="3 answers are still being made") as caught:
            list(model.generate(questions))
        assert time.monotonic() - started < 3
        assert "same command" in caught.value.hint
        model.close()
        hold.set()
        later = open_at(server, batch=True)
        answered = list(later.generate([*reversed(questions), question(7)]))
        assert len(_texts(answered)) == 4
        assert [len(call.questions) for call in _created(server)] == [3, 1]
        assert not server.answered_twice()
        assert not _left(server)


def test_answers_that_nobody_wants_yet_are_kept_for_later(open_at, question):
    questions = [question(number) for number in range(3)]
    with Unreliable(Gemini()) as server:
        model = open_at(server, batch=True)
        answers = model.generate(questions)
        next(answers)
        answers.close()  # as if the program had ended while it stored the first answer
        model.close()
        again = open_at(server, batch=True)
        assert len(_texts(list(again.generate(questions[:1])))) == 1
        assert _left(server)
        assert len(_texts(list(again.generate(questions[1:])))) == 2
        assert len(_created(server)) == 1
        assert not _left(server)


def test_each_answer_is_used_once(open_at, question):
    with Unreliable(Gemini()) as server:
        model = open_at(server, batch=True)
        assert _texts(list(model.generate([question()]))) == _texts(list(model.generate([question()])))
        assert len(_created(server)) == 2


def test_two_runs_at_the_same_time_do_not_take_each_others_answers(open_at, question):
    hold = threading.Event()
    answers = []
    with Unreliable(Gemini(batches=Batches(hold=hold))) as server:
        first, second = open_at(server, batch=True), open_at(server, batch=True)
        waiting = threading.Thread(target=lambda: answers.extend(first.generate([question()])))
        waiting.start()
        while not server.api.batches.jobs:
            time.sleep(0.01)
        threading.Timer(0.2, hold.set).start()
        answers.extend(second.generate([question()]))
        waiting.join()
        assert len(_texts(answers)) == 2
        assert len(_created(server)) == 2


def test_other_options_or_another_model_never_take_these_answers(open_at, question):
    with Unreliable(Gemini(("gemini-2.5-flash", "gemini-2.0-flash"))) as server:
        model = open_at(server, batch=True)
        answers = model.generate([question(0), question(1)])
        next(answers)
        answers.close()
        model.close()
        list(open_at(server, batch=True, safety="high").generate([question(1)]))
        list(open_at(server, "gemini-2.0-flash", batch=True).generate([question(1)]))
        assert len(_created(server)) == 3
        list(open_at(server, batch=True, batch_size=3, timeout=50).generate([question(1)]))
        assert len(_created(server)) == 3


def test_many_large_pictures_make_several_batches(open_at, question, monkeypatch):
    monkeypatch.setattr(batch, "_LARGEST_BATCH", 60_000)
    questions = [question(number, size=(60, 60)) for number in range(7)]
    with Unreliable(Gemini()) as server:
        model = open_at(server, batch=True, image_format="png")
        assert len(_texts(list(model.generate(questions)))) == 7
        sizes = [int(call.headers["content-length"]) for call in _created(server)]
        assert len(sizes) > 1
        assert max(sizes) < 60_000
        (huge,) = model.generate([question(8, size=(400, 400))])
        assert "too large" in huge.error


def test_batches_are_small_where_answers_are_large(open_at, question, monkeypatch):
    monkeypatch.setattr(batch, "_LARGEST_ANSWERS", 10_000_000)
    with Unreliable(Gemini()) as server:
        questions = [question(number) for number in range(5)]
        assert len(_texts(list(open_at(server, batch=True, logprobs=20).generate(questions)))) == 5
        assert [len(call.questions) for call in _created(server)] == [1] * 5
        assert len(_texts(list(open_at(server, batch=True).generate(questions)))) == 5
        assert [len(call.questions) for call in _created(server)] == [1] * 5 + [5]


def test_a_batch_that_arrived_though_its_receipt_was_lost_is_found_again(open_at, question):
    with Unreliable(Gemini(), [faults.reset_after]) as server:
        responses = list(open_at(server, batch=True).generate([question(0), question(1)]))
        assert len(_texts(responses)) == 2
        assert len(_created(server)) == 1, "sent, and paid for, once"


def test_a_batch_that_did_not_arrive_is_told_as_such_and_forgotten(open_at, question):
    with Unreliable(Gemini(), [faults.reset_before, faults.rate_limited(5)]) as server:
        model = open_at(server, batch=True)
        lost = list(model.generate([question(0), question(1)]))
        assert {(one.trouble, one.retryable) for one in lost} == {("connection", True)}
        (limited,) = model.generate([question(0)])
        assert (limited.trouble, limited.retry_after_s) == ("rate-limited", 5)
        assert len(_texts(list(model.generate([question(0), question(1)])))) == 2
        assert len(server.api.batches.jobs) == 1


def test_a_program_that_dies_before_it_hears_of_its_batch_finds_it_again(open_at, question, monkeypatch):
    with Unreliable(Gemini()) as server:
        model = open_at(server, batch=True)
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Jobs, "sent", _die)
            list(model.generate([question(0), question(1)]))
        model.close()
        for number in range(45):  # three pages of other batches
            others = {"displayName": f"other {number}", "inputConfig": {"requests": {"requests": []}}}
            server.api.batches.create("models/x", {"batch": others}, [])
        again = list(open_at(server, batch=True).generate([question(0), question(1)]))
        assert len(_texts(again)) == 2
        assert len(_created(server)) == 1


def test_a_program_that_dies_before_it_sends_its_batch_sends_it_later(open_at, question, monkeypatch):
    with Unreliable(Gemini()) as server:
        model = open_at(server, batch=True)
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(BatchCalls, "create", _die)
            list(model.generate([question(0)]))
        model.close()
        assert len(_texts(list(open_at(server, batch=True).generate([question(0)])))) == 1
        assert len(_created(server)) == 1


def _die(*_):
    raise KeyboardInterrupt


def test_if_google_cannot_tell_whether_a_batch_arrived_it_is_looked_for_before_another_is_sent(
    open_at, question
):
    listing_fails = threading.Event()
    listing_fails.set()
    reset_first = iter([faults.reset_after])

    def script(call):
        if call.path.endswith(":batchGenerateContent"):
            return next(reset_first, None)
        return faults.status(503) if call.path.endswith("/batches") and listing_fails.is_set() else None

    with Unreliable(Gemini(), script) as server:
        model = open_at(server, batch=True)
        (unsure,) = model.generate([question()])
        assert unsure.retryable
        (still,) = model.generate([question()])
        assert (still.trouble, still.retryable) == ("server", True)
        listing_fails.clear()
        assert len(_texts(list(model.generate([question()])))) == 1
        assert len(_created(server)) == 1


@pytest.mark.parametrize(
    ("outcome", "says", "again"),
    [
        ("EXPIRED", "not worked off in time", True),
        ("FAILED", "failed", True),
        ("CANCELLED", "was cancelled", False),
    ],
)
def test_a_batch_without_answers_is_forgotten_and_says_why(open_at, question, outcome, says, again):
    with Unreliable(Gemini(batches=Batches(outcome=outcome))) as server:
        model = open_at(server, batch=True)
        responses = list(model.generate([question(0), question(1)]))
        assert [one.index for one in responses] == [0, 1]
        assert all(says in one.error and one.retryable is again for one in responses)
        assert not _left(server), "nothing of the pictures is left at Google"
        server.api.batches.outcome = "SUCCEEDED"
        assert len(_texts(list(model.generate([question(0), question(1)])))) == 2
        assert len(_created(server)) == 2


def test_a_batch_that_google_no_longer_knows_is_asked_again(open_at, question):
    with Unreliable(Gemini()) as server:
        model = open_at(server, batch=True)
        answers = model.generate([question(0), question(1)])
        next(answers)
        answers.close()
        for job in server.api.batches.jobs.values():
            job.deleted = True
        (gone,) = model.generate([question(1)])
        assert gone.retryable
        assert "not known to Google" in gone.error
        assert len(_texts(list(model.generate([question(1)])))) == 1


def test_a_batch_of_another_project_ends_the_run_and_says_how_to_go_on(open_at, question, home):
    with Unreliable(Gemini(), on("GET", "/batches/", faults.status(403))) as server:
        model = open_at(server, batch=True)
        with pytest.raises(ModelError, match="may not see batches/job0001") as caught:
            list(model.generate([question()]))
        assert "another project" in caught.value.hint
        assert str(home) in caught.value.hint
        server.script = None
        assert len(_texts(list(model.generate([question()])))) == 1
        assert len(_created(server)) == 1


@pytest.mark.parametrize(("missing", "answered"), [((), {0, 1, 2}), ((1,), set())])
def test_answers_that_do_not_tell_their_place_are_told_apart_by_order_only_if_none_is_missing(
    question, missing, answered
):
    texts = [text for place, text in enumerate("abc") if place not in missing]
    given = [
        {"response": {"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}]}}
        for text in texts
    ]
    made = Batch.model_validate({"done": True, "response": {"inlinedResponses": {"inlinedResponses": given}}})
    job = Job("x", "batches/x", 0.0, [(place, "") for place in range(3)], 3)
    awaited = Awaited(job, "batches/x", {place: (place, question()) for place in range(3)})
    got = dict(answers(awaited, made, None))
    assert {place for place, one in got.items() if one.finish_reason == "stop"} == answered
    assert all(got[place].text == "abc"[place] for place in answered)
    assert len(got) == 3


def test_an_odd_answer_takes_the_place_of_no_other(open_at, question):
    batches = Batches(spoil=lambda number, made: {"error": 5} if number == 3 else made, shuffle=True)
    with Unreliable(Gemini(batches=batches)) as server:
        got = list(open_at(server, batch=True).generate([question(number) for number in range(4)]))
    assert {one.index for one in got if one.finish_reason == "stop"} == {0, 1, 2}


def test_single_questions_may_fail_within_a_batch(open_at, question):
    wrong = {
        0: {"error": {"code": 13, "message": "An internal error has occurred."}},
        1: {"error": {"code": 3, "message": "Unable to process input image."}},
        2: {"response": {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}},
        3: None,
        4: {},
        6: {"response": {"candidates": "several", "usageMetadata": [1]}},
        7: {"error": "odd", "response": 5},
    }
    batches = Batches(spoil=lambda number, made: wrong.get(number, made))
    with Unreliable(Gemini(batches=batches)) as server:
        got = list(open_at(server, batch=True).generate([question(number) for number in range(8)]))
        assert sorted(response.index for response in got) == list(range(8))
        by_index = {response.index: response for response in got}
        assert (by_index[0].trouble, by_index[0].retryable) == ("server", True)
        assert by_index[1].retryable is False
        assert "Unable to process" in by_index[1].error
        assert by_index[2].finish_reason == "refused"
        assert {(by_index[number].trouble, by_index[number].retryable) for number in (3, 4, 6, 7)} == {
            ("reply", True)
        }
        assert by_index[5].finish_reason == "stop"
        assert not _left(server)


def test_looking_after_a_batch_outlasts_a_server_in_trouble(open_at, question):
    troubles = iter([faults.status(503), faults.reset_before, faults.rate_limited(0.01), faults.html])
    script = on("GET", "/batches/", lambda call: next(troubles, None))
    with Unreliable(Gemini(), script) as server:
        assert len(_texts(list(open_at(server, batch=True).generate([question()])))) == 1
        assert len(_created(server)) == 1


def test_when_google_cannot_be_reached_for_long_the_answers_wait_for_another_day(
    open_at, question, monkeypatch
):
    monkeypatch.setattr(batch, "_PATIENCE", 3)
    with Unreliable(Gemini(), on("GET", "/batches/", faults.status(503))) as server:
        model = open_at(server, batch=True)
        with pytest.raises(PostponedError, match="Google cannot be asked now: HTTP 503"):
            list(model.generate([question()]))
        server.script = None
        assert len(_texts(list(model.generate([question()])))) == 1
        assert len(_created(server)) == 1


def test_a_wrong_key_ends_the_run_and_leaves_nothing_behind(open_at, question, key):
    with Unreliable(Gemini(), keys={"another"}) as server:
        model = open_at(server, batch=True)
        with pytest.raises(ModelError, match="does not accept the key") as caught:
            list(model.generate([question()]))
        assert key not in caught.value.message
        server.keys = None
        assert len(_texts(list(model.generate([question()])))) == 1


def test_what_is_remembered_holds_no_key_no_words_and_is_for_this_user_alone(open_at, question, key, home):
    with Unreliable(Gemini()) as server:
        answers = open_at(server, batch=True).generate([question(0), question(1)])
        next(answers)
    (path,) = (home / "data" / "gemini-batches").glob("*.sqlite3")
    assert path.stat().st_mode & 0o077 == 0
    held = path.read_bytes()
    assert b"batches/job0001" in held
    for secret in (key.encode(), b"How does", b"describe", b"Anger"):
        assert secret not in held


def test_a_damaged_memory_of_batches_says_what_to_do(open_at, question, home):
    with Unreliable(Gemini()) as server:
        list(open_at(server, batch=True).generate([question()]))
        path = home / "data" / "gemini-batches" / "batches.sqlite3"
        path.write_bytes(b"no database" * 999)
        locks = set(path.parent.glob("*.lock"))
        with pytest.raises(SetupError, match="cannot be read or written") as caught:
            open_at(server, batch=True)
        assert "move it away" in caught.value.hint
        assert set(path.parent.glob("*.lock")) == locks


def test_a_closed_model_says_so(open_at, question):
    model = GeminiProvider().open(
        "gemini-2.5-flash", GeminiOptions(base_url="http://127.0.0.1:9", batch=True)
    )
    model.close()
    with pytest.raises(ModelError, match="was closed"):
        list(model.generate([question()]))
