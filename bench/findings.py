"""``python -m bench.findings [ANALYSIS…]``: every analysis of a million answers beside the same in pandas over JSON.

Apart from ``python -m bench``, for it takes many minutes. Two runs of half a million answers to the same pictures, with
nothing hidden and with the face hidden, are written to a store, and to a file of JSON lines for each run. Each analysis
is then a process of its own, as a user starts it; so is what it is measured against: a script that reads the files as
scripts do, line by line into a data frame, and computes the main figures plainly: less than ours, which also has
intervals by resampling, corrected tests, Krippendorff's alpha where the script correlates raters by twos, facial words
that leave out what is no such claim, likeness of texts and measures of valence, arousal and dominance. Seconds of the
clock and of all processors that there are, and the largest resident memory, are those of the process as the system
tells them (``wait4``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.million import write_million
from bench.million_rated import rate_thousands
from elena_wb.store import Store

GOAL_S, GOAL_MB = 10.0, 2000.0
_STORE = "million.duckdb"
_WRITE = "--write"
OURS: Mapping[str, Sequence[str]] = {
    "score": ("score", "1", "2", "--no-plot"),
    "compare": ("compare", "1", "2"),
    "bias": ("bias", "1", "2"),
    "narratives": ("narratives", "1", "2"),
    "ratings": ("ratings", "1"),
    "report": ("report", "1", "2", "--no-pictures", "-o", "report.html"),
}
"""What is started, by the name of the script in ``bench/plain`` that it stands beside."""


@dataclass(frozen=True, slots=True)
class Used:
    """What a process took: seconds of the clock, of all processors, and megabytes at most."""

    wall_s: float
    cpu_s: float
    memory_mb: float


def main(wanted: Sequence[str]) -> None:
    """Measure and print a line as each is done."""
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        # By a process of its own: the memory of this one is counted for those that it starts.
        used([sys.executable, "-m", "bench.findings", _WRITE, str(folder)], folder)
        store, files = folder / _STORE, sorted(folder.glob("*.jsonl"))
        goal = f"goal: {GOAL_S:.0f} s on two cores, {GOAL_MB / 1000:.0f} GB; here are {os.cpu_count()} cores"
        table = Table(title=f"A million answers ({goal})")
        for column in ("analysis", "pandas s", "cpu s", "MB", "ours s", "cpu s", "MB", "ratio", "goal met"):
            table.add_column(column, justify="left" if column in ("analysis", "goal met") else "right")
        for name in wanted or OURS:
            plain = used([sys.executable, "-m", f"bench.plain.{name}", *map(str, files)], folder)
            ours = used([sys.executable, "-m", "elena_wb", "--store", str(store), *OURS[name]], folder)
            table.add_row(name, *_told(plain), *_told(ours), f"{ours.wall_s / plain.wall_s:.2f}×", _met(ours))
            console.print(f"{name}: {plain} in pandas, {ours} ours")
        console.print(table)


def write(folder: Path) -> None:
    """The store and the files."""
    store = write_million(folder / _STORE, runs=2)
    rate_thousands(store)
    _as_json(store, folder)


def used(command: Sequence[str], folder: Path) -> Used:
    """Run ``command`` in ``folder``, and say what it took.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    here = str(Path(__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": here, "ELENA_WB_HOME": str(folder / "home")}
    said = folder / "said.txt"
    began = time.perf_counter()
    with said.open("wb") as stream:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=stream, stderr=stream)
        _, status, resources = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {said.read_text(errors='replace')[-2000:]}")
    cpu = resources.ru_utime + resources.ru_stime
    memory = resources.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Used(time.perf_counter() - began, cpu, memory / 1e6)


def _as_json(store: Store, folder: Path) -> None:
    """A line for each answer, a file for each run, and one for the ratings."""
    answers = """SELECT n.run_id AS run, n.condition, n.picture, n.repeat, n.status, n.truth, n.emotion,
                        n.valence, n.arousal, n.dominance, n.explicit_description, n.implicit_description,
                        n.narrative, n.generation_id AS answer, n.body_parts, n.part_groups
                 FROM narratives AS n WHERE n.run_id = {run} ORDER BY n.picture"""
    with store.read() as connection:
        for run in (1, 2):
            connection.execute(
                f"COPY ({answers.format(run=run)}) TO '{folder / f'run-{run}.jsonl'}' (FORMAT json)"
            )
        connection.execute(f"COPY (FROM ratings) TO '{folder / 'ratings.jsonl'}' (FORMAT json)")


def _told(of: Used) -> tuple[str, str, str]:
    return f"{of.wall_s:.1f}", f"{of.cpu_s:.1f}", f"{of.memory_mb:,.0f}"


def _met(of: Used) -> str:
    return "yes" if of.wall_s < GOAL_S and of.memory_mb < GOAL_MB else "no"


if __name__ == "__main__":
    if sys.argv[1:2] == [_WRITE]:
        write(Path(sys.argv[2]))
    else:
        main(sys.argv[1:])
