"""Pictures that a report may show: as the model saw them, if they may be handed on, drawn anew and small.

A report is a file for others. A picture that is to stay on this machine is not in it, and one that may leave only
masked is in it only with the face hidden and no face found in it by another detector, unless the user says so. What is
shown is always what the model was given, made again and held against the digest of then; never the original in its
place. Everything is encoded anew, so that nothing that a file says of itself gets into the report.
"""

from __future__ import annotations

import base64
import io
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from elena_wb.analysis.gaze_telling import rank, told_parts
from elena_wb.core import (
    UNMASKED,
    Box,
    Condition,
    Locator,
    Region,
    Stimulus,
    Upload,
    UsageError,
    WorkbenchError,
)
from elena_wb.data.policy import Policies, stricter
from elena_wb.drawing.outlines import draw_outlines, styles
from elena_wb.drawing.panel import LEAST, bare, scale_end
from elena_wb.engine.glance import KeptMaps, Side, panel_of, side_of
from elena_wb.engine.pointing import moved_into
from elena_wb.engine.showing import Shown, shown
from elena_wb.masking import audit, choose_auditor, resolve
from elena_wb.masking.applying import Masked
from elena_wb.plugins import PluginHost
from elena_wb.report.options import ReportOptions
from elena_wb.store import Store, known_uploads
from elena_wb.store.asked import Asked, asked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from elena_wb.core import Pixels
    from elena_wb.drawing import Panel

LARGEST = 560
"""Longest side of a picture in the report, in pixels."""
_QUALITY = 80
_TARGET = "emotion"
_PARTS = 5
"""So many parts of the body are told of beside a map."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as a data URI, its size, and what it shows in words."""

    uri: str
    width: int
    height: int
    told: str


@dataclass(frozen=True, slots=True)
class Pictured:
    """The picture of one answer and the map of its attention; ``None`` where there is none: ``notes`` say why."""

    seen: Encoded | None
    heat: Encoded | None
    notes: tuple[str, ...]


class Album:
    """Makes the pictures of a report, and counts those that it may not show."""

    def __init__(self, store: Store, host: PluginHost, options: ReportOptions) -> None:
        self._store, self._host, self._options = store, host, options
        self._uploads = known_uploads(store)
        self._policies = Policies(options.uploads, self._uploads)
        self._maps = KeptMaps()
        self._auditors: dict[tuple[str, frozenset[str]], tuple[str, Locator]] = {}
        self.shown = 0
        self.left_out: dict[str, int] = {}

    def pair(self, first_id: str, second_id: str) -> tuple[Pictured, Pictured]:
        """The pictures of two answers; their maps have one scale."""
        first, why_not_first = self._may(first_id)
        second, why_not_second = self._may(second_id)
        side = None if first is None else self._side(first_id, None)
        other = None if second is None else self._side(second_id, side)
        panels = [None if one is None else self._panel(one) for one in (side, other)]
        drawn = [panel for panel in panels if panel is not None]
        most = scale_end(drawn) if drawn else LEAST
        return (
            self._pictured(first, why_not_first, side, panels[0], most),
            self._pictured(second, why_not_second, other, panels[1], most),
        )

    def _pictured(
        self, found: Shown | None, why: str, side: Side | None, panel: Panel | None, most: float
    ) -> Pictured:
        if found is None or found.seen is None or found.seen_box is None:
            self.left_out[why] = self.left_out.get(why, 0) + 1
            return Pictured(None, None, (why,))
        inside = {part: moved_into(boxes, found.seen_box) for part, boxes in found.regions.items()}
        outlines = {part: inside[part] for part in sorted(told_parts(inside), key=rank) if inside[part]}
        named = f" Outlined: {', '.join(outlines).replace('_', ' ')}." if outlines else ""
        seen = _encoded(_outlined(found.seen, outlines), f"The picture as the model saw it.{named}")
        self.shown += 1
        if panel is None or side is None:
            return Pictured(seen, None, found.notes)
        self.shown += 1
        heat = _encoded(
            bare(panel, _fitted(*panel.size), most=most),
            f"Attention of the words for the emotion over that picture, mean of layers and heads. {_told(side)}"
            f"The brightest colour is {most:.3g} times even attention.",
        )
        return Pictured(seen, heat, found.notes)

    def _may(self, generation_id: str) -> tuple[Shown | None, str]:
        """What the model saw; ``None``, and why, where that may not or cannot be shown."""
        question = asked(self._store, generation_id)
        if question is None:
            return None, "The answer is not in the store any more."
        condition = _condition(question.run.condition)
        masked_only = self._options.pictures == "masked-only"
        if masked_only and not condition.hides_face:
            return None, "Pictures that show a face are left out of this report (--masked-only)."
        policy = self._policy(question)
        if not self._options.restricted:
            if policy == "local-only":
                return None, "The picture is to stay on the machine where it lies (local-only)."
            if policy == "masked-only" and not condition.hides_face:
                return None, "The picture may be shown to others only with the face hidden (masked-only)."
        try:
            found = shown(self._store, self._host, generation_id)
        except WorkbenchError as error:
            return None, error.message
        if found.problem is not None:
            return None, found.problem
        if found.seen is None:
            return None, " ".join(found.notes) or "What the model saw cannot be shown."
        if masked_only or (policy == "masked-only" and not self._options.restricted):
            why = self._face_in(question, condition, found)
            if why:
                return None, why
        return found, ""

    def _policy(self, question: Asked) -> Upload:
        """The strictest of what the store, markers and settings say of the picture, wherever it lies."""
        row = self._uploads.get(question.stimulus.picture_id, "allowed")
        stimulus = replace(question.stimulus, upload=row)
        said = [self._policies.applied(replace(stimulus, path=path)).upload for path in question.paths]
        return stricter(said) or row

    def _face_in(self, question: Asked, condition: Condition, found: Shown) -> str:
        """Why a masked picture cannot be shown to others, if so: a face is in it, or nobody can tell."""
        assert found.seen is not None
        assert found.seen_box is not None
        if not found.hidden:
            return "Nothing was hidden in this picture, so that it may show a face."
        try:
            name, detector = self._auditor(condition, question)
            box = found.seen_box
            faces = tuple(
                Region("face", place, "annotated")
                for place in moved_into(
                    (of.box for of in question.stimulus.regions if of.part == "face"), box
                )
            )
            stimulus = Stimulus(
                question.stimulus.stimulus_id, found.path, question.stimulus.dataset, 0, 0, regions=faces
            )
            hidden = moved_into(found.hidden, box)
            masked = Masked(found.seen, hidden=hidden, shown=moved_into(found.spared, box))
            result = audit(found.seen, masked, stimulus, name, detector)
        except WorkbenchError as error:
            return f"Nobody can tell whether a face is left in this picture: {error.message}"
        return "A face is left in this picture although it was masked." if result.residual_faces else ""

    def _auditor(self, condition: Condition, question: Asked) -> tuple[str, Locator]:
        locators = self._host.makers("locators")
        masking = resolve(condition, locators=locators, maskers=self._host.makers("maskers"))
        key = str(condition), frozenset(masking.detectors([question.stimulus]))
        if key not in self._auditors:
            self._auditors[key] = choose_auditor(masking, locators, [question.stimulus])
        return self._auditors[key]

    def _side(self, generation_id: str, like: Side | None) -> Side | None:
        try:
            return side_of(self._store, self._host, generation_id, like=None if like is None else like.look)
        except WorkbenchError:
            return None

    def _panel(self, side: Side) -> Panel | None:
        """The map of the emotion's words over what the model saw; ``None`` where none was kept."""
        if side.look is None or side.problem is not None or side.place_of(_TARGET) is None:
            return None
        try:
            maps = self._maps.read(self._store, side.look, _TARGET)
        except WorkbenchError:
            return None
        return None if maps is None else panel_of(side, maps, layer=None, head=None)


def _condition(text: str) -> Condition:
    """The condition of a run; one of nobody's spelling, such as an import may bear, promises to hide nothing."""
    try:
        return Condition.parse(text)
    except UsageError:
        return UNMASKED


def _told(side: Side) -> str:
    """What fell on the parts, over their share of the area, the largest first."""
    at = side.place_of(_TARGET)
    if side.measured is None or at is None:
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a part outside the picture has no share
        share = np.nanmean(side.measured.share[at], axis=(0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = share / side.measured.area
    parts = told_parts(side.measured.parts)
    found = [
        (float(ratio), part)
        for ratio, part in zip(ratios, side.measured.parts, strict=True)
        if part in parts and np.isfinite(ratio)
    ]
    told = ", ".join(f"{part} {ratio:.2f}" for ratio, part in sorted(found, reverse=True)[:_PARTS])
    return f"Share of the attention over share of the area: {told}. " if told else ""


def _outlined(pixels: Pixels, outlines: Mapping[str, Sequence[Box]]) -> Image.Image:
    height, width = pixels.shape[:2]
    image = Image.fromarray(pixels).resize(_fitted(width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    draw_outlines(image, outlines, styles(list(outlines)), (width, height), thickness=2, size=13)
    return image


def _fitted(width: int, height: int) -> tuple[int, int]:
    """The size at which a picture is shown: small ones enlarged, so that their outlines can be told apart."""
    zoom = LARGEST / max(width, height)
    return max(round(width * zoom), 1), max(round(height * zoom), 1)


def _encoded(image: Image.Image, told: str) -> Encoded:
    """A new file of the pixels and nothing else."""
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(image.convert("RGB"))).save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    uri = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
    return Encoded(uri, image.width, image.height, told)
