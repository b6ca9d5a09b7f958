"""Rating one item after the other, by keys alone. Nothing on this page tells whose an answer is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from elena_wb.errors import WorkbenchError
from elena_wb.store.ratings import Task, next_task, rate, skip, take_back
from elena_wb.tui.rate.questions import Questions
from elena_wb.tui.text import block
from elena_wb.tui.widgets.asking import AskText
from elena_wb.tui.widgets.keys import Keys
from elena_wb.tui.widgets.picture import Picture, PictureContent

if TYPE_CHECKING:
    from elena_wb.engine.showing import Shown
    from elena_wb.tui.screen import WorkbenchScreen

T = TypeVar("T")

_TITLES: Mapping[str, str] = {
    "explicit_description": "What can be seen",
    "implicit_description": "What may be felt within",
    "narrative": "The story",
    "emotion": "The emotion",
    "raw_text": "The answer",
}
_NO_PICTURE = "The picture cannot be shown here."


class RatingPage(ModalScreen[None]):
    """A rater's way through a session, from where it was left. Covers the whole screen, so that digits rate.

    ``opener`` is the screen that it stands on, which does the slow things.
    """

    name_of = "Rating"
    holds: ClassVar[bool] = True
    """No key for another screen leads away by accident."""
    about = "Rate what you read; everything is kept as you go on. Leave at any time, and continue later."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("0", "digit(0)", "Rate", key_display="0-9", tooltip="Rate on the scale marked ▸"),
        *(Binding(str(digit), f"digit({digit})", show=False) for digit in range(1, 10)),
        Binding("left", "prefer('left')", "Left", key_display="←", tooltip="The left text"),
        Binding("equals_sign,e", "prefer('equal')", "Equal", key_display="=", tooltip="Both are equal"),
        Binding("right", "prefer('right')", "Right", key_display="→", tooltip="The right text"),
        Binding("enter", "keep", "Next", tooltip="Keep what was said, go on"),
        Binding("u", "undo", "Undo", tooltip="Take back what was last kept, and rate it anew"),
        Binding("s", "skip", "Skip", tooltip="Skip this one, and say why"),
        Binding("up", "move(-1)", "Question", show=False, tooltip="The question before"),
        Binding("down", "move(1)", "Question", show=False, tooltip="The next question"),
        Binding("pagedown,space", "scroll(1)", "Scroll", show=False, tooltip="Scroll the text down"),
        Binding("pageup", "scroll(-1)", "Scroll", show=False, tooltip="Scroll the text up"),
        Binding("question_mark", "keys", "Keys", key_display="?", show=False, tooltip="All keys"),
        Binding("escape", "leave", "Leave", tooltip="Leave; all that was kept stays"),
    ]

    DEFAULT_CSS = """
    RatingPage { background: $background; }
    RatingPage > .heading { height: 1; background: $panel; padding: 0 1; }
    RatingPage > #sheet { height: 1fr; }
    RatingPage .side { width: 1fr; height: 1fr; padding: 0 1; }
    RatingPage .side > Static { width: 1fr; }
    RatingPage .column { width: 1fr; height: 1fr; }
    RatingPage .column.second { border-left: solid $panel; }
    RatingPage Picture { min-height: 3; }
    RatingPage #picture { width: 2fr; }
    RatingPage #texts { width: 3fr; }
    RatingPage.pairs #picture { width: 1fr; }
    RatingPage.pairs #texts { width: 2fr; }
    RatingPage .off { display: none; }
    RatingPage > Questions { border-top: solid $panel; }
    RatingPage #over { padding: 2 4; }
    """

    def __init__(self, opener: WorkbenchScreen, sitting_id: int) -> None:
        super().__init__()
        self._opener, self._sitting = opener, sitting_id
        self._item: Task | None = None
        self._busy = True
        self._since = time.monotonic()

    def compose(self) -> ComposeResult:
        """How far it is; picture and texts; what is asked."""
        yield Static("", classes="heading", markup=False)
        with Horizontal(id="sheet"):
            yield Picture(id="picture", classes="off")
            with Horizontal(id="texts"):
                for side in ("left", "right"):
                    with Vertical(id=side, classes="column" + (" second" if side == "right" else "")):
                        yield Picture(classes="of-side off")
                        with VerticalScroll(classes="side", can_focus=False):
                            yield Static("")
        yield Static("", id="over", classes="off", markup=False)
        yield Questions()
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Begin where it was left."""
        self._do(lambda: next_task(self._opener.store, self._sitting))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Digits for scales, arrows for pairs; nothing but undo once all is rated."""
        kind = None if self._item is None else self._item.kind
        if action == "digit":
            return kind == "single"
        if action == "prefer":
            return kind == "pairs"
        if action in ("keep", "skip", "move", "scroll"):
            return kind is not None
        return True

    def action_digit(self, digit: int) -> None:
        """A place on the scale in turn."""
        if not self._busy:
            self.query_one(Questions).say(digit)

    def action_prefer(self, side: str) -> None:
        """One text, or neither."""
        if not self._busy and side in ("left", "right", "equal"):
            self.query_one(Questions).say(side)  # type: ignore[arg-type]

    def action_move(self, by: int) -> None:
        """To another question."""
        self.query_one(Questions).move(by)

    def action_scroll(self, by: int) -> None:
        """Both texts together."""
        for side in self.query(".side").results(VerticalScroll):
            (side.scroll_page_down if by > 0 else side.scroll_page_up)(animate=False)

    def action_keys(self) -> None:
        """All keys of this page."""
        self.app.push_screen(Keys(self))

    def action_keep(self) -> None:
        """Keep what was said once all is, and go on."""
        task, asked = self._item, self.query_one(Questions)
        if task is None or self._busy:
            return
        if not asked.whole:
            asked.remind()
            return
        said, seconds = asked.said, self._seconds()
        self._do(lambda: rate(self._opener.store, task, said, seconds))

    def action_undo(self) -> None:
        """Take back what was kept last."""
        if self._busy:
            return

        def taken(task: Task | None) -> None:
            if task is not None:
                self._ready(task)
                return
            self._busy = False  # nothing was kept yet; what was said of this one stays
            self.app.bell()

        self._do(lambda: take_back(self._opener.store, self._sitting), taken)

    def action_skip(self) -> None:
        """Ask why, and go on."""
        task, seconds = self._item, self._seconds()
        if task is None or self._busy:
            return

        def skipped(reason: str | None) -> None:
            if reason is None:
                return
            self._do(lambda: skip(self._opener.store, task, reason, seconds))

        self.app.push_screen(
            AskText("Why can this one not be rated?", placeholder="such as: I know her"), skipped
        )

    def action_leave(self) -> None:
        """Back to the list."""
        self.dismiss()

    def _seconds(self) -> float:
        return round(time.monotonic() - self._since, 2)

    def _do(self, work: Callable[[], Task | None], then: Callable[[Task | None], None] | None = None) -> None:
        """Do ``work`` in a thread; no key says anything until it is done."""
        self._busy = True
        self._fetch(work, then or self._ready, self._failed)

    def _fetch(
        self,
        work: Callable[[], T],
        then: Callable[[T], None],
        failed: Callable[[WorkbenchError], None],
        group: str = "rating",
    ) -> None:
        def done(result: T) -> None:
            if self in self.app.screen_stack:
                then(result)

        def wrong(error: WorkbenchError) -> None:
            if self in self.app.screen_stack:
                failed(error)

        self._opener.fetch(work, done, group=group, failed=wrong)

    def _failed(self, error: WorkbenchError) -> None:
        """Say why; what was said stays to be kept again, unless there is nothing to keep it for any more."""
        self._opener.workbench.tell(error)
        self._busy = False
        kept = self._item

        def ready(task: Task | None) -> None:
            if kept is None or task is None or task.position != kept.position:
                self._ready(task)

        self._fetch(lambda: next_task(self._opener.store, self._sitting), ready, lambda _: None)

    def _ready(self, task: Task | None) -> None:
        first = self._item is None
        again = task is not None and self._item is not None and task.position == self._item.position
        self._item, self._busy = task, False
        if task is None:
            self._finished()
            return
        self.query_one("#over").add_class("off")
        self.query_one("#sheet").remove_class("off")
        self.set_class(task.kind == "pairs", "pairs")
        rest = "" if task.done else "  ·  everything is kept as you go on; leave at any time"
        self.query_one(".heading", Static).update(f"Rating  ·  {task.done + 1} of {task.total}{rest}")
        asked = self.query_one(Questions)
        asked.remove_class("off")
        asked.ask(task)
        if again and not first:
            self.refresh_bindings()
            return
        self._since = time.monotonic()
        for side, column in enumerate(self.query(".column").results(Vertical)):
            column.set_class(side >= len(task.answers), "off")
            if side < len(task.answers):
                column.query_one(".side > Static", Static).update(_texts(task.answers[side].texts))
                column.query_one(".side", VerticalScroll).scroll_home(animate=False)
        self._show_pictures(task)
        self.refresh_bindings()

    def _finished(self) -> None:
        self.query_one("#sheet").add_class("off")
        self.query_one(Questions).add_class("off")
        self.query_one(".heading", Static).update("Rating  ·  all is rated")
        over = self.query_one("#over", Static)
        over.remove_class("off")
        over.update("That was the last one. Thank you.\n\nu takes back what was kept last; escape leaves.")
        self.refresh_bindings()

    def _show_pictures(self, task: Task) -> None:
        """One picture for all where the whole is shown; each answer's own where it is what its model saw."""
        both = task.picture == "whole" or (task.picture == "seen" and task.kind == "single")
        pictures = [self.query_one("#picture", Picture), *self.query(".of-side").results(Picture)]
        used = pictures[:1] if both else pictures[1 : 1 + len(task.answers)] if task.picture == "seen" else []
        for number, picture in enumerate(pictures):
            picture.set_class(picture not in used, "off")
            picture.show(None)
            if picture in used:
                self._show_picture(task, picture, max(number - 1, 0))

    def _show_picture(self, task: Task, picture: Picture, side: int) -> None:
        def work() -> Shown:
            from elena_wb.engine.showing import shown

            return shown(self._opener.store, self._opener.workbench.host, task.answers[side].generation_id)

        def show(found: Shown) -> None:
            if self._item is not task and (self._item is None or self._item.position != task.position):
                return
            content = pictured(found, whole=task.picture == "whole")
            picture.show(content, "" if content is not None else _NO_PICTURE)

        self._fetch(work, show, lambda _: picture.show(None, _NO_PICTURE), group=f"picture {side}")


def pictured(found: Shown, *, whole: bool) -> PictureContent | None:
    """What a rater may see of the picture: pixels, and in a whole one where the person is; no name, no reason.

    The whole one looks the same whatever was hidden from the model, and whether that can be made again.
    """
    if not whole:
        return None if found.seen is None else PictureContent(found.seen, {})
    if found.original is None:
        return None
    height, width = found.original.shape[:2]
    box = None if found.person is None else found.person.clipped(width, height)
    part = box is not None and (box.w < width - 1 or box.h < height - 1)
    return PictureContent(found.original, {"person": (box,)} if part and box is not None else {})


def _texts(texts: tuple[tuple[str, str], ...]) -> Content:
    """The texts of an answer, each under a title where there are several."""
    if len(texts) == 1:
        return block(texts[0][1])
    shown = Content("")
    for field, text in texts:
        shown += Content.styled(f"{_TITLES[field]}\n", "bold") + block(text.strip()) + Content("\n\n")
    return shown.rstrip()
