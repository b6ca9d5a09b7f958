"""The queries with which a reader checks the tables of a comparison, over the store's public views."""

from __future__ import annotations

from collections.abc import Sequence

_OUTCOME = (
    "CASE {side}.status WHEN 'refused' THEN '(refused)' WHEN 'unparsed' THEN '(not read)' "
    "ELSE coalesce({side}.emotion, '(no emotion)') END"
)


def pairs(first: int, second: int) -> str:
    """A ``WITH`` of ``pairs``: one row for each pair of answers."""
    return f"""WITH a AS (FROM narratives WHERE run_id = {int(first)} AND status <> 'error'),
b AS (FROM narratives WHERE run_id = {int(second)} AND status <> 'error'),
pairs AS (
    SELECT a.picture, a.person_index, a.stimulus_id, a.repeat, a.truth,
           a.status = 'ok' AND b.status = 'ok' AS read,
           (a.status = 'ok') <> (b.status = 'ok') AS one_read,
           {_OUTCOME.format(side="a")} AS first,
           {_OUTCOME.format(side="b")} AS second,
           a.correct AS first_right, b.correct AS second_right,
           a.raw_text IS DISTINCT FROM b.raw_text AS other_words,
           list_sort(list_distinct(a.body_parts)) AS first_parts,
           list_sort(list_distinct(b.body_parts)) AS second_parts,
           b.valence - a.valence AS valence, b.arousal - a.arousal AS arousal, b.dominance - a.dominance AS dominance
    FROM a JOIN b USING (stimulus_id, repeat)
)"""


def changed(first: int, second: int, *, one_read: bool) -> str:
    """How many pairs changed in what."""
    rows = [
        ("emotion", "read", "first <> second"),
        ("words", "true", "other_words"),
        ("body parts", "read AND len(first_parts) + len(second_parts) > 0", "first_parts <> second_parts"),
    ]
    if one_read:
        rows.append(("read or not", "true", "one_read"))
    counted = "\nUNION ALL ".join(
        f"SELECT {place} AS place, '{what}' AS what, count(*) FILTER ({among}) AS pairs, "
        f"count(*) FILTER ({among} AND {changes}) AS changed FROM pairs"
        for place, (what, among, changes) in enumerate(rows)
    )
    return (
        f"{pairs(first, second)},\ncounted AS (\n{counted}\n)\n"
        "SELECT what, pairs, changed, changed / nullif(pairs, 0) AS share FROM counted ORDER BY place"
    )


def matrix(first: int, second: int, rows: Sequence[str], columns: Sequence[tuple[str, str]]) -> str:
    """Outcomes of the first run by those of the second; ``columns`` are outcomes and what they are called."""
    counts = ",\n       ".join(
        f"count(second) FILTER (second = {literal(outcome)}) AS {identifier(name)}"
        for outcome, name in columns
    )
    listed = ", ".join(f"({place}, {literal(name)})" for place, name in enumerate(rows))
    return (
        f"{pairs(first, second)}\nSELECT outcome,\n       {counts}\n"
        f"FROM (VALUES {listed}) AS outcomes(place, outcome) LEFT JOIN pairs ON first = outcome\n"
        "GROUP BY place, outcome ORDER BY place"
    )


def turns(first: int, second: int, order: Sequence[str], shown: int) -> str:
    """The most frequent changes from one outcome to another; equal ones as the outcomes stand in ``order``."""
    listed = ", ".join(map(literal, order))
    return (
        f"{pairs(first, second)}\n"
        f'SELECT first AS "run {first}", second AS "run {second}", count(*) AS times FROM pairs WHERE first <> second\n'
        f"GROUP BY first, second\n"
        f"ORDER BY times DESC, list_position([{listed}], first), list_position([{listed}], second) LIMIT {shown}"
    )


def flips(first: int, second: int, shown: int) -> str:
    """The first pairs whose emotion differs, in the order of the pictures."""
    return (
        f"{pairs(first, second)}\n"
        f'SELECT picture, person_index AS person, repeat, first AS "run {first}", second AS "run {second}", truth\n'
        "FROM pairs WHERE read AND first <> second\n"
        f"ORDER BY picture, person_index, stimulus_id, repeat LIMIT {shown}"
    )


def right(first: int, second: int) -> str:
    """How many answers are right on either side, of the pairs of which one label is true."""
    sides = "\nUNION ALL ".join(
        f"SELECT {place} AS place, 'run {run}' AS run, count(*) FILTER ({side}_right) AS \"right\", "
        f"count({side}_right) AS pairs FROM pairs"
        for place, (side, run) in enumerate((("first", first), ("second", second)))
    )
    return (
        f"{pairs(first, second)},\nsides AS (\n{sides}\n)\n"
        'SELECT run, "right", pairs, "right" / pairs AS share FROM sides ORDER BY place'
    )


def scores(first: int, second: int) -> str:
    """Accuracy, UAR, macro-F1 and weighted-F1 of both sides."""
    figures = (
        ("accuracy", "sum({}_hits) / sum(support)"),
        ("UAR", "avg({}_hits / support)"),
        ("macro-F1", "avg({}_f1)"),
        ("weighted-F1", "sum({}_f1 * support) / sum(support)"),
    )
    told = "\nUNION ALL ".join(
        f"SELECT {place} AS place, '{name}' AS figure, {formula.format('first')} AS first, "
        f"{formula.format('second')} AS second FROM classes"
        for place, (name, formula) in enumerate(figures)
    )
    return (
        f"{_classes(first, second)},\nfigures AS (\n{told}\n)\n"
        f'SELECT figure, first AS "run {first}", second AS "run {second}", second - first AS change '
        "FROM figures ORDER BY place"
    )


def of_labels(first: int, second: int) -> str:
    """F1 of each label that is true of some."""
    return (
        f"{_classes(first, second)}\n"
        f'SELECT label, support AS pairs, first_f1 AS "run {first}", second_f1 AS "run {second}", '
        "second_f1 - first_f1 AS change\nFROM classes ORDER BY label"
    )


def named(first: int, second: int, emotions: Sequence[str]) -> str:
    """How often each of ``emotions`` is named on either side, and the change in points of per cent."""
    listed = ", ".join(f"({place}, {literal(name)})" for place, name in enumerate(emotions))
    return (
        f"{pairs(first, second)}\n"
        f'SELECT emotion, count(*) FILTER (first = emotion) AS "run {first}", '
        f'count(*) FILTER (second = emotion) AS "run {second}",\n'
        "       100 * (count(*) FILTER (second = emotion) - count(*) FILTER (first = emotion)) / count(*) AS points\n"
        f"FROM (VALUES {listed}) AS emotions(place, emotion), pairs WHERE read\n"
        "GROUP BY place, emotion ORDER BY place"
    )


def ratings(first: int, second: int, dimensions: Sequence[str]) -> str:
    """How far valence, arousal and dominance moved, of pairs that both state them."""
    rows = "\nUNION ALL ".join(
        f"SELECT {place} AS place, '{name}' AS rating, count({name}) AS pairs, avg({name}) AS \"mean change\", "
        f'avg(abs({name})) AS "mean size" FROM pairs WHERE read'
        for place, name in enumerate(dimensions)
    )
    return (
        f"{pairs(first, second)},\nmoved AS (\n{rows}\n)\n"
        'SELECT rating, pairs, "mean change", "mean size" FROM moved ORDER BY place'
    )


def literal(text: str) -> str:
    """A string of SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _classes(first: int, second: int) -> str:
    """``pairs``, and ``classes``: the sums of each label that is true of some."""
    return f"""{pairs(first, second)},
counted AS (
    SELECT label, count(*) FILTER (truth = label) AS support,
           count(*) FILTER (truth = label AND first = label) AS first_hits,
           count(*) FILTER (first = label) AS first_given,
           count(*) FILTER (truth = label AND second = label) AS second_hits,
           count(*) FILTER (second = label) AS second_given
    FROM pairs, (SELECT DISTINCT truth AS label FROM pairs WHERE truth IS NOT NULL)
    WHERE truth IS NOT NULL GROUP BY label
),
classes AS (
    SELECT *, 2 * first_hits / (first_given + support) AS first_f1,
           2 * second_hits / (second_given + support) AS second_f1
    FROM counted
)"""
