"""The search for facial words as an expression in SQL, for texts by the hundred thousand.

The database's regular expressions (RE2) have no lookaround, which the patterns of the vocabulary use. Those of its
kinds are written in other words here; the outcome is the same as of :func:`elena_wb.vocabulary.facial_mentions`, but
for compatibility forms of letters, which are not unified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from elena_wb.vocabulary.body import LONGEST_TEXT, facial_patterns

_MARK = "¦"
_LISTED = r"\(\?!([a-z]+(?:\\b)?(?:\|[a-z]+(?:\\b)?)*)\)"
_NO_WORD_BEFORE = re.compile(r"^(?:\(\?<![^()]+ \))+")
_NEXT_WORD = re.compile(_LISTED + r"\(\?=\\w\)$")
_THIS_WORD = re.compile(_LISTED + r"\[a-z\]\+")
_UNEVEN = r"\s{2,}|[^\S ]"
"""White space that is not one blank."""
_EMPTY = re.compile(r"\\b\(\?!d\)$")
"""After the end of a word no letter can come."""
_WORD, _LETTERS = r"[^\W%s]", "%s"


def speaks_of_face(text: str) -> str:
    """SQL that is true where the words ``text``, itself an expression in SQL, speak of a face; false for none.

    Only the first 20,000 characters are looked at.
    """
    words, unwanted, unguarded, guards, doubtful = _patterns()
    begun = f"replace(lower(left({text}, {LONGEST_TEXT})), '’', '''')"
    folded = f"trim(regexp_replace({begun}, {_quoted(_UNEVEN)}, ' ', 'g'))"
    without = f"regexp_replace({folded}, {_quoted(unwanted)}, ' ; \\1', 'g')"
    marked = f"regexp_replace({without}, {_quoted(guards)}, '\\1{_MARK}\\2', 'g')"
    left = f"regexp_replace({marked}, {_quoted(unguarded)}, '\\1 ; ', 'g')"
    matches = _quoted(words)
    # CASE, since both sides of AND and OR are computed for every row.
    doubt = _quoted(doubtful)
    told = f"CASE WHEN regexp_matches({begun}, {doubt}) THEN regexp_matches({left}, {matches}) ELSE true END"
    return f"CASE WHEN regexp_matches({begun}, {matches}) THEN {told} ELSE false END"


@cache
def _patterns() -> tuple[str, str, str, str, str]:
    """Facial words; what is taken out first; what is taken out where no mark stands before it, and where one does.

    At last what a text must have for anything to be taken out of it or folded: without that, its facial words count.
    """
    words, not_facial = facial_patterns()
    plain, unguarded, guards = [], [], []
    for pattern in not_facial:
        guard = _NO_WORD_BEFORE.match(pattern)
        if guard is None:
            plain.append(_without_lookahead(pattern))
            continue
        guards += [of.removesuffix(" ") for of in re.findall(r"\(\?<!([^()]+)\)", guard[0])]
        unguarded.append(pattern[guard.end() :].removeprefix(r"\b"))
    found = (
        rf"\b(?:{words})\b",
        "|".join(plain),
        rf"(^|[^{_MARK}\w])(?:{'|'.join(unguarded)})",
        rf"((?:{'|'.join(guards)}) )(face)",
        "|".join([_UNEVEN, *plain, rf"\b(?:{'|'.join(unguarded)})"]),
    )
    for pattern in found:
        if re.search(r"\(\?<?[=!]", pattern):
            raise ValueError(f"The database has no lookaround, which `{pattern}` uses.")
    return found


def _without_lookahead(pattern: str) -> str:
    pattern = _EMPTY.sub(r"\\b", pattern)
    pattern = _NEXT_WORD.sub(lambda found: f"({_other_than(found[1], _WORD)})", pattern)
    return _THIS_WORD.sub(lambda found: f"(?:{_other_than(found[1], _LETTERS)})[a-z]*", pattern)


def _other_than(listed: str, letters: str) -> str:
    r"""The beginning of a word that is none of ``listed``: ``and\b`` is that word, ``smil`` all that begin so.

    Taken is as much as it needs to tell. ``letters`` is a class of which ``%s`` are left out, or ``%s`` for a to z.
    """
    tree: dict[str, object] = {}
    for word in listed.split("|"):
        at = tree
        for letter in word.removesuffix(r"\b"):
            at = at.setdefault(letter, {})  # type: ignore[assignment]
        at["whole" if word.endswith(r"\b") else "begins"] = True
    return _branch(tree, letters, first=True)


def _branch(tree: Mapping[str, object], letters: str, *, first: bool = False) -> str:
    """What may follow where the letters so far lead to ``tree``."""
    children = {letter: of for letter, of in tree.items() if len(letter) == 1}
    ways = [_but(children, letters)]
    if not first and "whole" not in tree:
        ways.append(r"\b")
    for letter, of in children.items():
        assert isinstance(of, Mapping)
        if "begins" not in of:
            ways.append(f"{letter}(?:{_branch(of, letters)})")
    return "|".join(ways)


def _but(children: Iterable[str], letters: str) -> str:
    """A letter that is none of ``children``."""
    if letters == _LETTERS:
        return f"[{''.join(chr(code) for code in range(ord('a'), ord('z') + 1) if chr(code) not in set(children))}]"
    return letters % "".join(children)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
