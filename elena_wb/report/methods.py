"""What was measured and how, in paragraphs for a section on methods; sources stand with the findings themselves."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from elena_wb.core import Resampling


def paragraphs(kinds: Sequence[str], resampling: Resampling) -> Iterator[str]:
    """One for each kind of analysis that was carried out, and one on intervals."""
    for kind in dict.fromkeys(kinds):
        yield _texts()[kind]
    if resampling.resamples:
        yield (
            f"Intervals of scores are 95 % percentile intervals of {resampling.resamples:,} bootstrap samples (Efron & "
            f"Tibshirani 1993; seed {resampling.seed}). Stimuli are drawn with replacement, and all answers to a "
            "stimulus are drawn together. Where another interval or test was used, the table says so."
        )
    else:
        yield "No bootstrap was carried out, so that scores stand without intervals."


def sources(found: Iterable[Sequence[str]]) -> list[str]:
    """All sources, each once, by name."""
    return sorted({source for of in found for source in of}, key=str.casefold)


@cache
def _texts() -> dict[str, str]:
    text = (Path(__file__).parent / "methods.toml").read_text(encoding="utf-8")
    return {kind: " ".join(paragraph.split()) for kind, paragraph in tomllib.loads(text).items()}
