"""The options of a model provider as fields of a form, from the provider's own pydantic model."""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo

Kind = Literal["switch", "choice", "whole", "number", "text", "key", "secret"]
"""``key`` takes the name of a stored key; ``secret`` cannot be given in a URI at all."""

_KEY_NAMES = ("key", "api_key", "key_name")
_MISSPELT = "Value error, "


@dataclass(frozen=True, slots=True)
class OptionField:
    """One option as a form shows it. Values are text as it stands in a URI; empty text leaves the option out.

    ``default`` is what counts then, in words; a ``switch`` is on by default where it is ``"true"``.
    """

    name: str
    kind: Kind
    default: str
    choices: tuple[str, ...] = ()
    bounds: str = ""
    help: str = ""
    required: bool = False


def option_fields(model: type[BaseModel]) -> tuple[OptionField, ...]:
    """The options of ``model`` in its order; what no widget fits is text."""
    return tuple(_field(name, info) for name, info in model.model_fields.items())


def problems_of(model: type[BaseModel], given: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong with the options ``given``, by name, in pydantic's words; under ``""`` what concerns them all."""
    found: dict[str, str] = {}
    try:
        model.model_validate(dict(given))
    except ValidationError as error:
        for one in error.errors(include_input=False, include_url=False):
            name = str(one["loc"][0]) if one["loc"] else ""
            found.setdefault(name, one["msg"].removeprefix(_MISSPELT))
    except Exception as error:  # noqa: BLE001 - a plugin's own validator may raise anything
        found[""] = f"{type(error).__name__}: {error}"
    return found


def _field(name: str, info: FieldInfo) -> OptionField:
    kind, choices = _kind(name, info.annotation)
    return OptionField(
        name=name,
        kind=kind,
        default=_default(info),
        choices=choices,
        bounds=_bounds(info),
        help=" ".join((info.description or "").split()),
        required=info.is_required(),
    )


def _kind(name: str, annotation: Any) -> tuple[Kind, tuple[str, ...]]:
    optional, annotation = _bare(annotation)
    if annotation in (SecretStr, SecretBytes):
        return "secret", ()
    if annotation is bool:
        return ("choice", ("true", "false")) if optional else ("switch", ())
    if annotation is int:
        return "whole", ()
    if annotation is float:
        return "number", ()
    if get_origin(annotation) is Literal and all(isinstance(one, str) for one in get_args(annotation)):
        return "choice", tuple(get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        values = tuple(member.value for member in annotation)
        if all(isinstance(value, str) for value in values):
            return "choice", values
    if annotation is str and name in _KEY_NAMES:
        return "key", ()
    return "text", ()


def _bare(annotation: Any) -> tuple[bool, Any]:
    """Whether ``annotation`` allows ``None``, and what else it is, without what is said beside its type."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        others = [one for one in get_args(annotation) if one is not type(None)]
        optional = len(others) < len(get_args(annotation))
        if len(others) == 1:
            return optional, _bare(others[0])[1]
        return optional, annotation
    return False, annotation


def _default(info: FieldInfo) -> str:
    if info.is_required() or info.default_factory is not None or info.default is None:
        return ""
    value = info.default
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (SecretStr, SecretBytes)):
        return ""
    if isinstance(value, (tuple, list)):
        return ",".join(map(str, value))
    return str(value)


_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "at least", "max_length": "at most"}


def _bounds(info: FieldInfo) -> str:
    """The limits of a number or a text in a few signs."""
    found: list[str] = []
    for rule in info.metadata:
        for name, sign in _SIGNS.items():
            limit = getattr(rule, name, None)
            if isinstance(limit, (int, float)):
                found.append(f"{sign} {limit}" + (" characters" if "length" in name else ""))
    return ", ".join(found)
