"""Findings as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from typing import Any


def as_data(of: object) -> Any:
    """Dataclasses, arrays and mappings as dicts, lists and numbers; what is not defined is null.

    Fields of a dataclass whose name begins with an underscore are left out.
    """
    if is_dataclass(of) and not isinstance(of, type):
        return {field.name: as_data(getattr(of, field.name)) for field in fields(of) if field.name[0] != "_"}
    if isinstance(of, Mapping):
        return {_key(key): as_data(value) for key, value in of.items()}
    if isinstance(of, list | tuple):
        return [as_data(one) for one in of]
    if isinstance(of, Set):
        return sorted(as_data(one) for one in of)
    if isinstance(of, float):
        return of if math.isfinite(of) else None
    if hasattr(of, "tolist"):  # an array of numpy, or one of its numbers
        return as_data(of.tolist())
    return of


def _key(key: object) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
