"""What a declared study says: the tables and keys of its file, their meaning and their limits.

.. code-block:: toml

    name = "my-study"                # of its runs; default: what the file is called
    title = "…"                      # of the report
    question = "…"                   # what the report begins with
    prompts = ["elena", "naive"]
    conditions = ["none", "face", "face:control"]
    repeats = 1
    seeds = [0]                      # each makes runs of its own
    max_cost = 5.0                   # US dollars, over all of its runs and however often it is gone on with

    [[datasets]]                     # at least one; or datasets = ["folder", …]
    sources = ["photos"]             # from the folder of this file

    [[models]]                       # at least one; or models = ["URI or alias", …]
    model = "hf:google/gemma-3-12b-it?dtype=bfloat16"

Every key but ``datasets`` and ``models`` has a default that suits most studies.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from elena_wb.config import MAX_SEED
from elena_wb.core import AttentionMethod, Choice, Condition, Heads, Sampling, UsageError
from elena_wb.parsing.layers import parse_layers
from elena_wb.parsing.tokens import parse_tokens

Name = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9 ._-]{0,79}$", strip_whitespace=True, max_length=80)
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000)]
Pictures = Literal["all", "masked-only", "none"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class Dataset(_Table):
    """Pictures: what ``elena-wb run`` takes as SOURCE, ``--dataset`` and ``--limit``."""

    sources: tuple[Text, ...] = Field(
        min_length=1, max_length=100, description="Folders, pictures or tables, from the folder of the file."
    )
    name: Name | None = Field(
        None,
        description="Ends the names of its runs; where there are several datasets, only one may go without.",
    )
    dataset: Text | None = Field(
        None, description="Read the sources as this dataset; what is recognised if not given."
    )
    options: dict[Text, bool | int | float | Text] = Field(
        default_factory=dict,
        max_length=50,
        description="Options of that dataset. A value that begins with ./ or ../ is a path from the file's folder.",
    )
    limit: int | None = Field(None, ge=1, description="Only the first so many pictures; all if not given.")

    @field_validator("sources", mode="before")
    @classmethod
    def _lists(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else _as_tuple(value)

    @model_validator(mode="after")
    def _whole(self) -> Dataset:
        if self.options and self.dataset is None:
            raise ValueError("there are options, and no `dataset` that they are for")
        if self.dataset is not None:
            try:
                Choice.parse(self.dataset)
            except ValueError as error:
                raise ValueError(f"`{self.dataset}` is no dataset: {error}") from error
            if self.options and "," in self.dataset:
                raise ValueError("options are given twice, in `dataset` and in `options`")
            for option, value in self.options.items():
                if "," in str(value) or not str(value).strip():
                    raise ValueError(f"the option `{option}` is empty or has a comma, which no option takes")
        return self


class ModelChoice(_Table):
    """A model and how it is asked."""

    model: Text = Field(description="Model URI or alias.")
    batch_size: int | None = Field(
        None, ge=1, description="Requests per call of the model; its own choice if not given."
    )
    max_tokens: int | None = Field(
        None, ge=1, description="Longest answer of this model; that of [sampling] if not given."
    )


class SamplingChoice(_Table):
    """How tokens are chosen."""

    temperature: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="0 always takes the likeliest token."
    )
    top_p: float = Field(1.0, ge=0, le=1, description="Nucleus sampling; 1 is off.")
    top_k: int = Field(0, ge=0, description="Sample among so many likeliest tokens; 0 is off.")
    max_tokens: int | None = Field(
        None, ge=1, description="Longest answer in tokens; the prompt pack's own if not given."
    )

    @property
    def sampling(self) -> Sampling:
        """As the engine has it."""
        return Sampling(self.temperature, self.top_p, self.top_k)


class AttentionChoice(_Table):
    """Where the models looked: what ``elena-wb attend`` takes. Models whose attention nobody reaches are left out."""

    conditions: tuple[Text, ...] | None = Field(
        None, min_length=1, max_length=100, description="Only these conditions; all if not given."
    )
    prompts: tuple[Text, ...] | None = Field(
        None, min_length=1, max_length=100, description="Only these prompt packs; all if not given."
    )
    tokens: Text = Field("emotion,parts,narrative", description="Words of the answer, separated by commas.")
    layers: Text = Field("all", description="`all`, `last`, or numbers from 0: `3,8,13`, `0-11`.")
    heads: Heads = Field("mean", description="How the heads of a layer become one map.")
    method: AttentionMethod = Field("raw", description="What a weight is (docs/attention.md).")
    limit: int | None = Field(None, ge=1, description="Only the first so many answers of each run.")
    maps: bool = Field(True, description="Keep the maps, or only what fell on each part.")

    @field_validator("conditions", "prompts", mode="before")
    @classmethod
    def _lists(cls, value: object) -> object:
        return _as_tuple(value)

    @field_validator("conditions")
    @classmethod
    def _conditions(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if value is None else _specs(value)

    @field_validator("tokens")
    @classmethod
    def _tokens(cls, value: str) -> str:
        _words(parse_tokens, value)
        return value

    @field_validator("layers")
    @classmethod
    def _layers(cls, value: str) -> str:
        _words(parse_layers, value)
        return value


class ReportChoice(_Table):
    """The report. It is written beside the file of the study, unless the command line says where."""

    file: (
        Annotated[
            str,
            StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9 ._-]{0,100}\.html$", max_length=120),
        ]
        | None
    ) = Field(None, description="What it is called, `NAME.html`; like the study's file if not given.")
    pictures: Pictures = Field(
        "all", description="`all` pictures, `masked-only` (no face is shown), or `none`."
    )
    pairs: int = Field(12, ge=0, le=100, description="How many of the most telling pairs are shown.")


class Experiment(_Table):
    """A declared study. Of a file that states no ``name``, the name is what the file is called."""

    name: Name = Field(description="Of its runs; what the file is called if not given.")
    title: Line = Field("", description="Title of the report; the name if not given.")
    question: Paragraph = Field("", description="What the study is to find out; the report begins with it.")
    datasets: tuple[Dataset, ...] = Field(min_length=1, max_length=100, description="Pictures.")
    models: tuple[ModelChoice, ...] = Field(
        min_length=1, max_length=100, description="Models, each asked about everything."
    )
    prompts: tuple[Text, ...] = Field(("elena",), min_length=1, max_length=100, description="Prompt packs.")
    prompt_variant: Text | None = Field(
        None, description="Variant of the prompts, instead of the one that fits the condition."
    )
    conditions: tuple[Text, ...] = Field(
        ("none", "face", "face:control"),
        min_length=1,
        max_length=100,
        description="What is hidden, as after --mask.",
    )
    repeats: int = Field(
        1, ge=1, le=10_000, description="Ask each picture so many times, each with its own seed."
    )
    seeds: tuple[Annotated[int, Field(ge=0, le=MAX_SEED)], ...] = Field(
        (0,), min_length=1, max_length=100, description="Seeds of sampling; each makes runs of its own."
    )
    sampling: SamplingChoice = Field(
        default_factory=partial(SamplingChoice.model_validate, {}),
        description="How tokens are chosen: [sampling].",
    )
    person: Literal["crop", "outline", "whole"] = Field(
        "crop", description="How a labelled person is pointed out: cut out, outlined in red, or not at all."
    )
    audit: bool = Field(False, description="Let another detector look for faces left in the masked pictures.")
    attention: AttentionChoice | None = Field(
        None, description="Look at where the models looked, too: [attention]."
    )
    metrics: tuple[Text, ...] | None = Field(
        None, min_length=1, max_length=100, description="Only these metrics; all that apply if not given."
    )
    max_cost: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="US dollars: stop before the call with which all runs together could exceed this.",
    )
    report: ReportChoice = Field(
        default_factory=partial(ReportChoice.model_validate, {}), description="The report: [report]."
    )

    @field_validator("prompts", "conditions", "seeds", "metrics", mode="before")
    @classmethod
    def _lists(cls, value: object) -> object:
        return _as_tuple(value)

    @field_validator("datasets", mode="before")
    @classmethod
    def _datasets(cls, value: object) -> object:
        return _tables(value, "sources")

    @field_validator("models", mode="before")
    @classmethod
    def _models(cls, value: object) -> object:
        return _tables(value, "model")

    @field_validator("conditions")
    @classmethod
    def _conditions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _specs(value)

    @field_validator("prompts", "seeds", "metrics", "models")
    @classmethod
    def _once(cls, value: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        for one in value or ():
            if value is not None and value.count(one) > 1:
                what = one.model if isinstance(one, ModelChoice) else one
                raise ValueError(f"`{what}` is listed twice")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Experiment:
        names = [one.name for one in self.datasets]
        twice = next((name for name in names if names.count(name) > 1), "")
        if twice is None:
            raise ValueError("several datasets have no `name`; one at most may go without")
        if twice:
            raise ValueError(f"two datasets are called `{twice}`")
        chosen = self.attention
        for key in ("conditions", "prompts"):
            wanted = (getattr(chosen, key) if chosen is not None else None) or ()
            unasked = [one for one in wanted if one not in getattr(self, key)]
            if unasked:
                raise ValueError(f"attention.{key} has `{unasked[0]}`, which the study does not ask about")
        return self

    def run_name(self, dataset: Dataset) -> str:
        """The name of the runs about ``dataset``: it stays the same whatever datasets come to the study."""
        return f"{self.name} {dataset.name}" if dataset.name else self.name


def _tables(value: object, key: str) -> object:
    """A list whose texts stand for tables with that one key."""
    if not isinstance(value, list):
        return value
    return tuple({key: one} if isinstance(one, str) else one for one in value)


def _specs(specs: tuple[str, ...]) -> tuple[str, ...]:
    found = tuple(str(_words(Condition.parse, spec)) for spec in specs)
    for spec in found:
        if found.count(spec) > 1:
            raise ValueError(f"`{spec}` is listed twice")
    return found


def _words(parse: Any, text: str) -> object:
    """``text`` read by ``parse``, whose complaint becomes one that pydantic passes on."""
    try:
        return parse(text)
    except UsageError as error:
        raise ValueError(" ".join(filter(None, (error.message, error.hint)))) from error
