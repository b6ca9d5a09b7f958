"""Scoring a million answers with intervals, against fetching them and asking scikit-learn for none."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import Row, in_turn
from elena_wb.store import RunSpec, Store, begin_run

_GENERATIONS = 1_000_000
_REPEATS = 2
_GOAL_S = 10.0
_LABELS = "['happiness', 'sadness', 'fear', 'anger', 'surprise', 'disgust', 'neutral']"
# A stimulus is true to its number; answers and feelings are right more often than not.
_STIMULI = f"""
INSERT INTO stimuli (stimulus_id, path, dataset, picture_id, attributes, upload)
SELECT sha256(i::VARCHAR), '/pictures/' || i || '.png', 'synthetic', sha256(i::VARCHAR),
       json_object('view', CASE WHEN i % 2 = 0 THEN '45' ELSE '90' END), 'allowed'
FROM range({_GENERATIONS // _REPEATS}) AS t(i);
INSERT INTO labels
SELECT sha256(i::VARCHAR), 'synthetic', 'ekman7', {_LABELS}[i % 7 + 1], 1 + i % 10, 1 + i % 9, 1 + i % 8
FROM range({_GENERATIONS // _REPEATS}) AS t(i);
"""
_ANSWERS = f"""
INSERT INTO generations (generation_id, run_id, stimulus_id, repeat, status, emotion, valence, arousal, dominance,
                         attempts, created_at)
SELECT sha256(i || '/' || repeat), 1, sha256(i::VARCHAR), repeat,
       CASE WHEN random() < .99 THEN 'ok' ELSE 'unparsed' END,
       {_LABELS}[CASE WHEN random() < .5 THEN i % 7 ELSE (random() * 7)::INTEGER END + 1],
       round(1 + random() * 9), round(1 + random() * 9), round(1 + random() * 9), 1, TIMESTAMP '2026-01-01'
FROM range({_GENERATIONS // _REPEATS}) AS t(i), range({_REPEATS}) AS r(repeat);
"""
_BY_HAND = """
import sys
from sklearn.metrics import classification_report
from elena_wb.store import Store
from pathlib import Path
with Store(Path(sys.argv[1])).read() as connection:
    rows = connection.execute(
        "SELECT truth, coalesce(emotion, '(none)') FROM narratives WHERE run_id = 1 AND truth IS NOT NULL"
    ).fetchall()
truth, answers = zip(*rows)
classification_report(truth, answers, labels=sorted(set(truth)), zero_division=0)
"""


def measure() -> Row:
    """Whole processes: a million generations of half as many stimuli, every metric, a thousand resamples."""
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(Path(scratch) / "store.duckdb")
        fill(store)

        def process(*arguments: str) -> None:
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)

        by_hand, ours, ratio = in_turn(
            lambda: process("-c", _BY_HAND, str(store.path)),
            lambda: process("-m", "elena_wb", "--store", str(store.path), "score", "1", "--no-plot"),
            rounds=1,
        )
    return Row(
        f"score {_GENERATIONS:,} generations",
        "fetch, scikit-learn, no interval",
        by_hand,
        ours,
        ratio,
        f"< {_GOAL_S:.0f} s",
        ours < _GOAL_S,
    )


def fill(store: Store) -> None:
    """A store with one run of so many generations."""
    spec = RunSpec(
        run_key="synthetic",
        name="synthetic",
        spec_digest="0",
        experiment=None,
        model_uri="none:",
        model_digest="0",
        model_card={},
        prompt_name="elena",
        prompt_digest="0",
        prompt_text="",
        condition="none",
        dataset="synthetic",
    )
    begin_run(store, spec, [], planned=_GENERATIONS)
    with store.write() as connection:
        connection.execute("SELECT setseed(0.5)")
        connection.execute(_STIMULI)
        connection.execute(_ANSWERS)
