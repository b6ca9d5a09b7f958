"""The pairs of a comparison as a table: the picture, both answers, whether they differ and how far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from elena_wb.tui.text import line
from elena_wb.tui.widgets.paged import Column, PagedTable


class PairsTable(PagedTable):
    """Its arrows to the left and right choose a side of the pair. ``≠`` marks another emotion."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "screen.side('first')", "First side", show=False),
        Binding("right", "screen.side('second')", "Second side", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            [
                Column("flip", "", 1, render=_flip),
                Column("picture", "picture", 0, render=_picture),
                Column("first", "1st", 11, render=_answer("first")),
                Column("second", "2nd", 11, render=_answer("second")),
                Column("far", "VAD", 4, "right", render=_far),
            ],
            id=id,
        )


def _flip(value: Any, of: Mapping[str, object]) -> Content:
    return Content.styled("≠", "bold $text-warning") if value else Content(" ")


def _picture(value: Any, of: Mapping[str, object]) -> Content:
    """The file's name; which person, and the how-manieth answer, where there are several."""
    name = line(value or of["stimulus_id"])
    person, repeat = of["person_index"], of["repeat"]
    return name + Content(
        (f" person {person}" if person is not None else "") + (f" repeat {repeat}" if repeat else "")
    )


def _answer(side: str) -> Any:
    def shown(value: Any, of: Mapping[str, object]) -> Content:
        right = of[f"{side}_right"]
        if right is None:
            return line(value)
        sign = Content.styled("✓", "$text-success") if right else Content.styled("✗", "$text-error")
        return sign + Content(" ") + line(value)

    return shown


def _far(value: Any, of: Mapping[str, object]) -> Content:
    return Content("" if value < 0 else f"{value:.1f}")
