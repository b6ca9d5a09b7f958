"""A cost limit stops before the call that would exceed it, however many calls run at once."""

from __future__ import annotations

import pytest

from tests.conftest import Program
from tests.loopback import Unreliable, faults
from tests.proof.remotes import Pictures, Remote, rows


@pytest.mark.parametrize("at_once", [1, 16])
def test_what_was_spent_is_never_more_than_allowed(
    program: Program, pictures: Pictures, remote: Remote, at_once: int
) -> None:
    remote.set_price(program, input_usd=100.0, output_usd=4000.0)
    folder = pictures(40)
    with Unreliable(remote.api(), delay=0.03) as server:
        uri = remote.uri(server, concurrency=at_once, **_THOUGHTLESS[remote.name])
        limited = ("run", str(folder), "-m", uri, "-p", "naive", "--max-cost", "1.5")
        done = program(*limited, code=4)
        spent, cheapest, dearest, count = map(float, rows(program, _COSTS)[0])
        assert cheapest > 0
        assert spent <= 1.5
        assert 1 <= count < 40
        assert count == len(server.answered) == len(server.asked)
        assert "1.5" in done.stderr
        # It did not stop long before it had to: another call of that size, priced at its most, would not have fitted.
        assert spent > 0.3
        free = program("run", str(folder), "-m", uri, "-p", "naive")
        assert free.returncode == 0
        assert len(server.answered) == 40
    assert server.answered_twice() == []
    assert dearest < 1.5


# Thoughts are paid for, so a model that may think for long would seldom be asked under so small a limit.
_THOUGHTLESS = {"openai": {}, "gemini": {"thinking_budget": 0}}
_COSTS = "SELECT sum(cost_usd), min(cost_usd), max(cost_usd), count(*) FROM generations WHERE status = 'ok'"


def test_the_cost_of_an_answer_is_that_of_its_tokens(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    remote.set_price(program, input_usd=2.0, output_usd=8.0)
    with Unreliable(remote.api(), [faults.no_usage, None, faults.status(503)]) as server:
        program("run", str(pictures(4)), "-m", remote.uri(server, concurrency=1), "-p", "naive", code=None)
    sql = "SELECT prompt_tokens, completion_tokens, cost_usd FROM generations WHERE prompt_tokens IS NOT NULL"
    priced = rows(program, sql)
    assert len(priced) == 3
    for prompt, completion, cost in priced:
        assert float(cost) == pytest.approx((2.0 * int(prompt) + 8.0 * int(completion)) / 1e6)


def test_a_limit_that_not_even_one_call_fits_in_asks_nothing(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    remote.set_price(program, input_usd=100.0, output_usd=400.0)
    with Unreliable(remote.api()) as server:
        limited = ("run", str(pictures(2)), "-m", remote.uri(server), "-p", "naive", "--max-cost", "0.0001")
        done = program(*limited, code=None)
        assert done.returncode in (1, 4)
        assert server.asked == []
