"""What is to be looked at, as the arguments of ``elena-wb attend``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elena_wb.core import UsageError
from elena_wb.parsing.layers import parse_layers
from elena_wb.parsing.tokens import parse_tokens

if TYPE_CHECKING:
    from elena_wb.core import AttentionMethod, Heads

TOKENS = "emotion,parts,narrative"
"""What `elena-wb attend` looks for if nothing is said."""


@dataclass(frozen=True, slots=True)
class Which:
    """Some answers: those of ``runs`` that fulfil ``where``; with ``flips`` only those that changed with the mask.

    ``count`` is how many they are, where it is known.
    """

    label: str
    runs: tuple[int, ...]
    where: str | None = None
    flips: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """``which`` answers are to be looked at, and how: the options of ``elena-wb attend``."""

    which: Which
    tokens: str = TOKENS
    layers: str = "all"
    heads: Heads = "mean"
    method: AttentionMethod = "raw"
    keep_maps: bool = True
    fresh: bool = False

    def check(self) -> None:
        """Make sure that words and layers can be read.

        Raises:
            UsageError: they cannot, or no answer is meant.
        """
        if not self.which.runs:
            raise UsageError("There is no answer that could be looked at.", hint="Choose other answers.")
        parse_tokens(self.tokens)
        parse_layers(self.layers)

    @property
    def arguments(self) -> tuple[str, ...]:
        """Of the program, after ``elena-wb --store PATH``; what is the default is not said."""
        which = self.which
        options: Sequence[tuple[str, str, str]] = (
            ("--tokens", self.tokens.strip(), TOKENS),
            ("--layers", self.layers.strip(), "all"),
            ("--heads", self.heads, "mean"),
            ("--method", self.method, "raw"),
        )
        return (
            "attend",
            *map(str, which.runs),
            *(("--where", which.where) if which.where is not None else ()),
            *(("--flips",) if which.flips else ()),
            *(part for name, value, otherwise in options if value != otherwise for part in (name, value)),
            *(() if self.keep_maps else ("--no-maps",)),
            *(("--fresh",) if self.fresh else ()),
        )


def one_answer(run_id: int, generation_id: str) -> Which:
    """A single answer."""
    return Which("this answer", (run_id,), f"generation_id = {_quoted(generation_id)}", count=1)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
