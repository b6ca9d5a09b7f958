"""Masked copies planned: which pictures, under which conditions, in which files, and whether that is safe."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from elena_wb.core import (
    Choice,
    Condition,
    Dataset,
    Locator,
    Problem,
    Stimulus,
    Upload,
    UsageError,
)
from elena_wb.data import collect
from elena_wb.data.identify import storable
from elena_wb.data.naming import allot, safe_name
from elena_wb.data.writing import Format, OutputFolder, choose_format, format_like
from elena_wb.engine.mask_manifest import MANIFEST, Entry, read_manifest
from elena_wb.engine.mask_persons import strictest
from elena_wb.masking import Masking, audits, choose_auditor, resolve
from elena_wb.plugins import PluginHost
from elena_wb.store import Store, known_stimuli

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """What a user asks for. ``conditions`` are specs as typed; ``format`` is ``None`` for that of the original."""

    sources: Sequence[str | Path]
    out: Path
    conditions: Sequence[str] = ("face",)
    dataset: str | None = None
    format: str | None = None
    audit: bool = False
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Treatment:
    """One condition, ready to be applied; its copies lie in ``folder`` below the output folder.

    ``auditor`` is the name of the detector that looks at the copies, and the detector.
    """

    condition: Condition
    masking: Masking
    folder: tuple[str, ...] = ()
    auditor: tuple[str, Locator] | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture with everything labelled in it, what it is called below what was given, and where its copy goes."""

    persons: tuple[Stimulus, ...]
    source: str
    name: tuple[str, ...]
    format: Format

    @property
    def path(self) -> Path:
        """Its file."""
        return self.persons[0].path


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """Copies to be made; ``earlier`` are those that the folder lists already, ``upload`` the strictest rule."""

    folder: OutputFolder
    pictures: tuple[Picture, ...]
    treatments: tuple[Treatment, ...]
    earlier: Mapping[str, Entry]
    upload: Upload
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def output_of(picture: Picture, treatment: Treatment) -> tuple[str, ...]:
    """Where the copy goes, by its parts below the output folder."""
    return (*treatment.folder, *picture.name)


def plan_copies(order: CopyOrder, host: PluginHost, store: Store) -> CopyPlan:
    """Collect the pictures, resolve the conditions, and give every copy its file. Writes nothing.

    Raises:
        UsageError: something named does not exist, or the output folder is none to write copies to: a file, a
            folder with originals in it, a folder within the originals', or one with other files in the place
            of copies.
        SetupError: a detector lacks its weights, nothing can audit, or the list of earlier copies is damaged.
    """
    wanted = None if order.format is None else choose_format(order.format)
    conditions = list(dict.fromkeys(Condition.parse(spec) for spec in order.conditions))
    folder = OutputFolder(order.out)
    _check_folder(order, folder.root)
    collection = collect(
        order.sources,
        datasets=host.instances("datasets"),
        dataset=None if order.dataset is None else _dataset(order.dataset, host),
        known=known_stimuli(store),
    )
    stimuli = collection.stimuli
    if not stimuli:
        raise UsageError(
            f"There is no usable picture in {', '.join(map(str, order.sources))}.",
            hint="Name folders or image files.",
        )
    _check_apart(stimuli, order, folder.root)
    pictures = _pictures(stimuli, order.sources, wanted)
    treatments = _treatments(conditions, stimuli, collection.problems, order, host)
    earlier = read_manifest(folder)
    _check_free(pictures, treatments, folder, earlier, overwrite=order.overwrite)
    return CopyPlan(
        folder,
        pictures,
        treatments,
        earlier,
        strictest(stimuli),
        collection.problems,
        _notes(treatments, strictest(stimuli), collection.ignored, audit=order.audit),
    )


def _check_folder(order: CopyOrder, out: Path) -> None:
    if os.path.lexists(order.out) and not order.out.is_dir():
        what = "is a link that leads nowhere" if not order.out.exists() else "is a file"
        raise UsageError(f"{order.out} {what}.", hint="Name a folder for the copies; it is made if need be.")
    for source in map(_absolute, order.sources):
        if source.is_dir() and _identity(source) in map(_identity, (out, *out.parents)):
            raise UsageError(
                f"The copies would lie in {source}, among the originals.",
                hint="Next time they would be taken for originals themselves. Choose a folder beside it.",
            )


def _check_apart(stimuli: Iterable[Stimulus], order: CopyOrder, out: Path) -> None:
    """No original lies in the output folder, whatever links lead to it."""
    here = _identity(out)
    if here is None:
        return
    for parent in dict.fromkeys(Path(os.path.realpath(stimulus.path)).parent for stimulus in stimuli):
        if here in map(_identity, (parent, *parent.parents)):
            raise UsageError(
                f"{order.out} holds originals, in {parent}.",
                hint="Copies go into a folder of their own, which can be handed on without the originals.",
            )


def _pictures(
    stimuli: Sequence[Stimulus], sources: Sequence[str | Path], wanted: Format | None
) -> tuple[Picture, ...]:
    """Each picture once, with all persons in it."""
    by_picture: dict[str, list[Stimulus]] = {}
    for stimulus in stimuli:
        by_picture.setdefault(stimulus.picture_id, []).append(stimulus)
    groups = list(by_picture.values())
    formats = [wanted or format_like(group[0].path) for group in groups]
    origins = _below_what_was_given([group[0].path for group in groups], sources)
    names = allot(
        [(origin, chosen.suffix_for(origin[-1])) for origin, chosen in zip(origins, formats, strict=True)],
        reserved=[MANIFEST],
    )
    return tuple(
        Picture(tuple(group), storable(Path(*origin)), name, chosen)
        for group, origin, name, chosen in zip(groups, origins, names, formats, strict=True)
    )


def _below_what_was_given(paths: Sequence[Path], sources: Sequence[str | Path]) -> list[tuple[str, ...]]:
    """Each path by its parts below the folder it was found in; below that folder's name where several are given."""
    roots = list(dict.fromkeys(map(_absolute, sources)))
    plain = [_absolute(path) for path in paths]
    folders: dict[Path, tuple[str, ...]] = {}
    used: set[str] = set()
    for root in roots:
        if root.is_dir():
            label = next(name for name in _numbered(root.name) if name not in used)
            used.add(label)
            folders[root] = (label,) if len(roots) > 1 else ()
    for table in set(roots) - folders.keys() - set(plain):
        folders.setdefault(table.parent, ())
    outside = {path for path in plain if folders.keys().isdisjoint(path.parents)}
    elsewhere = _common([path.parent for path in outside - set(roots)])
    relative = []
    for path in plain:
        found = next((parent for parent in path.parents if parent in folders), None)
        if found is not None:
            relative.append((*folders[found], *path.relative_to(found).parts))
        elif path in roots or elsewhere is None:
            relative.append((path.name,))
        else:
            relative.append(path.relative_to(elsewhere).parts)
    return relative


def _common(folders: Sequence[Path]) -> Path | None:
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:  # none at all, or on several drives
        return None


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def _treatments(
    conditions: Sequence[Condition],
    stimuli: Sequence[Stimulus],
    problems: Sequence[Problem],
    order: CopyOrder,
    host: PluginHost,
) -> tuple[Treatment, ...]:
    folders: list[tuple[str, ...]] = [()]
    if len(conditions) > 1:
        folders = allot([((safe_name(str(condition)),), "") for condition in conditions], reserved=[MANIFEST])
    treatments = []
    for condition, folder in zip(conditions, folders, strict=True):
        masking = resolve(condition, locators=host.makers("locators"), maskers=host.makers("maskers"))
        _prepare(masking, stimuli, problems)
        auditor = None
        if order.audit and audits(condition):
            auditor = choose_auditor(masking, host.makers("locators"))
        treatments.append(Treatment(condition, masking, folder, auditor))
    return tuple(treatments)


def _prepare(masking: Masking, stimuli: Sequence[Stimulus], problems: Sequence[Problem]) -> None:
    """Check that the masking can be applied; a table that could not be read may be why it cannot."""
    try:
        masking.prepare(stimuli)
    except UsageError as error:
        found = [f"{problem.where}: {problem.reason}" for problem in problems[:_SHOWN]]
        raise UsageError(error.message, hint="\n".join(filter(None, (error.hint, *found)))) from error


def _check_free(
    pictures: Sequence[Picture],
    treatments: Sequence[Treatment],
    folder: OutputFolder,
    earlier: Mapping[str, Entry],
    *,
    overwrite: bool,
) -> None:
    """What lies where copies go is no original, and ours unless it may be overwritten."""
    originals: set[tuple[int, int] | None] | None = None
    others = []
    for treatment in treatments:
        for picture in pictures:
            parts = output_of(picture, treatment)
            target = folder.path(parts)
            if not os.path.lexists(target):
                continue
            if originals is None:
                originals = {_identity(original.path) for original in pictures} - {None}
            if _identity(target) in originals:
                raise UsageError(
                    f"{target} is one of the originals, which are never written to.",
                    hint="A link leads there. Choose another folder for the copies.",
                )
            if "/".join(parts) not in earlier:
                others.append(target)
    if others and not overwrite:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        raise UsageError(
            f"Files that are no copies of ours are in the way: {', '.join(map(str, others[:_SHOWN]))}{more}.",
            hint="Choose another folder, or give --overwrite.",
        )


def _notes(treatments: Sequence[Treatment], upload: Upload, ignored: int, *, audit: bool) -> tuple[str, ...]:
    notes = [
        f"`{treatment.condition}` hides nothing: its copies show every face."
        for treatment in treatments
        if not treatment.condition.masked
    ]
    unaudited = [str(treatment.condition) for treatment in treatments if treatment.auditor is None]
    if audit and unaudited:
        notes.append(f"Not audited, for it leaves faces on purpose: {', '.join(unaudited)}.")
    if upload != "allowed":
        notes.append(
            f"Originals are {upload}, and so are the copies: their folder gets a marker that says so."
        )
    if ignored:
        notes.append(f"Files passed over because their names are not those of pictures: {ignored}.")
    return tuple(notes)


def _dataset(written: str, host: PluginHost) -> Dataset:
    try:
        choice = Choice.parse(written)
    except ValueError as error:
        raise UsageError(f"`{written}` is no dataset: {error}.", hint="NAME[,OPTION=VALUE]…") from error
    dataset: Dataset = host.make("datasets", choice)
    return dataset


def _absolute(path: str | Path) -> Path:
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - links stay as the user wrote them


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells that two names are of one file or folder; ``None`` where there is none."""
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino
