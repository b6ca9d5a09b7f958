"""From characters of an answer to its tokens, and from these to the rows of attention that chose them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from elena_wb.core import ModelError, Target

_CONTINUED = {"attention_mask": 1, "token_type_ids": 0, "mm_token_type_ids": 0}
_REPEATED = "cross_attention_mask"
_BASELINE = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in tokens. ``spans`` are the characters ``[start, end)`` of the text that each has a part in."""

    tokens: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]

    @classmethod
    def read(cls, tokenizer: Any, text: str, name: str) -> Answer:
        """Tokenise ``text`` as the model would have written it.

        What looks like a special token is text, since those that a model writes are not kept. Characters that no
        tokenizer takes (lone surrogates) become replacement characters.

        Raises:
            ModelError: the tokenizer of model ``name`` does not tell which characters a token stands for.
        """
        if not tokenizer.is_fast:
            raise ModelError(
                f"The tokenizer of {name} does not tell which characters a token stands for.",
                hint="Save the model again with a fast tokenizer (tokenizer.json).",
            )
        clean = "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)
        read = tokenizer(
            clean, add_special_tokens=False, return_offsets_mapping=True, split_special_tokens=True
        )
        return cls(tuple(read["input_ids"]), tuple((start, end) for start, end in read["offset_mapping"]))

    def places(self, target: Target) -> list[int]:
        """Tokens that have a part in what the target covers, by number from the beginning of the answer.

        Where a character takes several tokens, all of them belong to it.
        """
        return [
            place
            for place, (start, end) in enumerate(self.spans)
            if any(first < last and start < last and first < end for first, last in target.spans)
        ]


def continued(inputs: Mapping[str, Any], tokens: Sequence[int]) -> dict[str, Any]:
    """The inputs of one request with these tokens written behind it.

    Raises:
        ModelError: the processor made something for each token that it is not known how to continue.
    """
    ids = inputs["input_ids"]
    width, more = ids.shape[1], len(tokens)
    longer = dict(inputs)
    longer["input_ids"] = torch.cat([ids, torch.tensor([tokens], dtype=ids.dtype, device=ids.device)], dim=1)
    for name, value in inputs.items():
        if name == "input_ids" or not isinstance(value, torch.Tensor):
            continue
        if name in _CONTINUED:
            longer[name] = torch.cat([value, value.new_full((1, more), _CONTINUED[name])], dim=1)
        elif name == _REPEATED:
            longer[name] = torch.cat([value, value[:, -1:].expand(-1, more, *value.shape[2:])], dim=1)
        elif value.shape == (1, width):
            raise ModelError(
                f"It is not known how the input `{name}` of this architecture goes on after the prompt."
            )
    return longer


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows of attention are wanted, and what part each has in the mean of a target.

    ``at`` is int64 ``[rows]``, positions in the whole sequence, ascending. ``shares`` is float32
    ``[targets + 1, rows]``: each line adds up to 1, or is 0 for a target without a token. The last line is the
    baseline. ``of`` are the tokens of each target, counted from the beginning of the answer; token ``k`` is chosen by
    the row at ``prompt + k - 1``.
    """

    at: torch.Tensor
    shares: torch.Tensor
    of: tuple[tuple[int, ...], ...]

    @classmethod
    def of_targets(cls, answer: Answer, targets: Sequence[Target], prompt: int, question: range) -> Rows:
        """Rows of ``targets`` behind a prompt of so many tokens, and of the ``question`` as the baseline.

        Of a long question 64 rows, evenly spread, are the baseline: a mean needs no more, and each costs time.
        """
        spread = question[:: -(-len(question) // _BASELINE)] if question else question
        tokens = tuple(tuple(answer.places(target)) for target in targets)
        lines = [[prompt + place - 1 for place in places] for places in tokens] + [list(spread)]
        wanted = sorted({row for line in lines for row in line})
        number = {row: place for place, row in enumerate(wanted)}
        shares = torch.zeros(len(lines), len(wanted))
        for place, line in enumerate(lines):
            for row in line:
                shares[place, number[row]] = 1 / len(line)
        return cls(torch.tensor(wanted, dtype=torch.int64), shares, tokens)

    def to(self, device: torch.device) -> Rows:
        """The same on another device."""
        return Rows(self.at.to(device), self.shares.to(device), self.of)
