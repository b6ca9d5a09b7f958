"""Reading the file of a declared study, and saying of what is wrong with it where it stands and what was meant.

Such a file may come from anybody: it is bounded in size, names nothing but what ``elena-wb run`` takes, and is never
executed nor expanded.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from elena_wb.errors import UsageError
from elena_wb.experiments.declared import (
    AttentionChoice,
    Dataset,
    Experiment,
    ModelChoice,
    ReportChoice,
    SamplingChoice,
)
from elena_wb.nearest import nearest

_LARGEST_FILE = 1_000_000
_SHOWN = 5
_TABLES: Mapping[str, type[BaseModel]] = {
    "datasets": Dataset,
    "models": ModelChoice,
    "sampling": SamplingChoice,
    "attention": AttentionChoice,
    "report": ReportChoice,
}
_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\"' -]+?)\s*\]\]?")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')\s*=")
_MULTILINE = re.compile(r'"""|\'\'\'')

Steps = tuple[str | int, ...]


def read(path: Path) -> Experiment:
    """The study that the file at ``path`` declares. Looks at nothing else: whether models and data exist is not asked.

    Raises:
        UsageError: it cannot be read or declares no study; the message names the file, and of each thing amiss the
            line, the key, and what may have been meant.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_FILE + 1)  # a device or a pipe has no size to ask for
        if len(raw) > _LARGEST_FILE:
            raise _unusable(path, ["it is larger than one megabyte"])
        text = raw.decode("utf-8-sig")
        content = tomllib.loads(text)
    except OSError as error:
        raise UsageError(
            f"The study {path} cannot be read: {error.strerror or error}.",
            hint="Name the file that declares it; docs/studies has ones to begin with.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise _unusable(path, [f"it is no TOML in UTF-8: {error}"]) from error
    content.setdefault("name", path.stem)
    try:
        return Experiment.model_validate(content)
    except ValidationError as error:
        lines = dict(reversed(list(_lines(text))))
        problems = error.errors(include_url=False)
        told = [
            _told(problem, lines)
            for problem in problems
            if problem["type"] != "too_short" or not _follows(problem, problems)
        ]
        raise _unusable(path, [reason for _, reason in sorted(told, key=lambda one: one[0])]) from error


def _follows(problem: ErrorDetails, problems: Sequence[ErrorDetails]) -> bool:
    """Whether a list is only short of what is in it and amiss."""
    place = problem["loc"]
    return any(other["loc"][: len(place)] == place and other is not problem for other in problems)


def _told(problem: ErrorDetails, lines: Mapping[Steps, int]) -> tuple[int, str]:
    """The line that ``problem`` is in (0: of the whole), and what it is in words."""
    steps: Steps = tuple(step for step in problem["loc"] if step != "[key]")
    where = ".".join(f"{step + 1}" if isinstance(step, int) else _short(step) for step in steps)
    line = next((lines[steps[:end]] for end in range(len(steps), 0, -1) if steps[:end] in lines), None)
    match problem["type"]:
        case "extra_forbidden":
            message = f"there is no such key. {nearest(str(steps[-1]), _keys_beside(steps)) or ''}".strip()
        case "missing":
            message = "it is missing"
        case "too_short":
            message = "there is none"
        case "string_pattern_mismatch" if steps[-1] == "name":
            message = (
                f"`{_short(str(problem['input']))}` cannot name runs: it begins with a letter and has letters, digits, "
                "blanks, `.`, `_` and `-` only, 80 at most"
            )
        case "string_pattern_mismatch" if steps[-1] == "file":
            message = (
                f"`{_short(str(problem['input']))}` is no name for the report: NAME.html, without a folder (the option "
                "--report writes it elsewhere)"
            )
        case "tuple_type":
            message = f"`{_short(str(problem['input']))}` is no list"
        case "model_type" | "model_attributes_type":
            message = f"`{_short(str(problem['input']))}` is no table"
        case _:
            message = problem["msg"].removeprefix("Value error, ")
    at = f"line {line}, " if line is not None else ""
    return line or 0, f"{at}{where}: {message.rstrip('.')}" if where else message.rstrip(".")


def _keys_beside(steps: Steps) -> Sequence[str]:
    """The keys that there are where an unknown one stands."""
    table = _TABLES.get(str(steps[0])) if len(steps) > 1 else Experiment
    return tuple(table.model_fields) if table is not None else ()


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"


def _lines(text: str) -> Iterator[tuple[Steps, int]]:
    """Where keys and tables begin: their place in the file as pydantic counts it, and the line (from 1).

    Knows TOML as people write it; of a key in a table within brackets the line of the whole is found.
    """
    table: Steps = ()
    counted: dict[str, int] = {}
    within: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if within is None:
            header, key = _HEADER.match(line), _KEY.match(line)
            if header is not None:
                table = _table(header[2], counted, repeated=header[1] == "[[")
                yield table, number
            elif key is not None:
                yield (*table, _bare(key[1])), number
        for found in _MULTILINE.finditer(line):
            within = found[0] if within is None else None if within == found[0] else within


def _table(written: str, counted: dict[str, int], *, repeated: bool) -> Steps:
    """The place of the table whose header is ``written``; ``counted`` is how many of each repeated one came so far."""
    if repeated:
        counted[written] = counted.get(written, -1) + 1
        return (written, counted[written])
    steps: list[Any] = []
    for name in map(_bare, written.split(".")):
        steps.append(name)
        if name in counted and len(steps) == 1:
            steps.append(counted[name])
    return tuple(steps)


def _bare(key: str) -> str:
    return key.strip().strip("\"'")


def _unusable(path: Path, reasons: Sequence[str]) -> UsageError:
    shown = "; ".join(reasons[:_SHOWN])
    more = f"; and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    return UsageError(
        f"{path} declares no study: {shown}{more}" + ("" if f"{shown}{more}".endswith("?") else "."),
        hint="docs/findings.md describes the file, and docs/studies has ones to begin with.",
    )
