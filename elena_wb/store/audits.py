"""Audits of masks: what has been looked at, and in which pictures a face is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from elena_wb.core import Stimulus
from elena_wb.store import tables
from elena_wb.store.database import Store
from elena_wb.store.drain import put_audits
from elena_wb.store.records import AuditRecord
from elena_wb.store.schema import first_row


@dataclass(frozen=True, slots=True)
class ResidualFace:
    """A picture in which faces are left; ``worst_score`` is ``None`` where ground truth alone says so."""

    path: str
    residual_faces: int
    worst_score: float | None


@dataclass(frozen=True, slots=True)
class AuditSummary:
    """What the audit of one run came to; ``worst`` are the pictures with most faces left."""

    detector: str
    audited: int
    with_residual: int
    residual_faces: int
    worst: tuple[ResidualFace, ...]


def audited(store: Store, masking: str, detector: str) -> Mapping[str, int]:
    """``stimulus_id`` → faces left, of every stimulus that ``detector`` has looked at under ``masking``."""
    if not store.exists():
        return {}
    with store.read() as connection:
        rows = connection.execute(
            "SELECT stimulus_id, residual_faces FROM mask_audits WHERE masking = ? AND detector = ?",
            [masking, detector],
        ).fetchall()
    return dict(rows)


def add_audits(store: Store, stimuli: Sequence[Stimulus], audits: Sequence[AuditRecord]) -> None:
    """Store audits made outside a run, with the stimuli they are of."""
    with store.write() as connection:
        tables.put_stimuli(connection, stimuli)
        put_audits(connection, audits)


def summarise_audit(store: Store, run_id: int, detector: str, *, worst: int = 10) -> AuditSummary:
    """What ``detector`` found in the masked pictures that a run asked about."""
    of_run = """
        FROM mask_audits AS a
        JOIN runs AS r ON r.run_id = $1 AND a.masking = r.options->>'masking'
        WHERE a.detector = $2
          AND a.stimulus_id IN (SELECT stimulus_id FROM generations WHERE run_id = $1)"""
    with store.read() as connection:
        counts = first_row(
            connection,
            f"""SELECT count(*), count(*) FILTER (residual_faces > 0), coalesce(sum(residual_faces), 0) {of_run}""",
            [run_id, detector],
        )
        rows = connection.execute(
            f"""SELECT s.path, residual_faces, worst_score
                FROM (SELECT a.stimulus_id, residual_faces, worst_score {of_run} AND residual_faces > 0)
                JOIN stimuli AS s USING (stimulus_id)
                ORDER BY residual_faces DESC, worst_score DESC NULLS LAST, s.path LIMIT $3""",
            [run_id, detector, worst],
        ).fetchall()
    assert counts is not None
    pictures, with_residual, faces = counts
    return AuditSummary(detector, pictures, with_residual, faces, tuple(ResidualFace(*row) for row in rows))
