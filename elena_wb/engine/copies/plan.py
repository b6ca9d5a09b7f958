"""Masked copies planned: which pictures, under which conditions, in which files, and whether that is safe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from elena_wb.core import (
    Condition,
    Locator,
    Problem,
    Stimulus,
    Upload,
    UsageError,
)
from elena_wb.data.identify import storable
from elena_wb.data.naming import allot, safe_name
from elena_wb.data.writing import Format, OutputFolder, choose_format, format_like
from elena_wb.engine.copies.claim import check_unclaimed
from elena_wb.engine.copies.folder import (
    below_what_was_given,
    check_apart,
    check_folder,
    check_free,
    check_same_originals,
)
from elena_wb.engine.copies.manifest import MANIFEST, Entry, read_manifest
from elena_wb.engine.copies.marker import check_marker
from elena_wb.engine.copies.persons import strictest
from elena_wb.engine.gathering import gather, ready
from elena_wb.masking import Masking, audits, choose_auditor
from elena_wb.plugins import PluginHost
from elena_wb.store import Store


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """What a user asks for.

    ``conditions`` are specs as typed; ``format`` is ``None`` for that of the original. ``uploads`` are the user's
    settings of where the pictures of folders may go.
    """

    sources: Sequence[str | Path]
    out: Path
    conditions: Sequence[str] = ("face",)
    dataset: str | None = None
    format: str | None = None
    audit: bool = False
    overwrite: bool = False
    uploads: Mapping[str, Upload] = field(default_factory=dict)


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
    """One picture with everything labelled in it, what it is called below what was given, and where its copy goes.

    ``twins`` are further files of the same content, which have copies of their own.
    """

    persons: tuple[Stimulus, ...]
    source: str
    name: tuple[str, ...]
    format: Format
    twins: tuple[Picture, ...] = ()

    @property
    def files(self) -> tuple[Picture, ...]:
        """The picture as each of its files."""
        return (self, *self.twins)

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

    @property
    def files(self) -> list[Picture]:
        """Everything that has a copy under each condition, twins too."""
        return [file for picture in self.pictures for file in picture.files]


def output_of(picture: Picture, treatment: Treatment) -> tuple[str, ...]:
    """Where the copy goes, by its parts below the output folder."""
    return (*treatment.folder, *picture.name)


def plan_copies(order: CopyOrder, host: PluginHost, store: Store) -> CopyPlan:
    """Collect the pictures, resolve the conditions, and give every copy its file. Writes nothing.

    Raises:
        UsageError: something named does not exist, a condition changes no pixel, or the output folder is none to
            write copies to: a file, a folder with originals in it, a folder within the originals', one with other
            files in the place of copies, or one whose marker cannot say what holds for the copies.
        SetupError: a detector lacks its weights, nothing can audit, the list of earlier copies is damaged, or
            another process is making copies there.
    """
    wanted = None if order.format is None else choose_format(order.format)
    conditions = list(dict.fromkeys(Condition.parse(spec) for spec in order.conditions))
    check_folder(order.out, order.sources)
    folder = OutputFolder(order.out)
    check_unclaimed(folder)
    collection = gather(order.sources, order.dataset, host, store, order.uploads)
    stimuli = collection.stimuli
    elsewhere = collection.elsewhere
    originals = [stimulus.path for stimulus in stimuli] + [
        path for paths in elsewhere.values() for path in paths
    ]
    check_apart(order.out, originals)
    pictures = _pictures(stimuli, elsewhere, order.sources, wanted)
    files = [file for picture in pictures for file in picture.files]
    problems = tuple(problem for problem in collection.problems if problem.kind != "duplicate")
    treatments = _treatments(conditions, stimuli, problems, order, host)
    earlier = read_manifest(folder)
    check_free(
        folder,
        [output_of(file, treatment) for treatment in treatments for file in files],
        originals=originals,
        ours=earlier,
        overwrite=order.overwrite,
    )
    if not order.overwrite:
        wanted_of = [
            (output_of(file, treatment), file.persons[0].picture_id)
            for treatment in treatments
            for file in files
        ]
        check_same_originals(folder, wanted_of, earlier)
    upload = strictest(stimuli)
    marking = check_marker(folder, upload, ours=earlier, overwrite=order.overwrite)
    return CopyPlan(
        folder,
        pictures,
        treatments,
        earlier,
        upload,
        problems,
        (
            *(note for treatment in treatments for note in treatment.masking.notes(stimuli)),
            *_notes(treatments, collection.ignored, audit=order.audit),
            *filter(None, [marking]),
        ),
    )


def _pictures(
    stimuli: Sequence[Stimulus],
    elsewhere: Mapping[str, tuple[Path, ...]],
    sources: Sequence[str | Path],
    wanted: Format | None,
) -> tuple[Picture, ...]:
    """Each picture once, with all persons in it, and its twins ``elsewhere``."""
    by_picture: dict[str, list[Stimulus]] = {}
    for stimulus in stimuli:
        by_picture.setdefault(stimulus.picture_id, []).append(stimulus)
    files = [
        (picture_id, path)
        for picture_id, group in by_picture.items()
        for path in (group[0].path, *elsewhere.get(picture_id, ()))
    ]
    formats = [wanted or format_like(path) for _, path in files]
    origins = below_what_was_given([path for _, path in files], sources)
    names = allot(
        [(origin, chosen.suffix_for(origin[-1])) for origin, chosen in zip(origins, formats, strict=True)],
        reserved=[MANIFEST],
    )
    made: dict[str, list[Picture]] = {}
    for (picture_id, _), origin, name, chosen in zip(files, origins, names, formats, strict=True):
        picture = Picture(tuple(by_picture[picture_id]), storable(Path(*origin)), name, chosen)
        made.setdefault(picture_id, []).append(picture)
    return tuple(replace(first, twins=tuple(twins)) for first, *twins in made.values())


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
        masking = ready(condition, stimuli, problems, host)
        if masking.knocks_out:
            raise UsageError(
                f"`{condition}` changes no pixel, so that there is nothing to draw: it keeps a model from attending "
                "to the part while it answers.",
                hint="`elena-wb run` asks a model under this condition; for copies take a style that hides pixels, "
                "such as `box` or `blur`.",
            )
        auditor = None
        if order.audit and audits(condition):
            auditor = choose_auditor(masking, host.makers("locators"), stimuli)
        treatments.append(Treatment(condition, masking, folder, auditor))
    return tuple(treatments)


def _notes(treatments: Sequence[Treatment], ignored: int, *, audit: bool) -> tuple[str, ...]:
    notes = [
        f"`{treatment.condition}` hides nothing: its copies show every face."
        for treatment in treatments
        if not treatment.condition.masked
    ]
    unaudited = [str(treatment.condition) for treatment in treatments if treatment.auditor is None]
    if audit and unaudited:
        notes.append(f"Not audited, for it leaves faces on purpose: {', '.join(unaudited)}.")
    if ignored:
        notes.append(f"Files passed over because their names are not those of pictures: {ignored}.")
    return tuple(notes)
