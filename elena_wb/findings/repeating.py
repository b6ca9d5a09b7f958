"""Whether answers come out the same when a question is asked again, and when it is asked in other words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from elena_wb.analysis.clusters import mean_over_stimuli
from elena_wb.analysis.repeats import MISSING, Sameness, pictures_of, sameness, side_by_side
from elena_wb.core import Estimate, Resampling
from elena_wb.findings.answer_codes import FEELINGS, emotion_codes, emotions_of
from elena_wb.findings.rephrasing import Paraphrased, paraphrases
from elena_wb.store import Store, show_run
from elena_wb.store.repeated import read_alike, read_repeats, repeated_runs

TEXTS_OF = 2_000
"""The texts of so many pictures' repeats are compared, all runs together; of more, so many are drawn."""
_FEWEST = 200


@dataclass(frozen=True, slots=True)
class RepeatsOfRun:
    """The repeats of one run: ``repeats`` at most, of ``pictures`` that were asked about.

    ``words`` and ``parts`` are mean Jaccard indices between repeats, of the words of narratives and of the parts of the
    body named; their ``n`` counts pictures, drawn where there are many.
    """

    run_id: int
    condition: str
    repeats: int
    pictures: int
    same: Sameness
    words: Estimate
    parts: Estimate


@dataclass(frozen=True, slots=True)
class Repeatability:
    """What repeats and paraphrases did. ``once`` names runs that asked each question once; ``most`` see TEXTS_OF."""

    runs: tuple[RepeatsOfRun, ...]
    once: tuple[int, ...]
    most: int
    paraphrased: tuple[Paraphrased, ...]


def repeatability(
    store: Store,
    run_ids: Sequence[int],
    resampling: Resampling = Resampling(),  # noqa: B008
    *,
    settings: Mapping[str, str | bool | int] | None = None,
) -> Repeatability:
    """Compare repeats within runs, and runs that are alike but for the wording of the question.

    ``settings`` are DuckDB's for the connections that read answers.

    Raises:
        UsageError: there is no such run.
    """
    with store.read():
        shown = {run_id: show_run(store, run_id) for run_id in run_ids}
        repeated = repeated_runs(store, list(shown))
    most = max(_FEWEST, TEXTS_OF // max(len(repeated), 1))
    asked = [run_id for run_id in shown if run_id in repeated]
    found = []
    if asked:
        alike = read_alike(store, asked, most, settings=settings)
        of_run = alike["run_id"].to_numpy()
        for run_id in asked:
            pictures = alike["picture"].to_numpy()[of_run == run_id]
            texts = {
                name: alike[name].to_numpy()[of_run == run_id].astype(np.float64)
                for name in ("words", "parts")
            }
            means = {
                name: mean_over_stimuli(pictures[~np.isnan(of)], of[~np.isnan(of)], resampling)
                for name, of in texts.items()
            }
            table = read_repeats(store, run_id, settings=settings)
            unit, place = table["stimulus"].to_numpy(), table["repeat"].to_numpy()
            codes = emotion_codes(table, emotions_of([table]))
            emotion = side_by_side(unit, place, codes, MISSING, repeated[run_id]).astype(np.int64)
            feelings = {
                name: side_by_side(
                    unit, place, table[name].to_numpy().astype(np.float64), np.nan, repeated[run_id]
                )
                for name in FEELINGS
            }
            together = pictures_of(unit, table["picture"].to_numpy())
            condition, same = (
                str(shown[run_id]["condition"]),
                sameness(emotion, feelings, resampling, together),
            )
            found.append(RepeatsOfRun(run_id, condition, repeated[run_id], len(emotion), same, **means))
    return Repeatability(
        tuple(found),
        tuple(run_id for run_id in shown if run_id not in repeated),
        most,
        paraphrases(store, shown, repeated, resampling, settings=settings),
    )
