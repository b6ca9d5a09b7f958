"""Fields follow from any pydantic model, however odd, and say what is wrong in its own words."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from elena_wb.engine.models import ModelAddress
from elena_wb.engine.option_forms import option_fields, problems_of
from elena_wb.engine.wanted import WrittenModel
from elena_wb.plugins import plugin_host


class Pace(enum.Enum):
    SLOW = "slow"
    FAST = "fast"


class Inner(BaseModel):
    depth: int = 1


class Odd(BaseModel):
    model_config = ConfigDict(extra="forbid")

    plain: str = "as it is"
    on: bool = False
    off: bool = True
    perhaps: bool | None = None
    one_of: Literal["a", "b"] = "a"
    number_or_auto: Literal["auto"] | Annotated[int, Field(ge=0)] = "auto"
    pace: Pace = Pace.FAST
    count: Annotated[int, Field(ge=1, le=9, description="So many.")] = 3
    share: float | None = Field(None, gt=0)
    several: tuple[str, ...] = ("x", "y")
    nested: Inner = Field(default_factory=Inner)
    needed: int
    key: str | None = None
    token: SecretStr | None = None
    levels: Literal[1, 2] = 1

    @field_validator("plain")
    @classmethod
    def _no_shouting(cls, value: str) -> str:
        if value.isupper():
            raise ValueError("do not shout")
        return value

    @model_validator(mode="after")
    def _together(self) -> Odd:
        if self.on and not self.off:
            raise ValueError("on needs off")
        return self


def test_every_type_has_a_widget() -> None:
    kinds = {one.name: one.kind for one in option_fields(Odd)}
    assert kinds == {
        "plain": "text",
        "on": "switch",
        "off": "switch",
        "perhaps": "choice",
        "one_of": "choice",
        "number_or_auto": "text",
        "pace": "choice",
        "count": "whole",
        "share": "number",
        "several": "text",
        "nested": "text",
        "needed": "whole",
        "key": "key",
        "token": "secret",
        "levels": "text",
    }


def test_defaults_limits_and_meanings_are_told() -> None:
    found = {one.name: one for one in option_fields(Odd)}
    assert found["off"].default == "true"
    assert found["pace"].default == "fast"
    assert found["pace"].choices == ("slow", "fast")
    assert found["several"].default == "x,y"
    assert (found["count"].default, found["count"].bounds, found["count"].help) == (
        "3",
        "≥ 1, ≤ 9",
        "So many.",
    )
    assert found["share"].bounds == "> 0"
    assert found["perhaps"].default == ""
    assert found["needed"].required


def test_what_is_wrong_is_told_by_field_and_without_what_was_typed() -> None:
    found = problems_of(
        Odd, {"plain": "LOUD", "count": "twelve", "needed": "1", "nested": "deep", "extra": "1"}
    )
    assert found["plain"] == "do not shout"
    assert "integer" in found["count"]
    assert "nested" in found
    assert "extra" in found
    assert "LOUD" not in str(found)
    assert problems_of(Odd, {"needed": "1", "on": "true", "off": "false"}) == {"": "on needs off"}
    assert problems_of(Odd, {"needed": "1"}) == {}


def test_a_validator_that_falls_over_is_told() -> None:
    class Falls(BaseModel):
        one: str = ""

        @field_validator("one")
        @classmethod
        def _fall(cls, value: str) -> str:
            raise RuntimeError("over")

    assert problems_of(Falls, {"one": "x"}) == {"": "RuntimeError: over"}


@pytest.mark.parametrize("scheme", sorted(plugin_host().claims["models"]))
def test_the_options_of_every_installed_provider_have_fields_that_accept_their_own_defaults(
    scheme: str,
) -> None:
    model = plugin_host().find("models", scheme).options_model
    fields = option_fields(model)
    assert [one.name for one in fields] == list(model.model_fields)
    given = {one.name: one.default for one in fields if one.default}
    assert problems_of(model, given) == {}


@pytest.mark.parametrize(
    "options",
    [
        (("batch_size", "3"), ("constrained", "true")),
        (("batch_size", "1"),),
        (),
    ],
)
def test_a_written_model_is_read_again_as_it_was_meant(options) -> None:
    written = WrittenModel("tiny", "", options)
    assert WrittenModel.parse(str(written)) == written
    address = ModelAddress.parse(str(written), plugin_host())
    for name, value in options:
        assert str(getattr(address.options, name)).lower() == value


def test_signs_that_mean_something_in_a_uri_are_kept() -> None:
    written = WrittenModel(
        "openai", "org/model:free", (("base_url", "http://h:1/v1,http://i/v1"), ("x", "a&b=c#d+e %ü"))
    )
    assert WrittenModel.parse(str(written)) == written
