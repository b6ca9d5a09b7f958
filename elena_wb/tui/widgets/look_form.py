"""A small form for what is to be looked at: which answers, which words, layers and heads, and how."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Select, Static

from elena_wb.core import ATTENTION_METHODS, HEADS, UsageError
from elena_wb.tui.attention_orders import TOKENS, Order, Which
from elena_wb.tui.text import block, line

if TYPE_CHECKING:
    from elena_wb.core import AttentionMethod, Heads


class LookForm(ModalScreen[Order | None]):
    """Gives the order; ``None`` where it was left by escape. Of several ``choices`` the first is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "start", "Look", priority=True),
    ]
    DEFAULT_CSS = """
    LookForm > Vertical { width: 76; }
    LookForm .row { height: 1; margin-top: 0; align-horizontal: left; }
    LookForm .row > Static { width: 9; }
    LookForm Input { margin-top: 0; width: 1fr; }
    LookForm Select { width: 1fr; }
    LookForm Checkbox { margin: 0 2 0 0; }
    LookForm #command { color: $text-muted; height: auto; max-height: 4; margin-top: 1; }
    LookForm #problem { color: $text-error; height: auto; max-height: 4; }
    """

    def __init__(self, choices: Sequence[Which]) -> None:
        super().__init__(classes="asking")
        self._choices = tuple(choices)

    def compose(self) -> ComposeResult:
        """A line for each, the command that it comes to, and two buttons."""
        which = [(line(_told(one)), at) for at, one in enumerate(self._choices)]
        with Vertical():
            yield Static("Look where the model looked", classes="title", markup=False)
            with Horizontal(classes="row"):
                yield Static("Answers", markup=False)
                yield Select(which, value=0, allow_blank=False, compact=True, id="which")
            with Horizontal(classes="row"):
                yield Static("Words", markup=False)
                yield Input(
                    TOKENS, compact=True, id="tokens", placeholder="emotion, parts, narrative, /hand\\w*/"
                )
            with Horizontal(classes="row"):
                yield Static("Layers", markup=False)
                yield Input("all", compact=True, id="layers", placeholder="all, last, 3,8 or 0-11")
            with Horizontal(classes="row"):
                yield Static("Heads", markup=False)
                yield Select(
                    [(name, name) for name in HEADS],
                    value="mean",
                    allow_blank=False,
                    compact=True,
                    id="heads",
                )
            with Horizontal(classes="row"):
                yield Static("Method", markup=False)
                yield Select(
                    [(name, name) for name in ATTENTION_METHODS],
                    value="raw",
                    allow_blank=False,
                    compact=True,
                    id="method",
                )
            with Horizontal(classes="row"):
                yield Checkbox("keep maps", value=True, compact=True, id="maps")
                yield Checkbox("again where it was done", compact=True, id="fresh")
            yield Static("", id="command", markup=False)
            yield Static("", id="problem", markup=False)
            with Horizontal():
                yield Button("Look (^s)", variant="primary", compact=True, id="start")
                yield Button("Cancel", compact=True, id="leave")

    def on_mount(self) -> None:
        """The answers first."""
        self.query_one("#which").focus()
        self._tell()

    @property
    def order(self) -> Order:
        """What the form says now."""
        return Order(
            self._choices[cast("int", self.query_one("#which", Select).value)],
            self.query_one("#tokens", Input).value,
            self.query_one("#layers", Input).value,
            cast("Heads", self.query_one("#heads", Select).value),
            cast("AttentionMethod", self.query_one("#method", Select).value),
            self.query_one("#maps", Checkbox).value,
            self.query_one("#fresh", Checkbox).value,
        )

    def action_leave(self) -> None:
        """Close without an order."""
        self.dismiss(None)

    def action_start(self) -> None:
        """Close with the order, if it can be read."""
        if self._tell():
            self.dismiss(self.order)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "start":
            self.action_start()
        else:
            self.action_leave()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.action_start()

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    def _changed(self) -> None:
        self._tell()

    def _tell(self) -> bool:
        """Show the command, or what is wrong; whether it can be given."""
        order = self.order
        problem = self.query_one("#problem", Static)
        try:
            order.check()
        except UsageError as error:
            problem.update(block(f"✗ {error.message} {error.hint or ''}", longest=400))
            return False
        problem.update("")
        self.query_one("#command", Static).update(
            block(shlex.join(["elena-wb", *order.arguments]), longest=300)
        )
        return True


def _told(which: Which) -> str:
    return which.label if which.count is None else f"{which.label} ({which.count:,})"
