"""The form for a new session of blind rating; what is written is checked while it is typed."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button, Input, Label, Select, Static

from elena_wb.errors import UsageError, WorkbenchError
from elena_wb.ratings import Scales, find_scales
from elena_wb.store.browsing import Filter
from elena_wb.store.rating_sessions import MOST_ITEMS, Design, asked, drawable, named
from elena_wb.tui.text import block

if TYPE_CHECKING:
    from elena_wb.store import Store
    from elena_wb.tui.screen import WorkbenchScreen

_SETTLED_S = 0.25
_FIELDS: tuple[tuple[str, str, str, str], ...] = (
    ("name", "Name of the session", "", "such as pilot"),
    ("rater", "Who rates first", "", "a name or a code"),
    ("runs", "Runs", "", "numbers such as 1 2; all if empty"),
    ("limit", "How many items", "40", "drawn evenly from the runs"),
    ("repeat", "Shown twice", "0", "to see how well a rater agrees with himself"),
    ("scales", "Scales", "elena", "elena, or the path of a file of your own"),
    ("seed", "Seed of the draw", "", "a number; by chance if empty"),
)
_KINDS = (("single answers, on scales", "single"), ("pairs of answers, side by side", "pairs"))
_PICTURES = (
    ("whole", "whole"),
    ("as the model saw it (tells what was hidden)", "seen"),
    ("not shown", "none"),
)


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in the form, and what is wrong with it, a sentence for each field."""

    design: Design | None
    rater: str
    problems: tuple[str, ...]


class NewSession(ModalScreen[tuple[Design, str] | None]):
    """Asks for a session and its first rater. ``wanted`` is a filter that its answers must pass, too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "make", "Begin", priority=True),
    ]

    DEFAULT_CSS = """
    NewSession { align: center middle; }
    NewSession > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 1 2;
        background: $surface; border: round $primary;
    }
    NewSession .title { text-style: bold; margin-bottom: 1; }
    NewSession VerticalScroll { height: auto; max-height: 1fr; }
    NewSession .row { height: 1; }
    NewSession .row > Label { width: 21; color: $text-muted; }
    NewSession .row > Input { width: 1fr; }
    NewSession .row > Select { width: 1fr; }
    NewSession #preview { height: auto; max-height: 5; margin-top: 1; }
    NewSession #preview.wrong { color: $error; }
    NewSession .buttons { height: 1; margin-top: 1; align-horizontal: right; }
    NewSession .buttons > Button { margin-left: 2; }
    """

    def __init__(self, opener: WorkbenchScreen, wanted: Filter, rater: str) -> None:
        super().__init__()
        self._opener, self._wanted, self._rater = opener, wanted, rater
        self._settling: Timer | None = None
        self._seed = secrets.randbelow(2**31)

    def compose(self) -> ComposeResult:
        """A line for each choice, what would be drawn, two buttons."""
        runs = " ".join(map(str, self._wanted.run_ids))
        given = {"rater": self._rater, "runs": runs}
        with Vertical():
            yield Static("New session of blind rating", classes="title", markup=False)
            with VerticalScroll(can_focus=False):
                for name, label, value, hint in _FIELDS:
                    with Horizontal(classes="row"):
                        yield Label(label, markup=False)
                        yield Input(given.get(name) or value, placeholder=hint, id=name, compact=True)
                    if name == "runs":
                        yield from self._choices()
            yield Static("", id="preview", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Begin (^s)", variant="primary", id="make", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def _choices(self) -> ComposeResult:
        for label, choices, name in (("Kind", _KINDS, "kind"), ("Picture", _PICTURES, "picture")):
            with Horizontal(classes="row"):
                yield Label(label, markup=False)
                yield Select(choices, value=choices[0][1], allow_blank=False, id=name, compact=True)

    def on_mount(self) -> None:
        """Start with the name."""
        self.query_one("#name").focus()
        self._look()

    @on(Input.Changed)
    @on(Select.Changed)
    def _changed(self) -> None:
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(_SETTLED_S, self._look)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.focus_next()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.action_make() if event.button.id == "make" else self.action_leave()

    def action_leave(self) -> None:
        """Close without a session."""
        self.dismiss(None)

    def action_make(self) -> None:
        """Close with the session, if all is well."""
        if self._settling is not None:
            self._settling.stop()
        values = self._values()
        store, wanted, seed = self._opener.store, self._wanted, self._seed

        def made(found: tuple[Written, str]) -> None:
            written, told = found
            if self not in self.app.screen_stack:
                return
            if written.design is not None and not told:
                self.dismiss((written.design, written.rater))
            else:
                self._tell(told or " ".join(written.problems), wrong=True)

        def work() -> tuple[Written, str]:
            written = read(values, wanted, seed)
            try:
                told = "" if written.design is None else _missing(store, written.design)
            except WorkbenchError as error:
                told = error.message
            return written, told

        self._opener.fetch(work, made, group="make")

    def _values(self) -> dict[str, str]:
        inputs = {one.id or "": one.value for one in self.query(Input)}
        return inputs | {one.id or "": str(one.value) for one in self.query(Select)}

    def _look(self) -> None:
        values = self._values()
        store, wanted, seed = self._opener.store, self._wanted, self._seed

        def work() -> tuple[str, bool]:
            written = read(values, wanted, seed)
            if written.design is None:
                return " ".join(written.problems), True
            try:
                return told(store, written.design), bool(written.problems)
            except WorkbenchError as error:
                return error.message, True

        def show(found: tuple[str, bool]) -> None:
            if self in self.app.screen_stack:
                self._tell(found[0], wrong=found[1])

        self._opener.fetch(work, show, group="form")

    def _tell(self, text: str, *, wrong: bool) -> None:
        preview = self.query_one("#preview", Static)
        preview.set_class(wrong, "wrong")
        preview.update(block(("Not yet: " if wrong else "") + text, longest=1000))


def read(values: dict[str, str], wanted: Filter, seed: int) -> Written:
    """The session that ``values`` of the form say; ``seed`` where they name none. Reads the file of scales."""
    problems: list[str] = []

    def number(field: str, label: str, least: int, most: int) -> int:
        text = values[field].strip()
        if not re.fullmatch(r"\d{1,18}", text, re.ASCII) or not least <= int(text) <= most:
            problems.append(f"{label} is a number from {least} to {most:,}.")
            return least
        return int(text)

    def checked(field: str, of: str) -> str:
        try:
            return named(values[field], of)
        except UsageError as error:
            problems.append(error.message)
            return ""

    name, rater = checked("name", "session"), checked("rater", "rater")
    runs = re.split(r"[\s,]+", values["runs"].strip()) if values["runs"].strip() else []
    if any(not re.fullmatch(r"\d{1,9}", one, re.ASCII) for one in runs):
        problems.append("Runs are numbers, as the first screen shows them.")
        runs = []
    limit = number("limit", "How many items", 1, MOST_ITEMS)
    repeat = number("repeat", "Shown twice", 0, MOST_ITEMS)
    if repeat > limit // 2:
        problems.append("At most half of the items can be shown twice.")
    if values["seed"].strip():
        seed = number("seed", "The seed", 0, 2**53)
    scales: Scales | None = None
    kind: Literal["single", "pairs"] = "pairs" if values["kind"] == "pairs" else "single"
    try:
        scales = find_scales(values["scales"])
        if not asked(scales, kind):
            problems.append(
                f"These scales ask nothing about {'pairs' if kind == 'pairs' else 'single answers'}."
            )
    except UsageError as error:
        problems.append(error.message)
    if problems or scales is None:
        return Written(None, rater, tuple(problems))
    picture: Literal["seen", "whole", "none"] = "none"
    if values["picture"] in ("seen", "whole"):
        picture = "seen" if values["picture"] == "seen" else "whole"
    of_runs = replace(wanted, run_ids=tuple(dict.fromkeys(int(one) for one in runs)))
    return Written(Design(name, kind, picture, scales, of_runs, limit, repeat, seed), rater, ())


def told(store: Store, design: Design) -> str:
    """What would be drawn, in words."""
    missing = _missing(store, design)
    if missing:
        raise UsageError(missing)
    groups = drawable(store, design.kind, design.filter, design.scales)
    total = sum(groups.values())
    listed = [f"{count:,} of {' with '.join(f'run {run}' for run in runs)}" for runs, count in groups.items()]
    more = f" and {len(listed) - 4} more" if len(listed) > 4 else ""
    items = "pairs" if design.kind == "pairs" else "answers"
    filtered = " that pass the filter" if replace(design.filter, run_ids=()) != Filter() else ""
    return f"{min(design.limit, total):,} of {total:,} {items}{filtered}, drawn evenly: {', '.join(listed[:4])}{more}."


def _missing(store: Store, design: Design) -> str:
    groups = drawable(store, design.kind, design.filter, design.scales)
    if groups:
        few = sum(groups.values())
        return "" if design.repeat <= few // 2 else f"Of {few} items at most {few // 2} can be shown twice."
    if design.kind == "pairs":
        return "No two of these runs have answers about the same picture that could be read."
    return "None of these runs has an answer that could be read and passes."
