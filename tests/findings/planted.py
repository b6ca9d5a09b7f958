"""Runs whose every answer is known, in a real store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from elena_wb.core import Label, Region
from elena_wb.store import Outbox, Store, begin_run
from tests.store.conftest import generation, spec, stimulus


def put(
    store: Store,
    key: str,
    answers: Mapping[int, Any],
    labels: Mapping[int, Sequence[Label]] | None = None,
    regions: Mapping[int, Sequence[Region]] | None = None,
    **changes: Any,
) -> int:
    """A run with an answer for each picture by number; the number of the run.

    An answer is an emotion, a ``!status`` such as ``!refused``, a dict of fields of a
    :class:`elena_wb.store.GenerationRecord`, or a list of these: one for each repeat. ``labels`` of a picture are what
    is true of it (fear, where nothing is said), ``regions`` the parts that came with the data, ``changes`` fields
    of the :class:`elena_wb.store.RunSpec`.
    """
    pictures = [
        replace(
            stimulus(n, *(labels or {}).get(n, (Label("intended", "ekman7", "fear"),))),
            regions=tuple((regions or {}).get(n, ())),
        )
        for n in answers
    ]
    run_id = begin_run(store, spec(key, **changes), pictures)
    with Outbox(store) as outbox:
        for number, given in answers.items():
            for repeat, one in enumerate(given if isinstance(given, list) else [given]):
                fields = one if isinstance(one, dict) else {"emotion": one}
                status = "ok"
                if isinstance(one, str) and one.startswith("!"):
                    fields, status = {"error": "x" if one == "!error" else None}, one[1:]
                outbox.append(generation(key, number, status, repeat=repeat, **fields))
    return run_id
