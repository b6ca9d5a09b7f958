"""``python -m bench``: every benchmark, one table."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from bench import attention, datasets, engine, executors, gguf, interface, masking, planning, scoring, startup

_NUMBERS = ("it takes", "ours", "ratio")


def main() -> None:
    """Measure and print."""
    rows = [
        startup.measure(),
        planning.measure(),
        scoring.measure(),
        *datasets.measure(),
        *masking.measure(),
        *engine.measure(),
        *executors.measure(),
        *gguf.measure(),
        *attention.measure(),
        *interface.measure(),
    ]
    table = Table(title="Benchmarks (medians; ratios within one run)", title_justify="left")
    for column in ("what", "baseline", "it takes", "ours", "ratio", "goal", "met"):
        table.add_column(column, justify="right" if column in _NUMBERS else "left")
    for row in rows:
        table.add_row(
            row.name,
            row.baseline,
            f"{row.baseline_s:.3f} {row.unit}",
            f"{row.candidate_s:.3f} {row.unit}",
            f"{row.ratio:.2f}×",
            row.goal,
            "yes" if row.met else "no",
        )
    Console(width=130).print(table)


main()
