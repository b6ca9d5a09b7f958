"""Charts as SVG: drawn from numbers, coloured by the page's style, told apart by marks and dashes besides.

Every text passes :func:`elena_wb.report.harmless.harmless` and is escaped. No style stands in an attribute: the page's
content security policy allows none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from elena_wb.core.metric import brief
from elena_wb.findings import Chart, Mark, Series, Table
from elena_wb.report.harmless import harmless

WIDTH = 600
_GUTTER, _RIGHT, _LETTER = 150, 16, 6.6
"""Room for labels, to the right, and for a letter, in units of the drawing."""
_ROW, _LEGEND, _AXIS = 16, 20, 42
_PLOT_HIGH = 230
_KINDS = 6
"""So many series are told apart by colour, mark and dash; further ones begin again."""
_LONGEST = 80
_SPOKEN = 40
"""So many numbers are read out; the table has all."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to places between two ends of the drawing."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def drawn(chart: Chart, key: str) -> Markup:
    """The chart; ``key`` is its id in the page. Empty where it has no number."""
    values = [value for of in chart.series for mark in of.marks for value in _finite(mark)]
    if not values:
        return Markup("")
    body, high = (_across if chart.kind == "lines" else _down)(chart, values)
    return Markup(
        '<svg class="chart" id="{key}" role="img" aria-labelledby="{key}-t {key}-d" viewBox="0 0 {w} {h}" '
        'xmlns="http://www.w3.org/2000/svg"><title id="{key}-t">{title}</title>'
        '<desc id="{key}-d">{told}</desc>{body}</svg>'
    ).format(
        key=key, w=WIDTH, h=high, title=_cut(chart.title), told=spoken(chart), body=Markup("").join(body)
    )


def spoken(chart: Chart) -> str:
    """The numbers in words."""
    told = [f"{_cut(chart.measures)} by {_cut(chart.over)}."]
    left = _SPOKEN
    for of in chart.series:
        marks = [f"{_cut(mark.label)} {number(mark.value, chart)}" for mark in of.marks if _known(mark)][
            :left
        ]
        left -= len(marks)
        if marks:
            told.append(f"{_cut(of.name)}: {', '.join(marks)}.")
    return " ".join(told) + ("" if left > 0 else " The table of these numbers has them all.")


def as_table(chart: Chart) -> Table:
    """Its numbers: a row for each label, a column for each series."""
    labels = tuple(dict.fromkeys(mark.label for of in chart.series for mark in of.marks))
    by_label = [{mark.label: mark for mark in of.marks} for of in chart.series]
    return Table(
        f"{chart.title}: numbers",
        (chart.over, *(of.name for of in chart.series)),
        tuple((label, *(_cell(of.get(label), chart) for of in by_label)) for label in labels),
    )


def number(value: float, chart: Chart) -> str:
    """A number as this chart shows it."""
    if math.isnan(value):
        return "–"
    return f"{100 * value:.1f} %" if chart.shares else brief(value, 3 if abs(value) < 10 else 1)


def _cell(mark: Mark | None, chart: Chart) -> str:
    if mark is None or not _known(mark):
        return "–"
    bounds = f" [{number(mark.low, chart)}, {number(mark.high, chart)}]" if math.isfinite(mark.low) else ""
    return number(mark.value, chart) + bounds


def _down(chart: Chart, values: Sequence[float]) -> tuple[list[Markup], float]:
    """A row for each label and, within it, one for each series."""
    labels = list(dict.fromkeys(mark.label for of in chart.series for mark in of.marks))
    body, top = _legend(chart.series)
    ends = _ends(values, chart, from_zero=chart.kind == "bars")
    across = _Scale(*ends, _GUTTER, WIDTH - _RIGHT)
    group = _ROW * len(chart.series) + 8
    bottom = top + group * len(labels)
    body += _grid(chart, across, top, bottom, horizontal=True)
    for place, label in enumerate(labels):
        y = top + group * place
        body.append(_text(_GUTTER - 8, y + group / 2 + 4, label, "end", int((_GUTTER - 12) / _LETTER)))
        for number_, of in enumerate(chart.series):
            mark = next((one for one in of.marks if one.label == label), None)
            middle = y + 4 + _ROW * (number_ + 0.5)
            if mark is None or not _known(mark):
                body.append(_text(_GUTTER + 6, middle + 4, "–", "start", 3))
                continue
            if chart.kind == "bars":
                body.append(_bar(across, mark.value, middle, number_))
            body += _whisker(across, mark, middle, number_, horizontal=True)
            body.append(_marker(across(mark.value), middle, number_))
    return body, bottom + _AXIS


def _across(chart: Chart, values: Sequence[float]) -> tuple[list[Markup], float]:
    """Labels from left to right, the marks of each series joined."""
    labels = list(dict.fromkeys(mark.label for of in chart.series for mark in of.marks))
    body, top = _legend(chart.series)
    top += 6
    bottom = top + _PLOT_HIGH
    down = _Scale(*_ends(values, chart, from_zero=False), bottom, top)
    left = 58
    step = (WIDTH - _RIGHT - left - 12) / max(len(labels) - 1, 1)
    places = {label: round(left + 12 + step * place, 1) for place, label in enumerate(labels)}
    body += _grid(chart, down, left, WIDTH - _RIGHT, horizontal=False)
    every = max(1, math.ceil(len(labels) * max(4, max(map(len, labels)) + 1) * _LETTER / (WIDTH - left)))
    for place, label in enumerate(labels):
        if place % every == 0:
            body.append(_text(places[label], bottom + 17, label, "middle", 12))
    body.append(_text((left + WIDTH) / 2, bottom + 36, chart.over, "middle", 60, "axis"))
    for number_, of in enumerate(chart.series):
        shift = (number_ - (len(chart.series) - 1) / 2) * min(4.0, step / 8)
        for run in _joined(of.marks):
            points = " ".join(f"{places[mark.label] + shift:.1f},{down(mark.value):.1f}" for mark in run)
            body.append(
                Markup('<polyline class="line k{} d{}" points="{}"/>').format(
                    number_ % _KINDS, number_ % _KINDS, points
                )
            )
        for mark in of.marks:
            if _known(mark):
                x = places[mark.label] + shift
                body += _whisker(down, mark, x, number_, horizontal=False)
                body.append(_marker(x, down(mark.value), number_))
    return body, bottom + _AXIS


def _legend(series: Sequence[Series]) -> tuple[list[Markup], float]:
    """A line for each series, and where the drawing begins below them; none for a single nameless one."""
    if len(series) == 1 and not series[0].name:
        return [], 8
    body = []
    for place, of in enumerate(series):
        y = 12 + _LEGEND * place
        body += [_marker(14, y, place), _text(28, y + 4, of.name, "start", int((WIDTH - 40) / _LETTER))]
    return body, _LEGEND * len(series) + 12


def _grid(chart: Chart, scale: _Scale, start: float, end: float, *, horizontal: bool) -> Iterator[Markup]:
    """Lines and numbers at round values, and a stronger line at the reference."""
    for value in ticks(scale.low, scale.high):
        at = scale(value)
        place = (at, start, at, end) if horizontal else (start, at, end, at)
        yield Markup('<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(*place)
        told = _tick(value, chart)
        yield (
            _text(at, end + 16, told, "middle", 12)
            if horizontal
            else _text(start - 6, at + 4, told, "end", 12)
        )
    if chart.reference is not None and scale.low <= chart.reference <= scale.high:
        at = scale(chart.reference)
        place = (at, start, at, end) if horizontal else (start, at, end, at)
        yield Markup('<line class="reference" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(*place)
    if horizontal:
        yield _text((scale.start + scale.end) / 2, end + 35, chart.measures, "middle", 70, "axis")
    else:
        x, y = 13, (scale.start + scale.end) / 2
        yield Markup(
            '<text class="axis" x="{x}" y="{y}" text-anchor="middle" transform="rotate(-90 {x} {y})">{t}</text>'
        ).format(x=x, y=y, t=_cut(chart.measures, 40))


def _bar(scale: _Scale, value: float, y: float, kind: int) -> Markup:
    zero, at = scale(0.0), scale(value)
    return Markup('<rect class="bar k{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        kind % _KINDS, min(zero, at), y - 5, round(max(abs(at - zero), 0.5), 1), 10
    )


def _whisker(scale: _Scale, mark: Mark, at: float, kind: int, *, horizontal: bool) -> Iterator[Markup]:
    if not (math.isfinite(mark.low) and math.isfinite(mark.high)):
        return
    low, high = scale(mark.low), scale(mark.high)
    lines = [(low, at, high, at), (low, at - 3, low, at + 3), (high, at - 3, high, at + 3)]
    for x1, y1, x2, y2 in lines:
        place = (x1, y1, x2, y2) if horizontal else (y1, x1, y2, x2)
        yield Markup('<line class="whisker k{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
            kind % _KINDS, *(round(one, 1) for one in place)
        )


def _marker(x: float, y: float, kind: int) -> Markup:
    """A shape of its own for each series: disc, square, triangle, diamond, ring, cross."""
    x, y, shape = round(x, 1), round(y, 1), kind % _KINDS
    if shape in (0, 4):
        return Markup('<circle class="mark k{} m{}" cx="{}" cy="{}" r="4.5"/>').format(shape, shape, x, y)
    paths = {
        1: f"M{x - 4} {y - 4}h8v8h-8z",
        2: f"M{x} {y - 5}l5 9h-10z",
        3: f"M{x} {y - 5.5}l5 5.5l-5 5.5l-5 -5.5z",
        5: f"M{x - 4} {y - 4}l8 8M{x - 4} {y + 4}l8 -8",
    }
    return Markup('<path class="mark k{} m{}" d="{}"/>').format(shape, shape, paths[shape])


def _text(x: float, y: float, text: str, anchor: str, room: int, kind: str = "label") -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind, round(x, 1), round(y, 1), anchor, _cut(text, room)
    )


def _joined(marks: Sequence[Mark]) -> Iterator[list[Mark]]:
    """Runs of neighbours that have a value."""
    run: list[Mark] = []
    for mark in marks:
        if _known(mark):
            run.append(mark)
        else:
            yield run
            run = []
    yield run


def _ends(values: Sequence[float], chart: Chart, *, from_zero: bool) -> tuple[float, float]:
    """Where the axis begins and ends: round, with the reference and, for bars, with zero."""
    wanted = [
        *values,
        *([0.0] if from_zero else []),
        *([chart.reference] if chart.reference is not None else []),
    ]
    low, high = min(wanted), max(wanted)
    if low == high:
        low, high = low - 0.5, high + 0.5
    step = _step(low, high)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def ticks(low: float, high: float) -> list[float]:
    """Round values from ``low`` to ``high``, about four to eight."""
    step = _step(low, high)
    first = math.ceil(low / step - 1e-9)
    return [round((first + k) * step, 10) for k in range(int((high - low) / step + 1e-9) + 1)]


def _step(low: float, high: float) -> float:
    raw = (high - low) / 5
    power: float = 10.0 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)


def _tick(value: float, chart: Chart) -> str:
    return f"{round(100 * value, 6):g} %" if chart.shares else f"{value:g}"


def _finite(mark: Mark) -> list[float]:
    return [value for value in (mark.value, mark.low, mark.high) if math.isfinite(value)]


def _known(mark: Mark) -> bool:
    return math.isfinite(mark.value)


def _cut(text: str, room: int = _LONGEST) -> str:
    shown = " ".join(harmless(text, 1000).split())
    return shown if len(shown) <= room else shown[: max(room - 1, 1)] + "…"
