"""Start-up: ``elena-wb --help`` against a process that only imports typer."""

from __future__ import annotations

import subprocess
import sys

from bench.measure import Row, in_turn

_GOAL = 2.0


def measure() -> Row:
    """Whole processes, alternating."""

    def process(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)

    baseline, candidate, ratio = in_turn(
        lambda: process("-c", "import typer"), lambda: process("-m", "elena_wb", "--help"), rounds=15
    )
    return Row(
        "start-up of --help", "import typer", baseline, candidate, ratio, f"≤ {_GOAL}×", ratio <= _GOAL
    )
