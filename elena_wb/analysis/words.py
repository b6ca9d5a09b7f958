"""Two texts side by side: which words are in both, which in one of them only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal, NamedTuple
from unicodedata import category

Kind = Literal["same", "only first", "only second"]

_SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Of writing without spaces between words: each stands for a word."""
_MARKS = "".join(sign for sign in map(chr, range(0x300, 0x20F1)) if category(sign).startswith("M"))
"""What belongs to the letter before it: accents, vowels of Indic writing."""
_LETTERS = f"(?:(?![{_SIGNS}])\\w[{_MARKS}]*)+"
_WORD = re.compile(f"([{_SIGNS}]|{_LETTERS}(?:['’]{_LETTERS})*|[^\\w\\s][{_MARKS}]*|^)(\\s*)")
_SENTENCE = re.compile(r"([^\n.!?]*[.!?]*)(\s*)")
_MOST = 1000
"""So many words, or sentences, of one side are aligned at once."""
_WAYS = 10_000
"""Alignment begins at words that can be matched in so few ways, all together."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that both texts have there, or one of them only."""

    kind: Kind
    text: str


class _Token(NamedTuple):
    """A word or a sentence, and the space after it, which is not compared."""

    word: str
    space: str


def word_changes(first: str, second: str) -> tuple[Piece, ...]:
    """The pieces of two texts in reading order; what ``first`` alone has stands before what ``second`` has instead.

    The pieces without "only second" are ``first`` to the character, those without "only first" are ``second``.
    Words and punctuation marks are compared as they are written; where the space after them alone differs, the space
    is a piece. Texts whose differing middle has more than a thousand words are aligned by sentences, and by words
    within the sentences that differ; middles of more than a thousand sentences are not aligned. Time is bounded by
    that, whatever the texts are.
    """
    return tuple(_joined(_aligned(first, second)))


def _aligned(first: str, second: str) -> Iterator[Piece]:
    words = _tokens(_WORD, first), _tokens(_WORD, second)
    before, after = _ends(*words)
    middle = _middle(words[0], before, after), _middle(words[1], before, after)
    yield from _same(words[0][:before], words[1][:before])
    if max(map(len, middle)) <= _MOST:
        yield from _matched(*middle)
    else:
        yield from _by_sentences(*(_text(tokens) for tokens in middle))
    if after:
        yield from _same(words[0][-after:], words[1][-after:])


def _by_sentences(first: str, second: str) -> Iterator[Piece]:
    sentences = _tokens(_SENTENCE, first), _tokens(_SENTENCE, second)
    if max(map(len, sentences)) > _MOST:
        yield from _changed(first, second)
        return
    left = _MOST
    for equal, mine, others in _blocks(*sentences):
        if equal:
            yield from _same(mine, others)
            continue
        words = _tokens(_WORD, _text(mine)), _tokens(_WORD, _text(others))
        size = max(map(len, words))
        if all(words) and size <= left:
            left -= size
            yield from _matched(*words)
        else:
            yield from _changed(_text(mine), _text(others))


def _matched(first: Sequence[_Token], second: Sequence[_Token]) -> Iterator[Piece]:
    for equal, mine, others in _blocks(first, second):
        yield from _same(mine, others) if equal else _changed(_text(mine), _text(others))


def _blocks(
    first: Sequence[_Token], second: Sequence[_Token]
) -> Iterator[tuple[bool, Sequence[_Token], Sequence[_Token]]]:
    """Runs of tokens that are equal, or stand for one another."""
    a, b = [token.word for token in first], [token.word for token in second]
    matcher = SequenceMatcher(_common(a, b).__contains__, a, b, autojunk=False)
    for tag, i, k, j, m in matcher.get_opcodes():
        yield tag == "equal", first[i:k], second[j:m]


def _common(a: Sequence[str], b: Sequence[str]) -> frozenset[str]:
    """The words that are too frequent in both to begin an alignment at: they are matched beside rarer ones only."""
    counts_a, counts_b = Counter(a), Counter(b)
    ways = sorted((count * counts_b[word], word) for word, count in counts_a.items())
    allowed = _WAYS
    common = set()
    for count, word in ways:
        allowed -= count
        if allowed < 0:
            common.add(word)
    return frozenset(common)


def _same(first: Sequence[_Token], second: Sequence[_Token]) -> Iterator[Piece]:
    for mine, other in zip(first, second, strict=True):
        yield Piece("same", mine.word)
        if mine.space == other.space:
            yield Piece("same", mine.space)
        else:
            yield from _changed(mine.space, other.space)


def _changed(first: str, second: str) -> Iterator[Piece]:
    yield Piece("only first", first)
    yield Piece("only second", second)


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Neighbours of one kind as one piece; between two pieces that both texts have, the first text's come first."""
    filled = (piece for piece in pieces if piece.text)
    for same, run in groupby(filled, lambda piece: piece.kind == "same"):
        found = list(run)
        kinds: tuple[Kind, ...] = ("same",) if same else ("only first", "only second")
        for kind in kinds:
            text = "".join(piece.text for piece in found if piece.kind == kind)
            if text:
                yield Piece(kind, text)


def _ends(first: Sequence[_Token], second: Sequence[_Token]) -> tuple[int, int]:
    """How many tokens are equal at the beginning, and at the end of what is left."""
    shorter = min(len(first), len(second))
    before = 0
    while before < shorter and first[before].word == second[before].word:
        before += 1
    after = 0
    while after < shorter - before and first[-1 - after].word == second[-1 - after].word:
        after += 1
    return before, after


def _middle(tokens: Sequence[_Token], before: int, after: int) -> Sequence[_Token]:
    return tokens[before : len(tokens) - after]


def _tokens(pattern: re.Pattern[str], text: str) -> list[_Token]:
    found = (_Token(match[1], match[2]) for match in pattern.finditer(text))
    return [token for token in found if token.word or token.space]


def _text(tokens: Sequence[_Token]) -> str:
    return "".join(token.word + token.space for token in tokens)
