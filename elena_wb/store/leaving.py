"""What is taken out of texts that leave the machine: folders, which tell of users and their disks."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

_STOPS = r"\s\"'`()<>=:,;|?*\[\]"
_START = r"(?:~[\w.-]*|[A-Za-z]:|\.\.?)?"
_WORD = rf"[^/\\.{_STOPS}]+"
_PART = rf"(?:[^/\\{_STOPS}]+|{_WORD}(?: {_WORD}){{1,2}})"
FOLDERS = rf"(^|[{_STOPS}])(?:file:/*)?{_START}(?:/|\\+)(?:{_PART}(?:/+|\\+))+"
"""A path up to its last part, after whatever stands before it; for RE2 as for Python. Backslashes may be doubled, as
Python quotes them, and a folder's name may have three words, none with a dot. Addresses on the network are none."""
_FOLDERS = re.compile(FOLDERS)
_WHOLE = re.compile(rf"(?:file:/*)?{_START}[/\\]+[^/\\]")
_SCHEME = re.compile(r"([A-Za-z][\w.+-]+:)(.*)", re.DOTALL)


def bare(text: str) -> str:
    """``text`` with every absolute path cut down to its last part; a text that is a path may hold spaces."""
    if "\n" not in text and _WHOLE.match(text):
        return re.split(r"[/\\]", text.rstrip("/\\"))[-1]
    return bare_words(text)


def bare_words(text: str) -> str:
    """``text`` with every path in it cut down to its last part."""
    return _FOLDERS.sub(r"\1", text)


def bare_uri(uri: str) -> str:
    """A model's URI with the name of a file in place of its path, in its options too."""
    matched = _SCHEME.fullmatch(uri)
    if matched is None:
        return bare(uri)
    rest, mark, query = matched[2].partition("?")
    options = parse_qsl(query, keep_blank_values=True)
    cleaned = [(key, bare(value)) for key, value in options]
    return matched[1] + bare(rest) + mark + (query if cleaned == options else urlencode(cleaned))


def bare_json(text: str | None) -> str | None:
    """JSON with :func:`bare` done to every text in it, keys included; URIs of models keep their schemes."""
    return None if text is None else json.dumps(_bare(json.loads(text)), sort_keys=True, ensure_ascii=False)


def shortest_names(paths: Sequence[str]) -> list[str]:
    """The last parts of each path, as few as tell all of different paths apart: mostly the names of the files."""
    parts = {path: [part for part in re.split(r"[/\\]", path) if part] for path in paths}
    longest = max(map(len, parts.values()), default=0)
    for count in range(1, longest + 1):
        named = {path: "/".join(of[-count:]) for path, of in parts.items()}
        if len(set(named.values())) == len(named):
            break
    return [named[path] for path in paths] if parts else []


def _bare(value: Any) -> Any:
    if isinstance(value, str):
        return bare_uri(value)
    if isinstance(value, list):
        return [_bare(one) for one in value]
    return {bare_words(key): _bare(one) for key, one in value.items()} if isinstance(value, dict) else value
