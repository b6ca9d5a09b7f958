"""Killed at any moment, nothing that was acknowledged is lost and nothing is stored twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from elena_wb.store import Store, drain_orphans

WORKER = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from elena_wb.store import Outbox, Store, answered, begin_run
from tests.store.conftest import generation, spec, stimulus
store = Store(Path(sys.argv[1]), lock_timeout=30)
outbox = Outbox(store)
begin_run(store, spec(), [stimulus(n) for n in range(3)])
def drain():
    while True:
        outbox.drain()
threading.Thread(target=drain, daemon=True).start()
for n in range(int(sys.argv[2]), 10**9):
    outbox.append(generation("k", n, raw_text="x" * (n % 3000)))
    print(n, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_thirty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    path = tmp_path / "s.duckdb"
    chance = random.Random(7)
    acknowledged: set[int] = set()
    start = 0
    for _ in range(30):
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(path), str(start), str(root)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(root)},
        )
        assert process.stdout is not None
        for _ in range(chance.randint(0, 60)):
            acknowledged.add(int(process.stdout.readline()))
        process.kill()
        acknowledged.update(
            int(line) for line in process.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")
        )
        process.wait()
        start = max(acknowledged, default=-1) + 1
    store = Store(path)
    drain_orphans(store, patient=True)
    with store.read() as connection:
        ids = [row[0] for row in connection.execute("SELECT generation_id FROM generations").fetchall()]
    from tests.store.conftest import digest

    assert len(ids) == len(set(ids))
    assert {digest("k", n, 0) for n in acknowledged} <= set(ids)
    assert len(ids) - len(acknowledged) <= 30
    assert not list(store.outbox_dir.glob("*.jsonl"))
