"""What a declared study comes to: for each dataset, model and seed the runs, and what of them is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from elena_wb.config import Settings, resolve_model
from elena_wb.core import Collection, UsageError, WorkbenchError
from elena_wb.engine.estimating import Estimate
from elena_wb.engine.gathering import dataset_named, gather
from elena_wb.engine.models import ModelAddress
from elena_wb.engine.study import Request, Study, plan_study
from elena_wb.errors import SetupError
from elena_wb.experiments.declared import Dataset, Experiment, ModelChoice
from elena_wb.nearest import nearest
from elena_wb.plugins import PluginHost
from elena_wb.prompts import find_pack
from elena_wb.store import Store, drain_orphans, list_runs

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Part:
    """The study of one dataset by one model with one seed, or what stands in its way."""

    request: Request
    dataset: Dataset
    model: ModelChoice
    study: Study | None
    trouble: WorkbenchError | None = None

    @property
    def title(self) -> str:
        """What tells it from the others: its runs' name, model and seed."""
        seed = f", seed {self.request.seed}" if self.request.seed else ""
        return f"{self.request.name} · {self.request.model_uri}{seed}"

    @property
    def to_ask(self) -> int:
        """Generations that are missing."""
        return self.study.to_ask if self.study is not None else 0


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """A whole declared study, planned. ``spent_usd`` is what its runs have cost up to now."""

    experiment: Experiment
    parts: tuple[Part, ...]
    spent_usd: float

    @property
    def planned(self) -> tuple[Part, ...]:
        """The parts that can be carried out."""
        return tuple(part for part in self.parts if part.study is not None)

    @property
    def refused(self) -> tuple[Part, ...]:
        """The parts that cannot, each with its trouble."""
        return tuple(part for part in self.parts if part.trouble is not None)

    @property
    def to_ask(self) -> int:
        """Generations that are missing, over all runs."""
        return sum(part.to_ask for part in self.parts)

    def run_ids(self, store: Store) -> tuple[int, ...]:
        """The runs of the study that are in the store, in its order."""
        keys = [plan.spec.run_key for part in self.planned if part.study for plan in part.study.plans]
        found = {run.run_key: run.run_id for run in list_runs(store)}
        return tuple(dict.fromkeys(found[key] for key in keys if key in found))

    def estimates(self) -> tuple[Estimate | None, ...]:
        """The most that what is missing of each planned part may use; ``None`` where its provider cannot tell."""
        return tuple(part.study.estimate() if part.study and part.to_ask else None for part in self.planned)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the user says about a study, and its file cannot.

    ``allow_upload``: pictures that are to stay on this machine may be sent. ``limit``: the first pictures of each
    dataset only, for a trial whose answers count later. ``models`` (URIs or aliases) are asked in place of the file's.
    """

    retry_failed: bool = False
    allow_upload: bool = False
    limit: int | None = None
    models: tuple[str, ...] = ()


def plan(
    experiment: Experiment,
    path: Path,
    host: PluginHost,
    store: Store,
    settings: Settings,
    terms: Terms = Terms(),
) -> ExperimentPlan:
    """Plan ``experiment``, which the file at ``path`` declares; loads no weights and asks nothing.

    A dataset that is missing, a model that is not there and pictures that must not be sent are the trouble of their
    part, and leave the others as they are.

    Raises:
        UsageError: the file names a prompt pack, metric, model or dataset that nobody here knows, or a server of its
            own: where pictures and keys are sent to is the user's to say.
        WorkbenchError: no part can be carried out.
    """
    if terms.models:
        models = tuple(ModelChoice.model_validate({"model": uri}) for uri in dict.fromkeys(terms.models))
        experiment = experiment.model_copy(update={"models": models})
    try:
        _check_names(experiment, host)
        uris = [_resolved(one.model, host, settings, terms) for one in experiment.models]
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", hint=error.hint) from error
    if len(set(uris)) < len(uris):
        raise UsageError(f"{path}: two of its models are one, called by its URI and by an alias.")
    if store.exists():
        drain_orphans(store, patient=True)
    folder = path.absolute().parent
    gathered = [
        _attempt(partial(_gathered, dataset, folder, host, store, settings))
        for dataset in experiment.datasets
    ]
    parts = []
    for model, uri in zip(experiment.models, uris, strict=True):
        for dataset, collection in zip(experiment.datasets, gathered, strict=True):
            for seed in experiment.seeds:
                request = request_of(experiment, dataset, model, folder, uri, seed, settings, terms)
                if isinstance(collection, WorkbenchError):
                    parts.append(Part(request, dataset, model, None, collection))
                    continue
                study = _attempt(partial(plan_study, request, host, store, collection, drained=True))
                if isinstance(study, WorkbenchError):
                    parts.append(Part(request, dataset, model, None, study))
                else:
                    parts.append(Part(request, dataset, model, study))
    troubles = [part.trouble for part in parts if part.trouble is not None]
    if len(troubles) == len(parts):
        raise troubles[0]
    return ExperimentPlan(experiment, tuple(parts), _spent(parts, store))


def request_of(
    experiment: Experiment,
    dataset: Dataset,
    model: ModelChoice,
    folder: Path,
    uri: str,
    seed: int,
    settings: Settings,
    terms: Terms,
) -> Request:
    """What ``elena-wb run`` would be asked for by hand: the same runs."""
    chosen = experiment.sampling
    return Request(
        sources=[_within(folder, source) for source in dataset.sources],
        model_uri=uri,
        prompts=experiment.prompts,
        conditions=experiment.conditions,
        prompt_variant=experiment.prompt_variant,
        dataset=_dataset(dataset, folder),
        limit=min(filter(None, (dataset.limit, terms.limit)), default=None),
        repeats=experiment.repeats,
        sampling=chosen.sampling,
        seed=seed,
        max_tokens=model.max_tokens or chosen.max_tokens,
        name=experiment.run_name(dataset),
        retry_failed=terms.retry_failed,
        person=experiment.person,
        audit=experiment.audit,
        allow_upload=terms.allow_upload,
        uploads=settings.uploads,
    )


def _check_names(experiment: Experiment, host: PluginHost) -> None:
    for prompt in experiment.prompts:
        find_pack(prompt, host.prompt_folders)
    for dataset in experiment.datasets:
        if dataset.dataset is not None:
            dataset_named(_dataset(dataset, Path()) or "", host)
    metrics = host.claims["metrics"]
    for name in experiment.metrics or ():
        if name not in metrics:
            raise UsageError(f"There is no metric `{name}`.", hint=nearest(name, metrics))


def _resolved(name: str, host: PluginHost, settings: Settings, terms: Terms) -> str:
    """The URI that ``name`` stands for, its options checked.

    Raises:
        UsageError: there is no such model, or the file says by itself which server pictures and keys are sent to.
    """
    uri = resolve_model(name, settings, host.claims["models"])
    try:
        address = ModelAddress.parse(uri, host)
        usual = ModelAddress.parse(uri.partition("?")[0], host)
    except SetupError:
        return uri  # what is missing here is told where the model is described
    asks_elsewhere = address.destination is not None and address.destination != usual.destination
    if asks_elsewhere and name not in {*settings.aliases, *terms.models}:
        raise UsageError(
            f"It names a server of its own, {address.destination}, to which pictures and perhaps a key would be sent.",
            hint=f"If you trust it, give the model a name, `elena-wb models alias NAME '{name}'`, and write that name "
            "in the file.",
        )
    return uri


def _gathered(
    dataset: Dataset, folder: Path, host: PluginHost, store: Store, settings: Settings
) -> Collection:
    sources = [_within(folder, source) for source in dataset.sources]
    return gather(sources, _dataset(dataset, folder), host, store, settings.uploads)


def _dataset(dataset: Dataset, folder: Path) -> str | None:
    """``NAME[,OPTION=VALUE]…`` with the paths among the values from ``folder``."""
    if dataset.dataset is None:
        return None
    given = {name: _as_text(value) for name, value in dataset.options.items()}
    paths = {
        name: str(folder / value) if value.startswith(("./", "../")) else value
        for name, value in given.items()
    }
    return ",".join([dataset.dataset, *(f"{name}={value}" for name, value in sorted(paths.items()))])


def _as_text(value: bool | int | float | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _within(folder: Path, source: str) -> Path:
    try:
        return folder / Path(source).expanduser()
    except RuntimeError:  # nobody is called so; the name is then one of a folder
        return folder / source


def _spent(parts: list[Part], store: Store) -> float:
    keys = {plan.spec.run_key for part in parts if part.study is not None for plan in part.study.plans}
    return sum(run.cost_usd or 0.0 for run in list_runs(store) if run.run_key in keys)


def _attempt(make: Callable[[], Found]) -> Found | WorkbenchError:
    try:
        return make()
    except WorkbenchError as error:
        return error
