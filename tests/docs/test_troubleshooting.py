"""Troubleshooting quotes messages that the program really has."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEADINGS = re.findall(
    r"^### (`.*`)$", (ROOT / "docs" / "troubleshooting.md").read_text("utf-8"), re.MULTILINE
)
GAP = "…"


@cache
def messages() -> frozenset[str]:
    """Every text of the host and the first-party plugins, with a gap for each value that is put in."""
    rooms = [ROOT / "elena_wb", *(ROOT / "plugins").glob("elena-wb-*/elena_wb_*")]
    found = set()
    for file in (file for room in rooms for file in room.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.add(
                    "".join(part.value if isinstance(part, ast.Constant) else GAP for part in node.values)
                )
    return frozenset(found)


def quoted(heading: str) -> str:
    return re.sub(r"^`+ ?| ?`+$", "", heading)


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_message_that_is_explained_is_one_that_the_program_prints(heading: str) -> None:
    text = quoted(heading).replace("`", "")
    pieces = [piece for piece in re.split(rf" *{GAP} *", text) if piece]
    longest = max(pieces, key=len)
    fitting = [message for message in messages() if longest in message.replace("`", "")]
    pattern = ".*".join(re.escape(piece) for piece in pieces)
    assert any(re.search(pattern, message.replace("`", ""), re.DOTALL) for message in fitting), (
        f"nothing in the source says: {text}"
    )


def test_a_message_that_nobody_prints_would_be_found() -> None:
    assert not any("There is no such thing as" in message for message in messages())
    assert any("Another process is working on this run." in message for message in messages())
