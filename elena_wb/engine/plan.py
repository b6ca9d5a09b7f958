"""What a command asks for, compared with what the store already has: the plan of each run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from elena_wb.core import Condition, ModelCard, Prompt, Sampling, Stimulus, UsageError
from elena_wb.engine.pointing import DEFAULT, Pointing
from elena_wb.engine.prefetch import Auditor, Item, Recipe
from elena_wb.engine.provenance import environment
from elena_wb.masking import Masking
from elena_wb.store import RunSpec, Store, answered, audited, find_run, latest_run, show_run


class ChangedError(UsageError):
    """What a stored run was made with is not what there is now."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What makes a run this run and no other: everything that enters its specification."""

    card: ModelCard
    prompt: Prompt
    condition: Condition
    masking: Masking
    sampling: Sampling
    seed: int
    max_tokens: int
    person: Pointing = DEFAULT
    auditor: Auditor | None = None
    guards_uploads: bool = False

    @property
    def spec_digest(self) -> str:
        """sha256 (hex) over all that can change answers, and nothing else."""
        body: dict[str, Any] = {
            "model": self.card.digest,
            "prompt": self.prompt.digest,
            "masking": self.masking.identity,
            "sampling": asdict(self.sampling),
            "seed": self.seed,
            "max_tokens": self.max_tokens,
        }
        if self.person != DEFAULT:  # so that the runs of whole pictures are the same whatever comes to them
            body["person"] = self.person
        return _digest(body)

    @property
    def recipe(self) -> Recipe:
        """How this run makes its requests."""
        return Recipe(
            self.prompt,
            self.masking,
            self.sampling,
            self.seed,
            self.max_tokens,
            self.person,
            self.auditor,
            self.guards_uploads,
        )


@dataclass(frozen=True, slots=True)
class RunPlan:
    """One run: its specification, what is missing, and what the store already has of it."""

    setting: Setting
    spec: RunSpec
    stimuli: tuple[Stimulus, ...]
    items: tuple[Item, ...]
    answered: int
    failed: int
    to_audit: tuple[Item, ...]
    """Pictures that were answered about without an audit, which is to be made up for."""
    planned: int
    """Generations of the whole run, those of earlier commands on other pictures included."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """A run in the store that is to be gone on with."""

    run_key: str
    spec_digest: str


@dataclass(frozen=True, slots=True)
class Wish:
    """How the user wants runs planned, beside what they consist of.

    ``fresh`` starts other runs, also of specifications that have some: a mark that no other command has, so that two
    commands at the same moment do not take each other's run for theirs. ``experiment`` groups the runs of one command.
    ``resumes`` is the run to go on with; its specification must not have changed.
    """

    name: str | None = None
    experiment: str | None = None
    repeats: int = 1
    fresh: str | None = None
    resumes: Resumed | None = None
    retry_failed: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


def plan_run(store: Store, setting: Setting, stimuli: Sequence[Stimulus], wish: Wish) -> RunPlan:
    """Compare ``stimuli`` × repeats with the store and keep what is missing.

    Answers of any kind count as there; errors count as missing only with ``wish.retry_failed``.

    Raises:
        UsageError: the run to go on with has another specification now.
    """
    spec_digest = setting.spec_digest
    with store.read() if store.exists() else nullcontext():
        run_key = _run_key(store, spec_digest, wish)
        known = answered(store, run_key)
        earlier = _earlier_options(store, run_key)
    items: list[Item] = []
    done = failed = 0
    for stimulus in stimuli:
        for repeat in range(wish.repeats):
            status = known.get((stimulus.stimulus_id, repeat))
            if status is None or (status == "error" and wish.retry_failed):
                items.append(Item(stimulus, repeat))
            elif status == "error":
                failed += 1
            else:
                done += 1
    spec = RunSpec(
        run_key=run_key,
        name=wish.name,
        spec_digest=spec_digest,
        experiment=wish.experiment,
        model_uri=setting.card.uri,
        model_digest=setting.card.digest,
        model_card=asdict(setting.card),
        prompt_name=setting.prompt.name,
        prompt_digest=setting.prompt.digest,
        prompt_text=setting.prompt.text,
        condition=str(setting.condition),
        dataset=", ".join(sorted({stimulus.dataset for stimulus in stimuli})),
        options={
            **_joined(wish.options, earlier),
            "sampling": asdict(setting.sampling),
            "max_tokens": setting.max_tokens,
            "masking": setting.masking.identity,
            "prompt_variant": setting.prompt.variant,
            "scheme": setting.prompt.scheme,
            "person": setting.person,
            **_paraphrase(setting.prompt),
        },
        seed=setting.seed,
        environment=environment(setting.card),
    )
    planned = len({*known, *((s.stimulus_id, repeat) for s in stimuli for repeat in range(wish.repeats))})
    to_audit = _unaudited(store, setting, stimuli, items)
    return RunPlan(setting, spec, tuple(stimuli), tuple(items), done, failed, to_audit, planned)


def _unaudited(
    store: Store, setting: Setting, stimuli: Sequence[Stimulus], items: Sequence[Item]
) -> tuple[Item, ...]:
    """The stimuli that no audit is known of and that are not about to be asked about, and so audited, anyway."""
    if setting.auditor is None:
        return ()
    known = {*audited(store, setting.masking.identity, setting.auditor.name)}
    known |= {item.stimulus.stimulus_id for item in items}
    return tuple(Item(stimulus, 0) for stimulus in stimuli if stimulus.stimulus_id not in known)


def still_missing(store: Store, plan: RunPlan) -> RunPlan:
    """The plan without what another process has had answered since it was made."""
    known = answered(store, plan.spec.run_key)
    items = tuple(
        item for item in plan.items if known.get((item.stimulus.stimulus_id, item.repeat), "error") == "error"
    )
    return replace(plan, items=items, answered=plan.answered + len(plan.items) - len(items))


def as_opened(spec: RunSpec, card: ModelCard, opened: ModelCard) -> RunSpec:
    """The specification with what only the opened model knows: the device it landed on, and its notes."""
    card = replace(card, device=opened.device, libraries=opened.libraries, notes=(*card.notes, *opened.notes))
    return replace(spec, model_card=asdict(card), environment=environment(card))


def generation_id(run_key: str, item: Item) -> str:
    """The identity of a generation: sha256 (hex) over run, stimulus and repeat."""
    return _digest([run_key, item.stimulus.stimulus_id, item.repeat])


def _paraphrase(prompt: Prompt) -> dict[str, str]:
    """What a run records of a prompt that says another in other words; nothing of any other prompt."""
    return {} if prompt.paraphrase_of is None else {"paraphrase_of": prompt.paraphrase_of}


def _run_key(store: Store, spec_digest: str, wish: Wish) -> str:
    """The key of the run to go on with, or a new one."""
    if wish.resumes is not None:
        if wish.resumes.spec_digest != spec_digest:
            raise ChangedError(
                "The model, the prompt or the masking has changed since that run was started, so it cannot be "
                "gone on with.",
                hint="Start a new run of the same pictures instead: leave --resume out.",
            )
        return wish.resumes.run_key
    first = _digest([wish.name, spec_digest])
    if wish.fresh is not None:
        return f"{first}#{wish.fresh}"
    return latest_run(store, spec_digest, wish.name) or first


def _earlier_options(store: Store, run_key: str) -> Mapping[str, Any]:
    """What earlier commands asked of the run; empty for a new one."""
    run_id = find_run(store, run_key)
    options: Mapping[str, Any] = {} if run_id is None else show_run(store, run_id)["options"]
    return options


def _joined(now: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """The options under which the run as a whole can be asked for again: all pictures of all its commands."""
    if not earlier:
        return dict(now)
    limits = (now["limit"], earlier["limit"])
    return {
        **now,
        "sources": list(dict.fromkeys([*earlier["sources"], *now["sources"]])),
        "repeats": max(now["repeats"], earlier["repeats"]),
        "limit": None if None in limits else max(limits),
        "audit": now["audit"] or earlier.get("audit", False),
        "allow_upload": now["allow_upload"] or earlier.get("allow_upload", False),
        "present_only": now["present_only"] and earlier.get("present_only", False),
    }


def _digest(body: object) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
