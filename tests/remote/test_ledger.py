"""Limits by the minute and the day hold across processes, restarts and clocks that are set back."""

from __future__ import annotations

import multiprocessing
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elena_wb.core import Quota, SetupError
from elena_wb.remote.ledger import Ledger, Reservation, Wait

MINUTE, DAY = 60.0, 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Made:
    at: float
    tokens: int


def ask(ledger: Ledger, quota: Quota, tokens: int = 1) -> Reservation | Wait:
    return ledger.reserve(quota, tokens)


def waits(ledger: Ledger, quota: Quota, tokens: int = 1) -> Wait:
    wait = ledger.reserve(quota, tokens)
    assert isinstance(wait, Wait)
    return wait


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.sqlite"


quotas = st.builds(
    Quota,
    account=st.just("a"),
    requests_per_minute=st.none() | st.integers(1, 5),
    tokens_per_minute=st.none() | st.integers(1, 100),
    requests_per_day=st.none() | st.integers(1, 12),
)
steps = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 60),
        st.sampled_from([0.0, 0.5, 7.0, 59.9, 60.0, 3600.0]),
        st.floats(0, 1),
        st.booleans(),
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(quota=quotas, steps=steps)
def test_no_window_ever_holds_more_than_the_quota_whoever_asks(
    quota: Quota, steps: list[tuple[int, int, float, float, bool]]
) -> None:
    clock = Clock()
    made: list[Made] = []
    with tempfile.TemporaryDirectory() as folder:
        ledgers = [Ledger(Path(folder) / "calls.sqlite", clock=clock) for _ in range(2)]
        for who, most, later, share, waits_it_out in steps:
            clock.now += later
            got = ledgers[who].reserve(quota, most)
            if isinstance(got, Wait) and waits_it_out:
                clock.now += got + 0.01
                got = ledgers[who].reserve(quota, most)
                assert isinstance(got, Reservation), "the wait that was told was too short"
            if isinstance(got, Reservation):
                used = int(most * share)
                made.append(Made(clock.now, used))
                ledgers[1 - who].settle(got, used)
        for ledger in ledgers:
            ledger.close()
    for end in made:
        minute = [call for call in made if end.at - MINUTE < call.at <= end.at]
        day = [call for call in made if end.at - DAY < call.at <= end.at]
        assert len(minute) <= (quota.requests_per_minute or len(minute))
        assert len(day) <= (quota.requests_per_day or len(day))
        if quota.tokens_per_minute is not None:
            spent = [call.tokens for call in minute if call.tokens]
            assert sum(spent) <= quota.tokens_per_minute or len(spent) == 1


def test_a_wait_says_how_long_and_which_limit(path: Path, clock: Clock) -> None:
    quota = Quota("a", requests_per_minute=2, requests_per_day=3)
    ledger = Ledger(path, clock=clock)
    ask(ledger, quota)
    clock.now += 20
    ask(ledger, quota)
    wait = waits(ledger, quota)
    assert (float(wait), wait.limit) == (pytest.approx(40), "requests per minute")
    clock.now += 40
    assert isinstance(ask(ledger, quota), Reservation)
    wait = waits(ledger, quota)
    assert (float(wait), wait.limit) == (pytest.approx(DAY - 60), "requests per day")


def test_tokens_are_corrected_by_what_was_really_used(path: Path, clock: Clock) -> None:
    quota = Quota("a", tokens_per_minute=100)
    ledger = Ledger(path, clock=clock)
    first = ask(ledger, quota, 90)
    assert isinstance(first, Reservation)
    assert waits(ledger, quota, 50).limit == "tokens per minute"
    ledger.settle(first, 10)
    assert isinstance(ask(ledger, quota, 50), Reservation)


def test_a_call_larger_than_the_minute_is_made_once_the_minute_is_empty(path: Path, clock: Clock) -> None:
    quota = Quota("a", tokens_per_minute=100)
    ledger = Ledger(path, clock=clock)
    assert isinstance(ask(ledger, quota, 500), Reservation)
    assert waits(ledger, quota, 500) == pytest.approx(60)
    assert waits(ledger, quota, 1) == pytest.approx(60)
    clock.now += 60
    assert isinstance(ask(ledger, quota, 500), Reservation)


def test_accounts_do_not_share_and_unlimited_ones_never_wait(path: Path, clock: Clock) -> None:
    ledger = Ledger(path, clock=clock)
    assert isinstance(ask(ledger, Quota("a", requests_per_minute=1)), Reservation)
    assert isinstance(ask(ledger, Quota("b", requests_per_minute=1)), Reservation)
    assert isinstance(ask(ledger, Quota("a", requests_per_minute=1)), Wait)
    assert all(isinstance(ask(ledger, Quota("c"), 10**9), Reservation) for _ in range(50))


def test_what_was_asked_before_a_restart_counts(path: Path, clock: Clock) -> None:
    quota = Quota("a", requests_per_day=2)
    for _ in range(2):
        ledger = Ledger(path, clock=clock)
        assert isinstance(ask(ledger, quota), Reservation)
        ledger.close()
        ledger.close()
    assert isinstance(ask(Ledger(path, clock=clock), quota), Wait)


def test_a_clock_that_is_set_back_lets_nobody_ask_more(path: Path, clock: Clock) -> None:
    quota = Quota("a", requests_per_minute=2)
    ledger = Ledger(path, clock=clock)
    ask(ledger, quota)
    ask(ledger, quota)
    clock.now -= 10 * DAY
    assert 0 < waits(ledger, quota) <= 60
    clock.now += 60
    assert isinstance(ask(ledger, quota), Reservation)


def test_old_calls_are_forgotten(path: Path, clock: Clock) -> None:
    ledger = Ledger(path, clock=clock)
    for _ in range(5):
        ask(ledger, Quota("a", requests_per_minute=100))
        clock.now += DAY
    ledger.close()
    with sqlite3.connect(path) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM calls").fetchall()
    assert count <= 3


@pytest.mark.parametrize(
    "content", [b"this is no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_damaged_file_is_put_aside_with_a_notice(path: Path, clock: Clock, content: bytes) -> None:
    path.write_bytes(content)
    notices: list[str] = []
    ledger = Ledger(path, clock=clock, notice=notices.append)
    quota = Quota("a", requests_per_minute=1)
    assert isinstance(ask(ledger, quota), Reservation)
    assert isinstance(ask(Ledger(path, clock=clock), quota), Wait)
    assert len(notices) == 1
    (aside,) = path.parent.glob("*.damaged-*")
    assert str(aside) in notices[0]
    assert aside.read_bytes() == content


def test_a_file_damaged_while_it_is_open_is_put_aside_too(path: Path, clock: Clock) -> None:
    notices: list[str] = []
    ledger = Ledger(path, clock=clock, notice=notices.append)
    reservation = ask(ledger, Quota("a"))
    assert isinstance(reservation, Reservation)
    path.write_bytes(b"\xff" * 20_000)
    ledger.settle(reservation, 3)
    assert isinstance(ask(ledger, Quota("a")), Reservation)
    assert len(notices) == 1


def test_a_database_of_other_tables_is_put_aside(path: Path, clock: Clock) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE calls (something TEXT)")
    notices: list[str] = []
    assert isinstance(ask(Ledger(path, clock=clock, notice=notices.append), Quota("a")), Reservation)
    assert len(notices) == 1


def test_a_folder_that_cannot_be_made_is_an_error_for_people(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SetupError, match="recent calls"):
        ask(Ledger(tmp_path / "file" / "calls.sqlite", clock=clock), Quota("a"))
    (tmp_path / "folder.sqlite").mkdir()
    with pytest.raises(SetupError, match="recent calls"):
        ask(Ledger(tmp_path / "folder.sqlite", clock=clock), Quota("a"))


def test_a_file_that_another_process_holds_is_waited_for(path: Path, clock: Clock) -> None:
    ledger = Ledger(path, clock=clock, busy_timeout_s=0.05)
    ask(ledger, Quota("a"))
    with sqlite3.connect(path, isolation_level=None) as holder:
        holder.execute("BEGIN IMMEDIATE")
        assert waits(ledger, Quota("a")).limit == "another process is entering calls"
    assert isinstance(ask(ledger, Quota("a")), Reservation)


def _ask_often(path: Path, count: int) -> int:
    ledger = Ledger(path)
    quota = Quota("a", requests_per_minute=40)
    return sum(isinstance(ledger.reserve(quota, 1), Reservation) for _ in range(count))


def test_processes_at_once_get_as_much_as_the_quota_and_no_more(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        let_through = pool.starmap(_ask_often, [(path, 30)] * 3)
    assert sum(let_through) == 40
