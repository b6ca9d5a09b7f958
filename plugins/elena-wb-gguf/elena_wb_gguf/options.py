"""The options of a ``gguf:`` model URI."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from elena_wb_gguf.loading import CacheType


class GGUFOptions(BaseModel):
    """How a model is loaded and run; given after ``?`` in its URI."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mmproj: str | None = Field(
        default=None,
        min_length=1,
        description="The projector, which sees for the model: a file, or its name in the model's folder or "
        "repository. Chosen to match the model if not given.",
    )
    revision: str | None = Field(
        default=None,
        min_length=1,
        description="Branch, tag or commit of a hub repository; the default branch if not given.",
    )
    context_length: int | None = Field(
        default=None,
        ge=256,
        le=2**20,
        description="Tokens of prompt, picture and answer that fit together. If not given, what the model was "
        "trained with, but no more than 8192: memory grows with it.",
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        le=512,
        description="CPU threads; if not given OMP_NUM_THREADS, else one less than there are cores.",
    )
    gpu_layers: Literal["auto"] | Annotated[int, Field(ge=0, le=10_000)] = Field(
        default="auto",
        description="Layers that the graphics card computes; `auto` takes all where llama.cpp was built for one.",
    )
    batch_tokens: int | None = Field(
        default=None,
        ge=32,
        le=65_536,
        description="Tokens of the prompt computed at once: more are faster and take more memory. 512 if not "
        "given, or as many as a picture takes where it must be read whole.",
    )
    flash_attention: bool | None = Field(
        default=None,
        description="Attention that takes less memory; llama.cpp decides if not given. Can change answers a little.",
    )
    cache_type: CacheType = Field(
        default="f16",
        description="Number format of the attention cache; `q8_0` and `q4_0` save memory and can change answers.",
    )
    constrained: bool = Field(
        default=True, description="Let the model write only what fits the prompt's JSON Schema."
    )
    check_memory: bool = Field(
        default=True,
        description="Refuse a model that this machine has no memory for. With `false` it is loaded all the same, "
        "which may be very slow (weights are then read from disk again and again) or fail.",
    )

    @field_validator("cache_type")
    @classmethod
    def _quantised_cache_needs_flash_attention(cls, value: CacheType, info: ValidationInfo) -> CacheType:
        if value != "f16" and info.data.get("flash_attention") is False:
            raise ValueError("llama.cpp quantises the cache only with flash attention")
        return value
