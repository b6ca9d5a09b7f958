"""What the question whether a model reads faces needs of the store: which runs belong together, and their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from elena_wb.core import ABSTAINED, REFUSED, UNPARSED
from elena_wb.store.database import Store
from elena_wb.vocabulary import load_scheme, scheme_names
from elena_wb.vocabulary.facial_sql import speaks_of_face

SIDES = ("unmasked", "hidden", "control")


@dataclass(frozen=True, slots=True)
class Asked:
    """A run, as far as it matters what it can be compared with.

    Runs of one ``study`` differ in their condition and what follows from it: model, prompt pack, scheme, person,
    experiment and sampling are the same (those that the view ``pairs`` pairs). ``variant`` is that of the
    prompt, ``imported`` says that somebody else published the answers.
    """

    run_id: int
    name: str | None
    model: str
    prompt: str
    variant: str
    prompt_digest: str
    condition: str
    scheme: str
    dataset: str
    imported: bool
    study: int


_RUNS = """
WITH described AS (
    SELECT *, dense_rank() OVER (ORDER BY
        CASE WHEN options->>'provenance' = 'imported' THEN 'imported ' || model_uri ELSE model_digest END, prompt_name,
        coalesce(options->>'scheme', 'ekman7'), coalesce(options->>'person', 'crop'), coalesce(experiment, ''),
        regexp_extract(run_key, '#\\d+$'), coalesce(seed::VARCHAR, ''), coalesce((options->'sampling')::VARCHAR, ''),
        coalesce((options->'max_tokens')::VARCHAR, '')) AS study
    FROM runs
)
SELECT run_id, name, model_uri, prompt_name, coalesce(options->>'prompt_variant', ''), prompt_digest, condition,
       coalesce(options->>'scheme', 'ekman7'), coalesce(dataset, ''),
       coalesce(options->>'provenance' = 'imported', false), study
FROM described WHERE study IN (SELECT study FROM described WHERE run_id IN (SELECT unnest($runs::INTEGER[])))
ORDER BY run_id
"""


def runs_beside(store: Store, run_ids: Sequence[int]) -> tuple[Asked, ...]:
    """The runs ``run_ids`` and all that asked the same under whatever condition, by number."""
    with store.read() as connection:
        rows = connection.execute(_RUNS, {"runs": list(run_ids)}).fetchall()
    return tuple(Asked(*row) for row in rows)


WORDS = (
    "coalesce(nullif(concat_ws(' ; ', explicit_description, implicit_description, narrative), ''), raw_text)"
)
"""What an answer says in words: its descriptions and its story, and where none was read all that it says."""

_SAID = """
    WITH asked AS MATERIALIZED (
        SELECT generation_id, run_id, stimulus_id, repeat,
               CASE status WHEN 'ok' THEN coalesce(list_position({labels}, emotion) - 1, {abstained})
                           WHEN 'refused' THEN {refused} WHEN 'unparsed' THEN {unparsed} ELSE {failed} END AS answer,
               CASE WHEN run_id = {unmasked} THEN false
                    ELSE coalesce(list_bool_or(list_transform(notes, lambda note: contains(note, {nothing_hidden}))),
                                  false) END AS unfound,
               run_id = {control} AND coalesce(
                   list_bool_or(list_transform(notes, lambda note: contains(note, {no_room}))), false) AS no_room,
               CASE WHEN status = 'ok' AND run_id <> {control} AND {words} IS NOT NULL
                    THEN ({speaks})::INTEGER END AS speaks
        FROM generations WHERE run_id IN ({unmasked}, {hidden}, {control})
    ),
    named AS (
        SELECT generation_id, count(*) FILTER (part_group = 'face') AS facial, count(part_group) AS known
        FROM body_parts SEMI JOIN (FROM asked WHERE run_id <> {control}) USING (generation_id) GROUP BY generation_id
    ),
    answers AS (
        SELECT stimulus_id, repeat,
               max(answer) FILTER (run_id = {unmasked}) AS unmasked, max(answer) FILTER (run_id = {hidden}) AS hidden,
               max(answer) FILTER (run_id = {control}) AS control,
               bool_or(unfound AND NOT no_room) AS unfound, bool_or(no_room) AS no_room,
               max(facial) FILTER (run_id = {unmasked}) AS unmasked_facial,
               max(known) FILTER (run_id = {unmasked}) AS unmasked_known,
               max(facial) FILTER (run_id = {hidden}) AS hidden_facial,
               max(known) FILTER (run_id = {hidden}) AS hidden_known,
               max(speaks) FILTER (run_id = {unmasked}) AS unmasked_speaks,
               max(speaks) FILTER (run_id = {hidden}) AS hidden_speaks
        FROM asked LEFT JOIN named USING (generation_id) GROUP BY stimulus_id, repeat
    ),
    audits AS (
        SELECT stimulus_id, max(residual_faces) AS residual_faces FROM mask_audits
        WHERE masking = (SELECT options->>'masking' FROM runs WHERE run_id = {hidden}) GROUP BY stimulus_id
    ),
    true_of AS (
        SELECT stimulus_id, list_position({labels}, label) - 1 AS truth,
               list_position({labels}, face_label) - 1 AS of_face, list_position({labels}, body_label) - 1 AS of_body
        FROM truths WHERE scheme = {scheme}
    )
    SELECT stimulus_id, repeat,
           coalesce(unmasked, {missing})::INTEGER AS unmasked, coalesce(hidden, {missing})::INTEGER AS hidden,
           coalesce(control, {missing})::INTEGER AS control, unfound, no_room,
           residual_faces IS NOT NULL AS audited, coalesce(residual_faces > 0, false) AS face_left,
           coalesce(truth, -1)::INTEGER AS truth, coalesce(of_face, -1)::INTEGER AS of_face,
           coalesce(of_body, -1)::INTEGER AS of_body,
           coalesce(unmasked_facial, 0) AS unmasked_facial, coalesce(unmasked_known, 0) AS unmasked_known,
           coalesce(hidden_facial, 0) AS hidden_facial, coalesce(hidden_known, 0) AS hidden_known,
           coalesce(unmasked_speaks, -1) AS unmasked_speaks, coalesce(hidden_speaks, -1) AS hidden_speaks
    FROM answers LEFT JOIN audits USING (stimulus_id) LEFT JOIN true_of USING (stimulus_id)"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What answers are read by: ``labels`` of ``scheme``, numbers for failures and for what was not asked, notes."""

    labels: tuple[str, ...]
    scheme: str
    failed: int
    missing: int
    nothing_hidden: str
    no_room: str


def questions_sql(runs: Mapping[str, int], terms: Terms) -> str:
    """The query for a row for each stimulus and repeat that any of ``runs`` (by :data:`SIDES`) was asked about.

    ``unmasked``, ``hidden`` and ``control`` are positions of labels, or numbers below 0; ``truth``, ``of_face`` and
    ``of_body`` too. ``…_facial`` and ``…_known`` count named parts, ``…_speaks`` says whether the words speak of a
    face.
    """
    return _SAID.format(
        **{side: runs.get(side, -1) for side in SIDES},
        labels=f"[{', '.join(map(_quoted, terms.labels))}]::VARCHAR[]",
        scheme=_quoted(terms.scheme),
        failed=terms.failed,
        missing=terms.missing,
        nothing_hidden=_quoted(terms.nothing_hidden),
        no_room=_quoted(terms.no_room),
        abstained=ABSTAINED,
        refused=REFUSED,
        unparsed=UNPARSED,
        speaks=speaks_of_face(WORDS),
        words=WORDS,
    )


_ANSWERS = """
WITH asked AS MATERIALIZED (
    SELECT hash(generation_id) AS generation, run_id, (hash(stimulus_id) >> 1)::BIGINT AS stimulus, repeat,
           (CASE status WHEN 'ok' THEN coalesce(list_position($labels, emotion) - 1, $abstained)
                        WHEN 'refused' THEN $refused WHEN 'unparsed' THEN $unparsed ELSE $failed END)::INTEGER AS
                        answer, coalesce(list_bool_or(list_transform(notes, lambda note: contains(note,
                        $nothing_hidden))), false) AS unfound, coalesce(list_bool_or(list_transform(notes, lambda note:
                        contains(note, $no_room))), false) AS no_room, CASE WHEN status = 'ok' AND run_id IN ({told})
                        AND {words} IS NOT NULL THEN ({speaks})::TINYINT END AS speaks FROM generations WHERE run_id IN
                        ({runs}) ),
of_told AS (SELECT generation FROM asked WHERE run_id IN ({told})),
named AS (
    SELECT hash(generation_id) AS generation, (count(*) FILTER (part_group = 'face'))::INTEGER AS facial,
           count(part_group)::INTEGER AS known
    FROM body_parts GROUP BY generation HAVING generation IN (FROM of_told)
)
SELECT run_id, stimulus, repeat, answer, unfound, no_room, coalesce(speaks, -1) AS speaks,
       coalesce(facial, 0) AS facial, coalesce(known, 0) AS known
FROM asked LEFT JOIN named USING (generation)
"""
_TRUTHS = """
SELECT (hash(stimulus_id) >> 1)::BIGINT AS stimulus,
       coalesce(list_position($labels, label) - 1, -1)::INTEGER AS truth,
       coalesce(list_position($labels, face_label) - 1, -1)::INTEGER AS of_face,
       coalesce(list_position($labels, body_label) - 1, -1)::INTEGER AS of_body
FROM truths WHERE scheme = $scheme
"""
_AUDITS = """
SELECT (hash(stimulus_id) >> 1)::BIGINT AS stimulus, max(residual_faces) > 0 AS face_left FROM mask_audits
WHERE residual_faces IS NOT NULL AND masking = (SELECT options->>'masking' FROM runs WHERE run_id = $run)
GROUP BY ALL
"""


def read_answers(store: Store, told: Sequence[int], others: Sequence[int], terms: Terms) -> pa.Table:
    """A row for each answer or failure of these runs; of the ``told`` ones parts and words count too.

    Columns: ``run_id``, ``stimulus`` (a number for each), ``repeat``, ``answer`` (the position of a label, or a number
    below 0), ``unfound`` and ``no_room`` (what its note says), ``speaks`` (of a face: 1 or 0, -1 where there are no
    words), ``facial`` and ``known`` (how many named parts are).
    """
    sql = _ANSWERS.format(
        runs=", ".join(str(int(run_id)) for run_id in (*told, *others)),
        told=", ".join(str(int(run_id)) for run_id in told),
        speaks=speaks_of_face(WORDS),
        words=WORDS,
    )
    parameters = {
        "labels": list(terms.labels),
        "abstained": ABSTAINED,
        "refused": REFUSED,
        "unparsed": UNPARSED,
        "failed": terms.failed,
        "nothing_hidden": terms.nothing_hidden,
        "no_room": terms.no_room,
    }
    with store.read() as connection:
        return connection.sql(sql, params=parameters).to_arrow_table()


def read_truths(store: Store, terms: Terms) -> pa.Table:
    """``stimulus``, and positions of the labels that are true, of its face and of its body; -1 where there is none."""
    with store.read() as connection:
        parameters = {"labels": list(terms.labels), "scheme": terms.scheme}
        return connection.sql(_TRUTHS, params=parameters).to_arrow_table()


def read_audits(store: Store, run_id: int) -> pa.Table:
    """``stimulus`` and ``face_left`` of each picture that was audited as the run masks it."""
    with store.read() as connection:
        return connection.sql(_AUDITS, params={"run": run_id}).to_arrow_table()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def labels_of(store: Store, run_ids: Sequence[int], scheme: str) -> tuple[str, ...]:
    """The labels of a scheme, and others that the truth or these runs' answers name, by name.

    So they are ordered where runs are compared: drawing at random goes by that order, and comes to the same there.
    """
    known = set(load_scheme(scheme).names if scheme in scheme_names() else ())
    with store.read() as connection:
        rows = connection.execute(
            """SELECT label FROM labels_by_scheme WHERE scheme = $scheme
               UNION SELECT emotion FROM generations WHERE run_id IN (SELECT unnest($runs::INTEGER[]))""",
            {"scheme": scheme, "runs": list(run_ids)},
        ).fetchall()
    return tuple(sorted({label for (label,) in rows if label is not None} | known))
