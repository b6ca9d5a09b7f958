"""The options of an ``hf:`` model URI."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class HFOptions(BaseModel):
    """How a model is loaded and fed; given after ``?`` in its URI."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    revision: str | None = Field(
        default=None,
        description="Branch, tag or commit of a hub repository; the default branch if not given.",
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto",
        description="Number format of the weights in memory; `auto` keeps the one they are stored in. "
        "On a CPU float32 is usually the fastest, and takes twice the memory of the others.",
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
        description="`cpu`, `cuda`, `cuda:N` or `mps`; `auto` takes the first of CUDA, MPS and CPU there is.",
    )
    spread: bool = Field(
        default=False,
        description="Spread the layers over all GPUs and main memory (needs accelerate); "
        "for a model that fits on no single device.",
    )
    load_in: Literal["none", "8bit", "4bit"] = Field(
        default="none",
        description="Quantise the weights while loading (needs bitsandbytes); changes answers, saves memory.",
    )
    batch_size: int | None = Field(
        default=None, ge=1, description="Requests answered together; 8 on a GPU, 4 elsewhere, if not given."
    )
    max_image_side: int | None = Field(
        default=None,
        ge=28,
        description="Shrink larger pictures to this many pixels on their longer side before the model's own "
        "processor sees them; saves memory with models that read pictures at their full size (Qwen2.5-VL).",
    )
    attention: Literal["auto", "sdpa", "eager", "flash_attention_2"] = Field(
        default="auto", description="Attention implementation; `auto` leaves the choice to transformers."
    )
    constrained: bool = Field(
        default=False,
        description="Let the model write only what fits the prompt's JSON Schema (needs llguidance).",
    )
    threads: int | None = Field(default=None, ge=1, description="CPU threads that torch may use.")
