"""The findings of a declared study in short: how right each run is, and how much hangs on the face."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from elena_wb.cli.written import drawn
from elena_wb.findings import Table
from elena_wb.findings.words import number

if TYPE_CHECKING:
    from elena_wb.core import Estimate
    from elena_wb.findings.bias import Tried
    from elena_wb.findings.scores import ScoredRun
    from elena_wb.store import Store

_FIGURES = ("accuracy", "macro_f1")
"""Those that are shown of a metric that has them; the first two of any other."""


def print_summary(store: Store, run_ids: Sequence[int], metrics: Sequence[str] | None) -> None:
    """Write to stdout; what does not apply to the runs is left out."""
    from elena_wb.findings.bias import facial_bias
    from elena_wb.findings.scores import scores_of
    from elena_wb.plugins import plugin_host

    makers = plugin_host().makers("metrics")
    wanted = {name: make for name, make in makers.items() if metrics is None or name in metrics}
    with store.read():  # opened once for all
        scored = [one for one in scores_of(store, run_ids, wanted).runs if one.groups]
        tried = facial_bias(store, run_ids).tried
    sys.stdout.write(drawn([*_scores(scored), *_faces(tried)], plots=False))
    sys.stdout.flush()


def _scores(runs: Sequence[ScoredRun]) -> Iterator[Table]:
    """A table for each metric that says anything."""
    for metric in dict.fromkeys(name for of in runs for name in of.groups[0].metrics):
        found = [(of, of.groups[0].metrics[metric]) for of in runs if metric in of.groups[0].metrics]
        names = list(found[0][1].figures)
        shown = [name for name in _FIGURES if name in names] or names[:2]
        rows = [
            (
                str(of.run.run_id),
                of.run.condition,
                f"{scores.n:,}",
                *(_in_words(scores.figures[name]) for name in shown if name in scores.figures),
            )
            for of, scores in found
        ]
        yield Table(
            found[0][1].title,
            (
                "run",
                "condition",
                "n",
                *(name.replace("macro_f1", "macro-F1").replace("_", " ") for name in shown),
            ),
            tuple(row for row in rows if len(row) == 3 + len(shown)),
            names=2,
        )


def _faces(tried: Sequence[Tried]) -> Iterator[Table]:
    """What hiding the face changes, wherever it was hidden."""
    rows = []
    looked = any(one.gaze is not None for one in tried)
    for one in tried:
        if one.dependence is None or one.trial.unmasked is None or one.trial.hidden is None:
            continue
        f1, flips = one.dependence.macro_f1, one.dependence.flips
        rows.append(
            (
                f"{one.trial.unmasked.run_id} → {one.trial.hidden.run_id}",
                f"{one.questions:,}",
                _in_words(f1.change),
                _in_words(f1.beyond),
                _in_words(flips.hidden),
                *([number(one.gaze.ratio.unmasked.value, 2) if one.gaze else "–"] if looked else []),
            )
        )
    if rows:
        columns = ["runs", "n", "change of macro-F1", "beyond the control", "answers changed"]
        title = "What hiding the face changes"
        if looked:
            columns.append("gaze")
            title += "; gaze is the attention on the face over its area, with nothing hidden"
        yield Table(title, tuple(columns), tuple(rows))


def _in_words(of: Estimate) -> str:
    """``.58 [.55, .61]``; a dash where there is none."""
    if math.isnan(of.low):
        return number(of.value, 2)
    return f"{number(of.value, 2)} [{number(of.low, 2)}, {number(of.high, 2)}]"
