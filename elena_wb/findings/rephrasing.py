"""How far the wording of a question moves its answers: runs that are alike but for paraphrases of one prompt pack."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from elena_wb.analysis.repeats import MISSING, Numbers, Sameness, flips, pictures_of, sameness, side_by_side
from elena_wb.analysis.single_label import SingleLabel
from elena_wb.core import Estimate, Resampling
from elena_wb.findings.answer_codes import FEELINGS, emotion_codes, emotions_of
from elena_wb.store import Store
from elena_wb.store.answers import Selection, read_answers
from elena_wb.store.repeated import read_repeats

if TYPE_CHECKING:
    import pyarrow as pa

_ALIKE = ("sampling", "max_tokens", "masking", "prompt_variant", "scheme", "person")
_NONE = Estimate(np.nan, np.nan, np.nan, 0)


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One run of a question in one wording.

    ``flips`` is the share of pictures that get another emotion than from the run it is compared with. ``accuracy`` and
    ``macro_f1`` are of all its answers; ``n`` is 0 where nothing is known to be true.
    """

    run_id: int
    prompt: str
    flips: Estimate
    accuracy: Estimate
    macro_f1: Estimate


@dataclass(frozen=True, slots=True)
class Paraphrased:
    """Runs that differ in the wording of the question alone.

    The others are compared with the first of ``phrasings``; ``original`` says whether that is the pack that they are
    paraphrases of, ``of``. ``same`` is the agreement of the first answers to each picture, over all wordings. ``again``
    is the share of pictures that get another emotion when the run ``again_in`` asks its question a second time in the
    same words; ``None`` where no run does. ``left_out`` are runs with a wording that another run stands for.
    """

    of: str
    model: str
    condition: str
    phrasings: tuple[Phrasing, ...]
    original: bool
    same: Sameness
    again: Estimate | None
    again_in: int | None
    left_out: tuple[int, ...]

    def spread(self, of: str) -> tuple[float, float]:
        """The least and the greatest ``accuracy`` or ``macro_f1`` of any wording; NaN where nothing is known."""
        values = [getattr(one, of).value for one in self.phrasings if getattr(one, of).n]
        return (min(values), max(values)) if values else (np.nan, np.nan)


def paraphrases(
    store: Store,
    shown: Mapping[int, Mapping[str, Any]],
    repeated: Mapping[int, int],
    resampling: Resampling,
    *,
    settings: Mapping[str, str | bool | int] | None = None,
) -> tuple[Paraphrased, ...]:
    """Every group of the runs ``shown`` (as :func:`elena_wb.store.show_run` has them) with two wordings or more."""
    groups: dict[str, list[int]] = {}
    for run_id, run in shown.items():
        groups.setdefault(_group(run), []).append(run_id)
    found = []
    for run_ids in groups.values():
        first: dict[str, int] = {}
        for run_id in run_ids:
            first.setdefault(str(shown[run_id]["prompt_name"]), run_id)
        if len(first) < 2:
            continue
        root = _root(shown[run_ids[0]])
        chosen = sorted(first.values(), key=lambda run_id: shown[run_id]["prompt_name"] != root)
        tables = [read_repeats(store, run_id, 2, settings=settings) for run_id in chosen]
        found.append(
            _compared(
                store, root, [shown[run_id] for run_id in chosen], tables, repeated, run_ids, resampling
            )
        )
    return tuple(found)


def _root(run: Mapping[str, Any]) -> str:
    return str(run["options"].get("paraphrase_of") or run["prompt_name"])


def _group(run: Mapping[str, Any]) -> str:
    """What must be equal for the wording to be the only thing that differs, as text."""
    options = run["options"]
    imported = options.get("provenance") == "imported"
    model = run["model_uri"] if imported else run["model_digest"]
    settings = [options.get(name) for name in _ALIKE]
    return json.dumps([_root(run), imported, model, run["condition"], run["seed"], settings], sort_keys=True)


def _compared(
    store: Store,
    root: str,
    shown: Sequence[Mapping[str, Any]],
    tables: Sequence[pa.Table],
    repeated: Mapping[int, int],
    group: Sequence[int],
    resampling: Resampling,
) -> Paraphrased:
    run_ids = [int(run["run_id"]) for run in shown]
    names = emotions_of(tables)
    codes = np.concatenate([emotion_codes(table, names) for table in tables])
    unit, picture, repeat = (
        np.concatenate([table[name].to_numpy() for table in tables])
        for name in ("stimulus", "picture", "repeat")
    )
    wording = np.repeat(np.arange(len(tables)), [table.num_rows for table in tables])
    first = repeat == 0

    def in_rows(values: Numbers, missing: float) -> Numbers:
        return side_by_side(unit[first], wording[first], values[first], missing, len(tables))

    emotion = in_rows(codes, MISSING).astype(np.int64)
    together = pictures_of(unit[first], picture[first])
    feelings = {
        name: in_rows(np.concatenate([table[name].to_numpy() for table in tables]).astype(np.float64), np.nan)
        for name in FEELINGS
    }
    again_in = next((run_id for run_id in run_ids if run_id in repeated), None)
    again = None
    if again_in is not None:
        of = wording == run_ids.index(again_in)
        twice = side_by_side(unit[of], repeat[of], codes[of], MISSING, 2).astype(np.int64)
        again = flips(twice[:, 0], twice[:, 1], pictures_of(unit[of], picture[of]))
    phrasings = []
    for column, run in enumerate(shown):
        changed = flips(emotion[:, 0], emotion[:, column], together) if column else _NONE
        accuracy, macro_f1 = _scores(store, run_ids[column], resampling)
        phrasings.append(Phrasing(run_ids[column], str(run["prompt_name"]), changed, accuracy, macro_f1))
    return Paraphrased(
        of=root,
        model=str(shown[0]["model_uri"]),
        condition=str(shown[0]["condition"]),
        phrasings=tuple(phrasings),
        original=shown[0]["prompt_name"] == root,
        same=sameness(emotion, feelings, resampling, together),
        again=again,
        again_in=again_in,
        left_out=tuple(run_id for run_id in group if run_id not in run_ids),
    )


def _scores(store: Store, run_id: int, resampling: Resampling) -> tuple[Estimate, Estimate]:
    """Accuracy and macro-F1 of a run's answers in their own scheme."""
    answers = read_answers(store, run_id, Selection(), (), SingleLabel.reads).get(())
    scores = None if answers is None else SingleLabel().score(answers, resampling)
    if scores is None:
        return _NONE, _NONE
    return scores.figures["accuracy"], scores.figures["macro_f1"]
