"""What there is to score: runs by number or name, who says what is true, and what has no truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from elena_wb.core import UNMASKED, UsageError
from elena_wb.nearest import nearest
from elena_wb.store.answers import Selection, hides_face, scored_in
from elena_wb.store.database import DuckDBConnection, Store
from elena_wb.store.runs import resolve_run


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far the labels of another scheme can be read in the one that is scored in.

    ``mapped_by`` says whose mapping it is, and is empty where there is none. ``labels`` counts labels as
    stated of the pictures of the run, ``kinds`` the different ones among them.
    """

    scheme: str
    mapped_by: str
    labels: int
    labels_mapped: int
    kinds: int
    kinds_mapped: int


@dataclass(frozen=True, slots=True)
class MaskAudit:
    """How many answers of a masked run are about pictures that show what should be hidden.

    ``audited`` counts those whose picture was audited, ``with_face`` those of them with a face left,
    ``unhidden`` those in whose picture nothing of a part was hidden. ``hides_face`` is whether an audit
    says anything of this condition.
    """

    audited: int
    with_face: int
    unhidden: int
    hides_face: bool


@dataclass(frozen=True, slots=True)
class Scorable:
    """A run and what is known of the truth of its stimuli.

    ``unlabelled`` counts stimuli of which nobody names an emotion, ``unmapped`` those whose labels are all
    without counterpart in ``scheme``, ``answers_unmapped`` answers of which that holds. ``has_feelings`` is
    whether any answer states valence, arousal or dominance, ``has_label_scores`` whether the model told how
    probable each label was. ``several_sources`` counts stimuli of which more than one of ``sources`` says what is
    true, and all of them count.
    """

    run_id: int
    run: str
    model: str
    prompt: str
    condition: str
    answered_in: str
    scheme: str
    stimuli: int
    answers: int
    errors: int
    unlabelled: int
    unmapped: int
    answers_unmapped: int
    has_feelings: bool
    has_label_scores: bool
    coverage: tuple[Coverage, ...]
    audit: MaskAudit | None
    sources: tuple[str, ...]
    several_sources: int


_RUN = """
SELECT coalesce(r.name, 'run ' || r.run_id), r.model_uri, r.prompt_name,
       count(DISTINCT g.stimulus_id) FILTER (g.status <> 'error'), count(*) FILTER (g.status <> 'error'),
       count(*) FILTER (g.status = 'error'),
       count(*) FILTER (g.status = 'ok' AND $answered_in <> $scheme AND g.emotion IS NOT NULL
                        AND g.emotion NOT IN (SELECT label FROM label_mappings
                                              WHERE scheme = $answered_in AND to_scheme = $scheme)),
       count(g.valence) + count(g.arousal) + count(g.dominance) > 0,
       EXISTS (FROM label_scores WHERE generation_id IN (
           SELECT generation_id FROM generations WHERE run_id = $run))
FROM runs AS r LEFT JOIN generations AS g USING (run_id) WHERE run_id = $run GROUP BY ALL
"""
_ASKED = "SELECT DISTINCT stimulus_id FROM generations WHERE run_id = $run AND status <> 'error'"
_CHOSEN = "label IS NOT NULL AND ($source IS NULL OR source = $source)"
_WITHOUT = f"""
WITH asked AS ({_ASKED}),
stated AS (SELECT DISTINCT stimulus_id, true AS has FROM labels WHERE {_CHOSEN}),
reached AS (SELECT DISTINCT stimulus_id, true AS has FROM labels_by_scheme
            WHERE {_CHOSEN} AND scheme = $scheme)
SELECT count(*) FILTER (s.has IS NULL), count(*) FILTER (s.has AND r.has IS NULL)
FROM asked LEFT JOIN stated AS s USING (stimulus_id) LEFT JOIN reached AS r USING (stimulus_id)
"""
_SOURCES = f"""
WITH said AS (
    SELECT stimulus_id, source, 'label' AS what FROM labels_by_scheme WHERE scheme = $scheme
    UNION ALL
    SELECT stimulus_id, source, 'feelings' FROM labels
    WHERE isfinite(valence) OR isfinite(arousal) OR isfinite(dominance)
),
several AS (
    SELECT stimulus_id, list(DISTINCT source) AS sources FROM said
    WHERE $source IS NULL AND source NOT IN ('face', 'body') AND stimulus_id IN ({_ASKED})
    GROUP BY stimulus_id, what HAVING count(DISTINCT source) > 1
)
SELECT coalesce(list_sort(list_distinct(flatten(list(sources)))), []), count(DISTINCT stimulus_id) FROM several
"""
_COVERAGE = f"""
WITH asked AS ({_ASKED}),
mapped AS (
    SELECT scheme, label, string_agg(DISTINCT source, ', ' ORDER BY source) AS mapped_by
    FROM label_mappings WHERE to_scheme = $scheme GROUP BY ALL
)
SELECT scheme, coalesce(string_agg(DISTINCT mapped_by, ', ' ORDER BY mapped_by), ''), count(*),
       count(mapped_by), count(DISTINCT label), count(DISTINCT label) FILTER (mapped_by IS NOT NULL)
FROM (SELECT * FROM labels SEMI JOIN asked USING (stimulus_id) WHERE scheme <> $scheme AND {_CHOSEN})
LEFT JOIN mapped USING (scheme, label) GROUP BY scheme ORDER BY scheme
"""
_AUDIT = """
WITH audits AS (
    SELECT stimulus_id, max(residual_faces) AS residual_faces FROM mask_audits
    WHERE masking = (SELECT options->>'masking' FROM runs WHERE run_id = $run) GROUP BY stimulus_id
)
SELECT count(residual_faces), count(*) FILTER (residual_faces > 0),
       count(*) FILTER (len(list_filter(coalesce(notes, []), lambda note: contains(note, $nothing_hidden))) > 0)
FROM generations LEFT JOIN audits USING (stimulus_id) WHERE run_id = $run AND status <> 'error'
"""


def describe_run(store: Store, run_id: int, selection: Selection) -> Scorable:
    """What is known of a run before it is scored; the whole run, also with ``selection.audited_only``.

    Raises:
        UsageError: the answers cannot be read in the scheme that is asked for, or the label source says
            nothing about this run.
    """
    with store.read() as connection:
        answered_in, scheme, condition = scored_in(connection, run_id, selection)
        if selection.source is not None:
            _check_source(connection, run_id, selection.source)
        chosen = {"run": run_id, "scheme": scheme, "source": selection.source}

        def one(sql: str, parameters: dict[str, object]) -> tuple[Any, ...]:
            return connection.execute(sql, parameters).fetchall()[0]

        name, model, prompt, stimuli, answers, errors, answers_unmapped, *has = one(
            _RUN, {"run": run_id, "answered_in": answered_in, "scheme": scheme}
        )
        unlabelled, unmapped = one(_WITHOUT, chosen)
        sources, several_sources = one(_SOURCES, chosen)
        coverage = connection.execute(_COVERAGE, chosen).fetchall()
        audited, with_face, unhidden = one(
            _AUDIT, {"run": run_id, "nothing_hidden": selection.nothing_hidden}
        )
    return Scorable(
        run_id=run_id,
        run=name,
        model=model,
        prompt=prompt,
        condition=condition,
        answered_in=answered_in,
        scheme=scheme,
        stimuli=stimuli,
        answers=answers,
        errors=errors,
        unlabelled=unlabelled,
        unmapped=unmapped,
        answers_unmapped=answers_unmapped,
        has_feelings=bool(has[0]),
        has_label_scores=bool(has[1]),
        coverage=tuple(Coverage(*row) for row in coverage),
        audit=None
        if condition == str(UNMASKED)
        else MaskAudit(audited, with_face, unhidden, hides_face(condition)),
        sources=tuple(sources),
        several_sources=several_sources,
    )


def resolve_runs(store: Store, texts: Sequence[str]) -> tuple[int, ...]:
    """The runs that a user means by numbers and names, each once; a name stands for every run that bears it.

    Raises:
        UsageError: there is no such run; names the nearest.
    """
    found: dict[int, None] = {}
    with store.read() as connection:
        for text in texts:
            run_id = resolve_run(store, text)
            same_name: list[tuple[int]] = []
            if text.strip() != str(run_id):
                same_name = connection.execute(
                    "SELECT run_id FROM runs WHERE name = ? ORDER BY run_id", [text]
                ).fetchall()
            found |= dict.fromkeys([of for (of,) in same_name] or [run_id])
    return tuple(found)


def _check_source(connection: DuckDBConnection, run_id: int, source: str) -> None:
    rows = connection.execute(
        f"SELECT DISTINCT source FROM labels WHERE stimulus_id IN ({_ASKED})", {"run": run_id}
    ).fetchall()
    known = {of for (of,) in rows}
    if source not in known:
        raise UsageError(
            f"Nobody called `{source}` labels the pictures of run {run_id}.", hint=nearest(source, known)
        )
