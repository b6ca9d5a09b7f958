"""The pictures that runs are about, who says what is true of them, and what audits found in them masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from elena_wb.store.database import Store


@dataclass(frozen=True, slots=True)
class DataSet:
    """The pictures of one data set and split in one run; ``stimuli`` counts persons where these are labelled apart."""

    run_id: int
    condition: str
    dataset: str | None
    split: str | None
    pictures: int
    stimuli: int


@dataclass(frozen=True, slots=True)
class LabelSource:
    """Who labelled pictures of these runs, in which scheme, and how many of the labels can be read in the answers'."""

    source: str
    scheme: str
    answers_in: str
    mapped_by: str | None
    stimuli: int
    labels: int
    mapped: int


@dataclass(frozen=True, slots=True)
class AuditedMask:
    """What one detector found in the pictures of one run as they were masked."""

    run_id: int
    condition: str
    detector: str
    pictures: int
    with_face: int


def data_sets_sql(run_ids: Sequence[int]) -> str:
    """A row for each run, data set and split."""
    return f"""FROM (
SELECT r.run_id AS run, r.condition, coalesce(s.dataset, r.dataset, '') AS "data set",
       coalesce(s.split, '') AS split, count(DISTINCT coalesce(s.picture_id, g.stimulus_id)) AS pictures,
       count(DISTINCT g.stimulus_id) AS stimuli
FROM runs AS r JOIN generations AS g USING (run_id) LEFT JOIN stimuli AS s USING (stimulus_id)
WHERE run_id IN ({_listed(run_ids)})
GROUP BY ALL
) ORDER BY list_position([{_listed(run_ids)}], run), "data set", split"""


def label_sources_sql(run_ids: Sequence[int]) -> str:
    """A row for each source and scheme of labels, and scheme of answers."""
    return f"""WITH asked AS (
    SELECT DISTINCT stimulus_id, coalesce(options->>'scheme', 'ekman7') AS answers_in
    FROM generations JOIN runs USING (run_id) WHERE run_id IN ({_listed(run_ids)})
),
mappings AS (
    SELECT scheme, label, to_scheme, string_agg(DISTINCT source, ', ' ORDER BY source) AS mapped_by
    FROM label_mappings GROUP BY ALL
),
said AS (
    SELECT l.source, l.scheme, a.answers_in, l.stimulus_id,
           CASE WHEN l.scheme = a.answers_in THEN 'identity' ELSE m.mapped_by END AS mapped_by
    FROM asked AS a JOIN labels AS l USING (stimulus_id)
    LEFT JOIN mappings AS m ON m.scheme = l.scheme AND m.label = l.label AND m.to_scheme = a.answers_in
    WHERE l.label IS NOT NULL
)
SELECT source, scheme AS "labels of", answers_in AS "answers in",
       coalesce(string_agg(DISTINCT mapped_by, ', ' ORDER BY mapped_by), '') AS "mapped by",
       count(DISTINCT stimulus_id) AS stimuli, count(*) AS labels, count(mapped_by) AS mapped,
       count(mapped_by) / count(*) AS coverage
FROM said GROUP BY source, scheme, answers_in ORDER BY source, scheme, answers_in"""


def audited_masks_sql(run_ids: Sequence[int]) -> str:
    """A row for each run and detector that looked at its masked pictures."""
    return f"""FROM (
SELECT r.run_id AS run, r.condition, a.detector, count(DISTINCT a.stimulus_id) AS pictures,
       count(DISTINCT a.stimulus_id) FILTER (a.residual_faces > 0) AS "with a face left"
FROM runs AS r
JOIN mask_audits AS a ON a.masking = r.options->>'masking'
WHERE r.run_id IN ({_listed(run_ids)}) AND r.condition <> 'none'
  AND a.stimulus_id IN (SELECT stimulus_id FROM generations AS g WHERE g.run_id = r.run_id)
GROUP BY ALL
) ORDER BY list_position([{_listed(run_ids)}], run), detector"""


def data_sets(store: Store, run_ids: Sequence[int]) -> tuple[DataSet, ...]:
    """The data sets of each run."""
    return tuple(
        DataSet(run, condition, name or None, split or None, pictures, stimuli)
        for run, condition, name, split, pictures, stimuli in _rows(store, data_sets_sql(run_ids))
    )


def label_sources(store: Store, run_ids: Sequence[int]) -> tuple[LabelSource, ...]:
    """Who says what is true of the pictures of these runs."""
    return tuple(
        LabelSource(source, scheme, answers_in, by or None, stimuli, labels, mapped)
        for source, scheme, answers_in, by, stimuli, labels, mapped, _ in _rows(
            store, label_sources_sql(run_ids)
        )
    )


def audited_masks(store: Store, run_ids: Sequence[int]) -> tuple[AuditedMask, ...]:
    """The audits of the masked pictures of these runs."""
    return tuple(AuditedMask(*row) for row in _rows(store, audited_masks_sql(run_ids)))


def _rows(store: Store, sql: str) -> list[tuple]:  # type: ignore[type-arg]
    with store.read() as connection:
        return connection.execute(sql).fetchall()


def _listed(run_ids: Sequence[int]) -> str:
    return ", ".join(str(int(run_id)) for run_id in run_ids)
