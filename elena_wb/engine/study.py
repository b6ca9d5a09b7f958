"""A study: pictures × prompts × conditions for one model, planned and ready to be carried out.

The command line, the demo and programs start here; what differs between them is who listens.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elena_wb.core import (
    Collection,
    Condition,
    Model,
    ModelCard,
    Problem,
    Sampling,
    Stimulus,
    Upload,
)
from elena_wb.engine.budget import Budget
from elena_wb.engine.estimating import Estimate, estimate
from elena_wb.engine.events import Listener, RunFinished
from elena_wb.engine.gathering import gather, lasting, ready
from elena_wb.engine.models import ModelAddress
from elena_wb.engine.pace import Patience
from elena_wb.engine.plan import Resumed, RunPlan, Setting, Wish, plan_run
from elena_wb.engine.pointing import DEFAULT, Pointing
from elena_wb.engine.prefetch import Auditor
from elena_wb.engine.run import execute
from elena_wb.engine.uploads import Uploads
from elena_wb.masking import Masking, audits, choose_auditor
from elena_wb.plugins import PluginHost
from elena_wb.prompts import choose
from elena_wb.store import Store, drain_orphans, storable


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks for. ``model_uri`` is a URI, not an alias; ``conditions`` are specs as typed.

    ``person`` is how labelled persons are pointed out. ``uploads`` are the user's settings of where the pictures of
    folders may go, and ``allow_upload`` is the user's word that those which are to stay may leave after all.
    With ``present_only`` a condition is asked about only where its part may be (:meth:`Masking.may_find`).
    """

    sources: Sequence[str | Path]
    model_uri: str
    prompts: Sequence[str] = ("elena",)
    conditions: Sequence[str] = ("none",)
    prompt_variant: str | None = None
    dataset: str | None = None
    limit: int | None = None
    repeats: int = 1
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0
    max_tokens: int | None = None
    name: str | None = None
    fresh: bool = False
    resumes: Resumed | None = None
    retry_failed: bool = False
    person: Pointing = DEFAULT
    audit: bool = False
    allow_upload: bool = False
    uploads: Mapping[str, Upload] = field(default_factory=dict)
    present_only: bool = False


@dataclass(frozen=True, slots=True)
class Study:
    """A planned study: what will be asked, and what had to be left out and why."""

    address: ModelAddress
    card: ModelCard
    stimuli: tuple[Stimulus, ...]
    plans: tuple[RunPlan, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def to_ask(self) -> int:
        """Generations that are missing, over all runs."""
        return sum(len(plan.items) for plan in self.plans)

    @property
    def to_audit(self) -> int:
        """Pictures answered about earlier whose audit is to be made up for."""
        return sum(len(plan.to_audit) for plan in self.plans)

    def estimate(self) -> Estimate | None:
        """What is missing may use at most; ``None`` if the model's provider cannot tell."""
        return estimate(self.address, self.plans)

    def carry_out(
        self,
        store: Store,
        *,
        listener: Listener,
        stop: threading.Event | None = None,
        batch_size: int | None = None,
        max_cost_usd: float | None = None,
        open_model: Callable[[], Model] | None = None,
        keep_open: bool = False,
        patience: Patience | None = None,
        budget: Budget | None = None,
    ) -> list[RunFinished]:
        """Ask what is missing (:func:`elena_wb.engine.run.execute`).

        Where ``max_cost_usd`` is a limit, each call is held to it before it is made, with the most that it can cost.
        A ``budget`` stands for it where several studies share one.
        ``open_model`` stands in for the model at the study's address, for one that is open already; with ``keep_open``
        it is not closed in the end.
        """
        return execute(
            self.plans,
            open_model or self.address.open,
            store,
            listener=listener,
            stop=stop or threading.Event(),
            batch_size=batch_size,
            max_cost_usd=max_cost_usd,
            patience=patience,
            remote=self.address.destination is not None,
            keep_open=keep_open,
            budget=budget,
        )


def plan_study(
    request: Request,
    host: PluginHost,
    store: Store,
    collection: Collection | None = None,
    *,
    drained: bool = False,
) -> Study:
    """Collect the pictures, choose prompts, resolve conditions, and compare with the store.

    Loads no weights and writes nothing, except that answers left behind by a killed process are moved
    into the store first, so that they are not asked for again. ``collection`` is what the sources of the request hold,
    where the caller has gathered it already; with ``drained`` the caller has moved the answers, too.

    Raises:
        UsageError: a model, prompt, dataset, condition or source does not exist.
    """
    if store.exists() and not drained:
        drain_orphans(store, patient=True)
    address = ModelAddress.parse(request.model_uri, host)
    card = address.describe()
    if collection is None:
        collection = gather(request.sources, request.dataset, host, store, request.uploads)
    stimuli = collection.stimuli[: request.limit]
    conditions = list(dict.fromkeys(Condition.parse(spec) for spec in request.conditions))
    uploads = Uploads(address, allowed=request.allow_upload)
    uploads.check(stimuli, conditions)
    notes: list[str] = []
    if request.audit and not any(map(audits, conditions)):
        notes.append("There is nothing to audit: no condition hides the face.")
    plans: list[RunPlan] = []
    wish = _wish(request, overruled=uploads.overrules(stimuli))
    for prompt_name in dict.fromkeys(request.prompts):
        for condition in conditions:
            chosen = choose(
                prompt_name,
                model_uri=request.model_uri,
                condition=condition,
                made_for=card.meant_for,
                variant=request.prompt_variant,
                extra_folders=host.prompt_folders,
            )
            notes += chosen.notes
            masking = ready(condition, stimuli, collection.problems, host)
            notes += masking.notes(stimuli)
            guards = uploads.guards(stimuli)
            setting = Setting(
                card=card,
                prompt=chosen.prompt,
                condition=condition,
                masking=masking,
                sampling=request.sampling,
                seed=request.seed,
                max_tokens=request.max_tokens or chosen.prompt.max_tokens,
                person=request.person,
                auditor=_auditor(masking, stimuli, host)
                if (request.audit or guards) and audits(condition)
                else None,
                guards_uploads=guards,
            )
            asked = [one for one in stimuli if masking.may_find(one)] if request.present_only else stimuli
            plan = plan_run(store, setting, asked, wish)
            same = next((other for other in plans if other.spec.run_key == plan.spec.run_key), None)
            if same is None:
                plans.append(plan)
            else:
                notes.append(
                    f"`{prompt_name}` under `{condition}` asks exactly what `{same.spec.prompt_name}` under "
                    f"`{same.spec.condition}` asks: it is run once."
                )
    notes += _unfit(card, stimuli)
    if collection.ignored:
        notes.append(
            f"Files passed over because their names are not those of pictures: {collection.ignored}."
        )
    return Study(
        address, card, tuple(stimuli), tuple(plans), collection.problems, tuple(dict.fromkeys(notes))
    )


def _auditor(masking: Masking, stimuli: Sequence[Stimulus], host: PluginHost) -> Auditor:
    return Auditor(*choose_auditor(masking, host.makers("locators"), stimuli))


def _wish(request: Request, *, overruled: bool) -> Wish:
    options: Mapping[str, Any] = {
        "sources": [storable(Path(source).expanduser().absolute()) for source in request.sources],
        "dataset": request.dataset and lasting(request.dataset),
        "limit": request.limit,
        "repeats": request.repeats,
        "prompt": list(request.prompts),
        "audit": request.audit,
        "allow_upload": overruled,
        "present_only": request.present_only,
    }
    return Wish(
        name=request.name,
        experiment=request.name,
        repeats=request.repeats,
        fresh=secrets.token_hex(8) if request.fresh else None,
        resumes=request.resumes,
        retry_failed=request.retry_failed,
        options=options,
    )


def _unfit(card: ModelCard, stimuli: Sequence[Stimulus]) -> list[str]:
    """A warning where a model is used on pictures that it is no instrument for."""
    foreign = sum(stimulus.dataset not in card.meant_for for stimulus in stimuli)
    if not card.meant_for or not foreign:
        return []
    return [
        f"{card.name} was made for {', '.join(card.meant_for)} only. {foreign} of {len(stimuli)} pictures are "
        "something else: its answers about them mean nothing."
    ]
