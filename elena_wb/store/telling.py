"""Pairs of answers worth looking at: those that a condition turns right or wrong, and the largest shifts of feeling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from elena_wb.store.database import Store

Kind = Literal["right to wrong", "wrong to right", "another emotion", "feelings shift"]
KINDS: tuple[Kind, ...] = ("right to wrong", "wrong to right", "another emotion", "feelings shift")

_TELLING = """
WITH a AS (SELECT * FROM generations WHERE run_id = $first AND status = 'ok'),
b AS (SELECT * FROM generations WHERE run_id = $second AND status = 'ok'),
looked AS (SELECT DISTINCT generation_id FROM extractions WHERE maps IS NOT NULL),
paired AS (
    SELECT stimulus_id, repeat, a.generation_id AS first_id, b.generation_id AS second_id,
           a.emotion AS first, b.emotion AS second, t.label AS truth,
           coalesce(abs(a.valence - b.valence), 0) + coalesce(abs(a.arousal - b.arousal), 0)
               + coalesce(abs(a.dominance - b.dominance), 0) AS shift,
           CASE WHEN a.emotion IS NOT DISTINCT FROM b.emotion THEN 'feelings shift'
                WHEN a.emotion = t.label THEN 'right to wrong'
                WHEN b.emotion = t.label THEN 'wrong to right'
                ELSE 'another emotion' END AS kind
    FROM a JOIN b USING (stimulus_id, repeat)
    LEFT JOIN (FROM truths WHERE scheme = $scheme) AS t USING (stimulus_id)
),
best AS (
    SELECT p.*, (l.generation_id IS NOT NULL AND m.generation_id IS NOT NULL) AS seen
    FROM paired AS p
    LEFT JOIN looked AS l ON l.generation_id = p.first_id
    LEFT JOIN looked AS m ON m.generation_id = p.second_id
    WHERE kind <> 'feelings shift' OR shift > 0
    QUALIFY row_number() OVER (PARTITION BY kind, stimulus_id ORDER BY shift DESC, repeat) = 1
)
SELECT kind, stimulus_id, repeat, first_id, second_id, first, second, truth, shift,
       coalesce(parse_filename(s.path), stimulus_id[:12]) AS picture, s.person_index
FROM best LEFT JOIN stimuli AS s USING (stimulus_id)
QUALIFY row_number() OVER (
    PARTITION BY kind ORDER BY seen DESC, shift DESC, picture, s.person_index, stimulus_id
) <= $most
ORDER BY kind, seen DESC, shift DESC, picture, s.person_index, stimulus_id
"""


@dataclass(frozen=True, slots=True)
class TellingPair:
    """Two answers to one question; ``shift`` is the sum of the differences of valence, arousal and dominance."""

    kind: Kind
    stimulus_id: str
    repeat: int
    first_id: str
    second_id: str
    first: str | None
    second: str | None
    truth: str | None
    shift: float
    picture: str
    person_index: int | None


def telling_pairs(
    store: Store, first: int, second: int, scheme: str, *, most: int
) -> Mapping[Kind, tuple[TellingPair, ...]]:
    """At most ``most`` pairs of each kind, those whose attention was looked at first, then by their shift."""
    with store.read() as connection:
        rows = connection.execute(
            _TELLING, {"first": first, "second": second, "scheme": scheme, "most": most}
        ).fetchall()
    found = [TellingPair(*row) for row in rows]
    return {kind: tuple(one for one in found if one.kind == kind) for kind in KINDS}
