"""What a run would do, in a few lines for people."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from textual.content import Content

from elena_wb.core import WorkbenchError
from elena_wb.engine.foreseeing import Foresight
from elena_wb.jobs import Job, Progress
from elena_wb.tui.text import line

_SHOWN_RUNS = 4


def command_line(store: Path, arguments: Sequence[str], *, offline: bool) -> str:
    """What does the same in a shell; ``offline`` where the network is forbidden, which a shell need not know of."""
    return shlex.join(["elena-wb", "--store", str(store), *(["--offline"] if offline else ()), *arguments])


def in_short(found: Foresight, *, rows: int = _SHOWN_RUNS) -> Content:
    """The plan: calls; where pictures go, cost and time; what is to be minded; ``rows`` of the runs."""
    about = [_where(found), Content(_cost(found)), Content(_time(found))]
    lines = [Content.styled(_calls(found), "bold"), Content(" ").join(one for one in about if one.plain)]
    if found.notes or found.problems:
        first = found.notes[0] if found.notes else f"{found.problems[0].where}: {found.problems[0].reason}"
        more = len(found.notes) + len(found.problems) - 1
        lines.append(line(f"! {first}" + (f" (and {more} more: v)" if more else ""), longest=300))
    for run in found.runs[:rows]:
        told = f"  {run.prompt} · {run.condition}: {run.to_ask} to ask about {run.pictures} pictures"
        told += f", {run.failed} failed earlier" if run.failed else ""
        lines.append(line(told))
    if len(found.runs) > rows:
        lines.append(line(f"  … and {len(found.runs) - rows} more runs"))
    return Content("\n").join(lines)


def in_full(found: Foresight, command: str) -> str:
    """Everything about the plan, to be read."""
    lines = [_calls(found), f"{_cost(found)} {_time(found)}", _where(found).plain, "", command, ""]
    for run in found.runs:
        lines.append(
            f"{run.prompt} · {run.condition}: {run.pictures} pictures, {run.to_ask} to ask, {run.answered} answered, "
            f"{run.failed} failed"
        )
    lines += ["", *(f"Note: {note}" for note in found.notes)]
    return "\n".join([*lines, *(f"{problem.where}: {problem.reason}" for problem in found.problems)])


def why_not(error: WorkbenchError) -> Content:
    """Why there is no plan."""
    told = line(error.message, longest=600)
    return told if error.hint is None else Content("\n").join([told, line(error.hint, longest=600)])


def how_far(job: Job, found: Progress) -> str:
    """``12/48 · 3.2/s · 0:00:11 left · 1 failed``; what is not known is left out."""
    told = [f"{found.done:,}/{found.to_do:,}"] if found.to_do else []
    if found.per_second and job.state == "running":
        rate = found.per_second
        told.append(f"{rate:.1f}/s" if rate >= 0.1 else f"{1 / rate:.0f} s each")
    if found.seconds_left:
        told.append(f"{span(found.seconds_left)} left")
    if found.failures:
        told.append(f"{found.failures:,} failed")
    if job.state == "running" and job.interrupts:
        told.append("stopping")
    if job.reason:
        told.append(job.reason)
    return " · ".join(told)


def span(seconds: float) -> str:
    """A time for people: ``40 s``, ``5 min``, ``2 h 10 min``, ``3 days``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{timedelta(minutes=minutes).days} days"


def _calls(found: Foresight) -> str:
    runs = f"{len(found.runs)} run{'s' if len(found.runs) != 1 else ''}"
    answered, failed = (sum(getattr(run, name) for run in found.runs) for name in ("answered", "failed"))
    told = f"{runs} × {found.pictures:,} pictures: {found.to_ask:,} calls, {answered:,} answered already"
    return told + (f", {failed:,} failed" if failed else "")


def _cost(found: Foresight) -> str:
    if found.tokens is None:
        return "No cost." if found.destination is None else "Its cost is not known."
    told = f"At most {found.tokens:,} tokens"
    if found.cost_usd is not None:
        return f"{told}, ${found.cost_usd:,.2f}" + (
            f" (prices of {found.priced_on})." if found.priced_on else "."
        )
    return f"{told}." if found.destination is None else f"{told}; what they cost is not known."


def _time(found: Foresight) -> str:
    if not found.to_ask:
        return ""
    if found.seconds is None:
        return "Its time is not known: the store has no answers of this model yet."
    return f"About {span(found.seconds)}, as fast as its last answers came."


def _where(found: Foresight) -> Content:
    if found.destination is None:
        return Content("Pictures stay on this machine.")
    return Content.assemble(("! ", "bold"), "Pictures are sent to ", line(found.destination), ".")
