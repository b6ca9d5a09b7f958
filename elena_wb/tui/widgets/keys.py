"""All keys that work here, and what the screen is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from textual.binding import ActiveBinding, Binding
from textual.content import Content
from textual.screen import Screen

from elena_wb.tui.widgets.reading import Reading

_KEY_WIDTH = 14
_OF_ALL_SCREENS = frozenset(binding.action for binding in Screen.BINDINGS if isinstance(binding, Binding))


class Keys(Reading):
    """The keys of ``screen`` as they are now: its own, those of what has the focus, those that work everywhere."""

    def __init__(self, screen: Screen[Any]) -> None:
        name = getattr(screen, "name_of", "")
        about = getattr(screen, "about", "")
        shown = Content.assemble(about, "\n") if about else Content("")
        for title, bindings in grouped(screen):
            if not bindings:
                continue
            shown += Content.styled(f"\n{title}\n", "bold underline")
            for keys, description in _lines(screen, bindings):
                shown += Content.styled(f"{keys:>{_KEY_WIDTH}}", "bold") + Content(f"  {description}\n")
        super().__init__(f"Keys: {name}" if name else "Keys", shown.plain.strip("\n"), shown=shown.rstrip())


def grouped(screen: Screen[Any]) -> list[tuple[str, list[ActiveBinding]]]:
    """The bindings that are active on ``screen`` under three headings, those without a description left out."""
    here: list[ActiveBinding] = []
    focus: list[ActiveBinding] = []
    everywhere: list[ActiveBinding] = []
    for active in screen.active_bindings.values():
        if not active.binding.description or active.binding.system or not active.enabled:
            continue
        if active.node is screen and active.binding.action not in _OF_ALL_SCREENS:
            here.append(active)
        elif active.node is screen or active.node is screen.app:
            everywhere.append(active)
        else:
            focus.append(active)
    return [("Here", here), ("Everywhere", everywhere), ("Where the cursor is", focus)]


def _lines(screen: Screen[Any], bindings: Iterable[ActiveBinding]) -> Iterator[tuple[str, str]]:
    """Keys and what they do; the keys of one action share a line."""
    keys: dict[tuple[int, str], list[str]] = {}
    words: dict[tuple[int, str], str] = {}
    for active in bindings:
        action = (id(active.node), active.binding.action)
        keys.setdefault(action, []).append(screen.app.get_key_display(active.binding))
        words.setdefault(action, active.binding.tooltip or active.binding.description)
    for action, shown in keys.items():
        yield " ".join(dict.fromkeys(shown)), words[action]
