"""One stored answer as it was looked at: its picture, words, measures and maps. No model is opened."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.gaze_telling import told_parts
from elena_wb.core import Block, Box, Target, UsageError, WorkbenchError
from elena_wb.drawing import Panel, scale_end
from elena_wb.engine.pointing import moved_into
from elena_wb.engine.showing import Shown, shown
from elena_wb.masking.parts import GROUPS
from elena_wb.parsing.spans import find_targets
from elena_wb.parsing.tokens import parse_tokens
from elena_wb.plugins import PluginHost
from elena_wb.store import Store
from elena_wb.store.browsing import AnswerPage, page_of
from elena_wb.store.looks import Look, Measured, looks_of, measured, read_target
from elena_wb.store.maps import Maps
from elena_wb.vocabulary import load_scheme

_GREY = 128
_FIELDS = ("explicit_description", "implicit_description", "narrative")


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One answer and one of the ways in which it was looked at; ``look`` and ``measured`` are ``None`` without any.

    ``targets`` are the words of the look and where they stand in the raw text, in the order in which they do.
    ``outlines`` are the parts that are told of, in pixels of what the model was shown. ``pixels`` is that, or even grey
    of its size where it cannot be shown; ``problem`` then says why.
    """

    page: AnswerPage
    looks: tuple[Look, ...]
    look: Look | None
    measured: Measured | None
    targets: tuple[Target, ...]
    pixels: npt.NDArray[np.uint8]
    outlines: Mapping[str, tuple[Box, ...]]
    problem: str | None
    notes: tuple[str, ...] = ()

    def place_of(self, target: str) -> int | None:
        """Which of the measured words ``target`` is; ``None`` where it was not looked at."""
        words = () if self.measured is None else self.measured.words
        return next((at for at, word in enumerate(words) if word.target == target), None)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The grids of the maps, in pixels of what the model was shown."""
        look = self.look
        if look is None:
            return ()
        return tuple(
            Block(
                of.name,
                of.rows,
                of.columns,
                Box(of.box.x - look.left, of.box.y - look.top, of.box.w, of.box.h),
            )
            for of in look.blocks
        )


def side_of(
    store: Store, host: PluginHost, generation_id: str, *, like: Look | None = None, way: str | None = None
) -> Side:
    """Read an answer with the look whose ``extraction_id`` is ``way``; else one made as ``like`` was, else the latest.

    With ``like`` a look by another method or with other heads is not taken: its weights are of another kind.

    Raises:
        UsageError: the answer is gone.
    """
    page = page_of(store, generation_id)
    if page is None:
        raise UsageError("This answer is not in the store any more.", hint="Its run was deleted.")
    looks = looks_of(store, generation_id)
    look = _chosen(looks, like, way)
    found = None if look is None else measured(store, look)
    picture = shown(store, host, generation_id)
    pixels, problem = _pixels(picture, look)
    return Side(
        page,
        looks,
        look,
        found,
        () if look is None or found is None else _targets(page, look, found),
        pixels,
        {} if look is None or found is None else _outlines(picture, look, found),
        problem,
        picture.notes,
    )


class KeptMaps:
    """Maps that were read last, of one target each, up to so many bytes; may be used from several threads.

    The maps of a target have all its layers and heads: those of 48 layers of 32 heads and 4,096 places take 25 MB.
    """

    def __init__(self, most_bytes: int = 64 << 20) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[tuple[str, str], Maps | None] = OrderedDict()
        self._guard = threading.Lock()

    def read(self, store: Store, look: Look, target: str) -> Maps | None:
        """The maps of one target; ``None`` where none were kept.

        Raises:
            SetupError: their file is gone or damaged.
        """
        key = (f"{look.extraction_id} {look.created_at}", target)
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            found = read_target(store, look, target)
            self._kept[key] = found
            while len(self._kept) > 1 and self._bytes() > self._most:
                self._kept.popitem(last=False)
        return found

    def _bytes(self) -> int:
        return sum(of.weights.nbytes for of in self._kept.values() if of is not None)


def panel_of(
    side: Side, maps: Maps, *, layer: int | None, head: int | None, without_sinks: bool = False
) -> Panel:
    """The map of a layer and head (places in ``maps``; ``None`` for the mean) over what the model was shown.

    The weights of sinks are left out with ``without_sinks``, as far as it is known which places these are.
    """
    weights = maps.weights[0]
    here = weights if layer is None else weights[layer : layer + 1]
    chosen = (here.mean(axis=1, dtype=np.float64) if head is None else here[:, head]).mean(
        axis=0, dtype=np.float64
    )
    sinks = sinks_of(side)
    if without_sinks and sinks is not None:
        chosen = np.where(sinks, 0.0, chosen)
    return Panel(side.pixels, side.blocks, chosen, "", side.outlines, sinks)


def end_of_scale(
    side: Side, maps: Maps, *, layer: int | None, head: int | None, without_sinks: bool = False
) -> float:
    """Where the scale of a map ends: one for all single layers, so that they compare, and one for their mean."""
    layers = [None] if layer is None else list(range(maps.weights.shape[1]))
    panels = [panel_of(side, maps, layer=one, head=head, without_sinks=without_sinks) for one in layers]
    return scale_end(panels)


def sinks_of(side: Side) -> npt.NDArray[np.bool_] | None:
    """Which places are sinks; ``None`` where that is not known."""
    if side.look is None or side.look.sink_places is None:
        return None
    found = np.zeros(side.look.places, dtype=np.bool_)
    found[list(side.look.sink_places)] = True
    return found


def _chosen(looks: tuple[Look, ...], like: Look | None, way: str | None) -> Look | None:
    by_key = next((look for look in looks if look.extraction_id == way), None)
    if by_key is not None:
        return by_key
    if like is None:
        return next(iter(looks), None)
    alike = [look for look in looks if (look.method, look.heads) == (like.method, like.heads)]
    same = [look for look in alike if (look.layers, look.tokens) == (like.layers, like.tokens)]
    return next(iter([*same, *alike]), None)


def _targets(page: AnswerPage, look: Look, found: Measured) -> tuple[Target, ...]:
    """Where the words of a look stand in the text, by the code that found them then."""
    try:
        targets, _ = find_targets(
            page.raw_text or "",
            parse_tokens(look.tokens),
            fields={name: getattr(page, name) for name in _FIELDS},
            emotion_raw=page.emotion_raw,
            phrases=[(part.phrase, part.part) for part in page.parts],
            emotion=page.emotion,
            scheme=load_scheme(page.scheme),
        )
    except WorkbenchError:
        targets = []
    spans = {target.name: target.spans for target in targets}
    return tuple(Target(word.target, spans.get(word.target, ())) for word in found.words)


def _pixels(picture: Shown, look: Look | None) -> tuple[npt.NDArray[np.uint8], str | None]:
    if look is None:
        seen = picture.seen if picture.seen is not None else np.full((1, 1, 3), _GREY, np.uint8)
        return seen, picture.problem
    size = (look.height, look.width)
    if picture.seen is not None and picture.seen.shape[:2] == size:
        return picture.seen, None
    why = picture.problem or next(iter(picture.notes), "the picture has another size by now.")
    return np.full((*size, 3), _GREY, dtype=np.uint8), why


def _outlines(picture: Shown, look: Look, found: Measured) -> dict[str, tuple[Box, ...]]:
    frame = Box(look.left, look.top, look.width, look.height)
    there = {part for at, part in enumerate(found.parts) if np.isfinite(found.area[at])}
    outlines = {}
    for part in found.parts:
        if part not in told_parts(there):
            continue
        names = (part, *GROUPS.get(part, ()))
        boxes = dict.fromkeys(box for name in names for box in picture.regions.get(name, ()))
        if inside := moved_into(boxes, frame):
            outlines[part] = inside
    return outlines
