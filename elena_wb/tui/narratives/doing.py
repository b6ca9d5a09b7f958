"""What can be done with the answer that is read: mark it, note something, copy, open its picture, compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from elena_wb.core import SetupError
from elena_wb.store.browsing import Filter, Order, choices, matching
from elena_wb.store.counterparts import counterparts
from elena_wb.store.marking import put_mark
from elena_wb.store.runs import list_runs
from elena_wb.tui import places
from elena_wb.tui.narratives.filters import Choices, FilterDialog
from elena_wb.tui.narratives.lines import as_text
from elena_wb.tui.text import block
from elena_wb.tui.widgets.asking import AskText

if TYPE_CHECKING:
    from elena_wb.engine.showing import Shown
    from elena_wb.store.browsing import AnswerPage
    from elena_wb.tui.screen import WorkbenchScreen

_LONGEST_COPY = 200_000


def choose_filter(
    screen: WorkbenchScreen, wanted: Filter, order: Order, then: Callable[[Filter, Order], None]
) -> None:
    """Open the window with all criteria; ``then`` gets what was chosen, if anything was."""
    store = screen.store

    def work() -> Choices:
        found = choices(store)
        runs = [(one.run_id, f"{one.condition} {one.name or one.model_uri}") for one in list_runs(store)]
        return Choices(found["emotions"], found["truths"], found["conditions"], runs)

    def taken(answer: tuple[Filter, Order] | None) -> None:
        if answer is not None:
            then(*answer)

    def ask(found: Choices) -> None:
        dialog = FilterDialog(wanted, order, found, lambda one: len(matching(store, one)))
        screen.workbench.push_screen(dialog, taken)

    screen.fetch(work, ask, group="choices")


def keep(screen: WorkbenchScreen, page: AnswerPage, *, marked: bool, note: str | None) -> None:
    """Store mark and note of an answer."""
    store = screen.store

    def work() -> None:
        put_mark(store, page.generation_id, marked=marked, note=note)

    screen.fetch(work, lambda _: screen.workbench.refresh_data(), group="mark")


def annotate(screen: WorkbenchScreen, page: AnswerPage) -> None:
    """Ask for a note and store it."""

    def written(note: str | None) -> None:
        if note is not None:
            keep(screen, page, marked=page.marked, note=note)

    question = "Note to this answer (empty takes it away)"
    screen.workbench.push_screen(AskText(question, page.note or ""), written)


def copy(screen: WorkbenchScreen, page: AnswerPage, *, whole: bool) -> None:
    """Put the narrative, or all of the answer, on the clipboard."""
    text = as_text(page) if whole else page.narrative or page.raw_text or page.error or ""
    screen.workbench.copy_to_clipboard(str(block(text, longest=_LONGEST_COPY)))
    screen.workbench.say("Copied all of the answer." if whole else "Copied the narrative (Y copies all).")


def open_picture(screen: WorkbenchScreen, shown: Shown) -> None:
    """Open the file of the picture in another program."""
    from elena_wb.engine.opening import open_outside

    try:
        if shown.problem is not None:
            raise SetupError(shown.problem)
        open_outside(shown.path)
    except SetupError as error:
        screen.workbench.tell(error)


def compare(screen: WorkbenchScreen, page: AnswerPage) -> None:
    """Go to the answer and its counterpart under another condition, side by side; the unmasked one first."""
    store = screen.store

    def work() -> int | None:
        found = counterparts(store, page.generation_id)
        return found[0].run_id if found else None

    def then(found: int | None) -> None:
        if found is None:
            screen.workbench.say("Nothing was asked of this picture under another condition.")
            return
        pair = (page.run_id, found) if page.condition == "none" else (found, page.run_id)
        screen.workbench.go(places.Compare(*pair, page.stimulus_id, page.repeat))

    screen.fetch(work, then, group="counterpart")
