"""What one line of the table of runs stands for: a run with its score and the job on it, or a job without a run yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from elena_wb.jobs import Job, Progress
from elena_wb.store import RunSummary
from elena_wb.store.overview import RunScore


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run, or a job that has made none; ``worked_on`` tells whether a living process works on the run.

    ``job`` is the newest that was about the run; ``progress`` is what it says of itself, if this run was its last.
    """

    run: RunSummary | None
    score: RunScore | None = None
    worked_on: bool = False
    job: Job | None = None
    progress: Progress | None = None

    @property
    def key(self) -> str:
        """What tells this line from all others, as long as the store lives."""
        if self.run is not None:
            return f"run {self.run.run_id}"
        assert self.job is not None
        return f"job {self.job.number}"

    @property
    def name(self) -> str:
        """The run's name, or what the job is called."""
        if self.run is not None:
            return self.run.name or f"run {self.run.run_id}"
        assert self.job is not None
        return self.job.title

    @property
    def status(self) -> str:
        """One word or two: that of the run, ``cut off`` where its process is gone, or that of the job."""
        if self.run is None:
            assert self.job is not None
            return "starting" if self.job.state == "running" else self.job.state
        if self.run.status == "running":
            return "running" if self.worked_on else "cut off"
        return "queued" if self.job is not None and self.job.state == "queued" else self.run.status

    @property
    def live(self) -> Progress | None:
        """How far the job has got, while it is at this line."""
        at_it = self.job is not None and self.job.state == "running"
        return self.progress if at_it else None

    @property
    def done(self) -> int:
        """How many answers there are, failures not counted."""
        return 0 if self.run is None else self.run.generations - self.run.errors

    @property
    def planned(self) -> int:
        """How many answers there are to be."""
        if self.run is not None:
            return max(self.run.planned, self.run.generations)
        return 0 if self.progress is None else self.progress.to_do

    @property
    def age_since(self) -> datetime:
        """When it was begun, or asked for, UTC."""
        if self.run is not None:
            return self.run.started_at
        assert self.job is not None
        return self.job.created_at

    @property
    def parse_rate(self) -> float | None:
        """Share of the answered that could be read."""
        return None if self.score is None else self.score.parse_rate

    @property
    def accuracy(self) -> float | None:
        """Share of the labelled that is true."""
        return None if self.score is None else self.score.accuracy

    @property
    def macro_f1(self) -> float | None:
        """Macro-F1 over the labelled."""
        return None if self.score is None else self.score.macro_f1

    @property
    def words(self) -> str:
        """All that a filter looks in, in one case."""
        run = self.run
        parts = [self.name, self.status]
        if run is not None:
            parts += [run.model_uri, run.prompt_name, run.condition, run.dataset or "", run.experiment or ""]
            parts.append(f"#{run.run_id}")
        return "\n".join(parts).casefold()


def passing(found: Iterable[RunLine], text: str) -> list[RunLine]:
    """Those in which every word of ``text`` stands, in whatever case."""
    wanted = text.casefold().split()
    return [one for one in found if all(word in one.words for word in wanted)]


def lines_of(
    runs: Sequence[RunSummary],
    scores: Mapping[int, RunScore],
    worked_on: frozenset[int],
    jobs: Iterable[tuple[Job, Progress]],
) -> list[RunLine]:
    """Jobs without a run first, then runs, both newest first. Of several jobs on a run, the newest counts."""
    known = {run.run_id for run in runs}
    of_run: dict[int, tuple[Job, Progress | None]] = {}
    without: list[RunLine] = []
    for job, progress in sorted(jobs, key=lambda pair: pair[0].number):
        theirs = [run for run in _runs_of(job, progress) if run in known]
        if not theirs and (not job.ended or (job.state != "done" and not progress.run_ids)):
            without.append(RunLine(None, job=job, progress=progress))
        for run in theirs:
            of_run[run] = job, progress if run == theirs[-1] else None
    found = []
    for summary in sorted(runs, key=lambda run: run.run_id, reverse=True):
        number = summary.run_id
        at, how_far = of_run.get(number, (None, None))
        found.append(RunLine(summary, scores.get(number), number in worked_on, at, how_far))
    return [*reversed(without), *found]


def _runs_of(job: Job, progress: Progress) -> list[int]:
    """The runs that a job began, in that order, or is to go on with."""
    found = list(progress.run_ids)
    if "--resume" in job.argv[:-1]:
        named = job.argv[job.argv.index("--resume") + 1]
        if named.isdecimal() and int(named) not in found:
            found.append(int(named))
    return found
