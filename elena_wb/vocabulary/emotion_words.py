"""English words for emotions in running text, and the labels of a taxonomy that they come to.

Words, families and mappings are data (``emotion_words.toml``), chosen by elena-wb. What is found is a list of words:
sense is not understood. A word that follows a negator directly, or with one filler between them ("not very happy",
"no sign of fear"), is no mention; other negations ("nobody was happy") are not recognised. Nor is a word
within a name of something else ("nervous system").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from elena_wb.errors import SetupError, UsageError
from elena_wb.nearest import nearest
from elena_wb.vocabulary.datafile import Strict, read
from elena_wb.vocabulary.schemes import load_scheme

FOREIGN_LETTER: Final = r"[^\x00-\x7F\P{L}]|\p{M}"
"""Letters beyond ASCII, as RE2 writes them. To it they end a word, so they are replaced by ``x`` before a search."""
_LONGEST = 20_000
_APART = re.compile(r"[\s-]+")
_FOREIGN = re.compile(r"[^\W\d_a-zA-Z]|[\u0300-\u036f]")


@dataclass(frozen=True, slots=True)
class Family:
    """Words for one emotion; ``labels`` has the label of each taxonomy that has a place for it."""

    name: str
    words: tuple[str, ...]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EmotionWords:
    """The words there are.

    ``pattern`` finds mentions in RE2 and in Python alike, in any case, whole words, the longest at a place; where it
    begins with a negator, or is a name of something else, what it finds is in no family and is to be dropped.
    ``source`` is who chose them.
    """

    source: str
    taxonomies: tuple[str, ...]
    families: tuple[Family, ...]
    pattern: str = field(repr=False)

    def labels(self, taxonomy: str) -> dict[str, str | None]:
        """Each word with its label in ``taxonomy``; ``None`` where that has no place for it.

        Raises:
            UsageError: no word is mapped to such a taxonomy.
        """
        if taxonomy not in self.taxonomies:
            raise UsageError(
                f"The words for emotions are not mapped to `{taxonomy}`.",
                hint=nearest(taxonomy, self.taxonomies),
            )
        return {word: family.labels.get(taxonomy) for family in self.families for word in family.words}

    def found_in(self, text: str) -> tuple[str, ...]:
        """The words for emotions that ``text`` mentions, in order, repeated ones again.

        Only the first 20,000 characters are looked at.
        """
        known = _known()
        said = _compiled().findall(_FOREIGN.sub("x", text[:_LONGEST]))
        mentions = (_APART.sub(" ", mention.replace("’", "'")).lower() for mention in said)
        return tuple(mention for mention in mentions if mention in known)


class _Family(Strict):
    name: str
    labels: Mapping[str, str] = {}
    words: tuple[str, ...]


class _File(Strict):
    source: str
    taxonomies: tuple[str, ...]
    negators: tuple[str, ...]
    between: tuple[str, ...]
    elsewhere: tuple[str, ...]
    families: tuple[_Family, ...]


@cache
def emotion_words() -> EmotionWords:
    """All words for emotions.

    Raises:
        SetupError: the data file is damaged, has a word twice, or maps one to a label that there is not.
    """
    file = read("emotion_words.toml", _File)
    words = [word for family in file.families for word in family.words]
    wrong = [word for word, times in Counter(words).items() if times > 1]
    for family in file.families:
        for taxonomy, label in family.labels.items():
            if taxonomy not in file.taxonomies or label not in load_scheme(taxonomy).names:
                wrong.append(f"{family.name} = {label} in {taxonomy}")
    if wrong:
        raise SetupError(
            f"The words for emotions are damaged: {', '.join(wrong)}.", hint="Install elena-wb again."
        )
    return EmotionWords(
        source=file.source,
        taxonomies=file.taxonomies,
        families=tuple(Family(family.name, family.words, family.labels) for family in file.families),
        pattern=(
            rf"(?i)\b(?:(?:{_any_of(file.negators)})\s+(?:(?:{_any_of(file.between)})\s+)?)?"
            rf"(?:{_any_of([*words, *file.elsewhere])})\b"
        ),
    )


def _any_of(words: Iterable[str]) -> str:
    """The words as alternatives, longer ones first; a blank is a hyphen, too, and either apostrophe will do."""
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return "|".join(word.replace(" ", r"[\s-]+").replace("'", "['’]") for word in longest_first)


@cache
def _compiled() -> re.Pattern[str]:
    return re.compile(emotion_words().pattern)


@cache
def _known() -> frozenset[str]:
    return frozenset(word for family in emotion_words().families for word in family.words)
