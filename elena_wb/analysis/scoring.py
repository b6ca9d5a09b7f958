"""Every metric over every group of answers; one that fails takes no other with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from elena_wb.analysis.checking import checked_columns, checked_scores
from elena_wb.analysis.rates import rates
from elena_wb.core import Answers, Column, Metric, Resampling, Scores, WorkbenchError

Group = tuple[str | None, ...]
Read = Callable[[frozenset[Column]], Mapping[Group, Answers]]
"""Gives the answers of every group, with these columns; asked again for the same, it is quick."""

_ANYTHING = (Exception, SystemExit)


@dataclass(frozen=True, slots=True)
class Failed:
    """A metric that could not be used, and why."""

    metric: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of the answers of one group, and what each metric that applies says of them."""

    group: Group
    rates: Scores
    metrics: Mapping[str, Scores]


def score_groups(
    read: Read, metrics: Mapping[str, Callable[[], Metric]], resampling: Resampling
) -> tuple[tuple[Scored, ...], tuple[Failed, ...]]:
    """The scores of every group that ``read`` knows, in its order, and the metrics that failed.

    ``metrics`` makes each metric by its name. Whatever a metric raises is its failure and nobody else's.
    """
    found: dict[Group, dict[str, Scores]] = {}
    failed: list[Failed] = []
    for name, make in metrics.items():
        try:
            metric = make()
            columns = checked_columns(metric.reads)
        except _ANYTHING as error:
            failed.append(_failure(name, error))
            continue
        groups = read(columns)
        try:
            scores = {
                group: checked_scores(metric.score(answers, resampling)) for group, answers in groups.items()
            }
        except _ANYTHING as error:
            failed.append(_failure(name, error))
            continue
        for group, of_group in scores.items():
            if of_group is not None:
                found.setdefault(group, {})[name] = of_group
    return (
        tuple(
            Scored(group, rates(answers, resampling), found.get(group, {}))
            for group, answers in read(frozenset({"emotion"})).items()
        ),
        tuple(failed),
    )


def _failure(metric: str, error: BaseException) -> Failed:
    said = error.message if isinstance(error, WorkbenchError) else f"{type(error).__name__}: {error}"
    return Failed(metric, said)
