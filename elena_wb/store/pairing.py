"""The answers of two runs side by side, question by question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from elena_wb.store.database import Store

_SIDE_BY_SIDE = """
WITH asked AS MATERIALIZED (
    SELECT generation_id, run_id, stimulus_id, repeat, status, emotion, hash(raw_text) AS said,
           [valence, arousal, dominance] AS vad
    FROM generations WHERE run_id IN ($first, $second)
),
named AS (
    SELECT generation_id, list_sort(list(DISTINCT coalesce(part, phrase))) AS parts
    FROM body_parts SEMI JOIN asked USING (generation_id) GROUP BY generation_id
),
answers AS (
    SELECT * EXCLUDE (parts), coalesce(parts, []) AS parts FROM asked LEFT JOIN named USING (generation_id)
),
a AS (FROM answers WHERE run_id = $first), b AS (FROM answers WHERE run_id = $second)
SELECT stimulus_id, repeat, parse_filename(s.path) AS picture, s.person_index, t.label AS truth,
       a.status AS first_status, b.status AS second_status,
       a.emotion AS first_emotion, b.emotion AS second_emotion,
       coalesce(a.said <> b.said, false) AS text_changed,
       coalesce(len(a.parts) + len(b.parts) > 0, false) AS parts_named,
       coalesce(a.parts <> b.parts, false) AS parts_changed,
       coalesce(a.vad, [NULL, NULL, NULL]) AS first_vad, coalesce(b.vad, [NULL, NULL, NULL]) AS second_vad
FROM a FULL JOIN b USING (stimulus_id, repeat)
LEFT JOIN stimuli AS s USING (stimulus_id)
LEFT JOIN (FROM truths WHERE scheme = $scheme) AS t USING (stimulus_id)
ORDER BY picture, person_index, stimulus_id, repeat
"""


def side_by_side(
    store: Store,
    first: int,
    second: int,
    scheme: str,
    *,
    settings: Mapping[str, str | bool | int] | None = None,
) -> pa.Table:
    """One row for each stimulus and repeat that either run was asked about, in order of pictures' names.

    Columns: ``stimulus_id``, ``repeat``, ``picture`` (its file's name), ``person_index``, ``truth`` in
    ``scheme``; of each side (``first_…``, ``second_…``) ``status`` (NULL where it was not asked), ``emotion``
    and ``vad`` (a list of valence, arousal, dominance); ``text_changed``, ``parts_named`` (either names a part
    of the body) and ``parts_changed`` (their sets of parts differ). ``settings`` are DuckDB's for this connection.
    """
    with store.read(settings) as connection:
        return connection.sql(
            _SIDE_BY_SIDE, params={"first": first, "second": second, "scheme": scheme}
        ).to_arrow_table()


@dataclass(frozen=True, slots=True)
class Said:
    """One of the two answers to a question: what was said, and the parts of the body that it names, in its words.

    ``vad`` is valence, arousal and dominance.
    """

    generation_id: str
    status: str
    emotion: str | None
    explicit_description: str | None
    implicit_description: str | None
    narrative: str | None
    raw_text: str | None
    error: str | None
    vad: tuple[float | None, float | None, float | None]
    parts: tuple[str, ...] = ()


def pair_of(
    store: Store, first: int, second: int, stimulus_id: str, repeat: int
) -> tuple[Said | None, Said | None]:
    """What two runs answered to a question; ``None`` where one has no answer."""
    with store.read() as connection:
        rows = connection.execute(
            """SELECT run_id, generation_id, status, emotion, explicit_description, implicit_description, narrative,
                      raw_text, error, [valence, arousal, dominance]
               FROM generations WHERE run_id IN (?, ?) AND stimulus_id = ? AND repeat = ?""",
            [first, second, stimulus_id, repeat],
        ).fetchall()
        ids = [row[1] for row in rows]
        parts = connection.execute(
            """SELECT generation_id, phrase FROM body_parts WHERE generation_id IN (SELECT unnest(?::VARCHAR[]))
               ORDER BY position""",
            [ids],
        ).fetchall()
    found = {}
    for run_id, generation_id, *texts, vad in rows:
        named = tuple(phrase for of, phrase in parts if of == generation_id)
        values = [generation_id, *texts, tuple(vad), named]
        found[run_id] = Said(*values)
    return found.get(first), found.get(second)


def state_of(store: Store, first: int, second: int) -> tuple[object, ...]:
    """What differs as soon as a comparison of two runs may come out otherwise: answers, labels, status, names."""
    with store.read() as connection:
        runs = connection.execute(
            """SELECT r.run_id, r.name, r.status, r.options, count(g.run_id), max(g.created_at)
               FROM runs AS r LEFT JOIN (SELECT run_id, created_at FROM generations WHERE run_id IN ($a, $b)) AS g
                 USING (run_id)
               WHERE r.run_id IN ($a, $b) GROUP BY ALL ORDER BY ALL""",
            {"a": first, "b": second},
        ).fetchall()
        labels = connection.execute("SELECT count(*), bit_xor(hash(labels)) FROM labels").fetchall()
    return (*runs, *labels)


def answered_by(store: Store, run_id: int) -> tuple[str, ...]:
    """The versions of the model that a server says have answered, by name; none where it does not say."""
    with store.read() as connection:
        rows = connection.execute(
            """SELECT DISTINCT answered_by FROM generations
               WHERE run_id = ? AND answered_by IS NOT NULL ORDER BY ALL""",
            [run_id],
        ).fetchall()
    return tuple(version for (version,) in rows)


_TRIOS = """
WITH answers AS (
    SELECT run_id, generation_id, stimulus_id, repeat, status, emotion, coalesce(notes, []) AS notes
    FROM generations WHERE run_id IN ($unmasked, $hidden, $control)
),
wanted AS (SELECT unnest($stimuli) AS stimulus_id),
h AS (FROM answers WHERE run_id = $hidden), c AS (FROM answers WHERE run_id = $control),
told AS (SELECT generation_id, label, max(logprob) AS logprob FROM label_scores GROUP BY ALL)
SELECT stimulus_id, repeat, t.label AS truth,
       u.status AS unmasked_status, h.status AS hidden_status, c.status AS control_status,
       u.emotion AS unmasked_emotion, h.emotion AS hidden_emotion, c.emotion AS control_emotion,
       coalesce(h.notes, []) AS hidden_notes, coalesce(c.notes, []) AS control_notes,
       tu.logprob AS unmasked_logprob, th.logprob AS hidden_logprob, tc.logprob AS control_logprob
FROM h FULL JOIN c USING (stimulus_id, repeat)
SEMI JOIN wanted USING (stimulus_id)
LEFT JOIN (FROM answers WHERE run_id = $unmasked) AS u USING (stimulus_id, repeat)
LEFT JOIN (FROM truths WHERE scheme = $scheme) AS t USING (stimulus_id)
LEFT JOIN told AS tu ON tu.generation_id = u.generation_id AND tu.label = u.emotion
LEFT JOIN told AS th ON th.generation_id = h.generation_id AND th.label = u.emotion
LEFT JOIN told AS tc ON tc.generation_id = c.generation_id AND tc.label = u.emotion
WHERE repeat < $repeats
ORDER BY stimulus_id, repeat
"""


def trios(
    store: Store,
    unmasked: int,
    hidden: int,
    control: int,
    *,
    scheme: str,
    stimuli: Sequence[str],
    repeats: int,
) -> pa.Table:
    """One row for each of ``stimuli`` and ``repeats`` that the run ``hidden`` or ``control`` was asked about.

    Columns: ``stimulus_id``, ``repeat``, ``truth`` in ``scheme``; of each run (``unmasked_…``, ``hidden_…``,
    ``control_…``) ``status`` (NULL where it was not asked), ``emotion`` and ``logprob``, which is that of the emotion
    that the unmasked answer names (NULL where the model did not tell); ``hidden_notes`` and ``control_notes``.
    """
    parameters = {
        "unmasked": unmasked,
        "hidden": hidden,
        "control": control,
        "scheme": scheme,
        "stimuli": list(stimuli),
        "repeats": repeats,
    }
    with store.read() as connection:
        return connection.sql(_TRIOS, params=parameters).to_arrow_table()
