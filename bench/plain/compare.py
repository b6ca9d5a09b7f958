"""Two runs compared: flips, accuracy, McNemar, Wilcoxon, kappa, words and parts that changed."""

from __future__ import annotations

import sys

import pandas as pd
from scipy import stats
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.contingency_tables import mcnemar

from bench.plain import answers, macro_f1, paired


def compared(frame: pd.DataFrame) -> None:
    """Print what changed."""
    both = paired(frame)
    read = both[(both["status_a"] == "ok") & (both["status_b"] == "ok")]
    print("flips", (read["emotion_a"] != read["emotion_b"]).mean())
    print(pd.crosstab(both["emotion_a"].fillna("(none)"), both["emotion_b"].fillna("(none)")))
    print("kappa", cohen_kappa_score(read["emotion_a"], read["emotion_b"]))
    right = [both[f"emotion_{side}"] == both["truth_a"] for side in "ab"]
    print("accuracy", right[0].mean(), right[1].mean())
    print("mcnemar", mcnemar(pd.crosstab(*right), exact=True).pvalue)
    for side in "ab":
        print("F1", macro_f1(both["truth_a"], both[f"emotion_{side}"]))
    for name in ("valence", "arousal", "dominance"):
        shift = (read[f"{name}_b"] - read[f"{name}_a"]).dropna().round(9)  # or equal shifts would not be ties
        print(name, shift.mean(), stats.wilcoxon(shift).pvalue)
    print("texts", (both["narrative_a"] != both["narrative_b"]).mean())
    parts = [both[f"body_parts_{side}"].map(frozenset) for side in "ab"]
    print("parts", (parts[0] != parts[1]).mean())


if __name__ == "__main__":
    compared(answers(sys.argv[1:]))
