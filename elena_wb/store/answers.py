"""Answers with what is true of their stimuli, counted by pattern: what metrics work on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from elena_wb.core import ABSTAINED, REFUSED, UNPARSED, Answers, Column, Condition, UsageError
from elena_wb.nearest import nearest
from elena_wb.store.database import DuckDBConnection, Store
from elena_wb.store.schema import first_row
from elena_wb.vocabulary import load_scheme, scheme_names

Group: TypeAlias = tuple[str | None, ...]
"""The values of the columns that answers are grouped by, as text."""

ATTRIBUTE = "attribute."
"""Before the name of an attribute, also of one that is called like a column of the store."""
_COLUMNS = {
    "run": "coalesce(r.name, 'run ' || r.run_id)",
    "run_id": "r.run_id",
    "experiment": "r.experiment",
    "model": "r.model_uri",
    "prompt": "r.prompt_name",
    "condition": "r.condition",
    "dataset": "coalesce(s.dataset, r.dataset)",
    "split": "s.split",
    "picture": "parse_filename(s.path)",
    "person_index": "s.person_index",
    "repeat": "g.repeat",
    "status": "g.status",
    "emotion": "g.emotion",
    "truth": "CASE WHEN len(t.labels) = 1 THEN $labels[t.labels[1] + 1] END",
    "face_label": "t.face_label",
    "body_label": "t.body_label",
    "residual_faces": "a.residual_faces",
}
COLUMNS = frozenset(_COLUMNS)
"""What answers can be grouped by in every store."""
_OF_TRUTH = {"truth", "face_label", "body_label"}
_TRUTH = """
CREATE OR REPLACE TEMP TABLE truth_of_run AS
WITH asked AS (
    SELECT DISTINCT stimulus_id FROM generations WHERE run_id = $run AND status <> 'error'
),
said AS (
    SELECT stimulus_id, list_position($labels, label) - 1 AS code,
           bool_or(CASE WHEN $source IS NULL THEN source NOT IN ('face', 'body') ELSE source = $source END)
               AS chosen,
           bool_or(source = 'face') AS of_face,
           bool_or(source = 'body') AS of_body
    FROM labels_by_scheme WHERE $wants_labels AND scheme = $scheme GROUP BY ALL
),
labelled AS (
    SELECT stimulus_id,
           CASE WHEN bool_or(chosen) THEN list(code) FILTER (chosen)
                WHEN $source IS NULL AND count(*) = 1 THEN list(code)
           END AS labels,
           $labels[min(code) FILTER (of_face) + 1] AS face_label,
           $labels[min(code) FILTER (of_body) + 1] AS body_label
    FROM said GROUP BY stimulus_id
),
felt AS (
    SELECT stimulus_id,
           avg(valence) FILTER (isfinite(valence)) AS valence,
           avg(arousal) FILTER (isfinite(arousal)) AS arousal,
           avg(dominance) FILTER (isfinite(dominance)) AS dominance
    FROM labels
    WHERE $wants_vad
      AND CASE WHEN $source IS NULL THEN source NOT IN ('face', 'body') ELSE source = $source END
    GROUP BY stimulus_id
)
SELECT stimulus_id, list_sort(labels) AS labels, face_label, body_label, [valence, arousal, dominance] AS vad
FROM asked LEFT JOIN labelled USING (stimulus_id) LEFT JOIN felt USING (stimulus_id)
"""
_PATTERNS = """
WITH counterparts AS (
    SELECT label, CASE WHEN count(DISTINCT to_label) = 1 THEN min(to_label) END AS counterpart
    FROM label_mappings WHERE scheme = $answered_in AND to_scheme = $scheme GROUP BY label
),
audits AS (
    SELECT stimulus_id, max(residual_faces) AS residual_faces FROM mask_audits
    WHERE masking = (SELECT options->>'masking' FROM runs WHERE run_id = $run) GROUP BY stimulus_id
),
told AS (
    SELECT generation_id, label, max(logprob) AS logprob FROM label_scores
    WHERE generation_id IN (SELECT generation_id FROM generations WHERE run_id = $run) GROUP BY ALL
),
probabilities AS (
    SELECT generation_id, map(list(label), list(logprob)) AS scores FROM ({scored}) GROUP BY generation_id
),
per_stimulus AS (
    SELECT {keys} g.stimulus_id, any_value({truth}) AS truth, list_sort(list({answer})) AS answers
    FROM generations AS g
    JOIN runs AS r USING (run_id)
    JOIN truth_of_run AS t USING (stimulus_id)
    {joins}
    WHERE g.run_id = $run AND g.status <> 'error' {only}
    GROUP BY ALL
)
SELECT {names} truth, answers, count(*) AS stimuli FROM per_stimulus GROUP BY ALL ORDER BY ALL
"""
_MAPPED = """
    SELECT generation_id, label,
           CASE WHEN isfinite(most) THEN most + ln(list_sum(list_transform(all_of, lambda one: exp(one - most))))
                ELSE most END AS logprob
    FROM (SELECT generation_id, counterpart AS label, max(logprob) AS most, list(logprob ORDER BY logprob) AS all_of
          FROM told JOIN counterparts USING (label) WHERE counterpart IS NOT NULL GROUP BY ALL)"""
"""The probability of a label of another scheme: the sum over those that correspond to it and to no other."""
_JOINS = {
    "s": "LEFT JOIN stimuli AS s USING (stimulus_id)",
    "a": "LEFT JOIN audits AS a USING (stimulus_id)",
    "c": "LEFT JOIN counterparts AS c ON c.label = g.emotion",
    "p": "LEFT JOIN probabilities AS p USING (generation_id)",
}
_AUDITED = """AND (NOT $hides_face OR a.residual_faces = 0)
      AND len(list_filter(coalesce(g.notes, []), lambda note: contains(note, $nothing_hidden))) = 0"""
_EMOTION = """CASE g.status WHEN 'ok' THEN coalesce(list_position($labels, {emotion}) - 1, {abstained})
                   WHEN 'refused' THEN {refused} ELSE {unparsed} END"""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which answers are scored, against what.

    ``scheme`` is the label scheme to score in, by default that of the answers. ``source`` names whose labels
    are true; by default what a data set states, or what face and body agree on. With ``audited_only``,
    answers are left out whose picture shows what its condition should hide: one whose face was to be hidden
    and that was not audited or has a face left, and one with a note that contains ``nothing_hidden``.
    """

    scheme: str | None = None
    source: str | None = None
    audited_only: bool = False
    nothing_hidden: str = ""


def read_answers(
    store: Store, run_id: int, selection: Selection, by: Sequence[str], reads: frozenset[Column]
) -> Mapping[Group, Answers]:
    """The answers of a run, by the values of the columns ``by``, with the columns that a metric reads.

    ``by`` names columns or attributes of stimuli, as :func:`groupable` spells them.

    Raises:
        UsageError: the answers cannot be read in the scheme that is asked for.
    """
    with store.read() as connection:
        answered_in, scheme, condition = scored_in(connection, run_id, selection)
        labels = _labels(connection, run_id, scheme)
        parameters = {"run": run_id, "scheme": scheme, "source": selection.source, "labels": list(labels)}
        wants_labels = bool(reads - {"vad"} or _OF_TRUTH.intersection(by))
        connection.execute(_TRUTH, parameters | {"wants_labels": wants_labels, "wants_vad": "vad" in reads})
        parameters |= {
            "answered_in": answered_in,
            "hides_face": hides_face(condition),
            "nothing_hidden": selection.nothing_hidden,
        }
        parameters |= {f"attribute_{number}": _pointer(column) for number, column in enumerate(by)}
        sql = _patterns_sql(selection, by, reads, mapped=answered_in != scheme)
        used = {name: value for name, value in parameters.items() if re.search(rf"\${name}\b", sql)}
        table = connection.sql(sql, params=used).to_arrow_table()
    return _split(table, len(by), labels)


def groupable(store: Store, run_ids: Sequence[int]) -> tuple[str, ...]:
    """What the answers of these runs can be grouped by: columns of the store, and attributes of stimuli.

    Each attribute NAME is there as ``attribute.NAME``, and as NAME where that means nothing else.
    """
    with store.read() as connection:
        rows = connection.execute(
            """SELECT DISTINCT unnest(json_keys(attributes)) FROM stimuli
               WHERE attributes IS NOT NULL
                 AND stimulus_id IN (SELECT stimulus_id FROM generations WHERE run_id IN (SELECT unnest(?)))""",
            [list(run_ids)],
        ).fetchall()
    attributes = sorted(name for (name,) in rows)
    prefixed = [ATTRIBUTE + name for name in attributes]
    plain = [name for name in attributes if name not in _COLUMNS and not name.startswith(ATTRIBUTE)]
    return (*_COLUMNS, *plain, *prefixed)


def scored_in(connection: DuckDBConnection, run_id: int, selection: Selection) -> tuple[str, str, str]:
    """The scheme of a run's answers, the one to score in, and the condition.

    Raises:
        UsageError: nothing maps the one scheme to the other.
    """
    row = first_row(
        connection,
        "SELECT coalesce(options->>'scheme', 'ekman7'), condition FROM runs WHERE run_id = ?",
        [run_id],
    )
    assert row is not None
    answered_in, condition = row
    scheme = selection.scheme or answered_in
    if scheme != answered_in:
        rows = connection.execute(
            "SELECT DISTINCT to_scheme FROM label_mappings WHERE scheme = ?", [answered_in]
        ).fetchall()
        known = {to for (to,) in rows}
        if scheme not in known:
            raise UsageError(
                f"The answers of run {run_id} are labels of {answered_in}, which nothing maps to `{scheme}`.",
                hint=nearest(scheme, known | {answered_in}),
            )
    return answered_in, scheme, condition


def hides_face(condition: str) -> bool:
    """Whether a picture under the condition should show no face; a condition of nobody's spelling might."""
    try:
        return Condition.parse(condition).hides_face
    except UsageError:
        return True


def _labels(connection: DuckDBConnection, run_id: int, scheme: str) -> tuple[str, ...]:
    """The labels of the scheme in its order, and after them any others that truth or answers name."""
    ordered = load_scheme(scheme).names if scheme in scheme_names() else ()
    rows = connection.execute(
        """SELECT label FROM labels WHERE scheme = $scheme AND label IS NOT NULL
           UNION SELECT to_label FROM label_mappings WHERE to_scheme = $scheme
           UNION SELECT emotion FROM generations JOIN runs USING (run_id)
                 WHERE run_id = $run AND emotion IS NOT NULL
                   AND coalesce(options->>'scheme', 'ekman7') = $scheme""",
        {"scheme": scheme, "run": run_id},
    ).fetchall()
    return (*ordered, *sorted({label for (label,) in rows} - set(ordered)))


def _patterns_sql(selection: Selection, by: Sequence[str], reads: frozenset[Column], *, mapped: bool) -> str:
    """The query for patterns; the values of the attribute at position 2 in ``by`` need ``$attribute_2``."""
    keys = [
        f"({_COLUMNS.get(column) or f's.attributes->>$attribute_{number}'})::VARCHAR"
        for number, column in enumerate(by)
    ]
    truth, answer = {"always": "true"}, {"always": "true"}
    if "emotion" in reads:
        emotion = "c.counterpart" if mapped else "g.emotion"
        codes = {"abstained": ABSTAINED, "refused": REFUSED, "unparsed": UNPARSED}
        answer["emotion"] = _EMOTION.format(emotion=emotion, **codes)
    if "vad" in reads:
        truth["vad"] = "t.vad"
        answer["vad"] = "[g.valence, g.arousal, g.dominance]"
    if "scores" in reads:
        answer["scores"] = "list_transform($labels, lambda label: p.scores[label])"
    if reads & {"emotion", "scores"}:
        truth["labels"] = "t.labels"
    only = _AUDITED if selection.audited_only else ""
    used = " ".join([*keys, *truth.values(), *answer.values(), only])
    return _PATTERNS.format(
        keys="".join(f"{key} AS by_{number}, " for number, key in enumerate(keys)),
        names="".join(f"by_{number}, " for number in range(len(keys))),
        truth=_struct(truth),
        answer=_struct(answer),
        scored=_MAPPED if mapped else "FROM told",
        joins="\n    ".join(join for alias, join in _JOINS.items() if re.search(rf"\b{alias}\.", used)),
        only=only,
    )


def _pointer(column: str) -> str:
    """Where the attribute stands, as a JSON Pointer (RFC 6901), which takes every name as it is."""
    return "/" + column.removeprefix(ATTRIBUTE).replace("~", "~0").replace("/", "~1")


def _struct(fields: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"'{name}': {value}" for name, value in fields.items()) + "}"


def _split(table: pa.Table, by: int, labels: tuple[str, ...]) -> Mapping[Group, Answers]:
    """The patterns of each group, which are neighbours in ``table``."""
    keys = [table[f"by_{number}"].to_pylist() for number in range(by)]
    groups: list[Group] = list(zip(*keys, strict=True)) if by else [()] * table.num_rows
    starts = [n for n, group in enumerate(groups) if n == 0 or group != groups[n - 1]]
    return {
        groups[start]: _answers(table.slice(start, end - start), labels)
        for start, end in pairwise([*starts, table.num_rows])
    }


def _answers(table: pa.Table, labels: tuple[str, ...]) -> Answers:
    truth = table["truth"].combine_chunks()
    lists = table["answers"].combine_chunks()
    given = lists.flatten()
    k, a = len(truth), len(given)
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    true = np.zeros((k, len(labels)), dtype=np.bool_)
    if "labels" in truth.type.names:
        codes = truth.field("labels")
        of = pc.list_value_length(codes).fill_null(0).to_numpy(zero_copy_only=False)
        true[np.repeat(np.arange(k), of), codes.flatten().to_numpy(zero_copy_only=False)] = True
    emotion = np.full(a, ABSTAINED, dtype=np.int32)
    if "emotion" in given.type.names:
        emotion = given.field("emotion").to_numpy(zero_copy_only=False).astype(np.int32)
    stimuli = table["stimuli"].to_numpy().astype(np.int64)
    pattern = np.repeat(np.arange(k, dtype=np.int32), lengths)
    truth_vad, vad = _numbers(truth, "vad", 3), _numbers(given, "vad", 3)
    scores = _numbers(given, "scores", len(labels))
    for array in (stimuli, true, truth_vad, pattern, emotion, vad, scores):
        array.setflags(write=False)  # every metric is given the same ones
    return Answers(labels, stimuli, true, truth_vad, pattern, emotion, vad, scores)


def _numbers(structs: pa.StructArray, name: str, width: int) -> npt.NDArray[np.float64]:
    """The lists of ``width`` numbers in a field, as ``[rows, width]``; NaN where there are none."""
    if name not in structs.type.names:
        return np.full((len(structs), width), np.nan)
    flat = structs.field(name).flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float64).reshape(len(structs), width)
