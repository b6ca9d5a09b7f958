"""Which questions two runs have in common, and which they answered the same word for word."""

from __future__ import annotations

from dataclasses import dataclass

from elena_wb.store.database import Store
from elena_wb.store.schema import first_row


@dataclass(frozen=True, slots=True)
class Shared:
    """Counts of two runs' answers, by stimulus and repeat.

    ``asked`` are in both, ``same_question`` of these were sent the same to the last pixel and word, ``known_question``
    are those of which that can be told. ``answered`` have an answer in both, ``same_words`` the same one word for
    word, ``same_emotion`` the same emotion. ``only_first`` and ``only_second`` are in one of the two.
    """

    first: int
    second: int
    asked: int
    known_question: int
    same_question: int
    answered: int
    same_words: int
    same_emotion: int
    only_first: int
    only_second: int


def shared_questions(store: Store, first: int, second: int) -> Shared:
    """What the runs numbered ``first`` and ``second`` have in common.

    Raises:
        SetupError: the store cannot be read.
    """
    with store.read() as connection:
        row = first_row(
            connection,
            """SELECT count(a.generation_id), count(b.generation_id), count(*) FILTER (both_there),
                      count(*) FILTER (both_there AND a.content_digest IS NOT NULL AND b.content_digest IS NOT NULL),
                      count(*) FILTER (both_there AND a.content_digest = b.content_digest),
                      count(*) FILTER (answered),
                      count(*) FILTER (answered AND a.raw_text = b.raw_text),
                      count(*) FILTER (answered AND a.status = 'ok' AND b.status = 'ok'
                                       AND a.emotion IS NOT DISTINCT FROM b.emotion),
                      count(*) FILTER (b.generation_id IS NULL), count(*) FILTER (a.generation_id IS NULL)
               FROM (SELECT *, a.generation_id IS NOT NULL AND b.generation_id IS NOT NULL AS both_there,
                            both_there AND a.status <> 'error' AND b.status <> 'error' AS answered
                     FROM (SELECT g AS a FROM generations AS g WHERE run_id = $1)
                     FULL JOIN (SELECT g AS b FROM generations AS g WHERE run_id = $2)
                     ON a.stimulus_id = b.stimulus_id AND a.repeat = b.repeat)""",
            [first, second],
        )
    assert row is not None
    return Shared(*map(int, row))
