"""What a page shows, held against what was printed."""

from __future__ import annotations

import re
from collections.abc import Sequence

ANY = "…"
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r(?=\n)")
_VOLATILE = (
    (re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( UTC|Z)?"), "<when>"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s|min|h)\b(?!\w)"), "<time>"),
    (re.compile(r"[─━╌]{2,}"), "─"),
    (re.compile(r"[ \t]+"), " "),
)


def legible(text: str, home: str | None = None) -> str:
    """A text without the codes of a terminal, and with the home of whoever reads it."""
    text = _CODES.sub("", text)
    if home:
        text = text.replace(home, "/home/you")
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def plain(text: str, home: str | None = None) -> list[str]:
    """The lines of a text, without what differs from time to time and from machine to machine."""
    text = legible(text, home)
    for pattern, instead in _VOLATILE:
        text = pattern.sub(instead, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def difference(shown: Sequence[str], out: Sequence[str], err: Sequence[str]) -> str | None:
    """What keeps the ``shown`` lines from being what was printed; nothing where they are.

    Lines are those of stdout and stderr, each in its order, however they are mixed. A line of ``…`` stands for any
    lines; without one, stdout must be shown whole. Of stderr anything may be left out.
    """
    return _rest(_wanted(shown), out, err, skip=False)


def _wanted(shown: Sequence[str]) -> list[str]:
    return plain("\n".join(shown))


def _rest(shown: Sequence[str], out: Sequence[str], err: Sequence[str], *, skip: bool) -> str | None:
    at = 0
    for number, line in enumerate(shown):
        if line.strip() == ANY:
            skip = True
            continue
        pattern = _pattern(line)
        span = len(out) if skip else at + 1
        found = next(
            (place for place in range(at, min(span, len(out))) if pattern.fullmatch(out[place])), None
        )
        if found is not None:
            at, skip = found + 1, False
            continue
        told = next((place for place, said in enumerate(err) if pattern.fullmatch(said)), None)
        if told is None:
            return f"line {number + 1} is not printed there: {line}"
        err = err[told + 1 :]
    if at < len(out) and not skip:
        return f"not shown: {out[at]}"
    return None


def _pattern(line: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part.strip()) for part in line.split(ANY)))
