"""Two answers to one question beside one another: pictures, verdicts, what lies between them, texts."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from elena_wb.engine.showing import Shown
from elena_wb.tui.compare.pair_text import PairText, Passage
from elena_wb.tui.text import line
from elena_wb.tui.widgets.picture import Picture, PictureContent

SideName = Literal["first", "second"]
SIDES: tuple[SideName, SideName] = ("first", "second")


class PairView(Vertical):
    """One pair. The side that keys act on is marked by an arrow."""

    DEFAULT_CSS = """
    PairView { height: 1fr; width: 1fr; }
    PairView > #question { height: 1; background: $panel; padding: 0 1; }
    PairView Horizontal { height: auto; }
    PairView Horizontal > Static { width: 1fr; padding: 0 1; }
    PairView > #pictures { height: 40%; }
    PairView #texts { height: 1fr; }
    PairView #texts:focus { background: $surface; }
    PairView #between { padding: 0 1; color: $text; }
    PairView .title { color: $text-muted; padding: 0 1; text-style: italic; }
    PairView .chosen { background: $boost; }
    """

    def compose(self) -> ComposeResult:
        """Question, pictures, verdicts, and the texts, which scroll."""
        yield Static(id="question", markup=False)
        with Horizontal(id="pictures"):
            for side in SIDES:
                yield Picture(id=f"picture-{side}")
        with Horizontal(id="verdicts"):
            for side in SIDES:
                yield Static(id=f"verdict-{side}", markup=False)
        with VerticalScroll(id="texts", can_focus=True):
            yield Static(id="between", markup=False)
            yield Vertical(id="passages")

    def on_mount(self) -> None:
        """Texts take as much room as they need."""
        self.query_one("#passages").styles.height = "auto"

    def show(self, question: str, names: tuple[str, str], text: PairText, chosen: SideName) -> None:
        """Show a pair: what it is about, what the sides are called, all that is said."""
        self._names, self._text = names, text
        self.query_one("#question", Static).update(line(question))
        self.choose(chosen)
        between = self.query_one("#between", Static)
        between.update(text.between)
        between.display = bool(text.between.plain)
        passages = self.query_one("#passages", Vertical)
        with self.app.batch_update():
            passages.remove_children()
            passages.mount_all([Beside(passage) for passage in text.passages])
            self.query_one("#texts", VerticalScroll).scroll_home(animate=False)

    _names: tuple[str, str] = ("", "")
    _text: PairText | None = None

    def choose(self, chosen: SideName) -> None:
        """Mark the side that keys act on."""
        if self._text is None:
            return
        for side, name, said in zip(SIDES, self._names, (self._text.first, self._text.second), strict=True):
            mark = "▸ " if side == chosen else "  "
            label = self.query_one(f"#verdict-{side}", Static)
            label.update(Content.styled(mark, "bold $accent") + line(name) + Content("\n  ") + said)
            label.set_class(side == chosen, "chosen")

    def picture(self, side: SideName, shown: Shown | None, note: str = "") -> None:
        """Show the picture of one side, as the model was given it where that can be made again."""
        content, said = pictured(shown) if shown is not None else (None, note)
        self.query_one(f"#picture-{side}", Picture).show(content, said or note)

    def clear(self) -> None:
        """Show nothing."""
        self._text = None
        for static in self.query(Static):
            if static.id is not None:
                static.update("")
        self.query_one("#passages", Vertical).remove_children()
        for side in SIDES:
            self.picture(side, None)


class Beside(Vertical):
    """One field of both answers, under its title."""

    DEFAULT_CSS = """
    Beside { height: auto; }
    Beside Horizontal { height: auto; }
    """

    def __init__(self, passage: Passage) -> None:
        super().__init__()
        self._passage = passage

    def compose(self) -> ComposeResult:
        """Title, and two columns."""
        yield Static(self._passage.title, classes="title", markup=False)
        with Horizontal():
            yield Static(self._passage.first)
            yield Static(self._passage.second)


def pictured(shown: Shown) -> tuple[PictureContent | None, str]:
    """What of a picture can be shown, with the parts that are known; and what must be said with it."""
    from elena_wb.engine.pointing import moved_into

    notes = [shown.problem] if shown.problem else list(shown.notes)
    if shown.seen is not None and shown.seen_box is not None:
        box = shown.seen_box
        outlines = {part: moved_into(boxes, box) for part, boxes in shown.regions.items()}
        return PictureContent(
            shown.seen, {part: boxes for part, boxes in outlines.items() if boxes}
        ), "\n".join(notes)
    if shown.original is not None:
        notes.insert(0, "The whole picture, not what the model saw.")
        return PictureContent(shown.original, shown.regions), "\n".join(notes)
    return None, "\n".join(notes)
