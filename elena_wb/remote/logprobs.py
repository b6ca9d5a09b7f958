"""From the log-probabilities of tokens to those of the labels that an answer chose among."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LABEL_KEY = "emotion"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BLANK = " \t\r\n"


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token of an answer, and the most probable tokens at its place, with natural logarithms of probability.

    The token itself may be among its alternatives.
    """

    token: str
    logprob: float
    alternatives: Sequence[tuple[str, float]] = ()


def label_logprobs(tokens: Sequence[TokenLogprob], schema: Mapping[str, Any] | None) -> Mapping[str, float]:
    """Label, as ``schema`` spells it → the natural logarithm of its probability where the answer names its label.

    The label is the value of the property that lists its values (``emotion`` if that does, else the first) in the one
    JSON object of the answer that has it. A label is scored at the first token where an alternative fits it and no
    other label: by the tokens chosen since the value began and that alternative, or the sum of several such
    alternatives. Labels that no alternative stands for are left out. Empty where nothing can be told.
    """
    found = label_property(schema)
    if found is None:
        return {}
    key, labels = found
    text = "".join(token.token for token in tokens)
    start = _value_start(text, key)
    return {} if start is None else _scored(tokens, text, start, _Spellings(labels))


class _Spellings:
    """The ways in which each label may stand between quotation marks in JSON, in lower case."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._forms = {
            label: {
                json.dumps(label, ensure_ascii=ascii_only)[1:-1].casefold() for ascii_only in (True, False)
            }
            for label in labels
        }

    def fitting(self, written: str) -> list[str]:
        """The labels that a value may be of which ``written`` is the beginning, or the whole with its closing mark."""
        plain = written.lstrip(_BLANK).casefold()
        return [
            label
            for label, forms in self._forms.items()
            if any(form.startswith(plain) or plain.startswith(f'{form}"') for form in forms)
        ]


def _scored(
    tokens: Sequence[TokenLogprob], text: str, start: int, spellings: _Spellings
) -> Mapping[str, float]:
    """Walk the tokens from the one in which the value begins, for as long as several labels fit what was chosen."""
    scores: dict[str, float] = {}
    position, so_far = 0, 0.0
    for token in tokens:
        end = position + len(token.token)
        if end > start:
            here: dict[str, list[float]] = {}
            for alternative, logprob in _choices(token):
                written = _value_written(text, position, start, alternative)
                fitting = spellings.fitting(written) if written is not None else []
                if len(fitting) == 1 and fitting[0] not in scores:
                    here.setdefault(fitting[0], []).append(so_far + logprob)
            scores |= {label: min(_log_of_sum(parts), 0.0) for label, parts in here.items()}
            so_far += token.logprob
            if not math.isfinite(so_far) or len(spellings.fitting(text[start:end])) < 2:
                break
        position = end
    return scores


def _choices(token: TokenLogprob) -> Iterator[tuple[str, float]]:
    """Each different token that could stand here with its log-probability, the chosen one included."""
    choices = dict(token.alternatives)
    choices[token.token] = token.logprob
    return ((text, logprob) for text, logprob in choices.items() if math.isfinite(logprob))


def _value_written(text: str, position: int, start: int, alternative: str) -> str | None:
    """How the value would begin with ``alternative`` at ``position``; ``None`` where it would not have begun.

    Blanks before the opening quotation mark do not count.
    """
    if position >= start:
        return text[start:position] + alternative
    rest = alternative
    for needed in text[position:start]:
        if needed in _BLANK:
            continue
        rest = rest.lstrip(_BLANK)
        if not rest.startswith(needed):
            return None
        rest = rest[1:]
    return rest


def _log_of_sum(logprobs: Sequence[float]) -> float:
    top = max(logprobs)
    return top + math.log(math.fsum(math.exp(one - top) for one in logprobs))


def label_property(schema: Mapping[str, Any] | None) -> tuple[str, list[str]] | None:
    """Name and labels of the property that holds the label."""
    properties = (schema or {}).get("properties", {})
    for name in sorted(properties, key=lambda name: name != LABEL_KEY):
        values = properties[name].get("enum") if isinstance(properties[name], Mapping) else None
        labels = [value for value in values or () if isinstance(value, str) and value]
        if labels:
            return name, labels
    return None


def _value_start(text: str, key: str) -> int | None:
    """Where the text of the value of ``key`` begins, after its quotation mark.

    ``None`` unless ``key`` stands exactly once as a key of an outermost JSON object, with a text for its value.
    """
    starts: list[int] = []
    depth, position, wants_key = 0, 0, False
    while position < len(text):
        character = text[position]
        if character == '"' and depth > 0:
            string, after = _string_at(text, position)
            colon = _skip_blanks(text, after)
            is_key = wants_key and depth == 1 and text[colon : colon + 1] == ":"
            wants_key = False
            if is_key and string == key:
                value = _skip_blanks(text, colon + 1)
                starts.append(value + 1 if text[value : value + 1] == '"' else -1)
            position = after
            continue
        if character in "{[":
            depth += 1
            wants_key = depth == 1 and character == "{"
        elif character in "}]":
            depth = max(0, depth - 1)
        elif character == "," and depth == 1:
            wants_key = True
        position += 1
    return starts[0] if len(starts) == 1 and starts[0] > 0 else None


def _string_at(text: str, opening: int) -> tuple[str, int]:
    """The JSON string whose opening mark stands at ``opening``, and where it ends; all the rest if it does not."""
    found = _STRING.match(text, opening)
    if found is None:
        return "", len(text)
    try:
        return str(json.loads(found[0], strict=False)), found.end()
    except json.JSONDecodeError:
        return "", found.end()


def _skip_blanks(text: str, position: int) -> int:
    while text[position : position + 1] and text[position] in _BLANK:
        position += 1
    return position
