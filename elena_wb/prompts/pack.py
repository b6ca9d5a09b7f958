"""One prompt pack: a TOML file that says what is asked and what an answer looks like.

.. code-block:: toml

    name = "mine"                 # as typed after -p; equals the file's name
    title = "A line for listings"
    description = "What the pack is for, and where it comes from."
    version = "1"
    scheme = "ekman7"             # the label scheme of the answer's emotion
    max_tokens = 400              # of an answer
    models = ["*"]                # patterns of model URIs the pack is meant for; all by default
    made_for = ["stimuli"]        # and datasets: it is meant for every model made for one of them, too
    stands_for = "elena"          # optional: chosen for `-p elena` with those models
    paraphrase_of = "elena"       # optional: asks for the same in other words, with the same output and variants
    placeholders = true           # false: braces in the texts mean nothing

    [[output]]                    # one key of the JSON answer, in this order; none at all: free text
    name = "emotion"
    type = "label"                # label | text | texts | integer | number
    required = true               # the default
    description = "…"             # goes into the schema
    min = 1                       # integer, number: the least value; texts: the fewest entries
    max = 10

    [variants.default]            # needed; `masked` is used where the face is hidden
    system = "…"                  # may be empty or absent
    user = "…"

In the texts ``{labels}`` is replaced by the scheme's labels ("Happiness, … or Neutral") and ``{keys}`` by
the names of the output. Nothing else in braces that looks like a placeholder is allowed, and replaced
text is never looked at again.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from elena_wb.core.prompt import Prompt
from elena_wb.errors import UsageError
from elena_wb.nearest import nearest
from elena_wb.prompts.schema import OutputField, json_schema
from elena_wb.vocabulary import LabelScheme, load_scheme

_LARGEST_FILE = 1_000_000
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")

PLACEHOLDERS = {
    "labels": "the labels of the scheme, as in `Happiness, … or Neutral`",
    "keys": "the names of the output, parted by commas",
}
"""What is replaced in texts, and by what."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class Texts(BaseModel):
    """System and user text of one variant."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    system: str = Field("", description="What the model is told of itself and its task.")
    user: str = Field(min_length=1, description="The question that comes with the picture.")


class _PackFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="As typed after -p, and as the file is called without `.toml`.")
    title: Line = Field(description="A line for listings.")
    description: str = Field("", description="What the pack is for, and where it comes from.")
    version: Line = Field("1", description="Your own count; it identifies nothing.")
    scheme: str = Field("ekman7", description="The label scheme of the answer's emotion.")
    max_tokens: int = Field(512, ge=1, le=100_000, description="Limit of an answer's length, in tokens.")
    models: tuple[str, ...] = Field(
        ("*",), min_length=1, description="Patterns of the model URIs that the pack is meant for."
    )
    made_for: tuple[str, ...] = Field(
        (), description="Datasets: the pack is also meant for every model that was made for one of them."
    )
    stands_for: Name | None = Field(
        None, description="A pack in whose place this one is taken with the models it is meant for."
    )
    paraphrase_of: Name | None = Field(
        None, description="A pack that asks for the same in other words, with the same output and variants."
    )
    placeholders: bool = Field(True, description="Whether braces in the texts are replaced.")
    output: tuple[OutputField, ...] = Field(
        (), description="The keys of the JSON answer, in this order; none at all: free text."
    )
    variants: dict[Name, Texts] = Field(
        description="The texts: `default`, and `masked`, which is used where the face is hidden."
    )

    @model_validator(mode="after")
    def _whole(self) -> _PackFile:
        if "default" not in self.variants:
            raise ValueError("there is no [variants.default]")
        names = [field.name for field in self.output]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"output names `{twice[0]}` twice")
        if names and "emotion" not in names:
            raise ValueError("output has no `emotion`, which every analysis needs")
        if self.paraphrase_of == self.name:
            raise ValueError("paraphrase_of names the pack itself")
        return self


@dataclass(frozen=True, slots=True)
class Pack:
    """A checked prompt pack. ``origin`` is who brought it: ``elena-wb``, a plugin's name, or ``user``."""

    name: str
    title: str
    description: str
    version: str
    scheme: str
    max_tokens: int
    models: tuple[str, ...]
    made_for: tuple[str, ...]
    stands_for: str | None
    paraphrase_of: str | None
    output: tuple[OutputField, ...]
    schema: Mapping[str, Any] | None
    texts: Mapping[str, Texts]
    path: Path
    origin: str

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of its variants."""
        return tuple(self.texts)

    def prompt(self, variant: str = "default") -> Prompt:
        """The variant, ready to send.

        Raises:
            UsageError: there is no such variant.
        """
        if variant not in self.texts:
            raise UsageError(
                f"Prompt pack `{self.name}` has no variant `{variant}`.", hint=nearest(variant, self.texts)
            )
        texts = self.texts[variant]
        return Prompt(
            self.name,
            variant,
            texts.system,
            texts.user,
            self.schema,
            self.scheme,
            self.max_tokens,
            self.paraphrase_of,
        )


def load_pack(path: Path, origin: str = "user") -> Pack:
    """Read and check one pack.

    Raises:
        UsageError: the file cannot be read or is no pack; the message names file, key and reason.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise _unusable(path, ["it is larger than one megabyte"])
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise _unusable(path, [error.strerror or str(error)]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unusable(path, [f"it is no TOML in UTF-8: {error}"]) from error
    try:
        file = _PackFile.model_validate(content)
    except ValidationError as error:
        raise _unusable(path, _reasons(error)) from error
    if file.name != path.stem:
        raise _unusable(
            path, [f"name: `{file.name}` differs from the file's name; call the file {file.name}.toml"]
        )
    try:
        scheme = load_scheme(file.scheme)
    except UsageError as error:
        raise _unusable(path, [f"scheme: {error.message} {error.hint or ''}".strip()]) from error
    schema = json_schema(file.output, scheme, title=file.name) if file.output else None
    return Pack(
        name=file.name,
        title=file.title,
        description=file.description.strip(),
        version=file.version,
        scheme=file.scheme,
        max_tokens=file.max_tokens,
        models=file.models,
        made_for=file.made_for,
        stands_for=file.stands_for,
        paraphrase_of=file.paraphrase_of,
        output=file.output,
        schema=schema,
        texts=_filled(path, file, scheme),
        path=path,
        origin=origin,
    )


def _filled(path: Path, file: _PackFile, scheme: LabelScheme) -> dict[str, Texts]:
    if not file.placeholders:
        return dict(file.variants)
    *most, last = scheme.displayed
    values = {
        "labels": f"{', '.join(most)} or {last}",
        "keys": ", ".join(field.name for field in file.output),
    }
    for variant, texts in file.variants.items():
        for key, text in (("system", texts.system), ("user", texts.user)):
            unknown = sorted(set(_PLACEHOLDER.findall(text)) - values.keys())
            if unknown:
                raise _unusable(
                    path,
                    [
                        f"variants.{variant}.{key}: `{{{unknown[0]}}}` is no placeholder; there are {{labels}} "
                        "and {keys} (placeholders = false sends braces as they are)"
                    ],
                )

    def fill(text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: values[match[1]], text)

    return {
        name: Texts(system=fill(texts.system), user=fill(texts.user)) for name, texts in file.variants.items()
    }


def _reasons(error: ValidationError) -> list[str]:
    found = []
    for problem in error.errors(include_url=False, include_input=False):
        key = ".".join(str(step) for step in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        found.append(f"{key}: {message}" if key else message)
    return found


def _unusable(path: Path, reasons: Sequence[str]) -> UsageError:
    return UsageError(
        f"{path} is no usable prompt pack: {'; '.join(reasons)}.",
        hint="`elena-wb prompts new NAME` writes a commented pack that works.",
    )
