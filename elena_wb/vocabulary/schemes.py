"""Label schemes: the labels an answer may bear, and the many ways in which models spell them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from elena_wb.errors import UsageError
from elena_wb.nearest import nearest
from elena_wb.vocabulary.datafile import FOLDER, Strict, folded, read

_LONGEST = 200
_EDGES = " \t\n\r.,;:!?*_`'\"“”‘’()[]{}<>#-–—|\\"
_APART = re.compile(r"\s*(?:/|,|;|&|\||\+|\band\b|\bor\b|\bwith\b|→|->)\s*")
_WORD = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*")
_ASIDE = re.compile(r"\s*[(\[{].*$|\s+(?:-|–|—)\s+.*$|:.*$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SchemeLabel:
    """A label: ``name`` as stored (``happiness``), ``display`` as shown to models and people."""

    name: str
    display: str


@dataclass(frozen=True, slots=True)
class LabelScheme:
    """A closed set of labels in a fixed order, with aliases."""

    name: str
    title: str
    labels: tuple[SchemeLabel, ...]
    _aliases: Mapping[str, str] = field(repr=False)
    _in_prose: Mapping[str, str] = field(repr=False)
    _abstentions: frozenset[str] = field(repr=False)
    _modifiers: tuple[str, ...] = field(repr=False)
    _most_words: int = field(repr=False)
    """How many words the longest of the names and aliases that count in prose has."""

    @property
    def names(self) -> tuple[str, ...]:
        """The labels as stored, in the scheme's order."""
        return tuple(label.name for label in self.labels)

    @property
    def displayed(self) -> tuple[str, ...]:
        """The labels as shown, in the scheme's order."""
        return tuple(label.display for label in self.labels)

    @property
    def words(self) -> Mapping[str, str]:
        """What names a label anywhere in a sentence, folded: names and aliases → the label."""
        return self._in_prose

    def canonical(self, text: str) -> str | None:
        """The one label that ``text`` stands for as a whole.

        Case, punctuation around it, modifiers ("very sad") and an aside ("Joy (mild)") do not matter.
        ``None`` for an abstention, an unknown word, and where two different labels are named.
        """
        plain = folded(text[:_LONGEST]).strip(_EDGES)
        for candidate in (plain, _ASIDE.sub("", plain).strip(_EDGES)):
            found = self._exactly(candidate)
            if found is not None:
                return found
        pieces = [piece.strip(_EDGES) for piece in _APART.split(_ASIDE.sub("", plain))]
        labels = {self._exactly(piece) for piece in pieces if piece}
        return labels.pop() if len(labels) == 1 else None

    def abstains(self, text: str) -> bool:
        """Whether ``text`` says that no single label can be given ("unknown", "mixed")."""
        plain = folded(text[:_LONGEST])
        stripped = plain.strip(_EDGES)
        candidates = {plain, stripped, _ASIDE.sub("", stripped).strip(_EDGES)} - {""}
        return bool(candidates & self._abstentions)

    def named_in(self, prose: str) -> tuple[str, ...]:
        """The labels named anywhere in a sentence, each once, in order of appearance.

        Of several words that are an alias together the longest row counts: "physical suffering" is not
        "suffering". Words that mean too much else in a sentence ("content", "blue") do not count.
        """
        text = folded(prose)
        words = [match.span() for match in _WORD.finditer(text)]
        found: dict[str, None] = {}
        at = 0
        while at < len(words):
            start = words[at][0]
            for last in range(min(at + self._most_words, len(words)) - 1, at - 1, -1):
                label = self._in_prose.get(text[start : words[last][1]])
                if label is not None:
                    found[label] = None
                    at = last
                    break
            at += 1
        return tuple(found)

    def _exactly(self, plain: str) -> str | None:
        for _ in range(4):
            if plain in self._aliases:
                return self._aliases[plain]
            shorter = next((plain[len(word) :] for word in self._modifiers if plain.startswith(word)), None)
            if shorter is None:
                return None
            plain = shorter.strip(_EDGES)
        return self._aliases.get(plain)


class _LabelEntry(Strict):
    name: str
    display: str
    aliases: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()


class _SchemeFile(Strict):
    name: str
    title: str
    labels: tuple[_LabelEntry, ...]


class _AnswersFile(Strict):
    abstentions: tuple[str, ...]
    modifiers: tuple[str, ...]


_ANSWERS = "answers"
_NOT_SCHEMES = frozenset({"body_parts", "emotion_words", "mappings", _ANSWERS})


def scheme_names() -> tuple[str, ...]:
    """Every scheme there is."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml") if path.stem not in _NOT_SCHEMES))


@cache
def load_scheme(name: str) -> LabelScheme:
    """The scheme called ``name``.

    Raises:
        UsageError: there is none.
        SetupError: its file is damaged.
    """
    if name not in scheme_names():
        raise UsageError(f"There is no label scheme `{name}`.", hint=nearest(name, scheme_names()))
    return _build(read(f"{name}.toml", _SchemeFile), read(f"{_ANSWERS}.toml", _AnswersFile))


def _build(file: _SchemeFile, answers: _AnswersFile) -> LabelScheme:
    in_prose: dict[str, str] = {}
    aliases: dict[str, str] = {}
    for label in file.labels:
        in_prose |= dict.fromkeys(map(folded, (label.name, label.display, *label.aliases)), label.name)
        aliases |= dict.fromkeys(map(folded, label.alone), label.name)
    return LabelScheme(
        name=file.name,
        title=file.title,
        labels=tuple(SchemeLabel(label.name, label.display) for label in file.labels),
        _aliases=aliases | in_prose,
        _in_prose=in_prose,
        _abstentions=frozenset(map(folded, answers.abstentions)),
        _modifiers=tuple(sorted((f"{folded(word)} " for word in answers.modifiers), key=len, reverse=True)),
        _most_words=max(len(_WORD.findall(text)) for text in in_prose),
    )
