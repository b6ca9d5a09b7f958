"""What hiding the face changes: F1, the share of named parts that are facial, facial words."""

from __future__ import annotations

import sys

import pandas as pd

from bench.plain import FACIAL, answers, macro_f1, paired


def bias(frame: pd.DataFrame) -> None:
    """Print it."""
    both = paired(frame)
    f1 = [macro_f1(both["truth_a"], both[f"emotion_{side}"]) for side in "ab"]
    print("F1", f1, f1[1] - f1[0])
    texts = frame["explicit_description"].fillna("") + " " + frame["narrative"].fillna("")
    for run, rows in frame.groupby("run"):
        groups = rows["part_groups"].explode().dropna()
        print(run, "facial parts", (groups == "face").mean())
        words = texts[rows.index].str.lower().str.count(FACIAL)
        print(run, "facial words", (words > 0).mean(), words.mean())


if __name__ == "__main__":
    bias(answers(sys.argv[1:]))
