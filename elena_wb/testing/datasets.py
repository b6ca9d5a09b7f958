"""The contract of a dataset: ``check_dataset`` tries everything that the host relies on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from elena_wb.core import NOTHING_KNOWN, Collection, Dataset, ReadsNames, Stimulus, WorkbenchError
from elena_wb.data.identify import storable
from elena_wb.data.policy import POLICIES, Restricted
from elena_wb.testing.collections import check_collection, check_said
from elena_wb.testing.hostile import Spoilt, spoilt_copies
from elena_wb.testing.inspection import Inspection, Report, must
from elena_wb.testing.instances import made, silent

CHEAP_S = 5.0
"""How long it may take to recognise a folder or not."""

_UNHASHED = "0" * 64


@dataclass(frozen=True, slots=True)
class _Known:
    """A file as it was when it was last hashed (:class:`elena_wb.core.KnownFile`)."""

    stimulus_id: str
    size: int
    mtime_ns: int


def check_dataset(
    dataset: Dataset | Callable[..., Dataset],
    example: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> Report:
    """Hold a dataset, made with ``options`` as the host makes it, against the contract.

    ``example`` is a small folder, or an annotation file, of this dataset: it is read as it is, and copies of its
    folder that were damaged in every way are. Without one, only places that are not of this dataset are tried.

    Raises:
        AssertionError: something the contract asks for does not hold; says what, and what was seen.
    """
    name = dataset.__name__ if isinstance(dataset, type) else type(dataset).__name__
    inspection = Inspection(name)
    with silent(inspection), TemporaryDirectory(prefix="elena-wb-check-") as folder:
        subject = made(inspection, "dataset", dataset, options)
        trial = _Trial(inspection, subject.first)
        trial.turn_away(Path(folder))
        if isinstance(subject.first, Restricted):
            with inspection.asking("`upload` is a policy: allowed, masked-only or local-only"):
                must(subject.first.upload in POLICIES, f"{subject.first.upload!r}")
        if isinstance(subject.first, ReadsNames):
            trial.read_odd_names(subject.first)
        if example is None:
            inspection.leave_out("what it reads: no example was given (example=…, or --data FOLDER)")
        else:
            trial.read(example.absolute(), subject.again())
            trial.read_damaged(example.absolute(), Path(folder))
    return inspection.report()


class _Trial:
    """One dataset on trial."""

    def __init__(self, inspection: Inspection, dataset: Dataset) -> None:
        self._inspection = inspection
        self._dataset = dataset

    def turn_away(self, folder: Path) -> None:
        """Show it places that are of no dataset."""
        asking = self._inspection.asking
        (folder / "empty").mkdir()
        (folder / "file.bin").write_bytes(bytes(range(256)))
        (folder / "table.csv").write_bytes(b"\xff\xfe\x00,\x00")
        places = [folder / name for name in ("empty", "file.bin", "table.csv", "missing", "file.bin/below")]
        places += [folder / ("long" * 80), Path(f"{folder}/nul\0byte"), Path(os.fsdecode(b"/no/\xff\xfe"))]
        with asking("`recognises` is quick, says True or False of any place, and never raises"):
            for place in places:
                self._recognises(place)
        with asking("an empty or missing folder is refused with a WorkbenchError, or has no stimuli"):
            for name in ("empty", "missing", "file.bin/below"):
                found = self._loaded_or_refused(folder / name)
                must(found is None or not found.stimuli, f"{found!r} of {name}")
        with asking("a file that is nothing of the kind is refused with a WorkbenchError, or read soundly"):
            for name in ("file.bin", "table.csv"):
                found = self._loaded_or_refused(folder / name)
                if found is not None:
                    check_collection(found)

    def read(self, example: Path, other: Dataset) -> None:
        """Show it an example of its own."""
        asking, before = self._inspection.asking, _state(example)
        with asking("its example is recognised"):
            must(self._recognises(example), f"{example} is not")
        with asking("its example has stimuli, whose ids, files, labels and regions are what they say"):
            found = self._dataset.load(example)
            check_collection(found)
            must(found.stimuli, f"no stimulus, and {[problem.reason for problem in found.problems][:3]!r}")
        with asking("the same is found again, in the same order, by another instance too"):
            for dataset in (self._dataset, other):
                _must_equal(dataset.load(example), found)
        with asking("files that are known and unchanged are not hashed again"):
            known = {
                storable(one.path): _Known(_UNHASHED, one.file_size, one.file_mtime_ns)
                for one in found.stimuli
            }
            ids = {stimulus.picture_id for stimulus in self._dataset.load(example, known).stimuli}
            must(ids == {_UNHASHED}, "they were: the stimuli have other ids than `known` says")
        with asking("files that are known and have changed since are hashed again"):
            stale = {path: _Known(_UNHASHED, one.size + 1, one.mtime_ns) for path, one in known.items()}
            _must_equal(self._dataset.load(example, stale), found)
        with asking("reading writes nothing into the folder"):
            must(_state(example) == before, "files were added, changed or removed")
        if isinstance(self._dataset, ReadsNames):
            self._read_names(self._dataset, found.stimuli)

    def read_damaged(self, example: Path, folder: Path) -> None:
        """Show it what becomes of its example on real disks."""
        asking = self._inspection.asking
        for number, spoilt in enumerate(spoilt_copies(example, folder, self._dataset)):
            with asking(f"{spoilt.what} is told in a problem or a WorkbenchError, and costs nothing else"):
                self._check_spoilt(spoilt, number)

    def read_odd_names(self, dataset: ReadsNames) -> None:
        """Show it names of files that nobody has thought of."""
        with self._inspection.asking(
            "`from_name` is None or labels and attributes for any name, and never raises"
        ):
            for name in ("", ".", "a.png", "😀\n\0.jpg", "x" * 5000, "../../etc/passwd", "\udcff.png"):
                said = dataset.from_name(name)
                if said is not None:
                    check_said(*said, where=repr(name[:40]))

    def _check_spoilt(self, spoilt: Spoilt, number: int) -> None:
        self._recognises(spoilt.root)
        found = self._loaded_or_refused(spoilt.root)
        if found is None:
            must(not spoilt.must_load, f"it was refused ({self._inspection.heard[-1]})")
            return
        check_collection(found)
        if spoilt.gone is not None:
            paths = {stimulus.path for stimulus in found.stimuli}
            must(spoilt.gone not in paths, f"a stimulus of {spoilt.gone.name}")
        if spoilt.left is not None:
            must(len(found.stimuli) >= spoilt.left, f"{len(found.stimuli)} stimuli and not {spoilt.left}")
        if spoilt.told:
            must(found.problems, "no problem was told")

    def _recognises(self, place: Path) -> bool:
        started = time.perf_counter()
        said = self._dataset.recognises(place)
        took = time.perf_counter() - started
        must(isinstance(said, bool), f"{said!r} of {storable(place)[-60:]!r}")
        must(took < CHEAP_S, f"{took:.1f} s for {storable(place)[-60:]!r}")
        return said

    def _loaded_or_refused(self, place: Path) -> Collection | None:
        try:
            found = self._dataset.load(place, NOTHING_KNOWN)
        except WorkbenchError as error:
            must(str(error), f"a {type(error).__name__} without a word")
            self._inspection.heard.append(str(error))
            return None
        must(isinstance(found, Collection), f"{type(found).__name__}, which is no Collection")
        return found

    def _read_names(self, dataset: ReadsNames, stimuli: Sequence[Stimulus]) -> None:
        with self._inspection.asking("`from_name` says of a picture's name what the stimulus says"):
            for stimulus in stimuli:
                said = dataset.from_name(stimulus.path.name)
                must(
                    said is None or tuple(said[0]) == tuple(stimulus.labels),
                    f"{said!r} of {stimulus.path.name}, whose labels are {stimulus.labels!r}",
                )


def _must_equal(found: Collection, expected: Collection) -> None:
    must(
        [one.stimulus_id for one in found.stimuli] == [one.stimulus_id for one in expected.stimuli],
        f"{len(found.stimuli)} stimuli, others or in another order than the {len(expected.stimuli)} before",
    )
    must(found.stimuli == expected.stimuli, "stimuli that say something else of the same pictures")


def _state(example: Path) -> dict[str, tuple[int, int]]:
    """Every file of the example with its size and time."""
    root = example if example.is_dir() else example.parent
    files = (Path(folder) / name for folder, _, names in os.walk(root) for name in names)
    return {str(file): (info.st_size, info.st_mtime_ns) for file in files if (info := file.lstat())}
