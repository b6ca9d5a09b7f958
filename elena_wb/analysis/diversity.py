"""How varied the words of texts are, by measures that bear different lengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]

SAMPLE = 42
"""Words that HD-D draws; McCarthy & Jarvis 2010 use so many."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts as numbers of words: text *i* is ``words[starts[i]:starts[i + 1]]``.

    ``words`` (int64 ``[all words]``), equal where the words are; ``starts`` (int64 ``[texts + 1]``).
    """

    words: Places
    starts: Places

    @property
    def lengths(self) -> Places:
        """How many words each text has: int64 ``[texts]``."""
        return np.diff(self.starts)

    @property
    def text(self) -> Places:
        """Which text each word stands in: int64 ``[all words]``."""
        return np.repeat(np.arange(len(self.starts) - 1), self.lengths)

    def taken(self, rows: Places) -> Texts:
        """Some of the texts, in the order of ``rows``."""
        lengths = self.lengths[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], lengths)
        return Texts(self.words[places], starts)


def hdd(texts: Texts) -> Numbers:
    """HD-D of each text (McCarthy & Jarvis 2010, Behavior Research Methods 42:381-392): float64 ``[texts]``.

    The mean number of different words among 42 drawn from the text without replacement, over 42: a type that occurs f
    times among N words is drawn with 1 - C(N-f, 42)/C(N, 42), exactly, by the hypergeometric distribution. Between 1/42
    (one word only) and 1 (none twice). NaN for a text of fewer than 42 words.
    """
    lengths = texts.lengths
    size, longest = int(texts.words.max(initial=0)) + 1, int(lengths.max(initial=0)) + 1
    keys, times = np.unique(texts.text * size + texts.words, return_counts=True)
    of = keys // size
    kinds, kind = np.unique(lengths[of] * longest + times, return_inverse=True)
    drawn = _drawn(kinds // longest, kinds % longest)
    sums = np.bincount(of, weights=drawn[kind], minlength=len(lengths))
    return np.where(lengths >= SAMPLE, sums / SAMPLE, np.nan)


def hdd_together(texts: Texts) -> float:
    """HD-D of all the texts as one."""
    return float(hdd(Texts(texts.words, np.array([0, len(texts.words)])))[0])


def distinct(texts: Texts) -> tuple[float, float]:
    """distinct-1 and distinct-2 (Li et al. 2016, NAACL): different words and pairs of words over all of them.

    Pairs are neighbours within a text. Both fall with the number of words. NaN where there is no word, or no pair.
    """
    pairs = pair_codes(texts)[0]
    found = (len(np.unique(kind)) / len(kind) if len(kind) else np.nan for kind in (texts.words, pairs))
    one, two = found
    return float(one), float(two)


def pair_codes(texts: Texts) -> tuple[Places, Places]:
    """A number for each pair of neighbouring words within a text, equal where they are; and the text of each."""
    of = texts.text
    within = of[1:] == of[:-1]
    return (texts.words[:-1] << 31 | texts.words[1:])[within], of[1:][within]


def _drawn(words: Places, times: Places) -> Numbers:
    """How probable it is that one of so many equal words is among 42 drawn of ``words``; 0 where there are fewer."""
    steps = np.arange(SAMPLE)
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = np.prod(
            np.clip((words - times)[:, None] - steps, 0, None) / (words[:, None] - steps), axis=1
        )
    return np.where(words >= SAMPLE, 1 - missed, 0.0)
