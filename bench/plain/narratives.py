"""Narratives: parts by emotion, variety of words, repeats about other pictures, the emotion named outright."""

from __future__ import annotations

import re
import sys
from collections import Counter

import pandas as pd

from bench.plain import answers


def narratives(frame: pd.DataFrame) -> None:
    """Print what they hold."""
    parts = frame[["run", "emotion", "body_parts"]].explode("body_parts")
    print(parts.groupby(["run", "emotion"])["body_parts"].value_counts(normalize=True).to_string())
    for run, rows in frame.groupby("run"):
        counts: Counter[str] = Counter()
        for text in rows["narrative"].fillna(""):
            counts.update(re.findall(r"\w+", text.lower()))
        print(run, "types", len(counts), "tokens", counts.total())
        print(run, "repeated", rows["narrative"].str.lower().duplicated(keep=False).mean())
        named = [
            bool(emotion) and emotion in text.lower()
            for emotion, text in zip(rows["emotion"].fillna(""), rows["narrative"].fillna(""), strict=True)
        ]
        print(run, "named outright", sum(named) / len(named))
        print(run, "words", rows["narrative"].str.split().str.len().mean())


if __name__ == "__main__":
    narratives(answers(sys.argv[1:]))
