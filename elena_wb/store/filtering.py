"""Which answers are meant, as a reader filters them, and what that is in SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

Correctness = Literal["right", "wrong"]
Flag = Literal[
    "failed", "refused", "unparsed", "abstained", "face left", "notes", "marked", "annotated", "looked at"
]
"""What can be said of an answer: its call failed; the model refused; it could not be read; it names no emotion; an
audit found a face in the masked picture; the program noted something; a reader marked it, or wrote a note; attention to
its picture was extracted."""
FLAGS: tuple[Flag, ...] = get_args(Flag)
Order = Literal["run", "picture", "emotion", "newest"]
ORDERS: tuple[Order, ...] = get_args(Order)

JOINED: Mapping[str, str] = {
    "r": """JOIN (SELECT *, coalesce(options->>'scheme', 'ekman7') AS label_scheme FROM runs) AS r
            ON r.run_id = g.run_id""",
    "s": "LEFT JOIN stimuli AS s ON s.stimulus_id = g.stimulus_id",
    "t": """LEFT JOIN truths AS t
            ON t.stimulus_id = g.stimulus_id AND t.scheme = r.label_scheme""",
    "a": """LEFT JOIN (
            SELECT stimulus_id, masking, max(residual_faces) AS residual_faces FROM mask_audits GROUP BY ALL
        ) AS a ON a.stimulus_id = g.stimulus_id AND a.masking = r.options->>'masking'""",
    "p": """LEFT JOIN (SELECT stimulus_id, row_number() OVER (ORDER BY path, stimulus_id) AS place FROM stimuli) AS p
            ON p.stimulus_id = g.stimulus_id""",
}
"""What can be joined to ``generations AS g``, by alias, in the order needed: ``t`` and ``a`` speak of ``r``."""

CORRECT = """CASE WHEN g.status = 'error' OR t.label IS NULL THEN NULL
                  ELSE g.emotion IS NOT DISTINCT FROM t.label AND g.status = 'ok' END"""
LABELS = "coalesce(t.labels, CASE WHEN t.label IS NOT NULL THEN [t.label] END)"
"""All labels that are true: those stated, or the one on which face and body agree where none is."""
_TEXTS = ("raw_text", "narrative", "explicit_description", "implicit_description", "error")
_FLAGGED: Mapping[Flag, str] = {
    "failed": "g.status = 'error'",
    "refused": "g.status = 'refused'",
    "unparsed": "g.status = 'unparsed'",
    "abstained": "g.status = 'ok' AND g.emotion IS NULL",
    "face left": """(g.run_id, g.stimulus_id) IN (
        SELECT r.run_id, a.stimulus_id FROM mask_audits AS a JOIN runs AS r ON r.options->>'masking' = a.masking
        WHERE a.residual_faces > 0)""",
    "notes": "len(g.notes) > 0",
    "marked": "g.generation_id IN (SELECT generation_id FROM marks WHERE marked)",
    "annotated": "g.generation_id IN (SELECT generation_id FROM marks WHERE note IS NOT NULL)",
    "looked at": "g.generation_id IN (SELECT generation_id FROM extractions)",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which answers are meant; every criterion that is given must be met, empty ones count for nothing.

    ``run_ids``, ``emotions`` (``""`` is none named), ``truths`` and ``conditions`` take any of theirs; ``text`` stands
    in the answer as the model gave it, in what was read from it, in the error, or in the name of the picture's file, in
    whatever case; ``flags`` must all hold; ``where`` is a condition in SQL over the columns of the view ``narratives``.
    """

    run_ids: tuple[int, ...] = ()
    emotions: tuple[str, ...] = ()
    truths: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    correct: Correctness | None = None
    text: str = ""
    flags: tuple[Flag, ...] = ()
    where: str = ""

    def as_json(self) -> dict[str, Any]:
        """What :meth:`from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: object) -> Filter:
        """The filter that was written; whatever cannot be read counts for nothing."""
        values = found if isinstance(found, dict) else {}
        read: dict[str, Any] = {}
        for field in fields(cls):
            value = values.get(field.name)
            if isinstance(field.default, tuple) and isinstance(value, list | tuple):
                kind = int if field.name == "run_ids" else str
                read[field.name] = tuple(one for one in value if type(one) is kind)
            elif isinstance(field.default, str) and isinstance(value, str):
                read[field.name] = value
        read["run_ids"] = tuple(one for one in read.get("run_ids", ()) if abs(one) < 2**31)
        read["flags"] = tuple(flag for flag in read.get("flags", ()) if flag in FLAGS)
        if values.get("correct") in get_args(Correctness):
            read["correct"] = values["correct"]
        return cls(**read)


PICTURED = (
    "g.stimulus_id IN (SELECT stimulus_id FROM stimuli WHERE regexp_matches(parse_filename(path), $text))"
)
"""Whether the picture's file is named as the text says, in a condition."""
_FEW = 200


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on ``generations AS g``: SQL, the values it names, and what of :data:`JOINED` it speaks of."""

    sql: str
    values: Mapping[str, object]
    joins: frozenset[str]


def condition_of(wanted: Filter) -> Condition:
    """Every criterion but ``where``."""
    found: list[str] = []
    values: dict[str, object] = {}
    joins: set[str] = set()
    if wanted.run_ids:
        found.append(f"g.run_id IN ({','.join(str(int(one)) for one in wanted.run_ids)})")
    if wanted.conditions:
        found.append("g.run_id IN (SELECT run_id FROM runs WHERE list_contains($conditions, condition))")
        values["conditions"] = list(wanted.conditions)
    if wanted.emotions:
        found.append("list_contains($emotions, coalesce(g.emotion, ''))")
        values["emotions"] = list(wanted.emotions)
    found += [_FLAGGED[flag] for flag in wanted.flags]
    if wanted.truths:
        found.append(f"list_has_any({LABELS}, $truths)")
        values["truths"] = list(wanted.truths)
        joins |= {"r", "t"}
    if wanted.correct is not None:
        found.append(CORRECT if wanted.correct == "right" else f"NOT ({CORRECT})")
        joins |= {"r", "t"}
    if wanted.text:
        says = " OR ".join(f"coalesce(regexp_matches(g.{name}, $text), false)" for name in _TEXTS)
        found.append(f"{says} OR {PICTURED}")
        values["text"] = "(?is)" + re.sub(
            r"[^0-9A-Za-z\x80-\U0010ffff]", lambda at: f"\\x{{{ord(at[0]):x}}}", wanted.text
        )
    return Condition(" AND ".join(f"({one})" for one in found) or "true", values, frozenset(joins))


def with_pictures(condition: Condition, stimuli: Sequence[str]) -> Condition:
    """``condition`` where :data:`PICTURED` is true of these stimuli: a short list is compared faster than joined."""
    if len(stimuli) > _FEW:
        return condition
    named = {f"picture_{number}": stimulus for number, stimulus in enumerate(stimuli)}
    short = f"g.stimulus_id IN ({', '.join(f'${name}' for name in named)})" if named else "false"
    return Condition(condition.sql.replace(PICTURED, short), {**condition.values, **named}, condition.joins)


def joined(names: frozenset[str]) -> str:
    """``generations AS g`` with what is named of :data:`JOINED`, and what that needs."""
    needed = names | ({"r"} if names & {"t", "a"} else set())
    return "\n".join(["generations AS g", *(sql for name, sql in JOINED.items() if name in needed)])
