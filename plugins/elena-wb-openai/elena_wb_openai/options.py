"""The options of an ``openai:`` model URI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError as _Unacceptable

from elena_wb_openai.addresses import DEFAULT_URL, normalised

_OWN = frozenset(
    {
        "model", "messages", "stream", "stream_options", "n", "tools", "tool_choice", "functions", "function_call",
        "max_tokens", "max_completion_tokens", "temperature", "top_p", "seed", "response_format", "logprobs",
        "top_logprobs", "modalities", "audio", "store",
    }
)  # fmt: skip
"""Fields of a question that the workbench decides, or that would change what kind of answer comes back."""

_LONGEST_EXTRA = 20_000
_NO_OBJECT = 'no JSON object such as {"top_k": 40}'


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value[:_LONGEST_EXTRA])
    except (ValueError, RecursionError):
        raise _Unacceptable("json", "{reason}", {"reason": _NO_OBJECT}) from None


def _is_json(value: object) -> bool:
    """Whether JSON has words for all of ``value``; it has none for numbers that are none."""
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        return False
    return True


class OpenAIOptions(BaseModel):
    """Where the server is and how it is asked; given after ``?`` in the URI."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        default=(DEFAULT_URL,),
        min_length=1,
        max_length=64,
        description="Address of the server, up to and with `/v1`; several that hold the same model, with commas "
        "between them, share the work. (The variable OPENAI_BASE_URL is not read.)",
    )
    key: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$",
        description="Name of the key that is sent, as in `elena-wb keys set NAME`; `openai` for api.openai.com and "
        "none for other servers if not given.",
    )
    revision: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Which weights the servers hold, in your words (a commit, a quantisation); identifies the model "
        "in place of their addresses, so that answers of any of them count for the same run.",
    )
    structured: Literal["auto", "schema", "json", "none"] = Field(
        default="auto",
        description="How the server is made to keep to the prompt's JSON Schema: by the schema, as JSON of any kind, "
        "or not at all; `auto` takes the strictest that it has, and notes with the run which if it is probed.",
    )
    logprobs: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Ask for log-probabilities of labels: `auto` where the server has them, `on` insists.",
    )
    detail: Literal["auto", "low", "high"] = Field(
        default="auto", description="How closely OpenAI's models look at a picture; others take no notice."
    )
    image_format: Literal["jpeg", "png", "webp"] = Field(
        default="jpeg", description="Format that pictures are sent in; only png keeps every pixel as it is."
    )
    image_quality: int = Field(default=95, ge=1, le=100, description="Quality of jpeg and webp.")
    max_image_side: int = Field(
        default=2048, ge=28, le=16384, description="Larger pictures are shrunk to this many pixels a side."
    )
    image_tokens: int | None = Field(
        default=None,
        ge=1,
        description="The most tokens that a picture takes, for estimates of use and cost; known for OpenAI's own "
        "models, and 6500 for others, if not given.",
    )
    system: Literal["role", "user"] = Field(
        default="role",
        description="Where the prompt's system text goes: a message of its own, or the beginning of the user's, for "
        "models that take no system message.",
    )
    sampling: Literal["sent", "server"] = Field(
        default="sent",
        description="Whether temperature and top_p are sent, or left to the server: some reasoning models take none.",
    )
    seed: Literal["sent", "server"] = Field(
        default="sent", description="Whether the seed of sampling (its lowest 31 bits) is sent."
    )
    limit: Literal["auto", "max_tokens", "max_completion_tokens"] = Field(
        default="auto",
        description="The name of the field that bounds an answer's length; `auto` finds out.",
    )
    reasoning_effort: str | None = Field(
        default=None,
        pattern=r"^[a-z]{1,20}$",
        description="How long a reasoning model may think (minimal, low, medium, high; server-dependent).",
    )
    extra: Annotated[Mapping[str, Any], BeforeValidator(_parsed)] = Field(
        default_factory=dict,
        description="Further fields of each question, a JSON object that the server understands, such as "
        '{"repeat_penalty": 1.0} or {"chat_template_kwargs": {"enable_thinking": false}}.',
    )
    concurrency: int = Field(
        default=16, ge=1, le=1024, description="Calls at once, at most, over all servers."
    )
    timeout: float = Field(
        default=120.0, gt=0, le=86400, description="Seconds that one call may take, from first to last."
    )
    requests_per_minute: int | None = Field(default=None, ge=1, description="Limit on calls.")
    tokens_per_minute: int | None = Field(default=None, ge=1, description="Limit on tokens.")
    requests_per_day: int | None = Field(default=None, ge=1, description="Limit on calls within 24 hours.")
    ca: str | None = Field(
        default=None,
        description="PEM file of the authority that signed the server's certificate, trusted instead of those of the "
        "system. Certificates are always checked.",
    )
    probe: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Put one tiny question with a grey picture before the first, to learn what the server takes; "
        "`auto` does except at OpenAI and where calls have a price or limits.",
    )

    @field_validator("base_url")
    @classmethod
    def _addresses(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(normalised(url) for url in urls))
        except ValueError as error:
            raise _Unacceptable("address", "{reason}", {"reason": str(error)}) from None

    @field_validator("extra")
    @classmethod
    def _additions(cls, extra: Mapping[str, Any]) -> Mapping[str, Any]:
        if taken := sorted(_OWN & extra.keys()):
            reason = f"`{taken[0]}` is decided elsewhere and cannot be given in `extra`"
            raise _Unacceptable("taken", "{reason}", {"reason": reason})
        if not _is_json(extra):
            raise _Unacceptable("json", "{reason}", {"reason": _NO_OBJECT})
        return extra

    def given(self) -> dict[str, str]:
        """What differs from the defaults, as it stands in a URI."""
        values = self.model_dump(exclude_defaults=True)
        if "base_url" in values:
            values["base_url"] = ",".join(self.base_url)
        if "extra" in values:
            values["extra"] = json.dumps(self.extra, sort_keys=True, separators=(",", ":"))
        return {name: str(value) for name, value in values.items()}
