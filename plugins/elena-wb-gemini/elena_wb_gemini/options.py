"""The options of a ``gemini:`` model URI."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from elena_wb.errors import UsageError
from elena_wb.remote.addresses import host_of, is_loopback

GOOGLE = "https://generativelanguage.googleapis.com"
CHANGING_ANSWERS = (
    "api_version",
    "base_url",
    "image_format",
    "image_quality",
    "max_image_side",
    "media_resolution",
    "safety",
    "structured",
    "thinking_allowance",
    "thinking_budget",
    "thinking_level",
)
"""The options that are part of a model's digest."""


class GeminiOptions(BaseModel):
    """How a Gemini model is asked; given after ``?`` in its URI."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    thinking_budget: int | None = Field(
        default=None,
        ge=-1,
        le=65_536,
        description="Tokens that the model may spend on thinking before it answers: 0 turns thinking off, -1 lets "
        "the model decide; its own default if not given. For Gemini 2.5.",
    )
    thinking_level: Literal["minimal", "low", "medium", "high", "xhigh"] | None = Field(
        default=None,
        description="How much the model thinks before it answers, for Gemini 3 and later; its own default if not "
        "given. Not to be combined with `thinking_budget`.",
    )
    thinking_allowance: int = Field(
        default=8192,
        ge=0,
        le=65_536,
        description="Tokens that are added to the prompt's `max_tokens` where no `thinking_budget` says how long "
        "thinking may get: Google counts thinking against the limit of the answer.",
    )
    safety: Literal["off", "none", "high", "medium", "low", "default"] = Field(
        default="off",
        description="From which probability of harm on Google blocks answers in the four categories that it lets "
        "users set: `off`, `none` (rated and never blocked), `high`, `medium`, `low`, or the model's `default`. "
        "Off by default, because pictures of grief and violence would go missing and others would not.",
    )
    structured: Literal["auto", "schema", "json", "none"] = Field(
        default="auto",
        description="How the form of answers is enforced: `schema` sends the prompt's JSON Schema (where it has one), "
        "`json` asks for JSON of any form, `none` leaves it to the prompt's words; `auto` is `schema`, or `none` for "
        "Gemma 2 and 3, which know neither.",
    )
    media_resolution: Literal["default", "low", "medium", "high"] = Field(
        default="default",
        description="How many tokens the model spends on seeing a picture; fewer cost less and show less.",
    )
    image_format: Literal["jpeg", "png", "webp"] = Field(
        default="jpeg", description="File format in which pictures are sent; png loses nothing."
    )
    image_quality: int = Field(
        default=95, ge=1, le=100, description="Quality of pictures sent as jpeg or webp."
    )
    max_image_side: int = Field(
        default=2048,
        ge=28,
        description="Shrink pictures to this many pixels on their longer side before they are sent; none is enlarged.",
    )
    logprobs: int = Field(
        default=0,
        ge=0,
        le=20,
        description="Ask for the probabilities of so many of the likeliest tokens, from which those of the labels "
        "are taken (20 covers most label sets). Off by default: not every model tells them.",
    )
    concurrency: int = Field(
        default=16,
        ge=1,
        le=64,
        description="Calls that may be under way at once; the run finds its own pace.",
    )
    timeout: float = Field(default=120.0, gt=0, le=3600, description="Seconds that one call may take.")
    requests_per_minute: int | None = Field(
        default=None, ge=1, description="Keep to this many calls a minute, over all runs of this user."
    )
    tokens_per_minute: int | None = Field(
        default=None, ge=1, description="Keep to this many tokens a minute, over all runs of this user."
    )
    requests_per_day: int | None = Field(
        default=None, ge=1, description="Keep to this many calls in 24 hours, over all runs of this user."
    )
    batch: bool = Field(
        default=False,
        description="Ask in batches that Google answers within a day at half the price. A run that is stopped "
        "fetches the answers when the same command is given again.",
    )
    batch_size: int = Field(
        default=100,
        ge=1,
        le=2000,
        description="With `batch`: pictures that are sent together and held in memory until they are answered.",
    )
    base_url: str = Field(
        default=GOOGLE,
        description="Where the API is: a proxy, or a server of your own. https, or http to this machine.",
    )
    api_version: Literal["v1beta", "v1"] = Field(
        default="v1beta",
        description="Version of the API. Previews and names that end in `-latest` exist in `v1beta` only.",
    )

    @field_validator("base_url")
    @classmethod
    def _safe(cls, url: str) -> str:
        try:
            host = host_of(url)
        except UsageError as error:
            raise ValueError(error.message) from error
        parts = urlsplit(url.strip())
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise ValueError("an address must hold no user, password, query or fragment")
        if parts.scheme.lower() != "https" and not is_loopback(host):
            raise ValueError("the key would travel unencrypted: only https, or http to this machine")
        return url.strip().rstrip("/")

    @field_validator("thinking_level")
    @classmethod
    def _one_way_to_limit_thinking(cls, level: str | None, info: ValidationInfo) -> str | None:
        if level is not None and info.data.get("thinking_budget") is not None:
            raise ValueError("it cannot be combined with thinking_budget")
        return level

    @property
    def host(self) -> str:
        """The host of :attr:`base_url`."""
        return host_of(self.base_url)

    @property
    def shown(self) -> str:
        """Host and port of :attr:`base_url`, for people."""
        return urlsplit(self.base_url).netloc

    @property
    def local(self) -> bool:
        """Whether calls stay on this machine."""
        return is_loopback(self.host)
