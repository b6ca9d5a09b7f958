"""What is drawn of an answer's attention: made in a thread, out of what was read before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elena_wb.errors import WorkbenchError

if TYPE_CHECKING:
    from elena_wb.analysis.gaze_answer import PartShare
    from elena_wb.drawing import Panel
    from elena_wb.engine.glance import KeptMaps, Side
    from elena_wb.store import Store
    from elena_wb.tui.drawn import PictureContent

_SMALLEST, _LARGEST = 320, 800
"""Longest side of the drawing in pixels: places stay sharp where it is enlarged, and no more is made than is seen."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be shown: the words, the number of a layer and of a head (``None`` for the mean), and how."""

    target: str | None
    layer: int | None = None
    head: int | None = None
    without_sinks: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Half:
    """One of two maps: the panel and its drawing, or why there is none; what fell on each part; shares by layer.

    ``by_layer`` is the ratio of share to area for each part, in the order of ``layers``. ``spread`` says on what all of
    the attention fell.
    """

    side: Side
    panel: Panel | None
    content: PictureContent | None
    note: str
    shares: tuple[PartShare, ...]
    layers: tuple[int, ...]
    by_layer: Mapping[str, tuple[float, ...]]
    spread: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """Both maps on one scale that ends at ``most`` times even attention; the second one where it is wanted."""

    wish: Wish
    first: Half
    second: Half | None
    most: float


@dataclass(slots=True)
class Drawer:
    """Draws, and keeps what is read from files: maps up to 64 MB, and where scales end."""

    _maps: KeptMaps | None = None
    _ends: dict[object, float] = field(default_factory=dict)

    def draw(self, store: Store, first: Side, second: Side | None, wish: Wish, *, pictures: bool) -> Drawing:
        """Everything that is shown of ``wish``; callable in a thread. Without ``pictures`` nothing is painted."""
        halves = [self._half(store, side, wish) for side in (first, second) if side is not None]
        most = max((end for _, _, end in halves), default=2.0)
        made = [
            _painted(side, panel_and_note, most, wish, pictures=pictures)
            for side, panel_and_note, _ in halves
        ]
        return Drawing(wish, made[0], made[1] if len(made) > 1 else None, most)

    def _half(self, store: Store, side: Side, wish: Wish) -> tuple[Side, tuple[Panel | None, str], float]:
        from elena_wb.drawing.panel import LEAST
        from elena_wb.engine.glance import KeptMaps, end_of_scale, panel_of

        why = _why_not(side, wish)
        if why:
            return side, (None, why), LEAST
        assert side.look is not None
        assert wish.target is not None
        try:
            self._maps = self._maps or KeptMaps()
            maps = self._maps.read(store, side.look, wish.target)
        except WorkbenchError as error:
            return side, (None, f"{error.message} {error.hint or ''}".strip()), LEAST
        if maps is None:
            return (
                side,
                (None, "No maps were kept of this look (--no-maps), only what fell on each part."),
                LEAST,
            )
        layer = None if wish.layer is None else maps.layers.index(wish.layer)
        head = None if wish.head is None else maps.heads.index(wish.head)
        panel = panel_of(side, maps, layer=layer, head=head, without_sinks=wish.without_sinks)
        key = (
            side.look.extraction_id,
            side.look.created_at,
            wish.target,
            layer is None,
            head,
            wish.without_sinks,
        )
        if key not in self._ends:
            if len(self._ends) > 500:
                self._ends.clear()
            self._ends[key] = end_of_scale(
                side, maps, layer=layer, head=head, without_sinks=wish.without_sinks
            )
        return side, (panel, ""), self._ends[key]


def _why_not(side: Side, wish: Wish) -> str:
    """Why there is no map, if so."""
    if side.look is None or side.measured is None:
        if side.looks:
            return "This answer was looked at in another way only: w goes through the ways, e looks at it in this one."
        return "This answer was not looked at. e looks at it."
    if wish.target is None or side.place_of(wish.target) is None:
        return f"These words ({wish.target or 'none'}) are not in this answer, or were not looked for."
    if wish.layer is not None and wish.layer not in side.measured.layers:
        return f"Layer {wish.layer} was not looked at here."
    if wish.head is not None and wish.head not in side.measured.heads:
        return f"Head {wish.head} was not looked at here."
    return ""


def _painted(side: Side, found: tuple[Panel | None, str], most: float, wish: Wish, *, pictures: bool) -> Half:
    import numpy as np

    from elena_wb.analysis.gaze import PICTURE
    from elena_wb.analysis.gaze_answer import by_layer, part_shares, spread

    panel, note = found
    content = _content(panel, most) if panel is not None and pictures else None
    at = side.place_of(wish.target) if wish.target is not None else None
    if side.measured is None or at is None or _why_not(side, wish):
        return Half(side, panel, content, note, (), (), {}, ())
    of = side.measured
    layer = None if wish.layer is None else of.layers.index(wish.layer)
    head = None if wish.head is None else of.heads.index(wish.head)
    shares = part_shares(
        of.parts, of.share[at], of.without_sinks[at], of.peak[at], of.area, layer=layer, head=head
    )
    figures = by_layer((of.without_sinks if wish.without_sinks else of.share)[at], head)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = figures / of.area
    told = {one.part for one in shares}
    lines = {
        part: tuple(float(value) for value in ratios[:, place])
        for place, part in enumerate(of.parts)
        if part in told
    }
    mass = by_layer(of.mass[at], head)
    masses = mass.mean(axis=0) if layer is None else mass[layer]
    all_of_it = spread(of.parts, masses, np.where(np.isfinite(of.area), 0.0, np.nan), PICTURE)
    return Half(side, panel, content, note, shares, of.layers, lines, all_of_it)


def _content(panel: Panel, most: float) -> PictureContent:
    """The map without outlines, which the widget draws."""
    from dataclasses import replace

    import numpy as np

    from elena_wb.core import Box
    from elena_wb.drawing import bare
    from elena_wb.tui.drawn import PictureContent

    wide, high = panel.size
    zoom = min(max(_SMALLEST / max(wide, high), 1.0), _LARGEST / max(wide, high))
    size = (max(1, round(wide * zoom)), max(1, round(high * zoom)))
    image = bare(replace(panel, outlines={}), size, most=most)
    across, down = size[0] / wide, size[1] / high
    outlines = {
        part: tuple(Box(box.x * across, box.y * down, box.w * across, box.h * down) for box in boxes)
        for part, boxes in panel.outlines.items()
    }
    return PictureContent(np.asarray(image.convert("RGB")), outlines)
