"""What a rater is asked, and what he said so far: one question at a time is marked."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import Static

from elena_wb.plain import plain
from elena_wb.store.ratings import Said, Task

_SIDES: Mapping[Said, str] = {"left": "← left", "equal": "= equal", "right": "right →"}


class Questions(VerticalGroup):
    """The questions of a task, one a line; of the one in turn, also what can be said."""

    DEFAULT_CSS = """
    Questions { height: auto; max-height: 50%; padding: 0 1; }
    Questions > .how { color: $text-muted; }
    Questions > .how.urgent { color: $warning; text-style: bold; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._item: Task | None = None
        self._said: dict[str, Said] = {}
        self._turn = 0

    def compose(self) -> ComposeResult:
        """The questions, and how to answer."""
        yield Static("", id="asked", markup=False)
        yield Static("", classes="how", markup=False)

    def ask(self, task: Task) -> None:
        """Ask what is asked about ``task``; what was taken back stands there again."""
        self._item, self._said, self._turn = task, dict(task.said), 0
        self._draw()

    def say(self, value: Said) -> None:
        """Answer the question in turn, if ``value`` can be said; then the next one that was not answered is asked."""
        task = self._item
        if task is None:
            return
        if isinstance(value, int):
            scale = task.scales.scale[self._turn]
            if not scale.min <= value <= scale.max:
                self.remind()
                return
        names = self._names
        self._said[names[self._turn]] = value
        open_ = [place for place, name in enumerate(names) if name not in self._said]
        if open_:
            self._turn = next((place for place in open_ if place > self._turn), open_[0])
        self._draw()

    def move(self, by: int) -> None:
        """To the question before, or the next."""
        self._turn = min(max(self._turn + by, 0), len(self._names) - 1)
        self._draw()

    def remind(self) -> None:
        """Point out what is to be said."""
        self._draw(urgent=True)

    @property
    def said(self) -> Mapping[str, Said]:
        """What was said so far."""
        return dict(self._said)

    @property
    def whole(self) -> bool:
        """Whether all was said."""
        return all(name in self._said for name in self._names)

    @property
    def _names(self) -> list[str]:
        if self._item is None:
            return []
        scales = self._item.scales
        return [one.name for one in (scales.scale if self._item.kind == "single" else scales.preference)]

    def _draw(self, *, urgent: bool = False) -> None:
        task = self._item
        if task is None:
            return
        shown = Content("")
        for place, name in enumerate(self._names):
            turn, value = place == self._turn, self._said.get(name)
            asked = (task.scales.scale if task.kind == "single" else task.scales.preference)[place]
            told = "·" if value is None else str(value) if isinstance(value, int) else _SIDES[value]
            mark = "▸" if turn else "✓" if value is not None else " "
            question = f"{mark} {told:>7}  " if task.kind == "pairs" else f"{mark} {told}  "
            shown += Content.styled(f"{question}{plain(asked.question)}\n", "bold" if turn else "")
            if turn:
                shown += self._choices(task, place, value) + Content("\n")
        self.query_one("#asked", Static).update(shown.rstrip())
        how = self.query_one(".how", Static)
        how.set_class(urgent, "urgent")
        how.update(self._how(task))

    def _choices(self, task: Task, place: int, value: Said | None) -> Content:
        if task.kind == "pairs":
            choices = [_choice(shown, f"prefer('{side}')", value == side) for side, shown in _SIDES.items()]
            return Content("           ") + Content("   ").join(choices)
        scale = task.scales.scale[place]
        digits = [
            _choice(str(digit), f"digit({digit})", value == digit)
            for digit in range(scale.min, scale.max + 1)
        ]
        return Content.assemble(
            f"     {plain(scale.low)}  ", Content(" ").join(digits), f"  {plain(scale.high)}"
        )

    def _how(self, task: Task) -> str:
        if self.whole:
            return "enter keeps this and goes on · ↑↓ to change"
        left = sum(name not in self._said for name in self._names)
        if task.kind == "pairs":
            return f"← left, → right or = equal, for the question marked ▸ ({left} to go)"
        scale = task.scales.scale[self._turn]
        return f"Press {scale.min} to {scale.max} for the question marked ▸ ({left} to go)"


def _choice(shown: str, action: str, chosen: bool) -> Content:
    text = Content.from_markup(f"[@click=screen.{action}] $shown [/]", shown=shown)
    return text.stylize("reverse bold") if chosen else text
