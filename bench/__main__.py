"""``python -m bench``: every benchmark, one table."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from bench import datasets, engine, gguf, masking, planning, scoring, startup


def main() -> None:
    """Measure and print."""
    rows = [
        startup.measure(),
        planning.measure(),
        scoring.measure(),
        *datasets.measure(),
        *masking.measure(),
        *engine.measure(),
        *gguf.measure(),
    ]
    table = Table(title="Benchmarks (medians; ratios within one run)", title_justify="left")
    for column in ("what", "baseline", "baseline s", "ours s", "ratio", "goal", "met"):
        table.add_column(column, justify="right" if column.endswith("s") or column == "ratio" else "left")
    for row in rows:
        table.add_row(
            row.name,
            row.baseline,
            f"{row.baseline_s:.3f}",
            f"{row.candidate_s:.3f}",
            f"{row.ratio:.2f}×",
            row.goal,
            "yes" if row.met else "no",
        )
    Console(width=130).print(table)


main()
