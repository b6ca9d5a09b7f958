"""The queries with which a reader checks the tables of facial bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from elena_wb.findings.bias import Tried
from elena_wb.store.bias import questions_sql

_WITH = """WITH questions AS ({questions}
),
of_runs AS (  -- asked of nothing and of the face hidden, and it was hidden
    SELECT *, {read} AS read FROM questions WHERE {hidden_well}
),
on_all_sides AS (SELECT * FROM of_runs WHERE {all_sides}),
scored AS (SELECT * FROM on_all_sides WHERE truth >= 0),
readable AS (SELECT * FROM on_all_sides WHERE {read_on_all}),
with_parts AS (SELECT * FROM of_runs WHERE read AND {named}),
with_words AS (SELECT * FROM of_runs WHERE read AND {spoken}),
incongruent AS (SELECT * FROM of_runs WHERE read AND of_face >= 0 AND of_body >= 0 AND of_face <> of_body)
"""
_F1 = """(SELECT avg(2.0 * hits / (support + coalesce(given, 0))) FROM
    (SELECT truth AS label, count(*) AS support, count(*) FILTER ({side} = truth) AS hits FROM scored GROUP BY truth)
    LEFT JOIN (SELECT {side} AS label, count(*) AS given FROM scored GROUP BY {side}) USING (label))"""


def base(of: Tried) -> str:
    """What every query about the answers of a trial begins with."""
    sides = [side for side in ("unmasked", "hidden") if side in of.runs]
    failed = of.terms.failed
    well = [f"{side} > {failed}" for side in sides]
    if "hidden" in of.runs:
        well.append("NOT unfound AND NOT face_left")
        if of.must_be_audited:
            well.append("audited")
    everywhere = [*sides, *(["control"] if "control" in of.runs else [])]
    on_all = f"control > {failed} AND NOT no_room" if "control" in of.runs else "true"
    return _WITH.format(
        questions=questions_sql(of.runs, of.terms),
        read=" AND ".join(f"{side} >= -1" for side in sides),
        hidden_well=" AND ".join(well),
        all_sides=on_all,
        read_on_all=" AND ".join(f"{side} >= -1" for side in everywhere),
        named=" AND ".join(f"{side}_known > 0" for side in sides),
        spoken=" AND ".join(f"{side}_speaks >= 0" for side in sides),
    )


def main(of: Tried, measures: Sequence[str]) -> str:
    """The figures on each side, without their changes."""
    lines = []
    for place, name in enumerate(measures):
        sides = [_figure(of, name, what) for what in ("nothing hidden", "face hidden", "as much elsewhere")]
        none, hidden, control = (f"{one}::DOUBLE" if one else "NULL::DOUBLE" for one in sides)
        lines.append(
            f"SELECT {place} AS row, '{name}' AS measure, {_count(of, name)} AS n, {none} AS none, {hidden} AS hidden, "
            f"{control} AS control"
        )
    return _in_order(of, lines)


def details(of: Tried, rows: Sequence[tuple[str, str]]) -> str:
    """The figures of measures and sides, or changes, one by one."""
    lines = [
        f"SELECT {place} AS row, '{name}' AS measure, '{what}' AS of, {_figure(of, name, what)}::DOUBLE AS value"
        for place, (name, what) in enumerate(rows)
    ]
    return _in_order(of, lines)


def followed(of: Tried) -> str:
    """Shares of answers that follow the face, the body or neither."""
    lines = [
        f"SELECT {place} AS row, count(*) AS n, avg(({side} = of_face)::INT) AS face, avg(({side} = of_body)::INT) "
        f"AS body, avg(({side} <> of_face AND {side} <> of_body)::INT) AS neither, "
        f'avg(({side} = of_face)::INT) FILTER ({side} IN (of_face, of_body)) AS "face of either" FROM incongruent'
        for place, side in enumerate(("unmasked", "hidden"))
        if side in of.runs
    ]
    return _in_order(of, lines)


def moved(of: Tried, parts: Sequence[str]) -> str:
    """The share of each part in answers that were looked at on both sides."""
    listed = ", ".join(f"'{part.replace(chr(39), chr(39) * 2)}'" for part in parts)
    return f"""WITH{_looks(of)}SELECT part, count(*) AS n, avg(none) AS none, avg(hidden) AS hidden,
       avg(hidden - none) AS change
FROM (
    SELECT stimulus_id, part, avg(none) AS none, avg(hidden) AS hidden
    FROM (SELECT stimulus_id, part, layer, avg(none) AS none, avg(hidden) AS hidden FROM pairs_seen GROUP BY ALL)
    GROUP BY ALL
) WHERE part IN ({listed}) GROUP BY part ORDER BY list_position([{listed}], part)"""


def by_layer(of: Tried, columns: Mapping[str, str], *, apart: bool) -> str:
    """Attention on the face over its area in each layer: ``columns`` by side; ``apart`` counts stimuli by side."""
    told = []
    for side, column in columns.items():
        told.append(
            f"avg(share) FILTER (side = '{side}') / avg(area) FILTER (side = '{side}') AS \"{column}\""
        )
        if apart:
            told.append(f"count(*) FILTER (side = '{side}') AS \"{column} n\"")
    count = "" if apart else "count(DISTINCT stimulus_id) AS n, "
    return (
        f"WITH{_looks(of)}SELECT layer, {count}{', '.join(told)}\n"
        "FROM by_layer WHERE part = 'face' GROUP BY layer ORDER BY layer"
    )


def summary(tried: Sequence[Tried], columns: Mapping[str, tuple[str, str]]) -> str:
    """A line for each trial."""
    lines = []
    for place, of in enumerate(tried):
        figures = ", ".join(
            f'{_figure(of, measure, what) or "NULL"}::DOUBLE AS "{name}"'
            for name, (measure, what) in columns.items()
        )
        looks = f",{_looks(of)}" if " looks " in figures else ""
        lines.append(f"SELECT {place} AS row, * FROM (\n{base(of)}{looks}SELECT {figures})")
    return "SELECT * EXCLUDE (row) FROM (\n" + "\nUNION ALL ".join(lines) + "\n) ORDER BY row"


def _in_order(of: Tried, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    union = "\nUNION ALL ".join(lines)
    looks = f",{_looks(of)}" if " looks " in union else ""
    return f"{base(of)}{looks}SELECT * EXCLUDE (row) FROM (\n{union}\n) ORDER BY row"


CHANGES = {
    "change by the face": ("unmasked", "hidden"),
    "change by elsewhere": ("unmasked", "control"),
    "face less elsewhere": ("control", "hidden"),
}
_LEVELS = {"nothing hidden": "unmasked", "face hidden": "hidden", "as much elsewhere": "control"}
_FIGURES = {
    "macro-F1": ("scored", _F1),
    "accuracy": ("scored", "(SELECT avg(({side} = truth)::INT) FROM scored)"),
    "flip rate": ("readable", "(SELECT avg(({side} <> unmasked)::INT) FROM readable)"),
    "facial parts": ("with_parts", "(SELECT sum({side}_facial) / sum({side}_known) FROM with_parts)"),
    "facial words": ("with_words", "(SELECT avg({side}_speaks) FROM with_words)"),
    "follows face": ("incongruent", "(SELECT avg(({side} = of_face)::INT) FROM incongruent)"),
}
_GAZES = {"gaze ratio": "avg(share) / avg(area)", "gaze share": "avg(share)", "gaze peak": "avg(peak)"}
_ONE_SIDED = {"facial parts", "facial words", "follows face"}
"""Of these nothing is told of the control."""


def _figure(of: Tried, measure: str, what: str) -> str:
    """SQL for one figure; empty where there is none."""
    sides = (_LEVELS[what],) if what in _LEVELS else CHANGES[what]
    if not set(sides) <= of.runs.keys() or (measure in _ONE_SIDED and "control" in sides):
        return ""
    if measure == "flip rate" and sides == ("unmasked",):
        return ""
    if measure in _FIGURES:
        each = [_FIGURES[measure][1].replace("{side}", side) for side in sides]
        return each[0] if len(each) == 1 else f"({each[1]} - {each[0]})"
    if not set(sides) <= of.looked:
        return ""
    figure = _GAZES[measure]
    if len(sides) == 1:
        return f"(SELECT {figure} FROM looks WHERE side = '{sides[0]}' AND part = 'face')"
    both = " AND ".join(
        f"stimulus_id IN (SELECT stimulus_id FROM looks WHERE side = '{side}' AND part = 'face')"
        for side in sides
    )
    first, second = (
        f"(SELECT {figure} FROM looks WHERE side = '{side}' AND part = 'face' AND {both})" for side in sides
    )
    return f"({second} - {first})"


def _count(of: Tried, measure: str) -> str:
    """SQL for how many answers, or stimuli, a line of the main table is of."""
    if measure in _FIGURES:
        return f"(SELECT count(*) FROM {_FIGURES[measure][0]})"
    beyond = measure == "gaze ratio" and "control" in of.looked and "hidden" in of.looked
    sides = (
        ("control", "hidden")
        if beyond
        else tuple(side for side in ("unmasked", "hidden") if side in of.looked)
    )
    of_sides = ", ".join(f"'{side}'" for side in sides)
    return f"""(SELECT count(*) FROM (SELECT stimulus_id FROM looks WHERE part = 'face' AND side IN ({of_sides})
    GROUP BY stimulus_id HAVING count(DISTINCT side) = {len(sides)}))"""


def _looks(of: Tried) -> str:
    """``looks``: share, area and peak of each side, stimulus and part, over repeats, heads and layers."""
    gaze = of.gaze
    assert gaze is not None
    sides = "\n".join(f"        WHEN {run} THEN '{side}'" for side, run in of.runs.items())
    runs = ", ".join(map(str, of.runs.values()))
    audited = ""
    if of.must_be_audited:
        note = of.terms.nothing_hidden.replace("'", "''")
        audited = f"""
      AND (run_id <> {of.runs["hidden"]} OR stimulus_id IN (
          SELECT stimulus_id FROM mask_audits
          WHERE masking = (SELECT options->>'masking' FROM runs WHERE run_id = {of.runs["hidden"]})
          GROUP BY stimulus_id HAVING max(residual_faces) = 0)
          AND NOT coalesce(list_bool_or(list_transform(g.notes, lambda note: contains(note, '{note}'))), false))"""
    target = gaze.target.replace("'", "''")
    return f"""
seen AS (
    SELECT g.run_id, g.stimulus_id, g.repeat, a.part, a.layer, a.share, a.area_fraction, a.peak_inside
    FROM attention AS a JOIN extractions AS e USING (extraction_id)
    JOIN generations AS g ON g.generation_id = e.generation_id
    WHERE run_id IN ({runs}) AND status <> 'error' AND e.method = '{gaze.method}' AND e.heads = '{gaze.heads}'
      AND a.target = '{target}'{audited}
    QUALIFY rank() OVER (PARTITION BY e.generation_id, a.target, a.layer ORDER BY e.created_at DESC, extraction_id) = 1
),
by_layer AS (
    SELECT CASE run_id
{sides} END AS side, stimulus_id, part, layer, avg(share) AS share, avg(area_fraction) AS area,
           avg(peak_inside::INT) AS peak
    FROM seen WHERE isfinite(share) GROUP BY ALL
),
looks AS (
    SELECT side, stimulus_id, part, avg(share) AS share, avg(area) AS area, avg(peak) AS peak FROM by_layer GROUP BY ALL
),
pairs_seen AS (
    SELECT stimulus_id, repeat, part, layer,
           {_first("unmasked", of)} AS none, {_first("hidden", of)} AS hidden
    FROM (SELECT run_id, stimulus_id, repeat, part, layer, avg(share) AS share FROM seen GROUP BY ALL)
    GROUP BY ALL HAVING none IS NOT NULL AND hidden IS NOT NULL
)
"""


def _first(side: str, of: Tried) -> str:
    return f"max(share) FILTER (run_id = {of.runs.get(side, -1)})"
