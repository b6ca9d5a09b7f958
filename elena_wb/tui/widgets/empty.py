"""What a screen says when it has nothing to show: why, and what to do first."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalGroup
from textual.widgets import Static


class Empty(VerticalGroup):
    """``what`` is not there; ``first`` is what to do about it. Neither is markup; both may be set anew."""

    DEFAULT_CSS = """
    Empty { padding: 1 3; }
    Empty > .what { text-style: bold; }
    Empty > .first { color: $text-muted; padding: 1 0 0 0; }
    """

    def __init__(self, what: str, first: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._what, self._first = what, first

    def compose(self) -> ComposeResult:
        """Two paragraphs."""
        yield Static(self._what, classes="what", markup=False)
        yield Static(self._first, classes="first", markup=False)

    def say(self, what: str, first: str) -> None:
        """Say something else."""
        self._what, self._first = what, first
        if self.is_mounted:
            self.query_one(".what", Static).update(what)
            self.query_one(".first", Static).update(first)
