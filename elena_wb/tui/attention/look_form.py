"""A small form for what is to be looked at: which answers, which words, layers and heads, and how."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, HorizontalGroup, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Select, Static

from elena_wb.core import ATTENTION_METHODS, HEADS, UsageError
from elena_wb.tui.attention.orders import TOKENS, Order, Which
from elena_wb.tui.text import block, line

if TYPE_CHECKING:
    from elena_wb.core import AttentionMethod, Heads


_WORDS = "emotion, parts, narrative, explicit, implicit, answer, /hand\\w*/"
_LAYERS = "all, last, 3,8 or 0-11"
_HEADS = {"mean": "mean of the heads", "max": "the largest of the heads", "each": "each by itself"}
_MAPS = [("keep them", "keep"), ("only what fell on each part", "shares")]
_FRESH = [("what was looked at in this way is left out", "leave"), ("look again at all", "again")]


class LookForm(ModalScreen[Order | None]):
    """Gives the order; ``None`` where it was left by escape. Of several ``choices`` the first is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "start", "Look", priority=True),
    ]
    DEFAULT_CSS = """
    LookForm { align: center middle; }
    LookForm > Vertical {
        width: 74;
        max-width: 98%;
        height: auto;
        max-height: 95%;
        padding: 1 2;
        background: $surface;
        border: round $primary;
    }
    LookForm .title { text-style: bold; margin-bottom: 1; }
    LookForm .buttons { height: 1; margin-top: 1; align-horizontal: right; }
    LookForm Button { margin-left: 2; }
    LookForm .row { height: 1; }
    LookForm .row > Static { width: 9; }
    LookForm Input { width: 1fr; }
    LookForm Select { width: 1fr; }
    LookForm #command { color: $text-muted; height: auto; max-height: 4; margin-top: 1; }
    LookForm #problem { color: $text-error; height: auto; max-height: 4; }
    """

    def __init__(self, choices: Sequence[Which]) -> None:
        super().__init__()
        self._choices = tuple(choices)

    def compose(self) -> ComposeResult:
        """A line for each, the command that it comes to, and two buttons."""
        which = [(line(_told(one)), at) for at, one in enumerate(self._choices)]
        with Vertical():
            yield Static("Look where the model looked", classes="title", markup=False)
            yield from _row("Answers", _select("which", which, 0))
            yield from _row("Words", Input(TOKENS, compact=True, id="tokens", placeholder=_WORDS))
            yield from _row("Layers", Input("all", compact=True, id="layers", placeholder=_LAYERS))
            yield from _row("Heads", _select("heads", [(_HEADS[name], name) for name in HEADS], "mean"))
            methods = [(name, name) for name in ATTENTION_METHODS]
            yield from _row("Method", _select("method", methods, "raw"))
            yield from _row("Maps", _select("maps", _MAPS, _MAPS[0][1]))
            yield from _row("Done", _select("fresh", _FRESH, _FRESH[0][1]))
            yield Static("", id="command", markup=False)
            yield Static("", id="problem", markup=False)
            with Horizontal(classes="buttons"):
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
            self.query_one("#maps", Select).value == "keep",
            self.query_one("#fresh", Select).value == "again",
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
            block(" ".join(["elena-wb", *map(_quoted, order.arguments)]), longest=300)
        )
        return True


def _told(which: Which) -> str:
    return which.label if which.count is None else f"{which.label} ({which.count:,})"


def _row(label: str, field: Widget) -> ComposeResult:
    with HorizontalGroup(classes="row"):
        yield Static(label, markup=False)
        yield field


def _select(name: str, options: Sequence[tuple[Any, Any]], value: object) -> Select[Any]:
    return Select(options, value=value, allow_blank=False, compact=True, id=name)


def _quoted(argument: str) -> str:
    """For a shell; in double quotes where that is easier to read."""
    if "'" in argument and not set(argument) & set('"$`\\!'):
        return f'"{argument}"'
    return shlex.quote(argument)
