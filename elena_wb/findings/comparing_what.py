"""What a user means to compare: runs by number or name, or conditions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

from elena_wb.core import Condition, UsageError
from elena_wb.findings.words import listed
from elena_wb.store import Store, resolve_run
from elena_wb.store.many_runs import alike_but_for_condition, runs_by_condition
from elena_wb.store.scorable import resolve_runs


@dataclass(frozen=True, slots=True)
class Meant:
    """The runs to compare, all with one another; where ``conditions`` are meant, in the ``pairs`` alike in all else."""

    run_ids: tuple[int, ...]
    conditions: tuple[str, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()


def meant_by(store: Store, texts: Sequence[str]) -> Meant:
    """The runs that ``texts`` name; where none is a run's number or name, the conditions that they are.

    Raises:
        UsageError: there is no such run or condition, only one, or no two runs of the conditions are otherwise alike.
    """
    unknown = [text for text in texts if not _is_run(store, text)]
    if not unknown:
        run_ids = resolve_runs(store, texts)
        if len(run_ids) < 2:
            raise UsageError(
                f"Only run {run_ids[0]} is meant, and takes another to be compared with."
                if len(texts) < 2
                else f"{listed([f'`{text}`' for text in texts])} are the same run, {run_ids[0]}.",
                hint="`elena-wb runs` lists all; `elena-wb run … --fresh` makes another of the same specification.",
            )
        return Meant(run_ids)
    by_condition = runs_by_condition(store)
    named = {text: _condition(text, by_condition) for text in texts}
    if not any(named[text] for text in unknown):
        return Meant(resolve_runs(store, texts))  # which says that there is no such run, and the nearest
    if None in named.values():
        runs = listed([f"`{text}`" for text in texts if named[text] is None])
        condition = next(text for text in unknown if named[text])
        raise UsageError(
            f"`{condition}` is a condition, but {runs} {'is' if runs.count('`') == 2 else 'are'} not: there are "
            f"answers under {', '.join(by_condition)}.",
            hint="Name runs alone (`elena-wb runs` lists them), or conditions alone.",
        )
    conditions = tuple(dict.fromkeys(condition for condition in named.values() if condition))
    if len(conditions) < 2:
        raise UsageError(
            f"Only the condition {conditions[0]} is meant, and takes another to be compared with.",
            hint=f"There are answers under: {', '.join(by_condition)}.",
        )
    pairs = tuple(
        pair
        for first, second in combinations(conditions, 2)
        for pair in alike_but_for_condition(store, first, second)
    )
    if not pairs:
        runs = "; ".join(f"{one}: {', '.join(map(str, by_condition[one]))}" for one in conditions)
        raise UsageError(
            f"No two runs under {listed(conditions)} are alike in all else and asked about the same pictures.",
            hint=f"Compare runs by their numbers ({runs}), which says what else lies between them.",
        )
    return Meant(tuple(dict.fromkeys(run_id for pair in pairs for run_id in pair)), conditions, pairs)


def _is_run(store: Store, text: str) -> bool:
    try:
        resolve_run(store, text)
    except UsageError:
        return False
    return True


def _condition(text: str, known: Collection[str]) -> str | None:
    """The condition of some run that is meant, however it is spelt."""
    if text in known:
        return text
    try:
        spelt = str(Condition.parse(text))
    except UsageError:
        return None
    return spelt if spelt in known else None
