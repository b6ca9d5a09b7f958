"""Scores of each run: of every label, and how many answers could be read. Errors of numbers are left out."""

from __future__ import annotations

import sys

import pandas as pd
from sklearn.metrics import classification_report, confusion_matrix

from bench.plain import answers


def scores(frame: pd.DataFrame) -> None:
    """Print them."""
    for run, rows in frame.groupby("run"):
        known = rows[rows["truth"].notna()]
        labels = sorted(known["truth"].unique())
        said = known["emotion"].fillna("(none)")
        print(run, classification_report(known["truth"], said, labels=labels, zero_division=0))
        print(confusion_matrix(known["truth"], said, labels=labels))
        print((rows["status"] == "ok").mean(), (rows["status"] == "refused").mean())


if __name__ == "__main__":
    scores(answers(sys.argv[1:]))
