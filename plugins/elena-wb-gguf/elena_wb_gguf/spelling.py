"""Which tokens of a text stand for which of its characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from elena_wb_gguf.native import AnswerError, TextModel


@dataclass(frozen=True, slots=True)
class Spelling:
    """``tokens`` of a text, token ``k`` standing for bytes ``edges[k]`` to ``edges[k + 1]`` of it in UTF-8.

    Character ``c`` of the text is bytes ``characters[c]`` to ``characters[c + 1]``.
    """

    tokens: tuple[int, ...]
    edges: tuple[int, ...]
    characters: tuple[int, ...]

    @classmethod
    def of(cls, text: str, model: TextModel) -> Spelling:
        """The tokens of ``text`` as of an answer: what reads like a control token is none.

        Raises:
            AnswerError: the vocabulary cannot spell it.
        """
        tokens = model.tokens(text, special=False) if text else []
        pieces = [model.piece(token) for token in tokens]
        raw, spelt = text.encode("utf-8", "replace"), b"".join(pieces)
        ahead = len(spelt) - len(raw)  # some vocabularies write a space before a text
        if spelt != b" " * max(ahead, 0) + raw or ahead > 1:
            raise AnswerError("the model's vocabulary cannot spell the answer as it is written")
        edges = accumulate(map(len, pieces), initial=-ahead)
        characters = accumulate((len(one.encode("utf-8", "replace")) for one in text), initial=0)
        return cls(tuple(tokens), tuple(edges), tuple(characters))

    def within(self, spans: Iterable[Sequence[int]]) -> list[int]:
        """The tokens that hold some of the characters ``[start, end)`` of any span, in order.

        Raises:
            IndexError: a span leaves the text.
        """
        found: set[int] = set()
        for start, end in spans:
            if not 0 <= start <= end < len(self.characters):
                raise IndexError(f"{start} to {end}")
            first, last = self.characters[start], self.characters[end]
            for k, (begin, stop) in enumerate(pairwise(self.edges)):
                if max(begin, first) < min(stop, last):
                    found.add(k)
        return sorted(found)
