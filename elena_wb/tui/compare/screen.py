"""Two runs or conditions, pair by pair: what changed in numbers, then each pair with both pictures and answers."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Select, Static

from elena_wb.analysis.pair_order import ORDERS, WHICH
from elena_wb.store import RunSummary, StoreBusyError
from elena_wb.store.browsing import Filter
from elena_wb.tui import places
from elena_wb.tui.compare.pair import SIDES, SideName
from elena_wb.tui.compare.pair_walk import PairWalk
from elena_wb.tui.compare.paired import Look, Pairs, Question, known_order, known_which, look
from elena_wb.tui.compare.summary import CompareSummary
from elena_wb.tui.places import Place
from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.text import line
from elena_wb.tui.widgets.empty import Empty
from elena_wb.tui.widgets.paged import PagedTable

_PAUSE_S = 2.0
"""At least so long between two looks at runs that change, and four times as long as the last look took."""
_TALL = 36
_NO_RUNS = (
    "There are no two runs to compare yet.",
    "Ask about the same pictures under two conditions in one command:\n"
    "elena-wb run FOLDER -m MODEL --mask none --mask face\n"
    "or press 7 to start runs from here.",
)
_SAME = (
    "Both sides are the same run.",
    "Choose another run in one of the two lists above (tab leads there).",
)


class CompareScreen(WorkbenchScreen):
    """Two runs or conditions, pair by pair."""

    mode = "compare"

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-middle"), (_TALL, "-tall")]  # noqa: RUF012
    CSS = """
    CompareScreen #sides { height: 1; }
    CompareScreen #sides Select { width: 1fr; }
    CompareScreen #sides > Static { width: 3; text-align: center; }
    CompareScreen CompareSummary { max-height: 16; }
    CompareScreen.-short.-open CompareSummary, CompareScreen.-middle.-open CompareSummary {
        height: 1fr;
        max-height: 100%;
    }
    CompareScreen.-short.-open PairWalk, CompareScreen.-middle.-open PairWalk { display: none; }
    CompareScreen.-tall PairsTable { height: 12; }
    CompareScreen.-wide PairWalk > Container { layout: horizontal; }
    CompareScreen.-wide PairsTable { width: 52; height: 1fr; }
    CompareScreen.-short #pictures { display: none; }
    CompareScreen.-short .pictured #pictures { display: block; height: 1fr; }
    CompareScreen.-short .pictured #texts { display: none; }
    CompareScreen #empty { display: none; }
    CompareScreen.-nothing #empty { display: block; }
    CompareScreen.-nothing CompareSummary, CompareScreen.-nothing PairWalk { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n,j", "move(1)", "Next", tooltip="The next pair"),
        Binding("p,k", "move(-1)", "Prev", tooltip="The previous pair"),
        Binding("f", "flip(1)", "Flip", tooltip="The next pair that names another emotion"),
        Binding("F", "flip(-1)", "Flip before", show=False, tooltip="The flip before this"),
        Binding(
            "l",
            "which",
            "List",
            tooltip="List all pairs, flips, what one side alone gets right, or lost ones",
        ),
        Binding("o", "order", "Order", tooltip="Flips first, largest shift of ratings first, or by picture"),
        Binding("x", "swap", "Swap", show=False, tooltip="Let the sides change places"),
        Binding("s", "summary", "Numbers", tooltip="Unfold the numbers, or fold them to one line"),
        Binding(
            "i", "pictures", "Pictures", show=False, tooltip="Pictures or texts, on a screen of few lines"
        ),
        Binding("left", "side('first')", "First", show=False, tooltip="Let keys act on the first answer"),
        Binding("right", "side('second')", "Second", show=False, tooltip="Let keys act on the second answer"),
        Binding("enter", "open", "Open", show=False, tooltip="The answer of that side among the narratives"),
        Binding("g", "attention", "Attention", show=False, tooltip="Where the model looked for that answer"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._runs: tuple[RunSummary, ...] = ()
        self._chosen: tuple[int, int] | None = None
        self._pairs: Pairs | None = None
        self._question: Question | None = None
        self._which, self._order = WHICH[0], ORDERS[0]
        self._looking = self._again = False

    def content(self) -> ComposeResult:
        """Two lists of runs, the numbers, the pairs."""
        with Horizontal(id="sides"):
            yield Select[int]([], prompt="first run", id="run-first", compact=True)
            yield Static("⇄", markup=False)
            yield Select[int]([], prompt="second run", id="run-second", compact=True)
        yield Empty("Reading …", "", id="empty")
        yield CompareSummary(id="summary")
        yield PairWalk(id="walk")

    def on_mount(self) -> None:
        """As it was left."""
        remembered = self.workbench.remembered
        runs = remembered.get("compare.runs")
        if isinstance(runs, list) and len(runs) == 2 and all(isinstance(run, int) for run in runs):
            self._chosen = (runs[0], runs[1])
        self._question = Question.from_json(remembered.get("compare.question"))
        self._which = known_which(remembered.get("compare.which"))
        self._order = known_order(remembered.get("compare.order"))
        unfolded = remembered.get("compare.open")
        self.set_class(unfolded if isinstance(unfolded, bool) else self.app.size.height >= _TALL, "-open")
        self.add_class("-nothing")
        self.fetch(_load_chart, lambda loaded: None, group="load")

    def arrive(self, place: Place) -> None:
        """Compare the runs that are named, and go to the pair; the partner of one that is named alone is found."""
        assert isinstance(place, places.Compare)
        if place.stimulus_id is not None:
            self._question = Question(place.stimulus_id, place.repeat)
        named = [run for run in (place.first, place.second) if run is not None]
        if len(named) == 1:
            self._chosen = (named[0], named[0])
        elif named:
            self._chosen = (named[0], named[1])
        self._look(find_partner=len(named) == 1)

    def refresh_data(self) -> None:
        """Look at the store again, but not while a look is under way, nor at once after it."""
        if self._looking:
            self._again = True
        else:
            self._look()

    @property
    def _open(self) -> bool:
        return self.has_class("-open")

    def _look(self, *, find_partner: bool = False) -> None:
        """Read runs and pairs in a thread; a look that is under way counts for nothing then."""
        self._looking, self._again = True, False
        started = time.monotonic()
        self.fetch(
            partial(
                look,
                self.store,
                self._chosen,
                self._which,
                self._order,
                at=self._question,
                known=self._pairs,
                find_partner=find_partner,
            ),
            lambda found: self._found(found, time.monotonic() - started),
            group="look",
            failed=lambda error: self._found(Look(self._runs, None, error=error), 0.0),
        )

    def _found(self, found: Look, took: float) -> None:
        self._looking = False
        if isinstance(found.error, StoreBusyError) and self._pairs is not None:
            self._again, found = True, replace(found, error=None, pairs=self._pairs, chosen=self._chosen)
        if self._again:
            self._again = False
            self.set_timer(max(_PAUSE_S, 4 * took), self.refresh_data)
        self._runs, self._chosen = found.runs, found.chosen or self._chosen
        self._offer()
        if found.error is not None:
            choose = (
                "Choose other runs in the two lists above (tab leads there)." if len(self._runs) > 1 else ""
            )
            self._nothing(found.error.message, "\n".join(filter(None, (found.error.hint, choose))))
        elif found.chosen is None:
            self._nothing(*_NO_RUNS)
        elif found.pairs is None:
            self._nothing(*_SAME)
        else:
            self._put(found.pairs)

    def _offer(self) -> None:
        """Put the runs into both lists."""
        options = [(_run_line(run), run.run_id) for run in reversed(self._runs)]
        known = {run.run_id for run in self._runs}
        for place, side in enumerate(SIDES):
            select: Select[int] = self.query_one(f"#run-{side}", Select)
            if select.expanded:
                continue
            with self.prevent(Select.Changed):
                select.set_options(options)
                if self._chosen is not None and self._chosen[place] in known:
                    select.value = self._chosen[place]

    def _nothing(self, what: str, first: str) -> None:
        self._pairs = None
        self.query_one("#empty", Empty).say(what, first)
        self.add_class("-nothing")

    def _put(self, pairs: Pairs) -> None:
        """Show a comparison that is not shown yet."""
        if (pairs.which, pairs.order) != (self._which, self._order):
            self._list(pairs)  # other pairs were asked for while this was read
            return
        before, self._pairs = self._pairs, pairs
        if before is pairs:
            return
        self.remove_class("-nothing")
        self.workbench.remembered.set("compare.runs", list(pairs.runs))
        if before is None or before.compared is not pairs.compared:
            self.query_one(CompareSummary).show(pairs.compared, unfolded=self._open)
        walk = self.query_one(PairWalk)
        walk.show(pairs)
        if self.focused is None:
            self._focus()

    @property
    def _covered(self) -> bool:
        """Whether the numbers take the room of the pairs."""
        return self._open and not self.has_class("-tall")

    def _focus(self) -> None:
        """The table has the keys, or the numbers where they take its room."""
        (self.query_one(CompareSummary) if self._covered else self.query_one(PairWalk).table).focus()

    @on(Select.Changed)
    def _run_chosen(self, event: Select.Changed) -> None:
        event.stop()
        if self._chosen is None:
            return
        if not isinstance(event.value, int):
            self._offer()
            return
        first, second = self._chosen
        chosen = (event.value, second) if event.select.id == "run-first" else (first, event.value)
        if chosen != self._chosen:
            self._chosen = chosen
            self._look()

    @on(PairWalk.Reached)
    def _reached(self, event: PairWalk.Reached) -> None:
        self._question = event.question
        self.workbench.remembered.set("compare.question", [event.question.stimulus_id, event.question.repeat])

    @on(PagedTable.Chosen)
    def _pair_chosen(self, event: PagedTable.Chosen) -> None:
        event.stop()
        self.action_open()

    def action_move(self, step: int) -> None:
        """Another pair."""
        self.query_one(PairWalk).move(step)

    def action_flip(self, step: int) -> None:
        """The nearest flip."""
        if self._pairs is not None and not self.query_one(PairWalk).flip(step):
            self.workbench.say("There is no flip among the pairs that are listed.")

    def action_order(self) -> None:
        """The next order."""
        self._order = ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)]
        self._list_anew()

    def action_which(self) -> None:
        """The next kind of pairs."""
        self._which = WHICH[(WHICH.index(self._which) + 1) % len(WHICH)]
        self._list_anew()

    def _list_anew(self) -> None:
        self.workbench.remembered.set("compare.order", self._order)
        self.workbench.remembered.set("compare.which", self._which)
        if self._pairs is not None:
            self._list(self._pairs)

    def _list(self, pairs: Pairs) -> None:
        self.fetch(partial(pairs.listed, self._which, self._order, self._question), self._put, group="list")

    def action_swap(self) -> None:
        """First becomes second."""
        if self._chosen is not None:
            self._chosen = (self._chosen[1], self._chosen[0])
            self._look()

    def action_summary(self) -> None:
        """Unfold the numbers, or fold them."""
        self.set_class(not self._open, "-open")
        self.workbench.remembered.set("compare.open", self._open)
        self.query_one(CompareSummary).unfold(self._open)
        if self._pairs is not None:
            self._focus()

    def action_pictures(self) -> None:
        """Pictures or texts, where there is no room for both."""
        if self._covered:
            self.action_summary()
        self.query_one(PairWalk).turn_to_pictures()

    def action_side(self, side: SideName) -> None:
        """The side that keys act on."""
        self.query_one(PairWalk).choose(side)

    def action_open(self) -> None:
        """The answer of that side among the narratives."""
        chosen = self.query_one(PairWalk).chosen
        if chosen is not None and chosen[1] is not None:
            self.workbench.go(places.Narratives(Filter(run_ids=(chosen[0],)), chosen[1].generation_id))
        elif chosen is not None:
            self.workbench.say("There is no answer on that side.")

    def action_attention(self) -> None:
        """Where the model looked for that answer."""
        chosen = self.query_one(PairWalk).chosen
        if chosen is not None and chosen[1] is not None:
            self.workbench.go(places.Attention(chosen[1].generation_id))
        elif chosen is not None:
            self.workbench.say("There is no answer on that side.")


def _load_chart() -> None:
    """Import what draws the chart, which takes too long for the thread that takes keys."""
    from elena_wb.tui.compare import emotion_chart  # noqa: F401


def _run_line(run: RunSummary) -> Content:
    """``2 face (running) · study · model · prompt``."""
    named = f" · {run.name}" if run.name else ""
    unfinished = "" if run.status == "done" else f" ({run.status})"
    return line(f"{run.run_id} {run.condition}{unfinished}{named} · {run.model_uri} · {run.prompt_name}")
