"""Answers as ELENA's scripts publish them: one JSON object a file, keyed by the file name of the picture.

Three forms of an entry are known (arXiv 2509.19595 and its repository):

* numbered: ``embodied_emotion``, ``category``, ``narrative`` and the model's text as ``raw_response``;
* with affect: the model's own JSON object, ``valence``, ``arousal`` and ``dominance`` among its keys;
* without affect: the same five texts without these three.

A picture that failed has ``{"error": …}``, or nothing but the values that the scripts start with (``Unknown``
and ``N/A``). A checkpoint holds the same object under ``results``, beside ``processed_files``.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from elena_wb.core import Problem, UsageError

Form = Literal["numbered", "with affect", "without affect"]

LARGEST_FILE = 512 * 2**20
"""Bytes; the answers to all of EMOTIC take a tenth of it."""

_NUMBERED = frozenset({"embodied_emotion", "category", "raw_response"})
_AFFECT = frozenset({"valence", "arousal", "dominance"})
_TEXTS = frozenset({"explicit_description", "implicit_description", "narrative", "body_parts", "emotion"})
_LABEL = ("emotion", "category")
_NOTHING_SAID = frozenset({"", "n/a", "unknown"})
_HINT = (
    "`--as elena` reads the JSON files that ELENA's scripts write: an object of answers, keyed by the file name of "
    "the picture."
)


@dataclass(frozen=True, slots=True)
class PublishedAnswer:
    """One entry: ``name`` is its key.

    ``raw`` is the model's text where the file keeps it, ``fields`` what the authors made of it, and ``written`` the
    same as JSON. ``error`` is what went wrong instead; ``silent`` says that all fields have the values that the
    scripts start with.
    """

    name: str
    fields: Mapping[str, Any]
    written: str = "{}"
    raw: str | None = None
    error: str | None = None
    silent: bool = False

    @property
    def label(self) -> str | None:
        """The emotion as the authors read it."""
        found = next((self.fields[key] for key in _LABEL if key in self.fields), None)
        return found if isinstance(found, str) else None


@dataclass(frozen=True, slots=True)
class Published:
    """A file of answers: the sha256 (hex) of its bytes, its form, its entries, and those that are none."""

    path: Path
    sha256: str
    form: Form
    answers: tuple[PublishedAnswer, ...]
    problems: tuple[Problem, ...] = ()


def read_published(path: Path) -> Published:
    """Read a file of answers; entries that are no answers are problems, with their keys.

    Raises:
        UsageError: the file cannot be read, is no JSON, or holds no answers in a known form.
    """
    data = _bytes(path)
    entries, twice = _entries(path, _parsed(path, data))
    problems = [
        Problem(f"{path}: {_shown(name)}", "occurs more than once; the last is taken", excludes=False)
        for name in twice
    ]
    answers: list[PublishedAnswer] = []
    for name, entry in entries.items():
        answer = _answer(name, entry)
        if isinstance(answer, str):
            problems.append(Problem(f"{path}: {_shown(name)}", answer))
        else:
            answers.append(answer)
    form = _form(path, entries)
    if not answers:
        first = next(problem for problem in problems if problem.excludes)
        raise UsageError(f"{first.where} {first.reason}, and no other entry is an answer.", hint=_HINT)
    return Published(path, hashlib.sha256(data).hexdigest(), form, tuple(answers), tuple(problems))


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            reason = "it is no file" if path.exists() else "there is no such file"
            raise UsageError(f"{path} cannot be read: {reason}.", hint=_HINT)
        if path.stat().st_size > LARGEST_FILE:
            raise UsageError(f"{path} is larger than {LARGEST_FILE >> 20} MiB and is not read.", hint=_HINT)
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error


class _Object(dict[str, Any]):
    """A JSON object that knows which keys were given more than once, with different values."""

    twice: tuple[str, ...] = ()


def _object(pairs: Sequence[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        differing = {key for key, value in pairs if counts[key] > 1 and value != made[key]}
        made.twice = tuple(key for key in made if key in differing)
    return made


def _parsed(path: Path, data: bytes) -> Any:
    encoding = json.detect_encoding(data)
    try:
        return json.loads(
            data.decode(encoding),
            strict=False,
            object_pairs_hook=_object,
            parse_constant=lambda _: None,
            parse_float=_number,
            parse_int=lambda digits: int(digits) if len(digits) < 19 else _number(digits),
        )
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is no text in UTF-8: the byte at {error.start} does not belong there.",
            hint="Save it as UTF-8 and try again.",
        ) from error
    except json.JSONDecodeError as error:
        raise UsageError(f"{path} is no JSON: {error}.", hint=_HINT) from error
    except RecursionError as error:
        raise UsageError(f"{path} is nested too deeply to be a file of answers.", hint=_HINT) from error


def _number(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _entries(path: Path, content: Any) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    if isinstance(content, _Object) and content.keys() == {"processed_files", "results"}:
        content = content["results"]
    if not isinstance(content, _Object):
        raise UsageError(f"{path} holds {_kind(content)}, not an object of answers.", hint=_HINT)
    if not content:
        raise UsageError(f"{path} holds no answers at all.", hint=_HINT)
    return content, content.twice


def _form(path: Path, entries: Mapping[str, Any]) -> Form:
    """The form of most entries; one odd entry may be whatever a model said."""
    forms: Counter[Form] = Counter()
    failed = False
    for entry in entries.values():
        keys = entry.keys() if isinstance(entry, Mapping) else frozenset()
        failed = failed or _error_in(entry) is not None
        if keys & _NUMBERED:
            forms["numbered"] += 1
        elif keys & _AFFECT:
            forms["with affect"] += 1
        elif keys & _TEXTS:
            forms["without affect"] += 1
    if forms:
        return forms.most_common(1)[0][0]
    if failed:
        return "with affect"
    name, entry = next(iter(entries.items()))
    found = ", ".join(map(_shown, list(entry)[:6])) if isinstance(entry, Mapping) else _kind(entry)
    raise UsageError(
        f"{path} holds no answers in a form that is known: `{_shown(name)}` has {found or 'nothing in it'}.",
        hint=f"{_HINT} An answer has `emotion` or `category`.",
    )


def _answer(name: str, entry: Any) -> PublishedAnswer | str:
    """The answer, or why it is none. Halves of characters in a name become escapes."""
    name = name.encode("utf-8", "backslashreplace").decode()
    if not name.strip() or "\x00" in name or name.replace("\\", "/").rsplit("/", 1)[-1] in ("", ".", ".."):
        return "is no file name"
    if entry is None or entry == {}:
        return PublishedAnswer(name, {}, error="The file has no answer for this picture.")
    if not isinstance(entry, Mapping):
        return f"is {_kind(entry)}, not an object with an answer"
    raw = entry.get("raw_response")
    text = raw if isinstance(raw, str) and raw.strip().lower() not in _NOTHING_SAID else None
    fields = {key: value for key, value in entry.items() if key != "raw_response"}
    try:
        written = json.dumps(fields, ensure_ascii=False)
    except RecursionError:
        return "is nested too deeply"
    silent = text is None and _says_nothing(fields)
    return PublishedAnswer(name, fields, written, text, _error_in(entry), silent)


def _error_in(entry: Any) -> str | None:
    """What a script wrote in place of an answer."""
    error = entry.get("error") if isinstance(entry, Mapping) else None
    if error is None or error in ("", [], {}) or entry.keys() & {*_LABEL, "narrative"}:
        return None
    return error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)


def _says_nothing(fields: Mapping[str, Any]) -> bool:
    return all(isinstance(value, str) and value.strip().lower() in _NOTHING_SAID for value in fields.values())


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "an object" if isinstance(value, Mapping) else "null")


def _shown(key: str) -> str:
    return key if len(key) <= 80 else f"{key[:77]}…"
