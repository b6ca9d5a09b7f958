"""A picture with the outlines of its parts, drawn in a thread at the size that it has on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rich.control import Control
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import get_current_worker

from elena_wb.tui.drawn import Drawn, PictureContent, Scaled, draw, scaled
from elena_wb.tui.graphics import Graphics
from elena_wb.tui.text import block, line

if TYPE_CHECKING:
    from elena_wb.tui.app import WorkbenchApp

__all__ = ["Picture", "PictureContent"]

_SETTLED_S = 0.15
"""So long after the last change of size, the picture is drawn anew."""
_NAMES = 12


class Picture(Vertical):
    """Shows one picture, with a note above it; a note alone where there is none.

    Where pictures are off it says the size and the names of the parts instead.
    """

    DEFAULT_CSS = """
    Picture { height: 1fr; width: 1fr; }
    Picture > .note { height: auto; max-height: 5; color: $text-muted; }
    Picture > .note.none { display: none; }
    Picture > Canvas.off { display: none; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._content: PictureContent | None = None
        self._note = ""
        self._lit: str | None = None
        self._base: Scaled | None = None
        self._settling: Timer | None = None

    def compose(self) -> ComposeResult:
        """The note, and the drawing below it."""
        yield Static("", classes="note none", markup=False)
        yield Canvas()

    def on_mount(self) -> None:
        """Show what was given before."""
        self._show()

    def show(self, shown: PictureContent | None, note: str = "") -> None:
        """Show a picture, or none; ``note`` stands above it and is never markup."""
        if shown is not self._content:
            self._base = None
        self._content, self._note, self._lit = shown, note, None
        if self.is_mounted:
            self._show()

    def highlight(self, part: str | None) -> None:
        """Let one part stand out, or none."""
        if part != self._lit:
            self._lit = part
            if self.is_mounted:
                self._draw()

    @property
    def graphics(self) -> Graphics:
        """How this app draws pictures."""
        return cast("WorkbenchApp", self.app).graphics

    def _show(self) -> None:
        off = self.graphics.method == "none"
        note = self._note
        if off and self._content is not None:
            note = "\n".join(filter(None, (in_words(self._content), note)))
        canvas = self.query_one(Canvas)
        canvas.set_class(off or self._content is None, "off")
        said = self.query_one(".note", Static)
        said.set_class(not note, "none")
        said.update(block(note, longest=2000))
        if self._content is None:
            canvas.put(None)
        self._draw()

    def on_canvas_resized(self, event: Canvas.Resized) -> None:
        """Draw for the new size once it stays."""
        event.stop()
        if self._settling is not None:
            self._settling.stop()
        if self._base is None:
            self._draw()
        else:
            self._settling = self.set_timer(_SETTLED_S, self._draw)

    def _draw(self) -> None:
        content, graphics, lit, base = self._content, self.graphics, self._lit, self._base
        canvas = self.query_one(Canvas)
        space = (canvas.size.width, canvas.size.height)
        if content is None or graphics.method == "none" or min(space) < 1:
            return

        def work() -> None:
            worker = get_current_worker()
            made = base
            if made is None or made.content is not content or made.space != space:
                made = scaled(content, space, graphics)
            if worker.is_cancelled:
                return
            drawn = draw(made, lit, graphics)
            if worker.is_cancelled or not self.app.is_running:
                drawn.discard()
            else:
                self.app.call_from_thread(self._put, content, made, drawn)

        self.run_worker(work, thread=True, exclusive=True, group="draw", exit_on_error=True)

    def _put(self, content: PictureContent, base: Scaled, drawn: Drawn) -> None:
        if self.is_mounted and content is self._content:
            self._base = base
            self.query_one(Canvas).put(drawn)
        else:
            drawn.discard()


class Canvas(Widget):
    """The lines of a drawing, at the top of the space there is and in its middle."""

    DEFAULT_CSS = "Canvas { height: 1fr; width: 1fr; }"

    class Resized(Message):
        """The space has changed."""

    def __init__(self) -> None:
        super().__init__()
        self._drawn: Drawn | None = None

    def put(self, drawn: Drawn | None) -> None:
        """Show another drawing in place of the one before."""
        if self._drawn is not None:
            self._drawn.discard()
        self._drawn = drawn
        self.refresh()

    def on_unmount(self) -> None:
        """Leave nothing behind in the terminal."""
        self.put(None)

    def on_resize(self) -> None:
        """Tell the picture."""
        self.post_message(self.Resized())

    def render_line(self, y: int) -> Strip:
        """One line of the drawing, with blanks to both sides."""
        drawn, width = self._drawn, self.size.width
        background = self.visual_style.rich_style
        if drawn is None:
            return Strip.blank(width, background)
        if y >= drawn.height:
            return Strip.blank(width, background)
        left, found = self._left(drawn), drawn.lines[y]
        strips = [
            Strip.blank(left, background),
            found,
            Strip.blank(max(0, width - left - drawn.width), background),
        ]
        return Strip.join(strips).crop(0, width)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines, with the picture painted over the last of them where it is one of sixels."""
        lines = super().render_lines(crop)
        drawn = self._drawn
        fits = drawn is not None and drawn.width <= self.size.width and drawn.height <= self.size.height
        if drawn is None or drawn.sixels is None or not fits or not self.screen.is_active or not lines:
            return lines
        if crop.height < self.size.height:  # in part behind something else, which it must not cover
            return lines
        at = self.region.offset
        *rest, last = lines
        painted = [
            Segment(Control.move_to(at.x + self._left(drawn), at.y).segment.text, Style()),
            Segment(drawn.sixels, Style(), control=((ControlType.CURSOR_FORWARD, 0),)),
            Segment(Control.move_to(at.x + crop.width, at.y + self.size.height - 1).segment.text, Style()),
        ]
        return [*rest, Strip([*last, *painted], last.cell_length)]

    def _left(self, drawn: Drawn) -> int:
        return max(0, (self.size.width - drawn.width) // 2)


def in_words(content: PictureContent) -> str:
    """The size of a picture and the names of the parts known of it, for where nothing is drawn."""
    height, width = content.pixels.shape[:2]
    names = [line(part, longest=40).plain for part in list(content.outlines)[:_NAMES]]
    more = len(content.outlines) - len(names)
    told: list[Content | str] = [f"{width} × {height} pixels (pictures are off)"]
    if names:
        told.append("Parts: " + ", ".join(names) + (f" and {more} more" if more > 0 else ""))
    return "\n".join(str(one) for one in told)
