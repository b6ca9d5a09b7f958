"""A study: pictures × prompts × conditions for one model, planned and ready to be carried out.

The command line, the demo and programs start here; what differs between them is who listens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elena_wb.core import (
    Choice,
    Condition,
    Dataset,
    Model,
    ModelCard,
    Problem,
    Sampling,
    Stimulus,
    UsageError,
)
from elena_wb.data import collect
from elena_wb.engine.events import Listener, RunFinished
from elena_wb.engine.models import ModelAddress
from elena_wb.engine.plan import Resumed, RunPlan, Setting, Wish, plan_run
from elena_wb.engine.pointing import DEFAULT, Pointing
from elena_wb.engine.prefetch import Auditor
from elena_wb.engine.run import execute
from elena_wb.engine.uploads import Uploads
from elena_wb.masking import Masking, audits, choose_auditor, resolve
from elena_wb.plugins import PluginHost
from elena_wb.prompts import choose
from elena_wb.store import Store, drain_orphans, known_stimuli, storable


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks for. ``model_uri`` is a URI, not an alias; ``conditions`` are specs as typed.

    ``person`` is how labelled persons are pointed out. ``allow_upload`` is the user's word that pictures which are
    to stay on this machine may leave it after all.
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

    def carry_out(
        self,
        store: Store,
        *,
        listener: Listener,
        stop: threading.Event | None = None,
        batch_size: int | None = None,
        max_cost_usd: float | None = None,
        open_model: Callable[[], Model] | None = None,
    ) -> list[RunFinished]:
        """Ask what is missing (:func:`elena_wb.engine.run.execute`).

        ``open_model`` stands in for the model at the study's address, for one that is open already.
        """
        return execute(
            self.plans,
            open_model or self.address.open,
            store,
            listener=listener,
            stop=stop or threading.Event(),
            batch_size=batch_size,
            max_cost_usd=max_cost_usd,
        )


def plan_study(request: Request, host: PluginHost, store: Store) -> Study:
    """Collect the pictures, choose prompts, resolve conditions, and compare with the store.

    Loads no weights and writes nothing, except that answers left behind by a killed process are moved
    into the store first, so that they are not asked for again.

    Raises:
        UsageError: a model, prompt, dataset, condition or source does not exist.
    """
    if store.exists():
        drain_orphans(store, patient=True)
    address = ModelAddress.parse(request.model_uri, host)
    card = address.describe()
    collection = collect(
        request.sources,
        datasets=host.instances("datasets"),
        dataset=None if request.dataset is None else _dataset(request.dataset, host),
        known=known_stimuli(store),
    )
    stimuli = collection.stimuli[: request.limit]
    if not stimuli:
        raise UsageError(
            f"There is no usable picture in {', '.join(map(str, request.sources))}.",
            hint="Name folders or image files; `elena-wb stimuli render FOLDER` makes some to try.",
        )
    conditions = list(dict.fromkeys(Condition.parse(spec) for spec in request.conditions))
    uploads = Uploads(address, allowed=request.allow_upload)
    uploads.check(stimuli, conditions)
    notes: list[str] = []
    if request.audit and not any(map(audits, conditions)):
        notes.append("There is nothing to audit: no condition hides the face.")
    person = request.person if any(stimulus.person_box for stimulus in stimuli) else None
    plans: list[RunPlan] = []
    wish = _wish(request)
    for prompt_name in dict.fromkeys(request.prompts):
        for condition in conditions:
            chosen = choose(
                prompt_name,
                model_uri=request.model_uri,
                condition=condition,
                variant=request.prompt_variant,
                extra_folders=host.prompt_folders,
            )
            notes += chosen.notes
            masking = resolve(condition, locators=host.makers("locators"), maskers=host.makers("maskers"))
            _prepare(masking, stimuli, collection.problems)
            guards = uploads.guards(stimuli)
            setting = Setting(
                card=card,
                prompt=chosen.prompt,
                condition=condition,
                masking=masking,
                sampling=request.sampling,
                seed=request.seed,
                max_tokens=request.max_tokens or chosen.prompt.max_tokens,
                person=person,
                auditor=_auditor(masking, host) if (request.audit or guards) and audits(condition) else None,
                guards_uploads=guards,
            )
            plan = plan_run(store, setting, stimuli, wish)
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


def _auditor(masking: Masking, host: PluginHost) -> Auditor:
    return Auditor(*choose_auditor(masking, host.makers("locators")))


def _dataset(written: str, host: PluginHost) -> Dataset:
    try:
        choice = Choice.parse(written)
    except ValueError as error:
        raise UsageError(f"`{written}` is no dataset: {error}.", hint="NAME[,OPTION=VALUE]…") from error
    dataset: Dataset = host.make("datasets", choice)
    return dataset


def _prepare(masking: Masking, stimuli: Sequence[Stimulus], problems: Sequence[Problem]) -> None:
    """Check that the masking can be applied; a table that could not be read may be why it cannot."""
    try:
        masking.prepare(stimuli)
    except UsageError as error:
        found = [f"{problem.where}: {problem.reason}" for problem in problems[:3]]
        raise UsageError(error.message, hint="\n".join(filter(None, (error.hint, *found)))) from error


def _wish(request: Request) -> Wish:
    options: Mapping[str, Any] = {
        "sources": [storable(Path(source).expanduser().absolute()) for source in request.sources],
        "dataset": request.dataset,
        "limit": request.limit,
        "repeats": request.repeats,
        "prompt": list(request.prompts),
        "audit": request.audit,
        "allow_upload": request.allow_upload,
    }
    return Wish(
        name=request.name,
        experiment=request.name,
        repeats=request.repeats,
        fresh=request.fresh,
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
