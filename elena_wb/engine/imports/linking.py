"""Which stimulus a published answer is about, where all that the file says is a name."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from elena_wb.core import Choice, Dataset, Problem, ReadsNames, Stimulus, Upload
from elena_wb.data.identify import identify
from elena_wb.data.walk import FoundFile, walk
from elena_wb.engine.gathering import dataset_named, gather
from elena_wb.engine.imports.tails import Tree
from elena_wb.plugins import PluginHost
from elena_wb.store import Store
from elena_wb.store.lookup import BY_NAME, stored_pictures

_NEARLY_ALL = 0.95
_LONGEST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Source:
    """The dataset that the names are of, and what reads it; none where nobody knows."""

    dataset: str
    reader: Dataset | None = None

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
        reader = dataset_named(written, host)
        return Source(Choice.parse(written).name, reader)
    shares: dict[str, tuple[float, Dataset]] = {}
    datasets = host.instances("datasets")
    for name in sorted(datasets):
        try:
            candidate: Dataset = datasets[name]
            if isinstance(candidate, ReadsNames):
                read = sum(candidate.from_name(_last(one)) is not None for one in names)
                shares[name] = (read / max(1, len(names)), candidate)
        except Exception:  # noqa: BLE001 - nobody asked for this dataset; `plugins list` shows what is wrong with it
            continue
    best = max(shares, key=lambda name: shares[name][0], default=None)
    if best is None or shares[best][0] < _NEARLY_ALL:
        return Source(otherwise)
    return Source(best, shares[best][1])


class Pictures:
    """The pictures of some folders, to be found by the names that answers bear."""

    def __init__(self, folders: Sequence[Path], stimuli: Sequence[Stimulus]) -> None:
        given = [Path(os.path.abspath(folder.expanduser())) for folder in folders]  # noqa: PTH100 - links stay
        self._folders = [folder for folder in given if folder.is_dir()]
        self._contents: dict[str, list[Stimulus]] = {}
        self._known = {stimulus.path: stimulus.picture_id for stimulus in stimuli}
        for stimulus in stimuli:
            self._contents.setdefault(stimulus.picture_id, []).append(stimulus)
        self._roots = [folder if folder.is_dir() else folder.parent for folder in given]
        outside = [path.parent for path in self._known if not any(map(path.is_relative_to, self._roots))]
        if outside:
            with suppress(ValueError):  # two drives of Windows
                self._roots.append(Path(os.path.commonpath([*self._roots, *outside])))

    @classmethod
    def load(
        cls,
        folders: Sequence[Path],
        dataset: str | None,
        host: PluginHost,
        store: Store,
        uploads: Mapping[str, Upload],
    ) -> Pictures:
        """The pictures of ``folders``, read as ``dataset`` or, without one, as whatever each is recognised as.

        Raises:
            UsageError: a folder does not exist or is not of that dataset, or none has a picture.
        """
        found = gather(folders, dataset, host, store, uploads)
        options = () if dataset is None else Choice.parse(dataset).options
        named = (Path(value).expanduser() for _, value in options)
        return cls([*folders, *filter(_is_folder, named)], found.stimuli)

    def find(self, names: Sequence[str]) -> Mapping[str, Found]:
        """What each of ``names`` may mean, by the path that it is (:class:`elena_wb.engine.imports.tails.Tree`).

        A file that was left out because another has its content is found as that other one, and a file that is
        no picture of the dataset hides those that fit less well.
        """
        below = (Path(os.path.join(folder, name)) for folder in self._folders for name in _inner(names))  # noqa: PTH118 - never raises
        files = (file.path for folder in self._folders for file in walk(folder).files)
        there = [path for path in below if os.path.isfile(path)]  # noqa: PTH113 - never raises
        matches = Tree((*self._known, *files, *there), self._roots).find(names)
        contents = self._read(path for match in matches.values() for path in match.paths)
        found = {}
        for name, match in matches.items():
            pictures = dict.fromkeys(contents[path] for path in match.paths if path in contents)
            stimuli = [one for picture in pictures for one in self._contents.get(picture, ())]
            found[name] = Found(stimuli, match.elsewhere)
        return found

    def _read(self, paths: Iterable[Path]) -> Mapping[Path, str]:
        """``picture_id`` of each of ``paths``, as far as they can be read."""
        unread = []
        for path in dict.fromkeys(paths):
            if path not in self._known:
                with suppress(OSError):
                    info = path.stat()
                    unread.append(FoundFile(path, info.st_size, info.st_mtime_ns))
        return self._known | {one.path: one.picture_id for one in identify(unread, "")[0]}


@dataclass(frozen=True, slots=True)
class Found:
    """The stimuli that a name may mean. ``namesakes`` is whether pictures are called so, be it in other folders."""

    stimuli: Sequence[Stimulus] = ()
    namesakes: bool = False

    def settled(self, *, as_whole: bool) -> tuple[Stimulus | None, str | None]:
        """The one stimulus that is meant, if that can be said, and what there is to tell about it.

        ``as_whole`` allows for a stimulus made of a picture of which only the persons in it are stimuli.
        """
        pictures = {one.picture_id for one in self.stimuli}
        if len(self.stimuli) == 1:
            return self.stimuli[0], None
        if len(pictures) == 1:
            whole = next((one for one in self.stimuli if one.stimulus_id == one.picture_id), None)
            if whole is not None:
                return whole, None
            reason = f"shows {len(self.stimuli)} labelled persons"
            if as_whole:
                return _whole(self.stimuli), f"{reason}; linked as a whole, without a label"
            return None, f"{reason}; known by its name only"
        if pictures:
            return None, f"is the name of {len(pictures)} pictures; known by its name only"
        whose = "the name of pictures in other folders" if self.namesakes else "the name of no picture"
        return None, f"is {whose}; known by its name only"


@dataclass(slots=True)
class Links:
    """Name → stimulus, for every name.

    ``new`` are the stimuli whose data is to go into the store. ``linked`` counts the names that mean pictures; the
    others have stimuli of their own. Problems are names that mean several pictures or persons, or none;
    ``namesakes`` counts those that pictures in other folders have.
    """

    stimuli: dict[str, Stimulus] = field(default_factory=dict)
    new: list[Stimulus] = field(default_factory=list)
    linked: int = 0
    namesakes: int = 0
    problems: list[Problem] = field(default_factory=list)


def link(names: Iterable[str], source: Source, pictures: Pictures | None, store: Store) -> Links:
    """Find each name among ``pictures``, or without these among those of the dataset that the store has."""
    names = list(names)
    found = _stored(names, source, store) if pictures is None else pictures.find(names)
    links = Links()
    for name in names:
        one, reason = found[name].settled(as_whole=pictures is not None)
        if reason is not None and (pictures is not None or found[name].namesakes):
            shown = name if len(name) <= _LONGEST_SHOWN else f"…{name[-_LONGEST_SHOWN:]}"
            links.problems.append(Problem(shown, reason, excludes=False))
        if one is None:
            links.namesakes += found[name].namesakes
            links.stimuli[name] = source.stimulus(name)
            links.new.append(links.stimuli[name])
            continue
        links.stimuli[name] = one
        links.linked += 1
        if pictures is not None:
            links.new.append(one)
    return links


def _stored(names: Sequence[str], source: Source, store: Store) -> Mapping[str, Found]:
    """The pictures of the store that ``names`` may mean; of these only the identity is filled in."""
    known = [] if source.reader is None else stored_pictures(store, source.dataset)
    at: dict[Path, list[Stimulus]] = {}
    for key, path in known:
        at.setdefault(Path(path), []).append(Stimulus(key, Path(path), source.dataset, 0, 0))
    matches = Tree(at).find(names)
    return {
        name: Found([one for path in match.paths for one in at[path]], match.elsewhere)
        for name, match in matches.items()
    }


def _whole(persons: Sequence[Stimulus]) -> Stimulus:
    """The picture that labelled persons are in, with what holds of all: whom an answer about it means is unknown."""
    first = persons[0]
    shared = set.intersection(*({*one.attributes.items()} for one in persons))
    return replace(
        first,
        stimulus_id=first.picture_id,
        person_index=None,
        person_box=None,
        labels=(),
        regions=(),
        attributes={key: value for key, value in first.attributes.items() if (key, value) in shared},
        split=first.split if all(one.split == first.split for one in persons) else None,
    )


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - never raises


def _inner(names: Iterable[str]) -> Iterator[str]:
    """Those of ``names`` that lead to a place below a folder, with the slashes of this machine."""
    for name in names:
        inner = PurePosixPath(name.replace("\\", "/"))
        if not inner.is_absolute() and ".." not in inner.parts:
            yield str(inner)


def _last(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1]
