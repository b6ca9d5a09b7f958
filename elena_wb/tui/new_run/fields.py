"""Parts of forms: a field with its label, what it means and what is wrong with it; a tick; a list of lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalGroup
from textual.content import Content
from textual.markup import escape
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Select, Static

from elena_wb.engine.option_forms import OptionField
from elena_wb.tui.text import line

MOST_LINES = 50
_LONGEST_TYPED = 4000


class Tick(Static, can_focus=True):
    """Yes or no, told by a sign and a word or by a sign before its label; space, enter or a click turns it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space,enter", "turn", "Turn", show=False)]
    DEFAULT_CSS = """
    Tick { width: auto; height: 1; }
    Tick:focus { background: $primary; color: $text; text-style: bold; }
    """

    on_: reactive[bool] = reactive(False)

    class Changed(Message):
        """It was turned."""

        def __init__(self, tick: Tick) -> None:
            super().__init__()
            self.tick = tick

    def __init__(self, on: bool = False, *, label: Content | None = None, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(Tick.on_, on)
        self._label = label

    def render(self) -> Content:
        """``[x] yes`` or ``[ ] no``."""
        word = self._label or Content("yes" if self.on_ else "no ")
        return Content("[x] " if self.on_ else "[ ] ") + word

    def action_turn(self) -> None:
        """Turn it."""
        self.on_ = not self.on_
        self.post_message(self.Changed(self))

    def on_click(self, event: events.Click) -> None:
        """Turn it."""
        event.stop()
        self.action_turn()


class Labelled(VerticalGroup):
    """A control beside its label; below it what it means, while it has the focus, and what is wrong with it."""

    DEFAULT_CSS = """
    Labelled > Horizontal { height: auto; }
    Labelled .label { width: 18; padding: 0 1 0 0; color: $text-muted; }
    Labelled:focus-within { background: $boost; }
    Labelled:focus-within .label { color: $text; text-style: bold; }
    Labelled > .help { display: none; padding: 0 0 0 18; color: $text-muted; height: auto; }
    Labelled:focus-within > .help { display: block; }
    Labelled > .wrong { display: none; padding: 0 0 0 18; color: $text-error; height: auto; }
    Labelled.-wrong > .wrong { display: block; }
    Labelled Input, Labelled Select { width: 1fr; }
    """

    def __init__(self, label: str, control: Widget, help: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label, self.control, self._help = label, control, help
        self.wrong: str | None = None

    def compose(self) -> ComposeResult:
        """Label and control in a line, then help and problem."""
        with Horizontal():
            yield Static(line(self._label, longest=17), classes="label")
            yield self.control
        if self._help:
            yield Static(line(self._help, longest=1000), classes="help")
        yield Static("", classes="wrong")

    def complain(self, wrong: str | None) -> None:
        """Say what is wrong, or that nothing is."""
        if wrong != self.wrong:
            self.wrong = wrong
            self.query_one(".wrong", Static).update(line(f"✗ {wrong}") if wrong else "")
            self.set_class(wrong is not None, "-wrong")


class OptionEntry(Labelled):
    """One option, with the control that fits it. ``value`` is text as in a URI, empty where it is left out."""

    def __init__(self, field: OptionField, value: str = "", *, names: Sequence[str] = ()) -> None:
        """``names`` are those of the stored keys, of which an option that names a key takes one."""
        self.field = field
        help = " ".join(filter(None, (field.help, f"({field.bounds})" if field.bounds else "")))
        super().__init__(field.name.replace("_", " "), self._control(value, names), help)

    def _control(self, value: str, names: Sequence[str]) -> Widget:
        field = self.field
        if field.kind == "switch":
            return Tick((value or field.default).lower() in ("true", "1", "yes", "on"))
        if field.kind == "secret":
            return Static("is not entered here: store it with `elena-wb keys set`", markup=False)
        if field.kind in ("choice", "key"):
            choices = list(dict.fromkeys([*(field.choices or names), *([value] if value else [])]))
            return Select(
                [(Text(line(one, longest=60).plain), one) for one in choices],
                value=value or Select.NULL,
                prompt=escape(line(field.default, longest=60).plain)
                or ("not given" if not field.required else "to be chosen"),
                compact=True,
            )
        return Input(
            value,
            placeholder=field.default or ("" if field.required else "not given"),
            compact=True,
            max_length=_LONGEST_TYPED,
        )

    @property
    def value(self) -> str:
        """The option as it is given; empty where it stays as it is anyhow."""
        control = self.control
        if isinstance(control, Tick):
            written = "true" if control.on_ else "false"
            return "" if written == (self.field.default or "false") and not self.field.required else written
        if isinstance(control, Select):
            return "" if control.value is Select.NULL else str(control.value)
        return control.value if isinstance(control, Input) else ""


class Several(VerticalGroup):
    """Lines of text, as many as are needed: below the last that is filled there is always an empty one."""

    DEFAULT_CSS = """
    Several { width: 1fr; }
    Several > Horizontal { height: 1; }
    Several Input { width: 1fr; }
    Several .beside { width: auto; max-width: 60%; padding: 0 1; color: $text-muted; }
    """

    class Changed(Message):
        """A line was changed."""

        def __init__(self, several: Several) -> None:
            super().__init__()
            self.several = several

        @property
        def control(self) -> Several:
            """Whose line it was."""
            return self.several

    def __init__(
        self, values: Sequence[str], *, placeholder: str, suggester: Suggester | None = None, id: str
    ) -> None:
        super().__init__(id=id)
        self._first = list(values[:MOST_LINES])
        self._placeholder, self._suggester = placeholder, suggester

    def compose(self) -> ComposeResult:
        """The lines."""
        for value in [*self._first, ""]:
            yield self._line(value)

    def _line(self, value: str) -> Horizontal:
        return Horizontal(
            Input(
                value,
                placeholder=self._placeholder,
                suggester=self._suggester,
                compact=True,
                select_on_focus=False,
                max_length=_LONGEST_TYPED,
            ),
            Static("", classes="beside"),
        )

    @property
    def values(self) -> tuple[str, ...]:
        """What is written, without empty lines."""
        return tuple(text for one in self.query(Input) if (text := one.value.strip()))

    async def set(self, values: Sequence[str]) -> None:
        """Write ``values`` anew."""
        await self.remove_children()
        await self.mount_all([self._line(value) for value in [*values[:MOST_LINES], ""]])

    def add(self, value: str) -> None:
        """Write ``value`` into the empty line, unless it is there."""
        if value not in self.values:
            self.query(Input).last().value = value

    def note(self, notes: Sequence[tuple[str, bool]]) -> None:
        """Say something beside each filled line, in order: the text, and whether it is a complaint."""
        told = iter(notes)
        for row in self.query(Horizontal):
            text, wrong = next(told, ("", False)) if row.query_one(Input).value.strip() else ("", False)
            beside = row.query_one(".beside", Static)
            beside.update(line(f"✗ {text}" if wrong else text, longest=200))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        lines = list(self.query(Input))
        if lines and lines[-1].value.strip() and len(lines) < MOST_LINES:
            self.mount(self._line(""))
        self.post_message(self.Changed(self))

    @on(Input.Blurred)
    def _left(self, event: Input.Blurred) -> None:
        """An empty line that is not the last goes away once it is left."""
        event.stop()
        lines = list(self.query(Input))
        if not event.input.value.strip() and lines and event.input is not lines[-1]:
            row = event.input.parent
            if isinstance(row, Widget):
                row.remove()
        # once the focus has moved on, so that whoever hears of it sees where it is
        self.call_after_refresh(self.post_message, self.Changed(self))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        """Enter goes on to the next line, or to what follows."""
        event.stop()
        self.screen.focus_next()
