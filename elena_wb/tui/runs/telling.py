"""What there is to say of one line of the table of runs: in three lines under it, and in full."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from textual.content import Content

from elena_wb.plain import plain
from elena_wb.tui.runs.columns import dollars, lasting, share
from elena_wb.tui.runs.lines import RunLine

_CUT_OFF = "Its process is gone. R goes on with it."


def in_short(line: RunLine) -> Content:
    """Three lines: what it is, how it did, and what is going on with it."""
    parts = [_what(line), _how(line), _now(line)]
    return Content("\n").join(Content(plain(part)) if part else Content(" ") for part in parts)


def _what(line: RunLine) -> str:
    run = line.run
    if run is None:
        assert line.job is not None
        return f"Job {line.job.number}: {line.name}"
    of = [line.name, run.model_uri, f"prompt {run.prompt_name}", f"condition {run.condition}"]
    if run.dataset:
        of.append(f"dataset {run.dataset}")
    return " · ".join(of)


def _how(line: RunLine) -> str:
    run = line.run
    if run is None:
        assert line.job is not None
        return "elena-wb " + shlex.join(line.job.argv)
    counts = [f"{run.generations:,} of {line.planned:,} answers"]
    named = (("unread", run.unparsed), ("refused", run.refused), ("failed", run.errors))
    counts += [f"{count:,} {name}" for name, count in named if count]
    score = line.score
    if score is not None and score.parse_rate is not None:
        counts.append(f"read {share(score.parse_rate)}")
    if score is not None and score.accuracy is not None:
        counts.append(
            f"accuracy {share(score.accuracy)}, macro-F1 {share(score.macro_f1)} of {score.labelled:,}"
        )
    if run.cost_usd is not None:
        counts.append(dollars(run.cost_usd))
    return " · ".join(counts)


def _now(line: RunLine) -> str:
    job, progress = line.job, line.progress
    if job is None:
        return _CUT_OFF if line.status == "cut off" else ""
    if not job.ended:
        said = [f"Job {job.number} is {'asked to stop' if job.interrupts else job.state}"]
        if progress is not None and job.state == "running":
            said += [f"{progress.done:,} of {progress.to_do:,}"] if progress.to_do else []
            if progress.seconds_left is not None:
                said.append(f"{lasting(progress.seconds_left)} left")
            said += progress.messages[-1:] or progress.stderr[-1:]
        return " · ".join(said)
    if line.run is not None and line.status in ("done", "running"):
        return ""
    said = [f"Job {job.number} {_ENDED.get(job.state, job.state)}"]
    reason = job.reason or next(iter((progress.stderr if progress else ())[-1:]), None)
    if reason:
        said.append(reason)
    elif line.status == "cut off":
        said.append(_CUT_OFF)
    return ": ".join(said)


_ENDED: Mapping[str, str] = {
    "partial": "ended with some answers missing",
    "failed": "failed",
    "cancelled": "was stopped",
    "lost": "is gone, and nobody saw how it ended",
}


def in_full(shown: Mapping[str, Any], line: RunLine) -> str:
    """Everything that ``runs show`` tells (``shown``), its scores, and its job, as lines."""
    lines = list(_told(shown, ""))
    if line.score is not None:
        lines += ["", "scores", *(f"  {name}: {value}" for name, value in _scores(line))]
    return "\n".join([*lines, *_of_job(line)])


def of_job(line: RunLine) -> str:
    """Everything known of a job without a run, as lines."""
    return "\n".join(_of_job(line)).lstrip("\n")


def _scores(line: RunLine) -> Iterator[tuple[str, str]]:
    score = line.score
    assert score is not None
    yield "labelled answers", str(score.labelled)
    for name, value in (
        ("parse rate", score.parse_rate),
        ("accuracy", score.accuracy),
        ("macro-F1", score.macro_f1),
    ):
        yield name, "not known" if value is None else f"{value:.4f}"


def _of_job(line: RunLine) -> Iterator[str]:
    job, progress = line.job, line.progress
    if job is None:
        return
    yield from (
        "",
        f"job {job.number}",
        f"  command: elena-wb {shlex.join(job.argv)}",
        f"  state: {job.state}",
    )
    times = {"asked for": job.created_at, "started": job.started_at, "ended": job.ended_at}
    yield from (f"  {name}: {at:%Y-%m-%d %H:%M:%S} UTC" for name, at in times.items() if at is not None)
    if job.exit_code is not None:
        yield f"  exit code: {job.exit_code}"
    if job.reason:
        yield f"  reason: {job.reason}"
    for name, printed in (("messages", progress.messages), ("stderr", progress.stderr)) if progress else ():
        if printed:
            yield from ("", f"last {name}", *(f"  {one}" for one in printed))


def _told(shown: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, value in shown.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}" + ("" if value else ": none")
            yield from _told(value, indent + "  ")
        elif isinstance(value, str) and "\n" in value:
            yield f"{indent}{name}"
            yield from (f"{indent}  {one}" for one in value.splitlines())
        elif isinstance(value, list):
            yield f"{indent}{name}: {json.dumps(value, ensure_ascii=False, default=str)}"
        else:
            yield f"{indent}{name}: {'' if value is None else value}"
