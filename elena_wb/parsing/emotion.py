"""From what stands where the emotion belongs, or from a short sentence, to one label of the scheme."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from elena_wb.parsing.keys import field_of
from elena_wb.parsing.text import storable
from elena_wb.vocabulary import LabelScheme

_LONGEST_RAW = 200
_LONGEST_PROSE = 600
_CLAUSE = re.compile(r"[.;\n(]|,|\s[-–—]\s|\s(?:because|since|due to|given|as(?! well\b))\s", re.IGNORECASE)
_DENYING = (
    r"\b(?:not|no|never|without|neither|nor|cannot|rather than|instead of|nicht|kein(?:e[mnrs]?)?|ohne|weder|nie)\b"
    r"|n't\b"
)
_DENIAL = re.compile(
    rf"{_DENYING}|\b(?:unable|unclear|unless|either|or|unklar|entweder|oder|statt)\b", re.IGNORECASE
)
_DENIED = re.compile(
    rf"(?:{_DENYING})(?:(?!\b(?:but|yet|though|although|however|rather|sondern|aber)\b)[^,.:;?!\n])*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Named:
    """The label found, or an abstention, or neither; ``raw`` is the model's wording."""

    label: str | None
    abstained: bool
    raw: str | None
    notes: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether the answer says which emotion it is, or that it cannot be said."""
        return self.label is not None or self.abstained


def from_value(value: Any, scheme: LabelScheme) -> Named:
    """Read the value of the field ``emotion``."""
    if value is None:
        return Named(None, True, "null")
    if isinstance(value, Mapping):
        return _from_mapping(value, scheme)
    if isinstance(value, list):
        return _from_list(value, scheme)
    return from_text(storable(str(value), _LONGEST_RAW * 4) if isinstance(value, str) else "", scheme)


def from_text(text: str, scheme: LabelScheme) -> Named:
    """Read a word or clause; in a sentence exactly one label must be named, and none denied."""
    raw = storable(text.strip(), _LONGEST_RAW) or None
    if raw is None:
        return Named(None, False, None, ("emotion: empty",))
    for piece in (raw, _CLAUSE.split(raw, maxsplit=1)[0]):
        label = scheme.canonical(piece)
        if label is not None and _only(label, text, scheme, whole=piece is raw):
            return Named(label, False, raw)
        if scheme.abstains(piece):
            return Named(None, True, raw)
    label = from_sentence(text, scheme)
    if label is not None:
        return Named(label, False, raw, ("emotion: read from a sentence",))
    return Named(None, False, raw, (f"emotion: `{raw[:60]}` is no single label of {scheme.name}",))


def from_sentence(text: str, scheme: LabelScheme) -> str | None:
    """The label named in a short text, if it names exactly one and denies nothing."""
    if len(text) > _LONGEST_PROSE or _DENIAL.search(text.replace("’", "'")):
        return None
    labels = scheme.named_in(text)
    return labels[0] if len(labels) == 1 else None


def _only(label: str, text: str, scheme: LabelScheme, *, whole: bool) -> bool:
    """Whether a first clause may speak for the text.

    "Sad, angry" names two labels; "Sad. He weeps" and "Sad, as there is no joy" name one.
    """
    return whole or set(scheme.named_in(_DENIED.sub(" ", text.replace("’", "'")))) <= {label}


def _from_list(value: list[Any], scheme: LabelScheme) -> Named:
    read = [from_value(item, scheme) for item in value[:20]]
    raw = storable(", ".join(named.raw for named in read if named.raw), _LONGEST_RAW) or None
    labels = {named.label for named in read}
    if len(labels) == 1 and read[0].settled:
        return Named(read[0].label, read[0].abstained, raw)
    return Named(None, False, raw, (f"emotion: a list of {len(value)}, not one label",))


def _from_mapping(value: Mapping[Any, Any], scheme: LabelScheme) -> Named:
    for key, inner in list(value.items())[:50]:
        if isinstance(inner, str) and (
            field_of(str(key)) == "emotion" or str(key).lower() in ("name", "primary")
        ):
            return from_text(storable(inner, _LONGEST_RAW * 4), scheme)
    scores = {
        scheme.canonical(str(key)): float(score)
        for key, score in list(value.items())[:50]
        if isinstance(score, int | float)
        and not isinstance(score, bool)
        and abs(score) < 1e6
        and math.isfinite(score)
    }
    raw = storable(", ".join(str(key)[:30] for key in list(value)[:20]), _LONGEST_RAW) or None
    if scores and None not in scores and len(scores) == len(value):
        top = max(scores.values())
        best = [label for label, score in scores.items() if score == top]
        if len(best) == 1:
            return Named(best[0], False, raw, ("emotion: the highest of several scores",))
    return Named(None, False, raw, ("emotion: an object, not one label",))
