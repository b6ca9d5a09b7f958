"""Which stimulus a published answer is about, where all that the file says is a name."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from elena_wb.core import Choice, Dataset, Problem, ReadsNames, Stimulus, UsageError
from elena_wb.data import collect
from elena_wb.data.identify import identify
from elena_wb.data.walk import FoundFile
from elena_wb.plugins import PluginHost
from elena_wb.store import Store, known_stimuli
from elena_wb.store.lookup import named_stimuli

BY_NAME = "name:"
"""What the identity of a stimulus begins with of which only the name is known."""

_NEARLY_ALL = 0.95


@dataclass(frozen=True, slots=True)
class Source:
    """The dataset that the names are of, and what reads it; none where nobody knows."""

    dataset: str
    reader: Dataset | ReadsNames | None = None

    def stimulus(self, name: str) -> Stimulus:
        """A stimulus of which nothing but the name is known, with the labels that the name states.

        Its ``stimulus_id`` is ``name:`` and the sha256 of ``name:DATASET/NAME``, which can be taken for no file's;
        its ``path`` is the name, its size 0. The picture itself, when it comes, is another stimulus.
        """
        digest = hashlib.sha256(f"{BY_NAME}{self.dataset}/{name}".encode()).hexdigest()
        stimulus = Stimulus(f"{BY_NAME}{digest}", Path(name), self.dataset, 0, 0, upload="local-only")
        read = self.reader.from_name(_last(name)) if isinstance(self.reader, ReadsNames) else None
        return (
            stimulus if read is None else replace(stimulus, labels=tuple(read[0]), attributes=dict(read[1]))
        )

    def foreign(self, names: Iterable[str]) -> int:
        """How many of ``names`` are not called as the dataset's pictures are, where these have a way to be called."""
        if isinstance(self.reader, ReadsNames):
            return sum(self.reader.from_name(_last(name)) is None for name in names)
        return 0


def find_source(written: str | None, names: Sequence[str], host: PluginHost, otherwise: str) -> Source:
    """The dataset ``written`` (``NAME[,OPTION=VALUE]…``), or the one that can read nearly all of ``names``.

    Where there is none, the source is called ``otherwise`` and has no reader.

    Raises:
        UsageError: there is no such dataset, or an option of it is not acceptable.
    """
    if written is not None:
        try:
            choice = Choice.parse(written)
        except ValueError as error:
            raise UsageError(f"`{written}` is no dataset: {error}.", hint="NAME[,OPTION=VALUE]…") from error
        return Source(choice.name, host.make("datasets", choice))
    shares: dict[str, tuple[float, Dataset]] = {}
    datasets = host.instances("datasets")
    for name in sorted(datasets):
        try:
            reader: Dataset = datasets[name]
            if isinstance(reader, ReadsNames):
                read = sum(reader.from_name(_last(one)) is not None for one in names)
                shares[name] = (read / max(1, len(names)), reader)
        except Exception:  # noqa: BLE001 - nobody asked for this dataset; `plugins list` shows what is wrong with it
            continue
    best = max(shares, key=lambda name: shares[name][0], default=None)
    if best is None or shares[best][0] < _NEARLY_ALL:
        return Source(otherwise)
    return Source(best, shares[best][1])


class Pictures:
    """The pictures of some folders, to be found by the names that answers bear."""

    def __init__(self, folders: Sequence[Path], stimuli: Sequence[Stimulus]) -> None:
        self._folders = [folder.expanduser().absolute() for folder in folders]
        self._named: dict[str, list[Stimulus]] = {}
        self._contents: dict[str, list[Stimulus]] = {}
        for stimulus in stimuli:
            self._named.setdefault(_composed(stimulus.path.name), []).append(stimulus)
            self._contents.setdefault(stimulus.picture_id, []).append(stimulus)

    @classmethod
    def load(
        cls, folders: Sequence[Path], dataset: Dataset | None, host: PluginHost, store: Store
    ) -> Pictures:
        """The pictures of ``folders``, read as ``dataset`` or, without one, as whatever each is recognised as.

        Raises:
            UsageError: a folder does not exist or is not of that dataset, or none has a picture.
        """
        found = collect(
            folders,
            datasets=host.instances("datasets"),
            dataset=dataset,
            known=known_stimuli(store),
        )
        if not found.stimuli:
            raise UsageError(f"There is no usable picture in {', '.join(map(str, folders))}.")
        return cls(folders, found.stimuli)

    def find(self, name: str) -> list[Stimulus]:
        """Every stimulus that ``name`` may mean: by its path below a folder, else by its last parts, else by its
        file name. A file that was left out because another has its content is found as that other one.
        """
        wanted = _composed(name)
        same = self._named.get(_last(wanted), [])
        paths = {id(stimulus): _composed(stimulus.path.as_posix()) for stimulus in same}
        exact = {_composed((folder / wanted).as_posix()) for folder in self._folders}
        return (
            [stimulus for stimulus in same if paths[id(stimulus)] in exact]
            or [stimulus for stimulus in same if paths[id(stimulus)].endswith(f"/{wanted}")]
            or same
            or self._copies(wanted)
        )

    def _copies(self, name: str) -> list[Stimulus]:
        inner = PurePosixPath(name)
        if inner.is_absolute() or ".." in inner.parts:
            return []
        for folder in self._folders:
            path = folder / inner
            if path.is_file():
                info = path.stat()
                read, _ = identify([FoundFile(path, info.st_size, info.st_mtime_ns)], "")
                return [one for stimulus in read for one in self._contents.get(stimulus.picture_id, ())]
        return []


@dataclass(slots=True)
class Links:
    """Name → stimulus, for every name.

    ``new`` are the stimuli whose data is to go into the store. ``linked`` counts the names that mean pictures; the
    others have stimuli of their own. Problems are names that mean several pictures or persons, or none.
    """

    stimuli: dict[str, Stimulus] = field(default_factory=dict)
    new: list[Stimulus] = field(default_factory=list)
    linked: int = 0
    problems: list[Problem] = field(default_factory=list)


def link(names: Iterable[str], source: Source, pictures: Pictures | None, store: Store) -> Links:
    """Find each name among ``pictures``, or without these among those of the dataset that the store has."""
    links = Links()
    stored = {} if pictures or source.reader is None else named_stimuli(store, source.dataset)
    for name in names:
        found = _stored(name, stored, source) if pictures is None else pictures.find(name)
        if pictures is not None and len(found) > 1 and len({one.path for one in found}) == 1:
            reason = (
                f"the picture shows {len(found)} labelled persons; linked to it as a whole, without a label"
            )
            links.problems.append(Problem(name, reason, excludes=False))
            found = [_whole(found[0])]
        if len(found) == 1:
            links.stimuli[name] = found[0]
            links.linked += 1
            if pictures is not None:
                links.new.append(found[0])
            continue
        if found or pictures is not None:
            links.problems.append(Problem(name, _why_not(found), excludes=False))
        links.stimuli[name] = source.stimulus(name)
        links.new.append(links.stimuli[name])
    return links


def _stored(name: str, stored: Mapping[str, tuple[tuple[str, str], ...]], source: Source) -> list[Stimulus]:
    """The pictures of the store that ``name`` may mean; of these only the identity is filled in."""
    wanted = _composed(name)
    known = [one for one in stored.get(_last(wanted), ()) if not one[0].startswith(BY_NAME)]
    ends = [one for one in known if f"/{one[1]}".endswith(f"/{wanted}")]
    return [Stimulus(key, Path(path), source.dataset, 0, 0) for key, path in ends or known]


def _whole(person: Stimulus) -> Stimulus:
    """The picture that a labelled person is in; whom an answer about it means cannot be said."""
    return replace(
        person, stimulus_id=person.picture_id, person_index=None, person_box=None, labels=(), regions=()
    )


def _why_not(found: Sequence[Stimulus]) -> str:
    if not found:
        return "no picture is called so; known by its name only"
    return f"{len(found)} pictures or persons in them are called so; known by its name only"


def _composed(name: str) -> str:
    """``name`` with forward slashes, and its letters composed as Unicode prefers: macOS takes them apart."""
    return unicodedata.normalize("NFC", name.replace("\\", "/")).removeprefix("./")


def _last(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1]
