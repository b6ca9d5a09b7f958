"""Scores as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from elena_wb.analysis.scoring import Failed
from elena_wb.core import Estimate, Resampling, Scores
from elena_wb.findings.scores import ScoredRun


def tidy_csv(scored: Sequence[ScoredRun]) -> str:
    """One row per run, group, metric, class and figure; ``class`` is empty for figures over all classes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    fixed = ("run_id", "run", "model", "prompt", "condition", "scheme")
    by = scored[0].by if scored else ()
    writer.writerow(
        [*fixed, *(f"by_{column}" for column in by), "metric", "class", "figure", "value", "low", "high", "n"]
    )
    for of in scored:
        run = [getattr(of.run, name) for name in fixed]
        for group in of.groups:
            for metric, scores in {"answers": group.rates, **group.metrics}.items():
                for label, figures in {"": scores.figures, **scores.classes}.items():
                    for figure, found in figures.items():
                        numbers = [_csv_number(value) for value in (found.value, found.low, found.high)]
                        writer.writerow([*run, *group.group, metric, label, figure, *numbers, found.n])
    return out.getvalue()


def as_json(scored: Sequence[ScoredRun], failed: Sequence[Failed], resampling: Resampling) -> str:
    """Everything in full precision; what is not defined is null."""
    runs = [
        {
            **asdict(of.run),
            "groups": [
                {
                    "by": dict(zip(of.by, group.group, strict=True)),
                    "rates": _scores(group.rates),
                    "metrics": {name: _scores(scores) for name, scores in group.metrics.items()},
                }
                for group in of.groups
            ],
        }
        for of in scored
    ]
    whole = {
        "resamples": resampling.resamples,
        "seed": resampling.seed,
        "runs": runs,
        "failed": [asdict(one) for one in failed],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _scores(of: Scores) -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": of.title,
        "n": of.n,
        "figures": _figures(of.figures),
        "classes": {label: _figures(figures) for label, figures in of.classes.items()},
        "notes": list(of.notes),
    }
    if of.confusion is not None:
        found["confusion"] = {
            "truth": of.confusion.rows,
            "answers": of.confusion.columns,
            "counts": of.confusion.counts.tolist(),
        }
    return found


def _figures(of: Mapping[str, Estimate]) -> dict[str, dict[str, float | int | None]]:
    return {
        name: {
            "value": _finite(one.value),
            "low": _finite(one.low),
            "high": _finite(one.high),
            "n": one.n,
        }
        for name, one in of.items()
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _csv_number(value: float) -> str:
    return repr(float(value)) if math.isfinite(value) else ""
