"""``check_dataset`` and ``check_metric``: each way to break the contract is seen and named."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from elena_wb.analysis.single_label import SingleLabel
from elena_wb.core import (
    NOTHING_KNOWN,
    Answers,
    Box,
    Collection,
    Estimate,
    KnownFile,
    Label,
    Problem,
    Region,
    Resampling,
    Scores,
)
from elena_wb.data.folder import FolderDataset
from elena_wb.testing import check_dataset, check_metric, metrics


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "example"
    folder.mkdir()
    for number, name in enumerate(("a.png", "b.png", "c.png")):
        Image.fromarray(np.full((24, 24, 3), 20 * number, np.uint8)).save(folder / name)
    (folder / "labels.csv").write_text("path,label\na.png,happiness\nb.png,anger\n", "utf-8")
    return folder


def reading(change: Callable[[Collection], Any]) -> dict[str, Any]:
    """A dataset whose collections are changed."""

    def load(self: FolderDataset, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Any:
        return change(FolderDataset.load(self, root, known))

    return {"load": load}


def stimuli(**changes: Any) -> dict[str, Any]:
    """A dataset whose stimuli differ in these fields."""
    return reading(
        lambda found: replace(found, stimuli=tuple(replace(one, **changes) for one in found.stimuli))
    )


def opening_without_care(self: Any, root: Path, known: Any = NOTHING_KNOWN) -> Any:
    (root / "labels.csv").read_text("ascii")
    return FolderDataset.load(self, root, known)


def splitting_without_care(self: Any, root: Path, known: Any = NOTHING_KNOWN) -> Any:
    if (root / "labels.csv").exists():
        for line in (root / "labels.csv").read_bytes().splitlines():
            _path, _label = line.split(b",")
    return FolderDataset.load(self, root, known)


def hashing_all(self: Any, root: Path, known: Any = NOTHING_KNOWN) -> Any:
    return FolderDataset.load(self, root)


def believing_all(self: Any, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Any:
    found = FolderDataset.load(self, root)
    said = [known[str(one.path)].stimulus_id if known else one.stimulus_id for one in found.stimuli]
    return replace(
        found,
        stimuli=tuple(replace(one, stimulus_id=at) for one, at in zip(found.stimuli, said, strict=True)),
    )


def leaving_traces(self: Any, root: Path, known: Any = NOTHING_KNOWN) -> Any:
    found = FolderDataset.load(self, root, known)
    (root / "cache.json").write_text("{}")
    return found


def another_order(self: Any, root: Path, known: Any = NOTHING_KNOWN) -> Any:
    found = FolderDataset.load(self, root, known)
    self.turn = not getattr(self, "turn", False)
    return replace(found, stimuli=found.stimuli[:: 1 if self.turn else -1])


def silent_about_empty_files(found: Collection) -> Collection:
    return replace(found, problems=())


def tasting(self: Any, root: Path) -> Any:
    return root.stat().st_size >= 0


def with_box(found: Collection) -> Collection:
    return replace(found, stimuli=tuple(replace(one, person_box=Box(0, 0, 5, 5)) for one in found.stimuli))


def odd_name(self: Any, name: str) -> Any:
    return (Label("x", "ekman7", "happiness" if name.index(".") else "none"),), {}


DATASETS: dict[str, tuple[dict[str, Any], str]] = {
    "raises where there is nothing": ({"recognises": tasting}, "FileNotFoundError"),
    "says neither yes nor no": ({"recognises": lambda self, root: str(root)}, "and never raises. Seen: '"),
    "does not know its own": ({"recognises": lambda self, root: False}, "example is not"),
    "a list": (reading(lambda found: list(found.stimuli)), "list, which is no Collection"),
    "stimuli in a list": (reading(lambda found: replace(found, stimuli=[*found.stimuli])), "in a list"),
    "nothing": (reading(lambda found: Collection(())), "no stimulus, and []"),
    "an id by the path": (stimuli(stimulus_id="a" * 64), "whose sha256 is"),
    "an id of nobody's making": (stimuli(stimulus_id="7"), "the id '7' of"),
    "a path from here": (stimuli(path=Path("a.png")), "which is not absolute"),
    "no size": (stimuli(file_size=0), "size and time of a.png"),
    "a label of no scheme": (stimuli(labels=(Label("x", "ekman7", "joy"),)), "the label 'joy' of a.png"),
    "a label in words": (stimuli(labels=("happiness",)), "which is no Label"),
    "valence from -1 to 1": (
        stimuli(labels=(Label("x", "ekman7", None, valence=-0.5),)),
        "valence is -0.5, of a.png, and not from 1 to 10",
    ),
    "a number among attributes": (stimuli(attributes={"age": 31}), "the attribute 'age': 31"),
    "a box of nothing": (stimuli(regions=(Region("face", Box(1, 1, 0, 4), "x"),)), "of a face"),
    "a person without an id": (reading(with_box), "and not"),
    "a policy of its own": (stimuli(upload="never"), "upload is 'never'"),
    "a problem without a word": (
        reading(lambda found: replace(found, problems=(Problem("", ""),))),
        "where=''",
    ),
    "a problem of its own kind": (
        reading(lambda found: replace(found, problems=(Problem("x", "y", kind="odd"),))),  # type: ignore[arg-type]
        "a problem of the kind 'odd'",
    ),
    "never the same order": ({"load": another_order}, "in another order than"),
    "hashes all again": ({"load": hashing_all}, "they were: the stimuli have other ids"),
    "believes what is out of date": ({"load": believing_all}, "hashed again. Seen:"),
    "leaves traces": ({"load": leaving_traces}, "writes nothing into the folder"),
    "says nothing of what is lost": (reading(silent_about_empty_files), "an empty picture is told"),
    "needs its table": ({"load": opening_without_care}, "FileNotFoundError"),
    "trusts its table": ({"load": splitting_without_care}, "ValueError"),
    "trusts names": ({"from_name": odd_name}, "never raises. Seen: ValueError"),
    "a policy for nobody": ({"upload": "sometimes"}, "'sometimes'"),
}


def test_the_dataset_that_is_broken_here_passes_as_it_is(example: Path) -> None:
    assert not check_dataset(FolderDataset, example).left_out


@pytest.mark.parametrize(("overrides", "said"), DATASETS.values(), ids=DATASETS)
def test_a_fault_of_a_dataset_is_named_together_with_what_was_seen(
    overrides, said, example: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(example, tmp_path / "example")
    with pytest.raises(AssertionError) as raised:
        check_dataset(type("Faulty", (FolderDataset,), overrides), copy)
    assert said in str(raised.value)
    assert "Faulty: the contract asks that" in str(raised.value)


def scoring(change: Callable[[Scores], Any]) -> dict[str, Any]:
    """A metric whose scores are changed."""

    def score(self: SingleLabel, answers: Answers, resampling: Resampling) -> Any:
        scores = SingleLabel.score(self, answers, resampling)
        return None if scores is None else change(scores)

    return {"score": score}


def figure(estimate: Any) -> dict[str, Any]:
    return scoring(lambda scores: replace(scores, figures={"own": estimate}))


def of(compute: Callable[[Answers], float]) -> dict[str, Any]:
    """A metric of one figure without interval."""

    def score(self: Any, answers: Answers, resampling: Resampling) -> Scores:
        value = float(compute(answers)) if answers.n else float("nan")
        return Scores("own", answers.n, {"own": Estimate(value, float("nan"), float("nan"), answers.n)})

    return {"score": score}


def share_right(answers: Answers) -> float:
    rows = np.arange(len(answers.pattern))
    return float((answers.truth[answers.pattern, answers.emotion] & (answers.emotion[rows] >= 0)).mean())


def over_answers(self: Any, answers: Answers, resampling: Resampling) -> Scores | None:
    """An interval as if every answer were a stimulus of its own."""
    scores = SingleLabel().score(answers, resampling)
    if scores is None:
        return None
    value, n = scores.figures["accuracy"].value, scores.n
    half = 1.96 * np.sqrt(value * (1 - value) / n)
    return Scores("own", n, {"own": Estimate(value, value - half, value + half, n)})


def writing(self: Any, answers: Answers, resampling: Resampling) -> Any:
    answers.emotion[answers.emotion < 0] = 0
    return SingleLabel.score(self, answers, resampling)


def drawing(self: Any, answers: Answers, resampling: Resampling) -> Any:
    scores = SingleLabel.score(self, answers, resampling)
    if scores is None:
        return None
    lot = float(np.random.default_rng().random())
    return replace(scores, figures={"lot": Estimate(lot, lot, lot, scores.n)})


def remembering(self: Any, answers: Answers, resampling: Resampling) -> Any:
    self.seen = getattr(self, "seen", 0) + 1
    scores = SingleLabel.score(self, answers, resampling)
    return None if scores is None else replace(scores, notes=(f"asked {self.seen} times",))


def slow(self: Any, answers: Answers, resampling: Resampling) -> Any:
    time.sleep(0.3 if len(answers.stimuli) > 1000 else 0)
    return SingleLabel.score(self, answers, resampling)


METRICS: dict[str, tuple[dict[str, Any], str]] = {
    "reads what is not there": ({"reads": frozenset({"colour"})}, "it reads the column 'colour'"),
    "reads a word": ({"reads": "emotion"}, "not a set of columns"),
    "a number": ({"score": lambda self, answers, resampling: 0.5}, "it returned float"),
    "figures that are numbers": (figure(0.5), "is float and not elena_wb.core.Estimate"),
    "a figure beyond numbers": (figure(Estimate(float("inf"), 0.0, 1.0, 1)), "own is (inf, 0.0, 1.0)"),
    "an interval the wrong way round": (figure(Estimate(0.5, 0.9, 0.1, 1)), "from 0.9 to 0.1"),
    "half an interval": (figure(Estimate(0.5, float("nan"), 0.9, 1)), "half an interval"),
    "of more answers than there are": (figure(Estimate(0.5, 0.4, 0.6, 10_000)), "of 10000 answers"),
    "no title": (scoring(lambda scores: replace(scores, title=" ")), "Scores without a title"),
    "counts patterns and not stimuli": (of(share_right), "with each stimulus apart, and else"),
    "goes by the order of labels": (
        of(lambda answers: (answers.emotion * answers.weights).sum() / answers.n),
        "with the labels turned round, and else",
    ),
    "goes by the order of answers": (of(lambda answers: answers.emotion[0]), "in another order, and else"),
    "intervals over answers": ({"score": over_answers}, "the interval of own is"),
    "writes": ({"score": writing}, "read-only"),
    "by lot": ({"score": drawing}, "lot: Estimate("),
    "holds state": ({"score": remembering}, "asked"),
    "slow": ({"score": slow}, "take less than"),
    "divides by all": (
        of(lambda answers: 1 / int(answers.truth.any(axis=1).sum())),
        "stimuli of which nothing is true: the answer is None, or Scores",
    ),
    "made with something": ({"__init__": lambda self, scale: None}, "it is made without arguments"),
}


@pytest.mark.parametrize(("overrides", "said"), METRICS.values(), ids=METRICS)
def test_a_fault_of_a_metric_is_named_together_with_what_was_seen(overrides, said, monkeypatch) -> None:
    monkeypatch.setattr(metrics, "SOON_S", 0.2 if overrides.get("score") is slow else 20.0)
    with pytest.raises(AssertionError) as raised:
        check_metric(type("Faulty", (SingleLabel,), overrides))
    assert said in str(raised.value)
    assert "Faulty: the contract asks that" in str(raised.value)


class Constant:
    """Says of everything that nothing can be said."""

    reads: ClassVar[frozenset[Any]] = frozenset({"scores"})

    def score(self, answers: Answers, resampling: Resampling) -> Scores | None:
        return None


def test_a_metric_that_never_applies_passes_and_the_report_says_so() -> None:
    (left_out,) = check_metric(Constant).left_out
    assert "it has none for answers in the labels of ekman7" in left_out
