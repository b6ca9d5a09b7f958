"""A choice among many numbers in a row, and their mean: one line, moved by keys of the screen or by clicking."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

MEAN = "mean"
_LONGEST_RAIL = 40


class Slider(Widget):
    """``label`` and a rail whose places are ``mean`` (where there are several) and ``numbers``.

    ``value`` is the place among the numbers, ``None`` on the mean. With no more than one number it is fixed, and says
    ``fixed`` instead of the rail.
    """

    DEFAULT_CSS = "Slider { height: 1; width: 1fr; }"

    class Moved(Message):
        """The place was changed by the mouse."""

        def __init__(self, slider: Slider, value: int | None) -> None:
            super().__init__()
            self.slider, self.value = slider, value

        @property
        def control(self) -> Slider:
            """The slider."""
            return self.slider

    def __init__(self, label: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = label
        self._numbers: tuple[int, ...] = ()
        self._fixed = ""
        self._value: int | None = None
        self._rail = (0, 0)

    @property
    def value(self) -> int | None:
        """The place among the numbers; ``None`` for the mean."""
        return self._value

    def offer(self, numbers: Sequence[int], value: int | None, fixed: str = "") -> None:
        """Show these numbers with the place ``value`` chosen."""
        self._numbers, self._fixed = tuple(numbers), fixed
        self._value = value if len(self._numbers) > 1 else None
        self.refresh()

    def moved(self, by: int) -> int | None:
        """The place so many steps on, not beyond the ends; the mean comes before the first number."""
        at = -1 if self._value is None else self._value
        at = max(-1, min(len(self._numbers) - 1, at + by))
        return None if at < 0 or len(self._numbers) < 2 else at

    def render(self) -> Content:
        """Label, rail with a knob, and the number."""
        head = Content.styled(f"{self._label} ", "bold")
        if len(self._numbers) < 2:
            return head + Content(self._fixed or MEAN)
        first, last = self._numbers[0], self._numbers[-1]
        told = MEAN if self._value is None else str(self._numbers[self._value])
        tail = f" {told:<4} of {first}–{last}"
        room = self.size.width - len(head.plain) - len(tail) - len(MEAN) - 4
        start = len(head.plain)
        places = len(self._numbers)
        length = min(max(room, 0), _LONGEST_RAIL, max(places * 2 - 1, 1))
        if length < 4:
            self._rail = (0, 0)
            return head + Content.styled(told, "reverse") + Content(f" of {first}–{last}")
        knob = None if self._value is None else round(self._value * (length - 1) / (places - 1))
        self._rail = (start + len(MEAN) + 2, length)
        rail = "".join("●" if at == knob else "─" for at in range(length))
        mean = Content.styled(f"{MEAN}●", "bold") if knob is None else Content.styled(f"{MEAN}○", "dim")
        return head + mean + Content(f" ├{rail}┤") + Content.styled(tail, "bold")

    def on_click(self, event: events.Click) -> None:
        """Go where the rail is clicked."""
        event.stop()
        start, length = self._rail
        if not length:
            return
        at = event.x - start - 1
        places = len(self._numbers)
        if at < 0:
            self.post_message(self.Moved(self, None))
        elif at < length:
            self.post_message(self.Moved(self, round(at * (places - 1) / max(length - 1, 1))))
