"""Choosing which answers are meant: one line that says which, and a window to choose in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast, get_args

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button, Input, Label, Select, Static
from textual.worker import get_current_worker

from elena_wb.errors import WorkbenchError
from elena_wb.store.browsing import FLAGS, ORDERS, Correctness, Filter, Flag, Order
from elena_wb.tui.narratives.ticks import Ticks
from elena_wb.tui.text import block, line

_TYPED_S = 0.3
_MOST = 300
_ORDER_NAMES: Mapping[Order, str] = {
    "run": "by run",
    "picture": "by picture",
    "emotion": "by emotion",
    "newest": "newest first",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from; ``runs`` are numbers and names."""

    emotions: Sequence[str]
    truths: Sequence[str]
    conditions: Sequence[str]
    runs: Sequence[tuple[int, str]]


def in_words(wanted: Filter, order: Order) -> Content:
    """The filter and the order as one line."""
    told: list[str] = []
    for name, values in (
        ("emotion", [one or "none" for one in wanted.emotions]),
        ("label", wanted.truths),
        ("condition", wanted.conditions),
        ("run", [str(one) for one in wanted.run_ids]),
    ):
        if values:
            told.append(f"{name} {' or '.join(values[:4])}{' …' if len(values) > 4 else ''}")
    if wanted.correct is not None:
        told.append(wanted.correct)
    told += wanted.flags
    if wanted.text:
        told.append(f"“{wanted.text[:60]}”")
    if wanted.where:
        told.append(f"where {wanted.where[:60]}")
    if order != "run":
        told.append(_ORDER_NAMES[order])
    return line(" · ".join(told), longest=300)


class FilterDialog(ModalScreen[tuple[Filter, Order] | None]):
    """All criteria at once; says while they are chosen how many answers pass, or what is wrong with the SQL."""

    DEFAULT_CSS = """
    FilterDialog { align: center middle; }
    FilterDialog > Vertical {
        width: 100; max-width: 100%; height: 22; max-height: 100%; padding: 0 1;
        background: $surface; border: round $primary;
    }
    FilterDialog Label { width: 10; color: $text-muted; }
    FilterDialog .row { height: 1; }
    FilterDialog .lists { height: 1fr; margin: 1 0; }
    FilterDialog Select { width: 26; }
    FilterDialog Input { width: 1fr; }
    FilterDialog .told { height: auto; max-height: 4; }
    FilterDialog .told.error { color: $text-error; }
    FilterDialog .buttons { height: 1; align-horizontal: right; }
    FilterDialog Button { margin-left: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "take", "Show", priority=True),
        Binding("ctrl+r", "empty", "Clear all", priority=True),
    ]

    def __init__(
        self, wanted: Filter, order: Order, choices: Choices, count: Callable[[Filter], int]
    ) -> None:
        """``count`` tells how many answers pass; it is called in a thread and may raise errors for people."""
        super().__init__()
        self._wanted, self._order, self._choices, self._count = wanted, order, choices, count
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Text, lists, and SQL from top to bottom."""
        wanted, choices = self._wanted, self._choices
        with Vertical() as window:
            window.border_title = Content("Filter: all that is chosen must hold")
            with Horizontal(classes="row"):
                yield Label("Text")
                yield Input(
                    wanted.text,
                    placeholder="anywhere in the answer or the picture's name",
                    id="text",
                    compact=True,
                )
            with Horizontal(classes="row"):
                yield Label("SQL where")
                yield Input(
                    wanted.where, placeholder="valence < 4 AND latency_ms > 100", id="where", compact=True
                )
            with Horizontal(classes="row"):
                yield Label("Correct")
                yield Select(
                    [(Content(one), one) for one in get_args(Correctness)],
                    prompt="right or wrong",
                    value=wanted.correct if wanted.correct is not None else Select.NULL,
                    id="correct",
                    compact=True,
                )
                yield Label(" Order")
                yield Select(
                    [(Content(_ORDER_NAMES[one]), one) for one in ORDERS],
                    value=self._order,
                    allow_blank=False,
                    id="order",
                    compact=True,
                )
            with Horizontal(classes="lists"):
                emotions = [("", "(none named)"), *((one, one) for one in choices.emotions)]
                yield Ticks("Emotion", emotions, wanted.emotions, id="emotions")
                yield Ticks("Label", _same(choices.truths), wanted.truths, id="truths")
                yield Ticks("Condition", _same(choices.conditions), wanted.conditions, id="conditions")
                runs = [(number, f"{number} {name}") for number, name in choices.runs[-_MOST:]]
                yield Ticks("Run", runs, wanted.run_ids, id="run_ids")
                yield Ticks("Flags", _same(FLAGS), wanted.flags, id="flags")
            yield Static("", classes="told", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Show ^s", variant="primary", id="take", compact=True)
                yield Button("Clear all ^r", id="empty", compact=True)
                yield Button("Cancel esc", id="leave", compact=True)

    def on_mount(self) -> None:
        """Begin with the count of what is chosen already."""
        self._look()

    @property
    def chosen(self) -> Filter:
        """What is chosen now."""

        def listed(name: str) -> tuple[Any, ...]:
            return self.query_one(f"#{name}", Ticks).ticked

        correct = self.query_one("#correct", Select).value
        return Filter(
            run_ids=listed("run_ids"),
            emotions=listed("emotions"),
            truths=listed("truths"),
            conditions=listed("conditions"),
            correct=None if correct is Select.NULL else cast("Correctness", correct),
            text=self.query_one("#text", Input).value.strip(),
            flags=cast("tuple[Flag, ...]", listed("flags")),
            where=self.query_one("#where", Input).value.strip(),
        )

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)

    def action_take(self) -> None:
        """Show what passes, unless it cannot be told what does."""
        order = cast("Order", self.query_one("#order", Select).value)
        wanted = self.chosen
        if self._timer is not None:
            self._timer.stop()
        self._ask(wanted, then=lambda _: self._leave_with(wanted, order))

    def _leave_with(self, wanted: Filter, order: Order) -> None:
        self.dismiss((wanted, order))

    def action_empty(self) -> None:
        """Choose nothing."""
        for text in self.query(Input):
            text.value = ""
        for one in self.query(Ticks):
            one.clear_ticks()
        self.query_one("#correct", Select).clear()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.call_later(getattr(self, f"action_{event.button.id}"))

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_take()

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Ticks.Changed)
    def _look(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_TYPED_S, lambda: self._ask(self.chosen, then=self._tell_count))

    def _ask(self, wanted: Filter, then: Callable[[int], None]) -> None:
        def work() -> None:
            worker = get_current_worker()
            try:
                count = self._count(wanted)
            except WorkbenchError as error:
                if not worker.is_cancelled and self.app.is_running:
                    self.app.call_from_thread(self._tell_error, error)
                return
            if not worker.is_cancelled and self.app.is_running:
                self.app.call_from_thread(self._unless_gone, then, count)

        self.run_worker(work, thread=True, exclusive=True, group="count")

    def _unless_gone(self, then: Callable[[int], None], count: int) -> None:
        if self.is_mounted and self.is_current:
            then(count)

    def _tell_count(self, count: int) -> None:
        told = self.query_one(".told", Static)
        told.remove_class("error")
        told.update(f"{count:,} answers pass." if count != 1 else "1 answer passes.")

    def _tell_error(self, error: WorkbenchError) -> None:
        if not self.is_mounted:
            return
        told = self.query_one(".told", Static)
        told.add_class("error")
        told.update(block(f"✗ {error.message}" + (f"\n{error.hint}" if error.hint else ""), longest=600))


def _same(values: Sequence[str]) -> list[tuple[str, str]]:
    return [(one, one) for one in values]
