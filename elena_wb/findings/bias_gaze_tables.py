"""Attention on the face in tables and charts: layer by layer before and after it is hidden, and where it goes."""

from __future__ import annotations

import math
from collections.abc import Mapping

from elena_wb.analysis.gaze_shift import Gaze
from elena_wb.analysis.gaze_telling import rank, told_parts
from elena_wb.core.metric import brief
from elena_wb.findings import bias_sql as sql
from elena_wb.findings.bias import Tried
from elena_wb.findings.bias_gaze import FACE, FaceGaze
from elena_wb.findings.bias_tables import interval, signed
from elena_wb.findings.pieces import Chart, Mark, Series, Table

_SIDES = {
    "nothing hidden": ("unmasked", "none"),
    "face hidden": ("hidden", "hidden"),
    "as much elsewhere hidden": ("control", "control"),
}
"""Name of a series → the side, and its column."""


def by_layer(of: Tried, gaze: FaceGaze) -> tuple[Table, Chart] | None:
    """The ratio of attention on the face to its area, layer by layer, on each side that was looked at.

    The chart shows the layers that all of these have, the table has all.
    """
    found = {name: layers for name in _SIDES if (layers := _layers(of, gaze, _SIDES[name][0]))}
    if not found:
        return None
    common = sorted(set.intersection(*map(set, found.values())))
    chart = Chart(
        "Attention on the face over its area, by layer",
        "lines",
        "attention on the face over its area",
        "layer",
        tuple(
            Series(name, tuple(Mark.of(str(layer), layers[layer].bias) for layer in common))
            for name, layers in found.items()
        ),
        reference=1.0,
    )
    return _table(of, found), chart


def _layers(of: Tried, gaze: FaceGaze, side: str) -> Mapping[int, Gaze]:
    run = gaze.run(getattr(of.trial, side))
    gazes = run.gazes if run is not None else ()
    return {one.layer: one for one in gazes if one.part == FACE and one.layer is not None}


def _table(of: Tried, found: Mapping[str, Mapping[int, Gaze]]) -> Table:
    every = sorted(set().union(*found.values()))
    counts = {one.bias.n for layers in found.values() for one in layers.values()}
    apart = len(counts) > 1 or any(len(layers) < len(every) for layers in found.values())
    columns = ["layer"] if apart else ["layer", "n"]
    for name in found:
        column = _SIDES[name][1]
        columns += [column, f"{column} 95 %", *([f"{column} n"] if apart else [])]
    rows = []
    for layer in every:
        row = [str(layer)] if apart else [str(layer), f"{next(iter(counts)):,}"]
        for layers in found.values():
            one = layers.get(layer)
            value = brief(math.nan if one is None else one.bias.value, 2)
            row += [value, "" if one is None else interval(one.bias, lambda ratio: brief(ratio, 2))]
            row += [f"{one.bias.n if one else 0:,}"] if apart else []
        rows.append(tuple(row))
    sides = {_SIDES[name][0]: _SIDES[name][1] for name in found}
    title = "Attention on the face over its area, by layer"
    return Table(title, tuple(columns), tuple(rows), sql=sql.by_layer(of, sides, apart=apart))


def moved(of: Tried, gaze: FaceGaze) -> tuple[Table, Chart] | None:
    """Where attention goes once the face is hidden: the change of the share of each part."""
    hidden = of.trial.hidden
    found = next(
        (one for one in gaze.gazes.moved if hidden is not None and one.second == hidden.run_id), None
    )
    if found is None:
        return None
    told = told_parts({part.part for part in found.shift.over_layers})
    parts = sorted(
        (part for part in found.shift.over_layers if part.part in told), key=lambda part: rank(part.part)
    )
    rows = tuple(
        (
            part.part,
            f"{part.share.n:,}",
            brief(part.first, 3),
            brief(part.second, 3),
            signed(part.share.value, 3),
            interval(part.share, lambda value: signed(value, 3)),
        )
        for part in parts
    )
    table = Table(
        "Where attention goes: share of each part, mean of layers",
        ("part", "n", "none", "hidden", "change", "95 % interval"),
        rows,
        sql=sql.moved(of, [part.part for part in parts]),
    )
    marks = tuple(Mark.of(part.part, part.share) for part in parts)
    chart = Chart(
        "Where attention goes once the face is hidden",
        "points",
        "change of the share of attention",
        "part",
        (Series("face hidden less nothing hidden", marks),),
        reference=0.0,
        shares=True,
    )
    return table, chart
