"""Short names side by side, one of which can be chosen with the arrows or the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from elena_wb.tui.text import line

_MOST = 60
_LONGEST = 32


@dataclass(frozen=True, slots=True)
class Chip:
    """One name; ``key`` is what it stands for, ``None`` where that is nowhere: it is shown so."""

    name: str
    key: str | None


class Chips(Widget, can_focus=True):
    """The chips in as many lines as they need; the focused widget has one chosen, of which it tells."""

    DEFAULT_CSS = """
    Chips { height: auto; width: 1fr; max-height: 4; overflow: hidden; }
    Chips.none { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "move(1)", "Next part", show=False),
        Binding("left,h", "move(-1)", "Previous part", show=False),
    ]

    chosen: reactive[int] = reactive(0)

    class Lit(Message):
        """A chip was chosen, or none is any more (``key`` is ``None`` for one that is nowhere, too)."""

        def __init__(self, chip: Chip | None) -> None:
            super().__init__()
            self.chip = chip

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="none")
        self._chips: tuple[Chip, ...] = ()
        self._more = 0
        self._laid: tuple[tuple[object, ...], list[Content]] | None = None
        self.tooltip = "▣ lies in the picture, ▢ is only named"

    def show(self, chips: Sequence[Chip], more: int = 0) -> None:
        """Show other chips, or the same lit otherwise: then the chosen one stays.

        ``more`` is how many are left out besides those beyond the first sixty.
        """
        shown, left = tuple(chips[:_MOST]), more + max(0, len(chips) - _MOST)
        if (shown, left) != (self._chips, self._more):
            same = [chip.name for chip in shown] == [chip.name for chip in self._chips]
            self._chips, self._more = shown, left
            self.set_class(not shown, "none")
            self.chosen = self.chosen if same else 0
            self.refresh(layout=True)
        if self.has_focus:
            self._tell()

    def action_move(self, by: int) -> None:
        """Choose the next or previous one."""
        if self._chips:
            self.chosen = (self.chosen + by) % len(self._chips)
            self._tell()

    def on_focus(self) -> None:
        """Tell of the chosen one."""
        self.refresh()
        self._tell()

    def on_blur(self) -> None:
        """Nothing is chosen any more."""
        self.refresh()
        self.post_message(self.Lit(None))

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        found = event.style.meta.get("chip")
        if isinstance(found, int) and found < len(self._chips):
            self.chosen = found
            self._tell()

    def _tell(self) -> None:
        if self._chips:
            self.post_message(self.Lit(self._chips[self.chosen]))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the chips need."""
        return len(self._lines(width))

    def render(self) -> RenderResult:
        """Every chip with a sign for whether what it names was found."""
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Content]:
        """The chips in lines; none is broken in two, and one that is too long for a line is cut.

        A layout asks for them several times: they are kept until they would be others.
        """
        of = (width, self._chips, self._more, self.chosen if self.has_focus else None)
        if self._laid is None or self._laid[0] != of:
            self._laid = of, self._lay(width)
        return self._laid[1]

    def _lay(self, width: int) -> list[Content]:
        lines: list[Content] = []
        current, taken = Content(""), 0
        pieces = [self._piece(number, chip, width) for number, chip in enumerate(self._chips)]
        if self._more:
            pieces.append(Content.styled(f" and {self._more:,} more", "dim"))
        for piece in pieces:
            if taken and taken + piece.cell_length > width:
                lines.append(current)
                current, taken = Content(""), 0
            current, taken = current + piece, taken + piece.cell_length
        return [*lines, current]

    def _piece(self, number: int, chip: Chip, width: int) -> Content:
        mark = "▣" if chip.key is not None else "▢"
        lit = self.has_focus and number == self.chosen
        look = "reverse bold" if lit else "" if chip.key is not None else "dim"
        name = line(chip.name, longest=max(4, min(_LONGEST, width - 5))).plain
        words = Content.styled(f"‹{mark} {name}›" if lit else f" {mark} {name} ", look)
        return words.stylize(Style.from_meta({"chip": number}))
