"""What the form for a new run holds: texts as typed, kept from one day to the next, and what they ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from elena_wb.config import Settings, resolve_model
from elena_wb.core import Choice, Condition, UsageError, WorkbenchError
from elena_wb.engine.option_forms import problems_of
from elena_wb.engine.run_options import RunOptions
from elena_wb.engine.wanted import Wanted, WrittenModel

PRESETS = ("none", "face", "face:control")
"""Conditions that most studies have."""


@dataclass(frozen=True, slots=True)
class FormState:
    """Every field as it is written; empty text leaves a choice to the program. Options are name → text."""

    sources: tuple[str, ...] = ()
    scheme: str = ""
    reference: str = ""
    model_options: Mapping[str, str] = field(default_factory=dict)
    dataset: str = ""
    dataset_options: Mapping[str, str] = field(default_factory=dict)
    prompts: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ("none", "face")
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> WrittenModel:
        """The model as it is written."""
        return WrittenModel(self.scheme, self.reference, tuple(self.model_options.items()))

    def wanted(self) -> Wanted:
        """What is asked for.

        Raises:
            UsageError: something is missing, or not acceptable; says which field.
        """
        if not self.sources:
            raise UsageError("No pictures are named yet.", hint="Name a folder or a file under Pictures.")
        if not self.scheme:
            raise UsageError("No model is chosen yet.", hint="Choose one under Model.")
        if "?" in self.reference:
            raise UsageError(
                "The model's reference holds a `?`.", hint="Give its options in their own fields."
            )
        if not self.prompts:
            raise UsageError("No prompt is chosen yet.", hint="Choose one under Prompts.")
        if not self.conditions:
            raise UsageError("No condition is named yet.", hint="`none` shows pictures as they are.")
        conditions = dict.fromkeys(str(Condition.parse(one)) for one in self.conditions)
        for name, problem in problems_of(RunOptions, self.options).items():
            raise UsageError(f"{name.replace('_', ' ')}: {problem}")
        options = RunOptions.model_validate(dict(self.options))
        return Wanted(
            sources=self.sources,
            model=str(self.model),
            prompts=self.prompts,
            conditions=tuple(conditions),
            dataset=self._dataset(),
            **options.model_dump(),
        )

    def _dataset(self) -> str | None:
        if not self.dataset:
            return None
        for name, value in self.dataset_options.items():
            if "," in value:
                raise UsageError(f"{name}: a comma cannot stand in an option of a dataset.")
        return str(Choice(self.dataset, tuple(sorted(self.dataset_options.items()))))

    @classmethod
    def of(cls, wanted: Wanted) -> FormState:
        """The form that asks for ``wanted``."""
        model = WrittenModel.parse(wanted.model)
        dataset = Choice.parse(wanted.dataset) if wanted.dataset else None
        standard = RunOptions.model_validate({})
        options = {
            name: ("true" if value is True else "false" if value is False else str(value))
            for name in RunOptions.model_fields
            if (value := getattr(wanted, name)) != getattr(standard, name)
        }
        return cls(
            sources=wanted.sources,
            scheme=model.scheme,
            reference=model.reference,
            model_options=dict(model.options),
            dataset=dataset.name if dataset else "",
            dataset_options=dict(dataset.given) if dataset else {},
            prompts=wanted.prompts,
            conditions=wanted.conditions,
            options=options,
        )

    def as_json(self) -> dict[str, Any]:
        """As it is remembered."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: object) -> FormState | None:
        """As it was remembered; ``None`` where that is nothing, or damaged."""
        if not isinstance(kept, dict):
            return None
        values: dict[str, Any] = {}
        for one in fields(cls):
            value = kept.get(one.name)
            if isinstance(value, list | tuple) and all(isinstance(text, str) for text in value):
                values[one.name] = tuple(value)
            elif isinstance(value, dict) and all(isinstance(text, str) for text in value.values()):
                values[one.name] = dict(value)
            elif isinstance(value, str):
                values[one.name] = value
        kinds = {one.name: type(getattr(cls(), one.name)) for one in fields(cls)}
        return cls(**{name: value for name, value in values.items() if isinstance(value, kinds[name])})


def first_state(settings: Settings, schemes: Sequence[str]) -> FormState:
    """The form that nobody has filled in yet: what the user's configuration settles."""
    state = FormState(
        prompts=(settings.prompt,),
        conditions=settings.mask if settings.mask != ("none",) else FormState().conditions,
        options={"seed": str(settings.seed)} if settings.seed else {},
    )
    try:
        written = WrittenModel.parse(resolve_model(None, settings, dict.fromkeys(schemes)))
    except WorkbenchError:
        return state
    return replace(
        state, scheme=written.scheme, reference=written.reference, model_options=dict(written.options)
    )
