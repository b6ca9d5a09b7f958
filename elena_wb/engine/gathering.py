"""What runs and masked copies begin with: pictures from what was named, and a condition ready to be applied to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from elena_wb.core import Choice, Collection, Condition, Dataset, Problem, Stimulus, Upload, UsageError
from elena_wb.data import collect
from elena_wb.masking import Masking, resolve
from elena_wb.plugins import PluginHost
from elena_wb.store import Store, known_stimuli, known_uploads

_SHOWN = 3


def gather(
    sources: Sequence[str | Path],
    dataset: str | None,
    host: PluginHost,
    store: Store,
    uploads: Mapping[str, Upload],
) -> Collection:
    """The stimuli of ``sources``, read as ``dataset`` (``NAME[,OPTION=VALUE]…``) where it is given; at least one.

    ``uploads`` are the user's settings of where the pictures of folders may go.

    Raises:
        UsageError: a source or the dataset does not exist, or there is no usable picture.
    """
    with store.read() if store.exists() else nullcontext():
        known, remembered = known_stimuli(store), known_uploads(store)
    collection = collect(
        sources,
        datasets=host.instances("datasets"),
        dataset=None if dataset is None else dataset_named(dataset, host),
        known=known,
        uploads=uploads,
        remembered=remembered,
    )
    if not collection.stimuli:
        raise UsageError(
            f"There is no usable picture in {', '.join(map(str, sources))}.",
            hint="\n".join(_told(collection.problems)) or "Name folders or image files.",
        )
    return collection


def dataset_named(written: str, host: PluginHost) -> Dataset:
    """The dataset that ``NAME[,OPTION=VALUE]…`` means.

    Raises:
        UsageError: there is none, or an option of it is not acceptable.
    """
    try:
        choice = Choice.parse(written)
    except ValueError as error:
        raise UsageError(f"`{written}` is no dataset: {error}.", hint="NAME[,OPTION=VALUE]…") from error
    dataset: Dataset = host.make("datasets", choice)
    return dataset


def lasting(dataset: str) -> str:
    """``dataset`` as it can be asked for again from another folder: options that name files made absolute."""
    choice = Choice.parse(dataset)
    options = (
        (name, str(Path(value).expanduser().absolute()) if Path(value).expanduser().exists() else value)
        for name, value in choice.options
    )
    return str(Choice(choice.name, tuple(options)))


def ready(
    condition: Condition, stimuli: Sequence[Stimulus], problems: Sequence[Problem], host: PluginHost
) -> Masking:
    """The masking of ``condition``, checked to be applicable to ``stimuli``.

    Raises:
        UsageError: it cannot be; ``problems`` with the data may be why, and are shown.
        SetupError: a detector lacks its weights.
    """
    masking = resolve(condition, locators=host.makers("locators"), maskers=host.makers("maskers"))
    try:
        masking.prepare(stimuli)
    except UsageError as error:
        hint = "\n".join(filter(None, (error.hint, *_told(problems))))
        raise UsageError(error.message, hint=hint) from error
    return masking


def _told(problems: Sequence[Problem]) -> list[str]:
    return [f"{problem.where}: {problem.reason}" for problem in problems[:_SHOWN]]
