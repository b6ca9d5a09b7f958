"""Masked copies planned: which pictures, under which conditions, in which files, and whether that is safe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from elena_wb.core import (
    Condition,
    Locator,
    Problem,
    Stimulus,
    Upload,
)
from elena_wb.data.identify import storable
from elena_wb.data.naming import allot, safe_name
from elena_wb.data.writing import Format, OutputFolder, choose_format, format_like
from elena_wb.engine.gathering import gather, ready
from elena_wb.engine.mask_claim import check_unclaimed
from elena_wb.engine.mask_folder import (
    below_what_was_given,
    check_apart,
    check_folder,
    check_free,
    check_same_originals,
)
from elena_wb.engine.mask_manifest import MANIFEST, Entry, read_manifest
from elena_wb.engine.mask_marker import check_marker
from elena_wb.engine.mask_persons import strictest
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
            folder with originals in it, a folder within the originals', one with other files in the place
            of copies, or one whose marker cannot say what holds for the copies.
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
    check_apart(order.out, (stimulus.path for stimulus in stimuli))
    pictures = _pictures(stimuli, order.sources, wanted)
    treatments = _treatments(conditions, stimuli, collection.problems, order, host)
    earlier = read_manifest(folder)
    check_free(
        folder,
        [output_of(picture, treatment) for treatment in treatments for picture in pictures],
        originals=[picture.path for picture in pictures],
        ours=earlier,
        overwrite=order.overwrite,
    )
    if not order.overwrite:
        wanted_of = [
            (output_of(picture, treatment), picture.persons[0].picture_id)
            for treatment in treatments
            for picture in pictures
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
        collection.problems,
        (
            *_notes(treatments, collection.ignored, audit=order.audit),
            *filter(None, [marking]),
        ),
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
    origins = below_what_was_given([group[0].path for group in groups], sources)
    names = allot(
        [(origin, chosen.suffix_for(origin[-1])) for origin, chosen in zip(origins, formats, strict=True)],
        reserved=[MANIFEST],
    )
    return tuple(
        Picture(tuple(group), storable(Path(*origin)), name, chosen)
        for group, origin, name, chosen in zip(groups, origins, names, formats, strict=True)
    )


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
