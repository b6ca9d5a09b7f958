"""All keys that work here, and what the screen is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Group
from rich.table import Column, Table
from rich.text import Text
from textual.binding import ActiveBinding, Binding
from textual.screen import Screen

from elena_wb.tui.widgets.reading import Reading

_KEY_WIDTH = 12
_OF_ALL_SCREENS = frozenset(binding.action for binding in Screen.BINDINGS if isinstance(binding, Binding))


class Keys(Reading):
    """The keys of ``screen`` as they are now: its own, those that work everywhere, those of what has the focus."""

    def __init__(self, screen: Screen[Any]) -> None:
        name = getattr(screen, "name_of", "")
        about = getattr(screen, "about", "")
        text = [about] if about else []
        parts: list[Text | Table] = [Text(about)] if about else []
        for title, bindings in grouped(screen):
            if not bindings:
                continue
            table = Table.grid(Column(justify="right", width=_KEY_WIDTH), Column(), padding=(0, 2, 0, 0))
            text += ["", title]
            parts += [Text(f"\n{title}", style="bold underline")]
            for keys, description in _lines(screen, bindings):
                table.add_row(Text(keys, style="bold"), Text(description))
                text.append(f"{keys:>{_KEY_WIDTH}}  {description}")
            parts.append(table)
        super().__init__(f"Keys: {name}" if name else "Keys", "\n".join(text), shown=Group(*parts))


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
