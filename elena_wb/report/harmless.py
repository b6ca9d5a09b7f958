"""Text on its way into a page that is handed on: no keys, no places on this machine, nothing unseen, not endless."""

from __future__ import annotations

import re

from elena_wb.plain import plain_lines

LONGEST = 6000
"""Characters of one text; what a model wrote may be endless."""
_NAME = r"[^\s/\\\"'`<>|:?]"
_GAP = r"(?:/{1,4}|\\{1,4})"
"""Between folders; a backslash is doubled where text is quoted, perhaps twice."""
_PLACE = re.compile(
    # a user's own folder, whose name may hold spaces, and what of its folders follows; or the user alone
    rf"(?<![\w.])(?:file:/{{0,4}}|[A-Za-z]:)?{_GAP}(?:home|Users){_GAP}"
    rf"(?:[^/\\\n\"'`<>|:?]{{0,60}}{_NAME}{_GAP}(?:{_NAME}+{_GAP})*|{_NAME}+)"
    rf"|(?<!\w)file:/{{1,4}}(?:{_NAME}+/)*"
    rf"|(?<![\w/.])/(?!/)(?:{_NAME}+/)+(?=[^\s/])"
    r"|(?<!\w)(?:[A-Za-z]:\\{1,4}|\\\\{1,3})"
    rf"(?:{_NAME}+\\{{1,4}})+"
)
"""The folders before a file's name, of Unix or Windows, in a URL of files or on a server of files.

Another URL has none, nor a share such as 1/2.
"""


def harmless(text: object, longest: int = LONGEST) -> str:
    """``text`` with keys and folders taken out, control and direction-changing characters visible, and cut."""
    return without_places(exact(bounded(str(text), longest)))


def exact(text: str) -> str:
    """``text`` as it is but for keys and for characters that cannot be seen: for SQL and commands of our own."""
    return plain_lines(text)


def without_places(text: str) -> str:
    """``text`` in which absolute paths are their last part: ``…/photo.jpg``."""
    return _PLACE.sub("…/", text)


def bounded(text: str, longest: int = LONGEST) -> str:
    """``text``, or its beginning and how much is left out."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text) - longest:,} more characters)"
