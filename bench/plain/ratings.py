"""Ratings: means by scale and run, agreement of two raters, and what goes with them."""

from __future__ import annotations

import sys
from itertools import combinations

import pandas as pd
from scipy import stats

from bench.plain import FACIAL, answers, ratings


def rated(frame: pd.DataFrame, said: pd.DataFrame) -> None:
    """Print it."""
    first = said[~said["again"]]
    print(first.groupby(["scale", "run_id"])["value"].agg(["mean", "std", "count"]))
    frame = frame.set_index("answer")
    frame["words"] = frame["narrative"].fillna("").str.split().str.len()
    frame["parts"] = frame["body_parts"].str.len()
    frame["facial"] = frame["narrative"].fillna("").str.count(FACIAL)
    frame["correct"] = frame["emotion"] == frame["truth"]
    for scale, rows in first.groupby("scale"):
        print(scale, stats.mannwhitneyu(*(of["value"] for _, of in rows.groupby("run_id"))).pvalue)
        table = rows.pivot(index="item", columns="rater", values="value")
        print(scale, [table[a].corr(table[b], method="spearman") for a, b in combinations(table, 2)])
        mean = rows.groupby("generation_id")["value"].mean()
        for name in ("words", "parts", "facial", "correct"):
            print(scale, name, stats.spearmanr(mean, frame.loc[mean.index, name]))


if __name__ == "__main__":
    rated(answers(sys.argv[1:]), ratings(sys.argv[1:]))
