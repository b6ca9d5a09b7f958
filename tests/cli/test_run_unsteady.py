"""``elena-wb run`` with a model that fails for a while, is limited or costs money, as its user meets it."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.metrics import average_precision_score

from tests.conftest import Program, rows

Pictures = Callable[..., Path]
LABELS = ("happiness", "fear", "anger", "sadness", "surprise", "disgust", "neutral")


def test_what_was_retried_and_what_it_cost_stands_below_the_run(program: Program, pictures: Pictures) -> None:
    uri = "priced:?concurrency=4&batch=1&trouble_first=3&troubles=server,rate-limited,server&cost=0.25"
    done = program("run", str(pictures(6)), "-m", uri, "-p", "naive")
    assert "retries: 3 (2 server, 1 rate-limited)" in done.stderr
    header, line = (row.split("\t") for row in done.stdout.splitlines())
    assert (header[-1], line[-1]) == ("cost", "$1.50")
    assert program("runs").stdout.splitlines()[1].split("\t")[-2] == "$1.50"
    assert '{"rate-limited": 1, "server": 2}' in program("runs", "show", "1").stdout


def test_a_dry_run_says_what_the_calls_cost_at_most_and_makes_none(
    program: Program, pictures: Pictures, tmp_path: Path
) -> None:
    uri = f"priced:?most_tokens=1500&most_cost=0.02&log={tmp_path / 'log'}"
    command = ("run", str(pictures(5)), "-m", uri, "-p", "naive", "-p", "elena", "--dry-run")
    assert "At most 15,000 tokens and $0.2000 at the prices of 2026-01-01" in program(*command).stderr
    plan = json.loads(program(*command, "--events", "jsonl").stdout)
    assert plan["at_most"] == {"tokens": 15000, "cost_usd": pytest.approx(0.2), "priced_on": "2026-01-01"}
    assert not (tmp_path / "log").exists()


def test_money_is_refused_that_cannot_be_counted_and_kept_where_it_can(
    program: Program, pictures: Pictures
) -> None:
    folder = str(pictures(9))
    refused = program("run", folder, "-m", "distant:?cost=0.01", "-p", "naive", "--max-cost", "1", code=2)
    assert "prices.toml" in refused.stderr
    uri = "priced:?most_cost=0.01&cost=0.01&batch=1"
    kept = program("run", folder, "-m", uri, "-p", "naive", "--max-cost", "0.04", code=4)
    assert "--max-cost" in kept.stderr
    assert rows(program, "SELECT count(*), sum(cost_usd) FROM generations") == [["4", "0.04"]]


def test_a_limit_by_the_day_is_partly_done_and_says_which_and_when(
    program: Program, pictures: Pictures
) -> None:
    done = program("run", str(pictures(5)), "-m", "scripted:?rpd=3&batch=1", "-p", "naive", code=4)
    assert "requests per day of scripted/account" in done.stderr
    assert "The same command goes on from here after" in done.stderr
    assert "--retry-failed" not in done.stderr
    assert "\tpartial\t3\t" in done.stdout


def test_answers_that_are_made_elsewhere_are_partly_done(program: Program, pictures: Pictures) -> None:
    done = program("run", str(pictures(4)), "-m", "scripted:?postpone=1", "-p", "naive", code=4)
    assert "Give the same command tomorrow." in done.stderr


def test_the_setting_retries_says_how_often_a_question_is_asked_again(
    program: Program, pictures: Pictures
) -> None:
    program("config", "set", "retries", "1")
    folder = str(pictures(6))
    program("run", folder, "-m", "scripted:?trouble_on=2&troubles=reply", "-p", "naive", code=4)
    failed = "SELECT DISTINCT attempts, retried_for::VARCHAR FROM generations WHERE status = 'error'"
    assert rows(program, failed) == [["2", "[reply]"]]


def test_ctrl_c_while_everybody_waits_ends_at_once_and_keeps_what_there_is(
    program: Program, pictures: Pictures
) -> None:
    uri = "scripted:?concurrency=4&batch=1&trouble_first=1&troubles=rate-limited&retry_after=200"
    command = ("run", str(pictures(8)), "-m", uri, "-p", "naive", "--events", "jsonl")
    process = program.start(*command)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "Waiting":
            break
    asked_to_stop = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert time.monotonic() - asked_to_stop < 10
    finished = json.loads(out.splitlines()[-1])
    assert (finished["event"], finished["status"], finished["ok"]) == ("RunFinished", "interrupted", 3)
    program("run", *command[1:2], "-m", "scripted:?concurrency=4&batch=1", "-p", "naive")
    assert rows(program, "SELECT count(*), count(DISTINCT stimulus_id) FROM generations") == [["8", "8"]]


def test_average_precision_is_of_the_probabilities_that_the_model_told(
    program: Program, pictures: Pictures
) -> None:
    folder = pictures(14)
    lines = [f"{index:04d}.png,{LABELS[(index + also) % 7]}" for index in range(14) for also in (0, 2)]
    (folder / "labels.csv").write_text("\n".join(["path,label", *lines]), "utf-8")
    program("run", str(folder), "-m", "scripted:?logprobs=true", "-p", "naive")
    scored = json.loads(
        program("score", "1", "--metric", "multi-label", "-f", "json", "--resamples", "0").stdout
    )
    told = rows(
        program,
        """SELECT s.label, s.logprob, list_contains(t.labels, s.label)::INTEGER
           FROM label_scores AS s JOIN generations USING (generation_id) JOIN truth AS t USING (stimulus_id)""",
    )
    expected = [
        average_precision_score(
            [int(true) for label, _, true in told if label == name],
            [float(score) for label, score, _ in told if label == name],
        )
        for name in LABELS
    ]
    assert len(told) == 14 * 7
    assert _value(scored, "map") == pytest.approx(sum(expected) / 7, abs=1e-4)


def _value(scored: object, name: str) -> float:
    """The figure of this name, wherever it stands in the JSON."""
    if isinstance(scored, dict) and isinstance(scored.get(name), dict):
        return float(scored[name]["value"])
    parts = scored.values() if isinstance(scored, dict) else scored if isinstance(scored, list) else ()
    return next(
        (value for value in (_value(part, name) for part in parts) if not math.isnan(value)), math.nan
    )
