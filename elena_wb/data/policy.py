"""Where pictures may go: markers in folders, the user's settings, and the defaults of datasets.

A marker is a file ``.elena-wb.toml`` that says ``upload = "allowed"``, ``"masked-only"`` or ``"local-only"``; it
speaks for every picture in its folder and below. A setting (``uploads``) says the same of a folder without
writing into it. Where several speak for a picture, the strictest counts, and what they say replaces the default
of the dataset. A picture that is reached through a link is also spoken for where it really lies. A marker that
cannot be understood means ``local-only``.

The default of a dataset counts for every picture in its folder, also where the picture is read as something else or
reached through a link. What the store remembers of a picture's content counts as a default does. Of one picture read
in several ways the strictest policy counts for all.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, get_args, runtime_checkable

from elena_wb.core import Collection, Dataset, Problem, Stimulus, Upload
from elena_wb.data.identify import storable

MARKER = ".elena-wb.toml"
POLICIES: tuple[Upload, ...] = get_args(Upload)
"""From the most open to the strictest."""

NO_SETTINGS: Mapping[str, Upload] = MappingProxyType({})
_LARGEST_MARKER = 1 << 16
_FOLDERS_ABOVE = 4


@runtime_checkable
class Restricted(Protocol):
    """A dataset with a policy of its own for its pictures."""

    @property
    def upload(self) -> Upload:
        """The policy, where no marker and no setting says otherwise."""


@runtime_checkable
class KnowsItsHome(Protocol):
    """A dataset that knows its pictures' folder also where it cannot read the annotations in it."""

    def is_home(self, folder: Path) -> bool:
        """Whether the pictures in ``folder`` and below are the dataset's. Never raises."""


def stricter(policies: Iterable[Upload]) -> Upload | None:
    """The strictest of ``policies``; ``None`` where there is none."""
    return max(policies, key=POLICIES.index, default=None)


def apply_policies(
    collection: Collection,
    configured: Mapping[str, Upload] = NO_SETTINGS,
    remembered: Mapping[str, Upload] = NO_SETTINGS,
) -> Collection:
    """``collection`` with every stimulus bearing the policy that counts for its picture.

    ``configured`` maps absolute folders to policies, ``remembered`` the contents of pictures (``picture_id``) to what
    was known of them before. Each folder is looked at once. Damaged markers are problems.
    """
    policies = Policies(configured, remembered)
    stimuli = one_policy_a_picture(map(policies.applied, collection.stimuli))
    return replace(
        collection, stimuli=stimuli, problems=(*collection.problems, *dict.fromkeys(policies.problems))
    )


def one_policy_a_picture(stimuli: Iterable[Stimulus]) -> tuple[Stimulus, ...]:
    """``stimuli`` with the strictest policy of each picture for everything that is read from it."""
    several = tuple(stimuli)
    strictest: dict[str, Upload] = {}
    for stimulus in several:
        known = strictest.get(stimulus.picture_id, stimulus.upload)
        strictest[stimulus.picture_id] = stricter((known, stimulus.upload)) or known
    return tuple(
        stimulus
        if stimulus.upload == strictest[stimulus.picture_id]
        else replace(stimulus, upload=strictest[stimulus.picture_id])
        for stimulus in several
    )


def kept_at_home(
    stimuli: Iterable[Stimulus], datasets: Iterable[Dataset]
) -> tuple[list[Stimulus], list[Problem]]:
    """``stimuli`` with the default of the dataset in whose folder they lie, and a note for each such folder.

    So that a part of EMOTIC, named by itself, is not taken for photographs of the user's own. Only the nearest
    folders above a picture are looked at.
    """
    restricted = [
        (dataset, dataset.upload)
        for dataset in datasets
        if isinstance(dataset, Restricted) and dataset.upload != POLICIES[0]
    ]
    homes: dict[Path, Upload | None] = {}

    def home(folder: Path) -> Upload | None:
        if folder not in homes:
            found = (policy for dataset, policy in restricted if _is_of(dataset, folder))
            homes[folder] = stricter(found)
        return homes[folder]

    kept: list[Stimulus] = []
    notes: dict[Path, Problem] = {}
    of_folder: dict[Path, tuple[Path, Upload] | None] = {}

    def strictest_above(folder: Path) -> tuple[Path, Upload] | None:
        if folder not in of_folder:
            above = (folder, *folder.parents[:_FOLDERS_ABOVE])
            said = [(place, policy) for place in above if (policy := home(place))]
            of_folder[folder] = max(said, key=lambda one: POLICIES.index(one[1]), default=None)
        return of_folder[folder]

    for stimulus in stimuli:
        found = (
            [at for place in _places(stimulus.path) if (at := strictest_above(place))] if restricted else []
        )
        policy = stricter((stimulus.upload, *(said for _, said in found))) or stimulus.upload
        if policy == stimulus.upload:
            kept.append(stimulus)
            continue
        kept.append(replace(stimulus, upload=policy))
        place = next(place for place, said in found if said == policy)
        notes[place] = Problem(
            storable(place),
            f"the folder of a dataset whose pictures are {policy}, which counts for all in it; "
            f"a file {MARKER} beside pictures of your own says otherwise",
            excludes=False,
            kind="note",
        )
    return kept, list(notes.values())


def _is_of(dataset: Dataset, folder: Path) -> bool:
    return dataset.recognises(folder) or (isinstance(dataset, KnowsItsHome) and dataset.is_home(folder))


def _places(path: Path) -> list[Path]:
    """The folders in which the picture at the absolute ``path`` lies, by its name and where links lead."""
    return list(dict.fromkeys((path.parent, Path(os.path.realpath(path)).parent)))


class Policies:
    """What markers and settings say of folders, each read once."""

    def __init__(
        self,
        configured: Mapping[str, Upload] = NO_SETTINGS,
        remembered: Mapping[str, Upload] = NO_SETTINGS,
    ) -> None:
        self.problems: list[Problem] = []
        self._remembered = remembered
        self._configured: dict[Path, list[Upload]] = {}
        for folder, policy in configured.items():
            path = Path(folder).expanduser()
            for spelling in {Path(os.path.abspath(path)), Path(os.path.realpath(path))}:  # noqa: PTH100
                self._configured.setdefault(spelling, []).append(policy)
        self._below: dict[Path, Upload | None] = {}
        self._of: dict[Path, Upload | None] = {}

    def applied(self, stimulus: Stimulus) -> Stimulus:
        """``stimulus`` with the policy that counts for it."""
        found = self.of_picture(stimulus.path)
        if found is None:
            known = self._remembered.get(stimulus.picture_id, stimulus.upload)
            found = stricter((stimulus.upload, known))
        return stimulus if found in (None, stimulus.upload) else replace(stimulus, upload=found)

    def of_picture(self, path: Path) -> Upload | None:
        """What is said of the picture at the absolute ``path``; ``None`` where nobody says anything."""
        found = self.of_folder(path.parent)
        if not path.is_symlink():
            return found
        there = self.of_folder(Path(os.path.realpath(path)).parent)
        return stricter(policy for policy in (found, there) if policy is not None)

    def of_folder(self, folder: Path) -> Upload | None:
        """What is said of everything in ``folder``, by its own name and where it really lies."""
        if folder not in self._of:
            places = {folder, Path(os.path.realpath(folder))}
            said = [self._said_at_or_above(place) for place in places]
            self._of[folder] = stricter(policy for policy in said if policy is not None)
        return self._of[folder]

    def of_marker(self, folder: Path) -> Upload | None:
        """What the marker in ``folder`` itself says; ``None`` where there is none."""
        return self._marked(folder / MARKER)

    def _said_at_or_above(self, folder: Path) -> Upload | None:
        if folder not in self._below:
            said = list(self._configured.get(folder, ()))
            marked = self._marked(folder / MARKER)
            if marked is not None:
                said.append(marked)
            above = None if folder == folder.parent else self._said_at_or_above(folder.parent)
            if above is not None:
                said.append(above)
            self._below[folder] = stricter(said)
        return self._below[folder]

    def _marked(self, marker: Path) -> Upload | None:
        try:
            os.lstat(marker)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return self._damaged(marker, f"cannot be read: {error.strerror}")
        try:
            info = marker.stat()
            if not stat.S_ISREG(info.st_mode) or info.st_size > _LARGEST_MARKER:
                return self._damaged(marker, "is no small text file")
            said = tomllib.loads(marker.read_text("utf-8-sig")).get("upload")
        except OSError as error:
            return self._damaged(marker, f"cannot be read: {error.strerror}")
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            return self._damaged(marker, f"is no TOML: {str(error).splitlines()[0]}")
        policy = next((known for known in POLICIES if known == said), None)
        if policy is None:
            written = "says nothing of `upload`" if said is None else f"says `upload = {said!r:.60}`"
            return self._damaged(marker, f"{written}, which should be one of {', '.join(POLICIES)}")
        return policy

    def _damaged(self, marker: Path, reason: str) -> Upload:
        note = f"{reason}. Until it is mended, the pictures below it are taken as local-only"
        self.problems.append(Problem(storable(marker), note, excludes=False, kind="row"))
        return "local-only"
