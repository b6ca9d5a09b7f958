"""The findings of a report: every analysis that applies to the runs; one that fails takes no other with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TypeVar

from elena_wb.core import UsageError, WorkbenchError
from elena_wb.findings import Section
from elena_wb.findings.scores import ScoredRuns, scores_of
from elena_wb.findings.telling import Told, most_telling
from elena_wb.nearest import nearest
from elena_wb.plugins import PluginHost
from elena_wb.report.analyses import MOST_COMPARED, analyses
from elena_wb.report.harmless import without_places
from elena_wb.report.options import Missing, ReportOptions
from elena_wb.store import Store
from elena_wb.store.selection import paired_runs

T = TypeVar("T")
_NOTHING: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """What one analysis tells, or several of one title, in the order of reading."""

    title: str
    sections: tuple[Section, ...]


@dataclass(slots=True)
class Found:
    """What the analyses came to, in the order of the report; those that do not apply have no chapter.

    ``kinds`` are those that told something, as ``methods.toml`` has them. ``store`` is open to read while one is made.
    """

    set_up: tuple[Section, ...] = ()
    chapters: list[Chapter] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    failures: tuple[Section, ...] = ()
    scored: ScoredRuns | None = None
    pairs: tuple[tuple[int, int], ...] = ()
    telling: tuple[Told, ...] = ()
    missing: list[Missing] = field(default_factory=list)
    store: Store | None = None

    def attempt(self, what: str, make: Callable[[], T], otherwise: T) -> T:
        """What ``make`` makes, of one state of the store; where it fails, ``otherwise``, and the failure is kept."""
        try:
            with nullcontext() if self.store is None else self.store.read():
                return make()
        except WorkbenchError as error:
            self.missing.append(Missing(what, " ".join(filter(None, [error.message, error.hint]))))
        except Exception as error:  # noqa: BLE001 - the rest of the report is worth having
            self.missing.append(Missing(what, f"{type(error).__name__}: {error}"))
        return otherwise


def find(store: Store, host: PluginHost, run_ids: Sequence[int], options: ReportOptions) -> Found:
    """Carry out every analysis.

    Raises:
        UsageError: there is no such metric.
    """
    makers = host.makers("metrics")
    for name in options.metrics or ():
        if name not in makers:
            raise UsageError(f"There is no metric `{name}`.", hint=nearest(name, makers))
    metrics = {name: of for name, of in makers.items() if options.metrics is None or name in options.metrics}
    found = Found(store=store)

    def scores() -> tuple[Section, ...]:
        from elena_wb.findings.scores_told import sections

        found.scored = scores_of(store, run_ids, metrics, resampling=options.resampling)
        found.missing += [Missing(f"Metric {one.metric}", one.reason) for one in found.scored.failed]
        return sections(found.scored)

    def set_up() -> tuple[Section, ...]:
        from elena_wb.findings.setup import set_up
        from elena_wb.findings.setup_told import sections

        return sections(set_up(store, run_ids))

    def failures() -> tuple[Section, ...]:
        from elena_wb.findings.failures import failures
        from elena_wb.findings.failures_told import sections

        return sections(failures(store, run_ids))

    found.set_up = found.attempt("Set-up", set_up, _NOTHING)
    found.pairs = found.attempt("Which runs belong together", lambda: _pairs(store, run_ids), ())
    _add(found, "scores", "Answers against what is true", scores)
    for of in analyses(store, run_ids, options, found.pairs):
        _add(found, of.kind, of.title, of.make)
    found.failures = found.attempt("Failures and exclusions", failures, _NOTHING)
    found.telling = found.attempt(
        "Telling pairs",
        lambda: most_telling(store, found.pairs[:MOST_COMPARED], options.pairs, clean=without_places),
        (),
    )
    return found


def _add(found: Found, kind: str, title: str, make: Callable[[], tuple[Section, ...]]) -> None:
    sections = found.attempt(title, make, _NOTHING)
    if not sections:
        return
    found.kinds.append(kind)
    before = found.chapters[-1] if found.chapters else None
    if before is not None and before.title == title:
        found.chapters[-1] = Chapter(title, (*before.sections, *sections))
    else:
        found.chapters.append(Chapter(title, sections))


def _pairs(store: Store, run_ids: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """The pairs of runs to compare: unmasked and masked where there are such, else two runs that stand alone."""
    among = set(run_ids)
    pairs = tuple(pair for pair in paired_runs(store, run_ids) if among.issuperset(pair))
    if not pairs and len(run_ids) == 2:
        return ((run_ids[0], run_ids[1]),)
    return pairs
