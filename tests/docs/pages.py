"""The examples that a page of the documentation holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RUN = frozenset({"console", "python", "sql", "toml"})
SHOWN = frozenset({"text", "json", "ini", "html", "yaml", "bibtex", "markdown"})
"""Languages of blocks that are no example: output, and files of other programs."""

_FENCE = re.compile(r"^( *)(`{3,}|~{3,}) *(\S*)[^`]*$")
_COMMENT = re.compile(r"<!--\s*(set-up|file|not run):\s*(.*?)\s*-->", re.DOTALL)
_EXITS = re.compile(r"\s#.*\bexits with (\d+)\b")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, where it begins, and what the comment before it says."""

    language: str
    text: str
    line: int
    not_run: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, the status it must exit with, and the lines that are shown under it."""

    text: str
    exits: int
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page: the commands that set it up, and its blocks in order."""

    path: Path
    set_up: tuple[str, ...]
    blocks: tuple[Block, ...]
    prose: str

    @property
    def name(self) -> str:
        """Its path in the project."""
        return self.path.relative_to(ROOT).as_posix()


def every_page() -> list[Path]:
    """The README and all pages of the documentation."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def read(path: Path) -> Page:
    """Take a page apart."""
    lines = path.read_text("utf-8").splitlines()
    blocks: list[Block] = []
    prose: list[str] = []
    since: list[str] = []
    number = 0
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        if opening is None:
            since.append(lines[number])
            number += 1
            continue
        indent, fence, language = opening[1], opening[2], opening[3]
        end = next(
            (
                at
                for at in range(number + 1, len(lines))
                if re.fullmatch(rf" *{re.escape(fence[0])}{{{len(fence)},}} *", lines[at])
            ),
            len(lines),
        )
        said = _said_before("\n".join(since))
        body = [line.removeprefix(indent) for line in lines[number + 1 : end]]
        blocks.append(
            Block(language, "\n".join(body) + "\n", number + 1, said.get("not run"), said.get("file"))
        )
        prose += since
        since = []
        number = end + 1
    prose += since
    text = "\n".join(prose)
    set_up = tuple(
        line.strip()
        for kind, said in _COMMENT.findall(text)
        if kind == "set-up"
        for line in said.splitlines()
    )
    return Page(path, set_up, tuple(blocks), text)


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block, with what is shown under each."""
    text, shown = "", []
    lines = iter(block.text.splitlines())
    for line in lines:
        if not line.startswith("$ "):
            shown.append(line.rstrip())
            continue
        if text:
            yield _command(text, shown)
        text, shown = line[2:], []
        while text.endswith("\\"):
            text = text[:-1].rstrip() + " " + next(lines).removeprefix("> ").strip()
    if text:
        yield _command(text, shown)


def _command(text: str, shown: list[str]) -> Command:
    exits = _EXITS.search(text)
    return Command(text, int(exits[1]) if exits else 0, tuple(shown))


def _said_before(prose: str) -> dict[str, str]:
    """What comments with nothing but blank space between them and the block say."""
    said: dict[str, str] = {}
    rest = prose.rstrip()
    while rest.endswith("-->"):
        start = rest.rfind("<!--")
        if found := _COMMENT.fullmatch(rest[start:]):
            said[found[1]] = " ".join(found[2].split())
        rest = rest[:start].rstrip()
    return said
