"""The store of runs, answers and regions: one DuckDB file, and the outboxes that feed it.

The only room that imports duckdb; it may import core, paths and vocabulary. Connections are short, so that several
processes share a store, and an answer is on disk before anything else happens to it.
"""

from __future__ import annotations

from elena_wb.store.audits import AuditSummary, ResidualFace, add_audits, audited, summarise_audit
from elena_wb.store.claim import working_on
from elena_wb.store.database import Store, StoreBusyError
from elena_wb.store.outbox import Outbox, drain_orphans
from elena_wb.store.records import (
    AuditRecord,
    GenerationRecord,
    GenerationStatus,
    Record,
    RegionsRecord,
    RunSpec,
    RunStatus,
    SizeRecord,
)
from elena_wb.store.runs import (
    KnownFile,
    RunSummary,
    add_regions,
    answered,
    begin_run,
    delete_run,
    find_run,
    finish_run,
    known_regions,
    known_stimuli,
    known_uploads,
    latest_run,
    list_runs,
    refresh_stimuli,
    rename_run,
    resolve_run,
    settle_run,
    show_run,
)
from elena_wb.store.tables import storable

__all__ = [
    "AuditRecord",
    "AuditSummary",
    "GenerationRecord",
    "GenerationStatus",
    "KnownFile",
    "Outbox",
    "Record",
    "RegionsRecord",
    "ResidualFace",
    "RunSpec",
    "RunStatus",
    "RunSummary",
    "SizeRecord",
    "Store",
    "StoreBusyError",
    "add_audits",
    "add_regions",
    "answered",
    "audited",
    "begin_run",
    "delete_run",
    "drain_orphans",
    "find_run",
    "finish_run",
    "known_regions",
    "known_stimuli",
    "known_uploads",
    "latest_run",
    "list_runs",
    "refresh_stimuli",
    "rename_run",
    "resolve_run",
    "settle_run",
    "show_run",
    "storable",
    "summarise_audit",
    "working_on",
]
