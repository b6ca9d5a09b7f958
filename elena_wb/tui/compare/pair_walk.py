"""Walking through the pairs of a comparison: a table of them, and the one under the cursor beside or below it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from elena_wb.errors import WorkbenchError
from elena_wb.store.pairing import Said, pair_of
from elena_wb.tui.compare.pair import SIDES, PairView, SideName
from elena_wb.tui.compare.pair_text import Told, told_of
from elena_wb.tui.compare.paired import Pairs, Question
from elena_wb.tui.compare.pairs_table import PairsTable
from elena_wb.tui.widgets.paged import PagedTable

if TYPE_CHECKING:
    from elena_wb.engine.showing import Shown
    from elena_wb.plugins import PluginHost
    from elena_wb.store import Store
    from elena_wb.tui.screen import WorkbenchScreen

T = TypeVar("T")

_KINDS = {
    "all": "pairs",
    "one not read": "pairs with one answer not read",
    "lost": "questions without a pair",
}


class PairWalk(Vertical):
    """The pairs that are listed, and one of them with both pictures and answers."""

    DEFAULT_CSS = """
    PairWalk { height: 1fr; }
    PairWalk > #shown { height: 1; padding: 0 1; color: $text-muted; }
    PairWalk > Container { height: 1fr; layout: vertical; }
    PairWalk PairsTable { height: 7; }
    """

    class Reached(Message):
        """The cursor has come to rest on ``question``."""

        def __init__(self, question: Question) -> None:
            super().__init__()
            self.question = question

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pairs: Pairs | None = None
        self._question: Question | None = None
        self._said: tuple[Said | None, Said | None] = (None, None)
        self._pictured: tuple[str | None, ...] = ()
        self._side: SideName = "second"

    def compose(self) -> ComposeResult:
        """What is listed, the list, the pair."""
        yield Static(id="shown", markup=False)
        with Container():
            yield PairsTable(id="pairs")
            yield PairView(id="pair")

    @property
    def table(self) -> PairsTable:
        """The list of pairs."""
        return self.query_one(PairsTable)

    @property
    def chosen(self) -> tuple[int, Said | None] | None:
        """The run of the side that keys act on, and its answer; ``None`` where no pair is shown."""
        if self._pairs is None or self._question is None:
            return None
        place = SIDES.index(self._side)
        return self._pairs.runs[place], self._said[place]

    def show(self, pairs: Pairs) -> None:
        """List ``pairs``; with the same runs as before, the cursor stays on its question."""
        before, self._pairs = self._pairs, pairs
        same = before is not None and before.runs == pairs.runs
        self.query_one("#shown", Static).update(_listed(pairs))
        self.table.show(len(pairs.rows), pairs.page, keep_cursor=same)
        if pairs.start is not None:
            self.table.move_to(pairs.start)
        if not same or not len(pairs.rows):
            self._question, self._said, self._pictured = None, (None, None), ()
            self.query_one(PairView).clear()
        elif self._question is not None:
            self._read(self._question)

    def move(self, step: int) -> None:
        """Another pair."""
        self.table.move_to(max(0, min(self.table.cursor + step, self.table.count - 1)))

    def flip(self, step: int) -> bool:
        """The nearest flip; whether there is one."""
        found = None if self._pairs is None else self._pairs.next_flip(self.table.cursor, step)
        if found is not None:
            self.table.move_to(found)
        return found is not None

    def choose(self, side: SideName) -> None:
        """Let keys act on one of the two answers."""
        self._side = side
        self.query_one(PairView).choose(side)

    def turn_to_pictures(self) -> None:
        """Pictures or texts, where there is no room for both."""
        self.toggle_class("pictured")
        self._fetch_pictures()

    def on_resize(self) -> None:
        """There may be room for pictures now."""
        self.call_after_refresh(self._fetch_pictures)

    @on(PagedTable.Highlighted)
    def _highlighted(self, event: PagedTable.Highlighted) -> None:
        event.stop()
        self._question = Question(str(event.line["stimulus_id"]), cast("int", event.line["repeat"]))
        self.post_message(self.Reached(self._question))
        self._read(self._question)

    @on(PagedTable.Failed)
    def _not_read(self, event: PagedTable.Failed) -> None:
        event.stop()
        self._workbench_screen.workbench.tell(event.error)

    @property
    def _workbench_screen(self) -> WorkbenchScreen:
        return cast("WorkbenchScreen", self.screen)

    def _fetch(
        self,
        work: Callable[[], T],
        then: Callable[[T], None],
        group: str,
        failed: Callable[[WorkbenchError], None] | None = None,
    ) -> None:
        self._workbench_screen.fetch(work, then, group=group, failed=failed)

    def _read(self, question: Question) -> None:
        """Read both answers and tell them apart; then both pictures."""
        pairs = self._pairs
        if pairs is None:
            return
        store = self._workbench_screen.store

        def show(found: tuple[tuple[Said | None, Said | None], Told]) -> None:
            if question != self._question or self._pairs is None or pairs.runs != self._pairs.runs:
                return
            self._said, told = found
            self.query_one(PairView).show(told.question, told.sides, told.text, self._side)
            self._fetch_pictures()

        self._fetch(partial(_told, store, pairs, question), show, "pair")

    def _fetch_pictures(self) -> None:
        """Both pictures, if there is room for them; not again where they are there."""
        if self._question is None or not self.query_one("#pictures").display:
            return
        ids = tuple(None if said is None else said.generation_id for said in self._said)
        if ids == self._pictured:
            return
        self._pictured = ids
        view, screen = self.query_one(PairView), self._workbench_screen
        for side, generation_id in zip(SIDES, ids, strict=True):
            if generation_id is None:
                view.picture(side, None, "There is no answer.")
                continue
            self._fetch(
                partial(_shown, screen.store, screen.workbench.host, generation_id),
                partial(view.picture, side),
                f"picture {side}",
                partial(_no_picture, view, side),
            )


def _told(store: Store, pairs: Pairs, question: Question) -> tuple[tuple[Said | None, Said | None], Told]:
    said = pair_of(store, *pairs.runs, question.stimulus_id, question.repeat)
    return said, told_of(pairs, question, said)


def _shown(store: Store, host: PluginHost, generation_id: str) -> Shown:
    from elena_wb.engine.showing import shown

    return shown(store, host, generation_id)


def _no_picture(view: PairView, side: SideName, error: WorkbenchError) -> None:
    view.picture(side, None, error.message)


def _listed(pairs: Pairs) -> Content:
    """How many pairs of which kind are listed, and in what order."""
    return Content(f"{len(pairs.rows):,} {_KINDS.get(pairs.which, pairs.which)} · {pairs.order}")
