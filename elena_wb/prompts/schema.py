"""From a pack's output fields to the JSON Schema of an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from elena_wb.vocabulary import LabelScheme

FieldType = Literal["label", "text", "texts", "integer", "number"]
FIELD_TYPES: dict[FieldType, str] = {
    "label": "one label of the scheme, spelt as it is displayed",
    "text": "a text",
    "texts": "a list of texts",
    "integer": "a whole number",
    "number": "a number",
}
"""What each type of a field stands for."""
_BOUNDED = ("texts", "integer", "number")


class OutputField(BaseModel):
    """One key of the answer.

    ``min`` and ``max`` bound a number's value, or the count of entries in ``texts``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = Field(
        description="The key; `emotion` is needed where there is any output."
    )
    type: FieldType = Field("text", description="What the value is.")
    required: bool = Field(True, description="Whether the JSON Schema asks for it in every answer.")
    description: str = Field("", description="Goes into the JSON Schema that the model gets.")
    min: float | None = Field(
        None, allow_inf_nan=False, description="The least value of a number; the fewest entries of `texts`."
    )
    max: float | None = Field(
        None, allow_inf_nan=False, description="The greatest value, or the most entries."
    )

    @model_validator(mode="after")
    def _sound(self) -> OutputField:
        bounds = [bound for bound in (self.min, self.max) if bound is not None]
        if bounds and self.type not in _BOUNDED:
            raise ValueError(f"`{self.type}` takes neither min nor max")
        if self.type != "number" and any(bound != int(bound) for bound in bounds):
            raise ValueError("min and max must be whole numbers")
        if self.type == "texts" and any(bound < 0 for bound in bounds):
            raise ValueError("min and max count entries and cannot be negative")
        if len(bounds) == 2 and bounds[0] > bounds[1]:
            raise ValueError("min is above max")
        return self


def json_schema(fields: Sequence[OutputField], scheme: LabelScheme, *, title: str) -> dict[str, Any]:
    """A JSON Schema (2020-12) of an object with exactly ``fields``, in their order.

    Labels are an enumeration of the scheme's display names.
    """
    schema: dict[str, Any] = {
        "title": title,
        "type": "object",
        "properties": {field.name: _property(field, scheme) for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }
    _check(json.dumps(schema))
    return schema


@lru_cache(maxsize=256)
def _check(schema: str) -> None:
    """Check a schema, as JSON; that of the same pack, which is read time and again, only once."""
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(json.loads(schema))


def _property(field: OutputField, scheme: LabelScheme) -> dict[str, Any]:
    made: dict[str, Any] = {"description": field.description} if field.description else {}
    low, high = (None if bound is None else _number(bound, field.type) for bound in (field.min, field.max))
    match field.type:
        case "label":
            made |= {"type": "string", "enum": list(scheme.displayed)}
        case "text":
            made |= {"type": "string"}
        case "texts":
            made |= {"type": "array", "items": {"type": "string"}} | _bounds(
                "minItems", low, "maxItems", high
            )
        case "integer" | "number":
            made |= {"type": field.type} | _bounds("minimum", low, "maximum", high)
    return made


def _number(bound: float, kind: FieldType) -> float | int:
    return bound if kind == "number" and bound != int(bound) else int(bound)


def _bounds(low_key: str, low: float | None, high_key: str, high: float | None) -> dict[str, float]:
    return {key: value for key, value in ((low_key, low), (high_key, high)) if value is not None}
