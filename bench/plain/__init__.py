"""Analyses as a script would have them: JSON lines into a pandas data frame, and plain expressions from there."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd
from sklearn.metrics import f1_score

FACIAL = (
    r"\b(?:face|brows?|eyes?|gaze|stares?|mouth|lips?|smil\w+|smirk\w*|grin\w*|frown\w*|tears?|jaw|cheeks?)\b"
)


def answers(files: Sequence[str]) -> pd.DataFrame:
    """Every answer of the runs' files."""
    rows = []
    for path in files:
        if not path.endswith("ratings.jsonl"):
            with open(path, encoding="utf-8") as lines:  # noqa: PTH123 - as scripts do
                rows += [json.loads(line) for line in lines]
    return pd.DataFrame(rows)


def ratings(files: Sequence[str]) -> pd.DataFrame:
    """Every rating."""
    (path,) = [path for path in files if path.endswith("ratings.jsonl")]
    with open(path, encoding="utf-8") as lines:  # noqa: PTH123 - as scripts do
        return pd.DataFrame([json.loads(line) for line in lines])


def macro_f1(truth: pd.Series, said: pd.Series) -> float:
    """Over the labels that are true of some picture; what could not be read is wrong, and no label of its own."""
    return float(f1_score(truth, said.fillna("(none)"), labels=sorted(truth.unique()), average="macro"))


def paired(frame: pd.DataFrame) -> pd.DataFrame:
    """The two runs side by side, by picture and repeat."""
    first, second = (frame[frame["run"] == run] for run in (1, 2))
    return first.merge(second, on=["picture", "repeat"], suffixes=("_a", "_b"))
