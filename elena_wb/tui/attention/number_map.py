"""A map as numbers: how many times even attention a place gets, for terminals without pictures and for reading off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from elena_wb.tui.attention.text import number_grid
from elena_wb.tui.text import block

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from elena_wb.drawing import Panel

_CELL = 2
_SAMPLES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A map in cells: ``times`` even attention (float64, NaN where nothing is seen), ``sinks``, and the parts there."""

    times: npt.NDArray[np.float64]
    sinks: npt.NDArray[np.bool_]
    parts: tuple[tuple[str, npt.NDArray[np.bool_]], ...]


def cells_in(panel: Panel, space: tuple[int, int]) -> tuple[int, int]:
    """Columns and rows of cells for a panel in a space of so many characters and lines, no finer than its places.

    A cell is two characters wide and one line high, which is about a square.
    """
    wide, high = panel.size
    scale = min(space[0] // _CELL / wide, space[1] / high)
    across = max((wide / block.box.w * block.columns for block in panel.blocks), default=1)
    down = max((high / block.box.h * block.rows for block in panel.blocks), default=1)
    columns, rows = min(round(wide * scale), round(across)), min(round(high * scale), round(down))
    return max(columns, 1), max(rows, 1)


def numbers_of(panel: Panel, columns: int, rows: int) -> Numbers:
    """The map of ``panel`` in so many cells: the mean over points in each, and whether a sink covers its middle."""
    import numpy as np

    from elena_wb.drawing.heat import centres, times_even

    weights = np.asarray(panel.weights, dtype=np.float64)
    x = centres(columns * _SAMPLES, panel.size[0])
    y = centres(rows * _SAMPLES, panel.size[1])
    fine = times_even(panel.blocks, weights, panel.size, x, y)
    grouped = fine.reshape(rows, _SAMPLES, columns, _SAMPLES)
    seen = np.isfinite(grouped)
    with np.errstate(invalid="ignore"):
        times = np.where(seen, grouped, 0.0).sum(axis=(1, 3)) / seen.sum(axis=(1, 3))
    middle_x, middle_y = centres(columns, panel.size[0]), centres(rows, panel.size[1])
    sinks = np.zeros((rows, columns), dtype=np.bool_)
    if panel.sinks is not None and panel.sinks.any():
        covered = times_even(panel.blocks, panel.sinks.astype(np.float64), panel.size, middle_x, middle_y)
        sinks = np.nan_to_num(covered) > 0
    parts = []
    for part, boxes in panel.outlines.items():
        inside = np.zeros((rows, columns), dtype=np.bool_)
        for box in boxes:
            across = (middle_x >= box.x) & (middle_x < box.x + box.w)
            inside |= ((middle_y >= box.y) & (middle_y < box.y + box.h))[:, None] & across[None]
        parts.append((part, inside))
    return Numbers(times, sinks, tuple(parts))


class NumberMap(Widget):
    """Shows a map in numbers; the place under the mouse is told of, and one part can stand out."""

    DEFAULT_CSS = "NumberMap { height: 1fr; width: 1fr; }"

    class Pointed(Message):
        """The mouse points at a place: its row and column, its value, and the parts there."""

        def __init__(self, value: float, sink: bool, parts: tuple[str, ...]) -> None:
            super().__init__()
            self.value, self.sink, self.parts = value, sink, parts

    class Resized(Message):
        """There is another number of cells."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._numbers: Numbers | None = None
        self._note = ""
        self._lit: str | None = None

    def show(self, numbers: Numbers | None, note: str = "") -> None:
        """Show a map, or a note instead."""
        self._numbers, self._note = numbers, note
        self.refresh()

    def highlight(self, part: str | None) -> None:
        """Let one part stand out, or none."""
        self._lit = part
        self.refresh()

    def render(self) -> Content:
        """Rows of numbers; a part that stands out is reversed."""
        if self._numbers is None:
            return block(self._note)
        lit = next((inside for part, inside in self._numbers.parts if part == self._lit), None)
        zoom = self._zoom
        rows: list[Content] = []
        for y, cells in enumerate(number_grid(self._numbers.times, self._numbers.sinks)):
            styles = [self._style(y, x, lit is not None and bool(lit[y, x])) for x in range(len(cells))]
            for number in range(zoom):
                shown = [f"{cell if number == zoom // 2 else '':^{_CELL * zoom}}" for cell in cells]
                pieces = [Content.styled(text, style) for text, style in zip(shown, styles, strict=True)]
                rows.append(Content.assemble(*pieces))
        return Content("\n").join(rows)

    @property
    def _zoom(self) -> int:
        """How many lines a row of the map takes."""
        if self._numbers is None:
            return 1
        rows, columns = self._numbers.times.shape
        return int(max(1, min(self.size.width // (_CELL * columns), self.size.height // rows)))

    def _style(self, y: int, x: int, lit: bool) -> str:
        assert self._numbers is not None
        if lit:
            return "reverse"
        value = float(self._numbers.times[y, x])
        return "bold" if value >= 2 else "dim" if value < 1 else ""

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell of the place."""
        found = self._numbers
        if found is None:
            return
        x, y = event.x // (_CELL * self._zoom), event.y // self._zoom
        if 0 <= y < found.times.shape[0] and 0 <= x < found.times.shape[1]:
            parts = tuple(part for part, inside in found.parts if inside[y, x])
            self.post_message(self.Pointed(float(found.times[y, x]), bool(found.sinks[y, x]), parts))

    def on_resize(self) -> None:
        """Another size takes other cells."""
        self.post_message(self.Resized())
