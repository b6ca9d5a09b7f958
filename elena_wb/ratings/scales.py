"""Scales: a TOML file that says what raters are asked, and what of an answer they are shown.

.. code-block:: toml

    name = "mine"
    title = "A line for listings"
    shows = ["narrative"]         # of explicit_description, implicit_description, narrative, emotion, raw_text

    [[scale]]                     # asked about single answers, in this order
    name = "fits"                 # in the results; small letters, digits, _ and -
    question = "The text fits the picture."
    min = 1                       # digits from 0 to 9, which are the keys
    max = 7
    low = "not at all"            # words for both ends
    high = "completely"

    [[preference]]                # asked about two answers side by side
    name = "better"
    question = "Which text fits the picture better?"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from elena_wb.errors import UsageError
from elena_wb.nearest import nearest
from elena_wb.paths import packaged

Shown = Literal["explicit_description", "implicit_description", "narrative", "emotion", "raw_text"]
"""What a rater can be shown of an answer; each is a column of ``generations``."""
SHOWN: tuple[Shown, ...] = get_args(Shown)

_LARGEST_FILE = 100_000
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scale(_Table):
    """One question about one answer, told by a digit from ``min`` to ``max``."""

    name: _Name
    question: _Line
    min: int = Field(1, ge=0, le=9)
    max: int = Field(7, ge=0, le=9)
    low: _Line
    high: _Line

    @model_validator(mode="after")
    def _upwards(self) -> Scale:
        if self.min >= self.max:
            raise ValueError(f"min ({self.min}) is not less than max ({self.max})")
        return self


class Preference(_Table):
    """One question about two answers: left, right or equal."""

    name: _Name
    question: _Line


class Scales(_Table):
    """A whole file."""

    name: _Name
    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    shows: tuple[Shown, ...] = Field(("narrative",), min_length=1)
    scale: tuple[Scale, ...] = Field((), max_length=9)
    preference: tuple[Preference, ...] = Field((), max_length=9)

    @model_validator(mode="after")
    def _whole(self) -> Scales:
        for kind, asked in (("scale", self.scale), ("preference", self.preference)):
            names = [one.name for one in asked]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"two entries of {kind} are called `{twice[0]}`")
        if len(set(self.shows)) < len(self.shows):
            raise ValueError("shows names one thing twice")
        if not self.scale and not self.preference:
            raise ValueError("there is neither a [[scale]] nor a [[preference]]")
        return self


def shipped_scales() -> tuple[str, ...]:
    """The names of the scales that ship with the program."""
    return tuple(sorted(path.stem for path in packaged("scales").glob("*.toml")))


def find_scales(text: str) -> Scales:
    """The scales that a user means by a name that ships with the program, or by the path of a file.

    Raises:
        UsageError: there are no such ones, or the file cannot be used; names line or field, and the reason.
    """
    text = text.strip()
    if text in shipped_scales():
        return _load(packaged("scales") / f"{text}.toml")
    path = Path(os.path.expanduser(text))  # noqa: PTH111 - ~nobody must not raise
    if not text or ("/" not in text and not path.suffix and not os.path.exists(path)):  # noqa: PTH110 - nor a long one
        raise UsageError(
            f"There are no scales `{text}`.",
            hint=f"{nearest(text, shipped_scales()) or ''} A file of your own is named by its path.".strip(),
        )
    return _load(path)


def _load(path: Path) -> Scales:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise _unusable(path, [getattr(error, "strerror", None) or str(error)]) from error
    if len(content) > _LARGEST_FILE:
        raise _unusable(path, ["it is larger than 100 kilobytes"])
    try:
        values = tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unusable(path, [f"it is no TOML in UTF-8: {error}"]) from error
    try:
        return Scales.model_validate(values)
    except ValidationError as error:
        raise _unusable(path, _reasons(error)) from error


def _reasons(error: ValidationError) -> list[str]:
    found = []
    for problem in error.errors(include_url=False, include_input=False):
        steps: list[Any] = [step + 1 if isinstance(step, int) else step for step in problem["loc"]]
        where = " ".join(str(step) for step in steps)
        message = problem["msg"].removeprefix("Value error, ")
        found.append(f"{where}: {message}" if where else message)
    return found


def _unusable(path: Path, reasons: Sequence[str]) -> UsageError:
    return UsageError(
        f"{path} holds no usable scales: {'; '.join(reasons[:5])}.",
        hint=f"{packaged('scales') / 'elena.toml'} is a file that works, with comments.",
    )
