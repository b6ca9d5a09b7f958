"""Where models looked, in words and tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from elena_wb.analysis.gaze import PICTURE
from elena_wb.analysis.gaze_shift import FEWEST, Gaze, PartShift
from elena_wb.analysis.gaze_telling import NO_CAUSE, rank, told_parts
from elena_wb.core import Estimate
from elena_wb.findings import Piece, Table
from elena_wb.findings.gazes import Gazes, Looked, Moved
from elena_wb.findings.words import percent

if TYPE_CHECKING:
    from elena_wb.engine.attending import Wanted

_NO_PARTS = "No part of the body is known in these pictures, neither from the data nor by a detector."
_LEAST_MASS = 0.005
"""What is less of all attention than this is not told."""


def pieces(found: Gazes, target: str) -> Iterator[Piece]:
    """Everything there is to say of the words ``target``, in order."""
    for run in found.runs:
        yield _about(run, target)
    seen = [run for run in found.runs if _over_layers(run, target)]
    if seen:
        yield _shares(seen, target)
        yield (
            "Share: of the attention on the picture. Ratio: that share over the share of the area, with its 95 % "
            "interval; 1 is no preference. Peak: how often the place with most attention lies in the part. "
            "Parts may overlap."
        )
    for moved in found.moved:
        yield from _shifts(moved, target)
    if any(_has(run, target) for run in found.runs):
        yield NO_CAUSE


def main_target(found: Gazes, wanted: Sequence[str]) -> str:
    """The words that are told of: the first wanted of which there is anything, ``emotion`` before all others."""
    there = dict.fromkeys(gaze.target for run in found.runs for gaze in run.gazes)
    ranked = sorted(wanted, key=lambda item: item != "emotion")
    of_parts = [target for target in there if target.startswith("part:")] if "parts" in wanted else []
    return next(iter([*(item for item in ranked if item in there), *of_parts]), ranked[0])


def face_profiles(found: Gazes, target: str) -> tuple[str, Mapping[str, Sequence[tuple[int, float]]]]:
    """The part whose profile is drawn, the face if it was located, and ``(layer, ratio)`` of each run by its name."""
    parts = {gaze.part for run in found.runs for gaze in run.gazes if gaze.target == target}
    part = next((name for name in ("face", "head", "body") if name in parts), "")
    return part, {
        f"run {run.run_id}, {run.condition}": [
            (gaze.layer, gaze.bias.value)
            for gaze in run.gazes
            if gaze.layer is not None and (gaze.target, gaze.part) == (target, part)
        ]
        for run in found.runs
    }


def about(wanted: Wanted) -> dict[str, Any]:
    """The way in which answers were looked at, as JSON has it."""
    return {
        "method": wanted.method,
        "heads": wanted.heads,
        "layers": wanted.layers,
        "tokens": wanted.tokens,
    }


def as_data(found: Gazes) -> dict[str, Any]:
    """Everything as JSON has it; what is not defined is null."""
    return {
        "runs": [
            {
                "run_id": run.run_id,
                "name": run.name,
                "model": run.model,
                "prompt": run.prompt,
                "condition": run.condition,
                "looked_at": run.looked_at,
                "masses": [
                    {"target": target, "on": name, "mass": mass}
                    for (target, name), mass in run.masses.items()
                ],
                "sinks": asdict(run.sinks),
                "gazes": [
                    {**_plain(asdict(gaze)), "area": run.areas.get((gaze.target, gaze.part))}
                    for gaze in run.gazes
                ],
            }
            for run in found.runs
        ],
        "moved": [
            {
                "first": one.first,
                "second": one.second,
                "condition": one.condition,
                "pairs": one.shift.pairs,
                "only_first": one.shift.only_first,
                "only_second": one.shift.only_second,
                "parts": [{**_plain(asdict(part)), "verdict": part.verdict} for part in one.shift.parts],
            }
            for one in found.moved
        ],
        "note": NO_CAUSE,
    }


def _about(run: Looked, target: str) -> str:
    name = f"Run {run.run_id} ({run.name})" if run.name else f"Run {run.run_id}"
    told = f"{name}: {run.model}, prompt {run.prompt}, condition {run.condition}. "
    if not run.looked_at:
        return told + "None of these answers was looked at."
    if not _has(run, target):
        return told + f"Looked at: {run.looked_at:,}, none of which has the words `{target}`."
    masses = sorted(
        ((mass, part) for (of, part), mass in run.masses.items() if of == target and mass >= _LEAST_MASS),
        key=lambda pair: (pair[1] != PICTURE, -pair[0]),
    )
    spread = ", ".join(f"{percent(mass)} to the {part}" for mass, part in masses)
    answers = "answer" if run.looked_at == 1 else "answers"
    return (
        f"{told}Looked at: {run.looked_at:,} {answers}. Of all attention of `{target}` {spread} (mean of layers). "
        + _sinks(run)
        + ("" if _over_layers(run, target) else " " + _NO_PARTS)
    )


def _has(run: Looked, target: str) -> bool:
    return any(of == target for of, _ in run.masses)


def _sinks(run: Looked) -> str:
    """How many places are attended to whatever is said."""
    of = run.sinks
    if not of.having:
        return "Sinks, places that are attended to whatever is said: none."
    return (
        f"Sinks, places that are attended to whatever is said: {of.mean:.1f} of {of.places:.0f} on average, in "
        f"{of.having:,} of {of.answers:,} answers."
    )


def _over_layers(run: Looked, target: str) -> Sequence[Gaze]:
    """The parts over all layers, in the order in which they are told of."""
    of_target = [gaze for gaze in run.gazes if gaze.layer is None and gaze.target == target]
    told = told_parts({gaze.part for gaze in of_target})
    return sorted((gaze for gaze in of_target if gaze.part in told), key=lambda gaze: rank(gaze.part))


def _shares(runs: Sequence[Looked], target: str) -> Table:
    several = len(runs) > 1
    sinks = any(
        not math.isclose(gaze.share.value, gaze.share_without_sinks.value, abs_tol=0.0005)
        for run in runs
        for gaze in _over_layers(run, target)
    )
    layers = {gaze.layer for run in runs for gaze in run.gazes if gaze.layer is not None}
    rows = tuple(
        (
            *((str(run.run_id),) if several else ()),
            gaze.part,
            f"{gaze.n:,}",
            _number(gaze.share.value, 3),
            *((_number(gaze.share_without_sinks.value, 3),) if sinks else ()),
            _number(run.areas.get((target, gaze.part), math.nan), 3),
            _number(gaze.bias.value, 2),
            _interval(gaze.bias),
            _number(gaze.pointing.value, 2),
        )
        for run in runs
        for gaze in _over_layers(run, target)
    )
    columns = (
        *(("run",) if several else ()),
        *("part", "n", "share"),
        *(("without sinks",) if sinks else ()),
        *("area", "ratio", "95 % interval", "peak"),
    )
    over = f"mean of {len(layers)} layers" if len(layers) > 1 else f"layer {min(layers, default=0)}"
    return Table(f"Attention of `{target}` to the picture, {over}", columns, rows, 2 if several else 1)


def _shifts(moved: Moved, target: str) -> Iterator[Piece]:
    of_target = [part for part in moved.shift.over_layers if part.target == target]
    told = told_parts({part.part for part in of_target})
    parts = sorted((part for part in of_target if part.part in told), key=lambda part: rank(part.part))
    if not parts:
        return
    yield Table(
        f"From run {moved.first} (none) to run {moved.second} ({moved.condition}): change of share",
        ("part", "pairs", "before", "after", "change", "95 % interval", "verdict"),
        tuple(_shift_row(part) for part in parts),
    )
    lost = moved.shift.only_first + moved.shift.only_second
    if lost:
        yield f"Answers looked at on one side alone, and left out: {lost:,}."
    if any(part.share.n < FEWEST for part in parts):
        yield f"It takes {FEWEST} pictures for a verdict."


def _shift_row(part: PartShift) -> tuple[str, ...]:
    of = part.share
    bounds = "" if math.isnan(of.low) else f"{of.low:+.3f} to {of.high:+.3f}"
    return (
        part.part,
        f"{part.pairs:,}",
        _number(part.first, 3),
        _number(part.second, 3),
        f"{of.value:+.3f}" if math.isfinite(of.value) else "–",
        bounds,
        part.verdict,
    )


def _interval(of: Estimate) -> str:
    return "" if math.isnan(of.low) else f"{_number(of.low, 2)} to {_number(of.high, 2)}"


def _number(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}" if math.isfinite(value) else "–"


def _plain(of: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _finite(value) for name, value in of.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
