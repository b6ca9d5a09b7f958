"""Which words of an answer are wanted, as a user says it: ``emotion,parts,/hand\\w*/``.

A pattern is a user's, the text that it searches a model's. RE2 (through pyarrow) searches in time that grows with the
text and never with the ways to match it, so that none hangs; it knows no look-around and no references back.
"""

from __future__ import annotations

from elena_wb.errors import UsageError
from elena_wb.nearest import nearest
from elena_wb.parsing.view import Span

ITEMS = ("emotion", "narrative", "explicit", "implicit", "parts", "answer")
"""What can be asked for by name."""

_LONGEST_PATTERN = 200
_SEARCHED = 20_000
"""Characters of an answer that a pattern is looked for in: the slowest of this length takes seconds there."""
_MOST_MATCHES = 500
_OPEN, _CLOSE = "\ue000", "\ue001"
_BLANKED = str.maketrans({_OPEN: " ", _CLOSE: " "})
_HINT = (
    "Name some of: emotion, narrative, explicit, implicit, parts, answer, and patterns such as /hand\\w*/."
)


def parse_tokens(spec: str) -> tuple[str, ...]:
    """The items of ``spec``, which stand between commas, each once and in order; commas within slashes are kept.

    Raises:
        UsageError: an item is unknown, or a pattern is none.
    """
    items: dict[str, None] = {}
    rest = spec.strip()
    if not rest:
        raise UsageError("No words of the answer are named.", hint=_HINT)
    while rest:
        if rest.startswith("/"):
            end = _end_of_pattern(rest)
            item, rest = rest[:end], rest[end:].lstrip()
            if rest and not rest.startswith(","):
                raise UsageError(
                    f"After the pattern {item[:80]} comes `{rest[:20]}`, not a comma.", hint=_HINT
                )
            matches(item, "")
            rest = rest[1:].lstrip()
        else:
            item, _, rest = (piece.strip() for piece in rest.partition(","))
            item = item.lower()
            if item not in ITEMS:
                raise UsageError(
                    f"`{item[:80]}` names no words of an answer.", hint=f"{nearest(item, ITEMS)} {_HINT}"
                )
        items[item] = None
    return tuple(items)


def is_pattern(item: str) -> bool:
    """Whether an item is a pattern between slashes."""
    return len(item) > 2 and item[0] == item[-1] == "/"


def matches(item: str, text: str) -> list[Span]:
    """Where the pattern ``item`` (``/…/``) matches in the first 20,000 characters of ``text``, 500 times at most.

    Matches of nothing are left out.

    Raises:
        UsageError: it is no pattern.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    pattern = item[1:-1].replace("\\/", "/")
    if len(pattern) > _LONGEST_PATTERN:
        raise UsageError(f"The pattern {item[:40]}… has more than {_LONGEST_PATTERN} characters.")
    searched = pa.array([text[:_SEARCHED].translate(_BLANKED)])
    try:
        marked = pc.replace_substring_regex(searched, pattern, f"{_OPEN}\\0{_CLOSE}")[0].as_py()
    except pa.ArrowInvalid as problem:
        reason = str(problem).removeprefix("Invalid regular expression: ")
        raise UsageError(
            f"{item[:80]} is no pattern that can be searched: {reason[:200]}.",
            hint="Patterns are those of RE2, which has neither look-around nor references back.",
        ) from problem
    found, taken = [], 0
    for number, piece in enumerate(marked.split(_OPEN)):
        inside, _, after = piece.partition(_CLOSE) if number else ("", "", piece)
        if inside:
            found.append((taken, taken + len(inside)))
        taken += len(inside) + len(after)
    return found[:_MOST_MATCHES]


def _end_of_pattern(text: str) -> int:
    """Where the pattern that ``text`` begins with ends, its slash included."""
    at = 1
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "/" and at > 1:
            return at + 1
        at += 1
    raise UsageError(f"The pattern {text[:80]} has no slash at its end, or is empty.", hint=_HINT)
