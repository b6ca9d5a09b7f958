"""Where questions in SQL are written: colours, and a list of what may come next that stands at the cursor."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.css.query import NoMatches
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import OptionList, TextArea
from textual.widgets.option_list import Option

from elena_wb.plain import plain
from elena_wb.store.catalogue import Catalogue
from elena_wb.tui.sql.completion import Candidate, Completion, complete

_LONGEST = 50_000
"""In a longer text nothing is offered, so that every key stays quick."""
_SCREENS = "12345678"
_NOTHING = Completion(0, ())
_WORD, _ABOUT = 26, 44
"""Columns of the list."""


class Choices(OptionList):
    """The list at the cursor; the keys stay with the editor."""

    DEFAULT_CSS = """
    Choices {
        overlay: screen; constrain: inside inflect; display: none;
        width: auto; max-width: 76; height: auto; max-height: 9;
        border: none; padding: 0; background: $panel; scrollbar-size-vertical: 1;
    }
    Choices.open { display: block; }
    """
    can_focus = False


class SqlEditor(TextArea):
    """An editor for SQL that completes names from ``known``."""

    class Walk(Message):
        """Wants the question asked before (``-1``) or after (``1``) the one shown."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+space,ctrl+@", "offer", "Complete", key_display="^space", show=False),
        Binding("ctrl+up", "walk(-1)", "Asked before", show=False),
        Binding("ctrl+down", "walk(1)", "Asked after", show=False),
        *(
            Binding(f"f{number}", f"app.show('{mode}')", show=False)
            for number, mode in ((6, "sql"), (7, "new_run"))
        ),
    ]
    DEFAULT_CSS = """
    SqlEditor { border: none; border-left: wide $panel; padding: 0 1; }
    SqlEditor:focus { border: none; border-left: wide $primary; }
    """

    def __init__(self, text: str, *, id: str) -> None:
        super().__init__(text, id=id, soft_wrap=True, show_line_numbers=True, tab_behavior="focus")
        self.known = Catalogue()
        self.fresh = False
        """Whether nothing was typed since the screen was shown: a digit then still leads to another screen."""
        self._offered = _NOTHING
        self._length = 0
        self._typed = False

    def on_mount(self) -> None:
        """Colours, where the grammar can be loaded; they are no need."""
        with suppress(Exception):
            self.language = "sql"
        self.app.theme_changed_signal.subscribe(self, lambda _: self._suit())
        self._suit()

    def replace_all(self, text: str) -> None:
        """Put ``text`` in the place of everything, so that it can be undone; the cursor behind it."""
        self._close()
        self._typed = False
        self.replace(text, (0, 0), self.document.end)
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        """Keys of the list while it is open; everything else is the editor's own."""
        fresh, self.fresh = self.fresh, False
        if fresh and event.character is not None and event.character in _SCREENS:
            event.stop()
            event.prevent_default()
            self.app.simulate_key(f"f{event.character}")
            return
        self._typed = event.is_printable or (event.key == "backspace" and self._is_open)
        if not self._is_open or event.key not in ("up", "down", "tab", "escape"):
            return
        event.stop()
        event.prevent_default()
        choices = self._choices
        match event.key:
            case "up":
                choices.action_cursor_up()
            case "down":
                choices.action_cursor_down()
            case "tab":
                self._take(choices.highlighted or 0)
            case _:
                self._close()

    async def _on_paste(self, event: events.Paste) -> None:
        """What is pasted is no word that was begun."""
        self._typed = False

    def action_offer(self) -> None:
        """Open the list; with the list open, take what is chosen in it."""
        if self._is_open:
            self._take(self._choices.highlighted or 0)
        else:
            self._offer(asked=True)

    def action_walk(self, step: int) -> None:
        """Ask for another question that was asked before."""
        self.post_message(self.Walk(step))

    @on(TextArea.Changed)
    def _follow(self) -> None:
        if self._typed:
            self._offer(asked=False)
        else:
            self._close()

    @on(TextArea.SelectionChanged)
    def _moved(self) -> None:
        if self._is_open and not self._offered.start <= self._cursor <= self._offered.start + self._length:
            self._close()

    def _on_blur(self, event: events.Blur) -> None:
        self._close()
        super()._on_blur(event)

    @property
    def _choices(self) -> Choices:
        return self.screen.query_one(Choices)

    @property
    def _is_open(self) -> bool:
        return bool(self._offered.candidates)

    @property
    def _cursor(self) -> int:
        """The cursor as an offset in the text."""
        row, column = self.cursor_location
        return sum(len(line) + 1 for line in self.document.lines[:row]) + column

    def _offer(self, *, asked: bool) -> None:
        self._offered = (
            complete(self.text, self._cursor, self.known, asked=asked)
            if len(self.text) <= _LONGEST and self.selection.is_empty
            else _NOTHING
        )
        if not self._is_open:
            self._close()
            return
        self._length = self._cursor - self._offered.start
        choices = self._choices
        choices.set_options([Option(_described(one)) for one in self._offered.candidates])
        choices.highlighted = 0
        x, y = self.cursor_screen_offset
        choices.absolute_offset = Offset(max(x - self._length - 1, 0), y + 1)
        choices.add_class("open")

    def _close(self) -> None:
        self._offered = _NOTHING
        with suppress(NoMatches):
            self._choices.remove_class("open")

    def _take(self, number: int) -> None:
        offered = self._offered
        self._close()
        self._typed = False
        if number < len(offered.candidates):
            row, column = self.cursor_location
            start = column - (self._cursor - offered.start)
            self.replace(offered.candidates[number].text, (row, start), (row, column))

    def take(self, number: int) -> None:
        """Take one of the list: it was clicked."""
        self._take(number)
        self.focus()

    def _suit(self) -> None:
        self.theme = "css" if self.app.current_theme.dark else "github_light"


def _described(one: Candidate) -> Content:
    """A line of the list: the text, its kind in a word, and what it is about."""
    text = plain(one.text)
    between = " " if one.about.startswith("of ") else ": "
    about = plain(f"{one.kind}{between}{one.about}" if one.about else one.kind)
    cut = about if len(about) <= _ABOUT else about[: _ABOUT - 1] + "…"
    return Content.assemble((f" {text:<{_WORD}} ", "bold"), (cut + " ", "dim"))
