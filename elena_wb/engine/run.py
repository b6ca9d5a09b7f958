"""Carrying out planned runs: prefetch → batch → generate → outbox → store.

A process killed at any moment loses nothing that a model has answered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import numpy as np

from elena_wb.core import KnocksOut, Metered, Model, Request, UsageError, Waits
from elena_wb.data import pixel_digest
from elena_wb.engine.budget import Budget
from elena_wb.engine.events import Listener, Notice, RunFinished, RunStarted
from elena_wb.engine.gate import Gate
from elena_wb.engine.pace import Patience
from elena_wb.engine.plan import RunPlan, as_opened, still_missing
from elena_wb.engine.sitting import Sitting
from elena_wb.remote.ledger import Ledger
from elena_wb.store import (
    Outbox,
    Store,
    begin_run,
    find_run,
    finish_run,
    refresh_stimuli,
    settle_run,
    show_run,
    working_on,
)


def execute(
    plans: Sequence[RunPlan],
    open_model: Callable[[], Model],
    store: Store,
    *,
    listener: Listener,
    stop: threading.Event,
    batch_size: int | None = None,
    max_cost_usd: float | None = None,
    patience: Patience | None = None,
    remote: bool = False,
    keep_open: bool = False,
    budget: Budget | None = None,
) -> list[RunFinished]:
    """Carry out the plans one after the other with one model, opened only if something is missing.

    ``stop`` ends the work once what is in flight has been stored. ``remote`` says that the model is asked over the
    network: with ``max_cost_usd`` it must then know what a call costs at most. The model is closed in the end, unless
    the caller, who has it from ``open_model``, says ``keep_open`` and closes it. A ``budget`` of the caller's stands
    for ``max_cost_usd``: what is spent is counted in it.

    Raises:
        ModelError: the model cannot be opened. (One that fails later ends its run as ``failed``.)
        UsageError: there is a limit of cost, and nobody knows what the model costs; or a plan forbids attention, to a
            model whose attention nobody can reach. Nothing is asked then.
    """
    finished: list[RunFinished] = []
    model: Model | None = None
    gate: Gate | None = None
    patience = patience or Patience()
    budget = budget or Budget(max_cost_usd)
    try:
        with ExitStack() as held, Outbox(store) as outbox:
            for planned in plans:
                held.enter_context(working_on(store, planned.spec.run_key))
                plan = still_missing(store, planned)
                if plan.items and model is None:
                    model = open_model()
                    _demand_knock_out(model, plans)
                    if remote and budget.limited:
                        _demand_price(model, plan)
                    if isinstance(model, Waits):
                        model.stop_on(stop)
                    ledger = Ledger(notice=lambda message: listener(Notice(message)))
                    held.callback(ledger.close)
                    gate = Gate(model, budget, patience, ledger, eager=not remote)
                if model is not None and plan.items:
                    _tell_of_changes(store, plan, model, listener)
                run_id = _begin(store, plan, model)
                sitting = Sitting(plan, run_id, outbox, listener, stop, patience)
                listener(
                    RunStarted(
                        run_id,
                        plan.spec.name,
                        plan.spec.prompt_name,
                        plan.spec.condition,
                        len(plan.items),
                        plan.answered,
                        plan.failed,
                    )
                )
                if plan.items:
                    assert model is not None
                    assert gate is not None
                    sitting.work(model, gate, batch_size)
                sitting.audit()
                outbox.drain(patient=True)
                result = sitting.result()
                if plan.items:
                    finish_run(store, run_id, result.status)
                listener(result)
                finished.append(result)
                if sitting.model_gave_up or (result.status == "interrupted" and stop.is_set()):
                    break
    finally:
        if model is not None and not keep_open:
            model.close()
    return finished


def _begin(store: Store, plan: RunPlan, model: Model | None) -> int:
    """The number of the run, which is put into the store only if there is something to ask."""
    known = None if plan.items else find_run(store, plan.spec.run_key)
    if known is not None:
        refresh_stimuli(store, plan.stimuli)
        settle_run(store, known)
        return known
    spec = plan.spec if model is None else as_opened(plan.spec, plan.setting.card, model.card)
    return begin_run(store, spec, plan.stimuli, planned=plan.planned)


def _tell_of_changes(store: Store, plan: RunPlan, model: Model, listener: Listener) -> None:
    """Say what is noted about the model that was not when its run began, such as how a server is asked by now."""
    run_id = find_run(store, plan.spec.run_key)
    if run_id is None:
        return
    then = show_run(store, run_id)["model_card"].get("notes", [])
    now = as_opened(plan.spec, plan.setting.card, model.card).model_card["notes"]
    if new := [note for note in now if note not in then]:
        before = " ".join(note for note in then if note not in now)
        earlier = f" When it began: {before}" if before else ""
        listener(Notice(f"Run {run_id} goes on under other conditions: {' '.join(new)}{earlier}"))


def _demand_knock_out(model: Model, plans: Sequence[RunPlan]) -> None:
    """Refuse to ask a model without knock-out under a condition that is nothing else, which would show no effect."""
    wanting = [plan for plan in plans if plan.items and plan.setting.masking.knocks_out]
    if not wanting:
        return
    if isinstance(model, KnocksOut):
        model.require_knock_out()
        return
    condition = wanting[0].setting.condition
    raise UsageError(
        f"`{condition}` keeps a model from attending to a part, which cannot be done to {wanting[0].setting.card.uri}: "
        "nobody but its own server or library reaches its attention.",
        hint="Ask a model that runs here from its Hugging Face weights (`hf:…`, `tiny:`), or hide the pixels instead: "
        f"`--mask {'+'.join(condition.parts)}` and `--mask {'+'.join(condition.parts)}:control`.",
    )


def _demand_price(model: Model, plan: RunPlan) -> None:
    """Refuse to spend money that cannot be counted."""
    setting = plan.setting
    blank = np.zeros((64, 64, 3), dtype=np.uint8)
    request = Request(
        image=blank,
        image_digest=pixel_digest(blank),
        system=setting.prompt.system,
        user=setting.prompt.user,
        schema=setting.prompt.schema,
        sampling=setting.sampling,
        seed=setting.seed,
        max_tokens=setting.max_tokens,
    )
    if isinstance(model, Metered) and model.at_most(request).cost_usd is not None:
        return
    raise UsageError(
        f"What {setting.card.uri} costs is not known, so --max-cost cannot be kept.",
        hint="Enter its price in prices.toml in the folder of the configuration file, or leave --max-cost out.",
    )
