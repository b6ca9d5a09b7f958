"""Asking again for what a stored run asked for."""

from __future__ import annotations

from collections.abc import Mapping

from elena_wb.core import Sampling, Upload, UsageError
from elena_wb.data.policy import NO_SETTINGS
from elena_wb.engine.imports.importing import IMPORTED
from elena_wb.engine.plan import Resumed
from elena_wb.engine.pointing import DEFAULT
from elena_wb.engine.study import Request
from elena_wb.store import Store, resolve_run, show_run


def request_of(
    store: Store,
    run: str,
    *,
    retry_failed: bool,
    allow_upload: bool = False,
    uploads: Mapping[str, Upload] = NO_SETTINGS,
) -> Request:
    """The request that started ``run`` (its number, or the newest of its name).

    That pictures which are to stay might leave the machine is not taken from the run: it was said of the pictures of
    that time. ``uploads`` are the user's settings.

    Raises:
        UsageError: there is no such run, or its answers were imported.
    """
    record = show_run(store, resolve_run(store, run))
    options = record["options"]
    if options.get("provenance") == IMPORTED:
        raise UsageError(
            f"Run {record['run_id']} was imported from {options['file']}: there is nothing to go on with.",
            hint="Ask a model of your own about the pictures: `elena-wb run FOLDER -m MODEL`.",
        )
    return Request(
        sources=options["sources"],
        model_uri=record["model_uri"],
        prompts=[record["prompt_name"]],
        conditions=[record["condition"]],
        prompt_variant=options["prompt_variant"],
        dataset=options["dataset"],
        limit=options["limit"],
        repeats=options["repeats"],
        sampling=Sampling(**options["sampling"]),
        seed=record["seed"],
        max_tokens=options["max_tokens"],
        name=record["name"],
        resumes=Resumed(record["run_key"], record["spec_digest"]),
        retry_failed=retry_failed,
        person=options.get("person") or DEFAULT,
        audit=options.get("audit", False),
        allow_upload=allow_upload,
        uploads=uploads,
        present_only=options.get("present_only", False),
    )
