"""The screens of the bar, in its order: what each is called and is for, and where its code lies.

A screen's code is imported when the screen is first shown, or once the app has nothing else to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from elena_wb.tui.screen import WorkbenchScreen


@dataclass(frozen=True, slots=True)
class Entry:
    """A screen by its ``mode``; ``about`` says in a sentence what it is for. Calling it makes the screen."""

    mode: str
    name: str
    about: str
    kind: str

    def load(self) -> type[WorkbenchScreen]:
        """The class of the screen."""
        module = import_module(f"elena_wb.tui.{self.mode}.screen")
        return cast("type[WorkbenchScreen]", getattr(module, self.kind))

    def __call__(self) -> WorkbenchScreen:
        """The screen."""
        return self.load()()


SCREENS = {
    entry.mode: entry
    for entry in (
        Entry(
            "runs",
            "Runs",
            "Every run, how far it got and how well it did; from here to its narratives, and two of them compared.",
            "RunsScreen",
        ),
        Entry(
            "narratives",
            "Narratives",
            "Read answers beside their pictures: filter, mark, annotate, jump to errors and flips.",
            "NarrativesScreen",
        ),
        Entry(
            "compare",
            "Compare",
            "Two runs or conditions side by side: what changed in numbers, and every pair of answers.",
            "CompareScreen",
        ),
        Entry(
            "attention",
            "Attention",
            "Where the model looked: maps over the picture, shares of parts; have answers looked at.",
            "AttentionScreen",
        ),
        Entry(
            "rate",
            "Rate",
            "People rate answers without knowing model or condition: on scales, or two side by side.",
            "RateScreen",
        ),
        Entry("sql", "SQL", "Ask the store in SQL, with named questions, history and export.", "SqlScreen"),
        Entry(
            "new_run",
            "New",
            "Plan a run, start it as a process of its own, and look after those that were started.",
            "NewRunScreen",
        ),
        Entry(
            "plugins",
            "Plugins",
            "What is installed, what failed and why, and what works on this machine (elena-wb doctor).",
            "PluginsScreen",
        ),
    )
}
"""By mode."""
