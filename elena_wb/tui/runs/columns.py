"""The columns of the table of runs: what each says of a line, and which of them there is room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.style import Style
from rich.text import Text

from elena_wb.plain import plain
from elena_wb.tui.runs.lines import RunLine

_BAR = 6
_LONG = 200


@dataclass(frozen=True, slots=True)
class Column:
    """``text`` is what it says of a line at the time ``now``; ``value`` is what lines are ordered by, ``None`` last.

    It takes ``width`` columns of the terminal and, where there is room, up to ``longest`` or its longest text.
    ``only_if`` tells whether it has anything to say at all.
    """

    name: str
    label: str
    width: int
    text: Callable[[RunLine, datetime], str]
    value: Callable[[RunLine], Any]
    longest: int = 0
    right: bool = False
    only_if: Callable[[RunLine], bool] | None = None

    def cell(self, line: RunLine, now: datetime, width: int, colours: Mapping[str, str]) -> Text:
        """What it says of ``line`` in ``width`` columns: never markup, and with an ellipsis where it is cut.

        ``colours`` are those of the theme, by name.
        """
        cell = Text(plain(self.text(line, now)[:_LONG]), no_wrap=True, end="")
        cell.truncate(width, overflow="ellipsis")
        if self.right:
            cell.pad_left(width - cell.cell_len)
        if self.name == "status":
            colour = colours.get(_MEANING.get(line.status, ""), "")
            cell.stylize(Style(color=colour if colour.startswith("#") else None, bold=True))
        return cell


_MEANING: Mapping[str, str] = {
    "done": "text-success",
    "running": "text-primary",
    "starting": "text-primary",
    "partial": "text-warning",
    "cut off": "text-warning",
    "interrupted": "text-warning",
    "failed": "text-error",
    "lost": "text-error",
}
"""Which colour of the theme goes with a status."""


def compact(number: int) -> str:
    """A count in at most five characters."""
    if number < 100_000:
        return str(number)
    return f"{number / 1e3:.0f}k" if number < 999_500 else f"{number / 1e6:.3g}M"


def share(value: float | None) -> str:
    """A share between 0 and 1 to two digits, as tables of scores have it."""
    if value is None:
        return ""
    text = f"{value:.2f}"
    return text.removeprefix("0") if value < 0.995 else text


def lasting(seconds: float) -> str:
    """A span of time in at most six characters, in the greatest unit that says something."""
    seconds = max(0.0, seconds)
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} d" if seconds < 1000 * 86400 else f"{seconds / 31_556_952:.0f} y"


def bar(done: int, planned: int, width: int = _BAR) -> str:
    """How far it got, as a bar that is full only when nothing is missing and empty only when nothing is there."""
    if planned <= 0:
        return ""
    full = min(width, done * width // planned)
    if done and not full:
        full = 1
    return "━" * full + "╌" * (width - full)


def dollars(amount: float | None) -> str:
    """US dollars, finer where there are few."""
    if amount is None:
        return ""
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"


def _progress(line: RunLine, now: datetime) -> str:
    if not line.planned:
        return ""
    return f"{compact(line.done)}/{compact(line.planned)}".rjust(7) + " " + bar(line.done, line.planned)


def _speed(line: RunLine, now: datetime) -> str:
    rate = None if line.live is None else line.live.per_second
    if not rate:
        return ""
    return f"{rate:.3g}/s" if rate >= 0.1 else f"{rate * 60:.2g}/min"


def _left(line: RunLine, now: datetime) -> str:
    seconds = None if line.live is None else line.live.seconds_left
    return "" if seconds is None else lasting(seconds)


def _of_run(name: str) -> Callable[[RunLine], Any]:
    return lambda line: None if line.run is None else getattr(line.run, name)


def _words(name: str) -> Callable[[RunLine, datetime], str]:
    return lambda line, now: "" if line.run is None else str(getattr(line.run, name) or "")


def _at_work(line: RunLine) -> bool:
    return line.job is not None and not line.job.ended


COLUMNS: tuple[Column, ...] = (
    Column("run", "run", 4, _words("run_id"), _of_run("run_id"), right=True),
    Column("name", "name", 14, lambda line, now: line.name, lambda line: line.name.casefold(), longest=40),
    Column("model", "model", 14, _words("model_uri"), _of_run("model_uri"), longest=44),
    Column("prompt", "prompt", 8, _words("prompt_name"), _of_run("prompt_name"), longest=20),
    Column("condition", "condition", 10, _words("condition"), _of_run("condition"), longest=30),
    Column("dataset", "dataset", 8, _words("dataset"), _of_run("dataset"), longest=16),
    Column("status", "status", 11, lambda line, now: line.status, lambda line: line.status),
    Column("progress", "   done", 14, _progress, lambda line: line.done / line.planned if line.planned else None),
    Column("speed", "speed", 7, _speed, lambda line: line.live and line.live.per_second, right=True,
           only_if=_at_work),
    Column("left", "left", 6, _left, lambda line: line.live and line.live.seconds_left, right=True,
           only_if=_at_work),
    Column("n", "n", 5, lambda line, now: compact(line.run.generations) if line.run else "",
           _of_run("generations"), right=True),
    Column("parsed", "parsed", 6, lambda line, now: share(line.parse_rate), lambda line: line.parse_rate, right=True),
    Column("accuracy", "acc", 4, lambda line, now: share(line.accuracy), lambda line: line.accuracy, right=True),
    Column("macro_f1", "F1", 4, lambda line, now: share(line.macro_f1), lambda line: line.macro_f1, right=True),
    Column("cost", "cost", 8, lambda line, now: dollars(line.run.cost_usd) if line.run else "", _of_run("cost_usd"),
           right=True, only_if=lambda line: line.run is not None and line.run.cost_usd is not None),
    Column("age", "age", 6, lambda line, now: lasting((now - line.age_since).total_seconds()),
           lambda line: -line.age_since.timestamp(), right=True),
)  # fmt: skip
"""From left to right."""

_IMPORTANCE = (
    *(
        "name",
        "status",
        "progress",
        "condition",
        "run",
        "accuracy",
        "age",
        "macro_f1",
        "speed",
        "left",
        "model",
    ),
    *("n", "prompt", "parsed", "cost", "dataset"),
)
"""Which columns come first where there is no room for all."""
_NAMED = {column.name: column for column in COLUMNS}


def laid_out(room: int, lines: Sequence[RunLine], now: datetime) -> list[tuple[Column, int]]:
    """The columns that fit into ``room``, a blank after each, from left to right, with the width each of them gets."""
    widths: dict[str, int] = {}
    for name in _IMPORTANCE:
        column = _NAMED[name]
        if column.only_if is not None and not any(map(column.only_if, lines)):
            continue
        left = room - sum(widths.values()) - len(widths)
        if not widths:
            widths[name] = max(1, min(column.width, left - 1))
        elif column.width < left:
            widths[name] = column.width
        elif name not in ("model", "prompt", "dataset"):
            break
    left = room - sum(widths.values()) - len(widths)
    for name in ("name", "condition", "model", "prompt", "dataset"):
        if name in widths:
            longest = _longest(_NAMED[name], lines, now)
            more = min(left, max(0, longest - widths[name]))
            widths[name] += more
            left -= more
    return [(column, widths[column.name]) for column in COLUMNS if column.name in widths]


def _longest(column: Column, lines: Iterable[RunLine], now: datetime) -> int:
    return max((min(column.longest, len(column.text(line, now))) for line in lines), default=0)


def ordered(lines: Sequence[RunLine], by: str, *, reverse: bool) -> list[RunLine]:
    """``lines`` by the column ``by``, unknown values last either way; as they are where there is no such column."""
    column = _NAMED.get(by)
    if column is None:
        return list(lines)
    known = [(value, line) for line in lines if (value := column.value(line)) is not None]
    unknown = [line for line in lines if column.value(line) is None]
    known.sort(key=lambda pair: pair[0], reverse=reverse)
    return [*(line for _, line in known), *unknown]
