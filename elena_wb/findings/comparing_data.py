"""A comparison of two runs as JSON has it."""

from __future__ import annotations

from typing import Any

from elena_wb.core import Estimate
from elena_wb.findings.comparing import Compared
from elena_wb.findings.comparing_told import headline
from elena_wb.findings.plain_data import as_data as plain_data


def as_data(of: Compared) -> dict[str, Any]:
    """Everything in full precision; what is not defined is null."""
    changes, scores = of.changes, of.scores
    found = {
        "first": of.first,
        "second": of.second,
        "differences": of.differences,
        "differs_in": [one.aspect for one in of.causes],
        "headline": headline(of),
        "pairs": changes.pairs,
        "lost": {**plain_data(changes.lost), "total": changes.lost.total},
        "one_read": changes.one_read,
        "emotion_changed": _changed(changes.flips),
        "words_changed": _changed(changes.words),
        "body_parts_changed": _changed(changes.parts),
        "kappa": of.agreement,
        "right": _right(of),
        "scores": None
        if scores is None
        else {
            "n": scores.n,
            "stimuli": scores.stimuli,
            "figures": scores.figures,
            "f1": {of.answers.labels[code]: one for code, one in scores.classes.items()},
        },
        "named": [
            {
                "emotion": one.emotion,
                "first": one.first,
                "second": one.second,
                "difference": _interval(one.change),
                "p": one.p,
                "p_holm": one.p_holm,
            }
            for one in changes.named
        ],
        "shifts": {
            name: {
                "n": shift.n,
                "stimuli": shift.stimuli,
                "mean": shift.change.value,
                "low": shift.change.low,
                "high": shift.change.high,
                "mean_size": changes.shifts[name].mean_size,
                "rank_biserial": shift.test.effect,
                "moved": shift.test.n - shift.test.zeros,
                "p": shift.test.p,
                "p_is_exact": shift.test.exact,
            }
            for name, shift in of.ratings.items()
        },
        "tests": of.tests,
        "matrix": {
            "first": changes.matrix.rows,
            "second": changes.matrix.columns,
            "counts": changes.matrix.counts,
        },
        "changed": of.flips,
        "resamples": of.resampling.resamples,
        "seed": of.resampling.seed,
    }
    data: dict[str, Any] = plain_data(found)
    return data


def _right(of: Compared) -> dict[str, Any]:
    correct = of.changes.correct
    return {
        "n": correct.n,
        "both": correct.both,
        "only_first": correct.only_first,
        "only_second": correct.only_second,
        "neither": correct.neither,
        "first": _interval(correct.first),
        "second": _interval(correct.second),
        "difference": _interval(correct.gain),
        "test": f"{of.exact_test}, two-sided",
        "p": correct.p,
    }


def _changed(of: Estimate) -> dict[str, Any]:
    return {
        "n": of.n,
        "changed": round(of.value * of.n) if of.n else 0,
        "share": of.value,
        "low": of.low,
        "high": of.high,
    }


def _interval(of: Estimate) -> dict[str, float]:
    return {"value": of.value, "low": of.low, "high": of.high}
