"""The simple options of ``elena-wb run`` with their limits and meanings, for forms."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from elena_wb.config import MAX_SEED


class RunOptions(BaseModel):
    """Named as the fields of :class:`elena_wb.engine.wanted.Wanted`; limits as on the command line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(None, max_length=200, description="A name for the runs.")
    limit: int | None = Field(None, ge=1, description="Only the first so many pictures; all if not given.")
    repeats: int = Field(1, ge=1, description="Ask each picture so many times, each with its own seed.")
    temperature: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="0 always takes the likeliest token."
    )
    top_p: float = Field(1.0, ge=0, le=1, description="Nucleus sampling; 1 is off.")
    top_k: int = Field(0, ge=0, description="Sample among so many likeliest tokens; 0 is off.")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Seed of sampling.")
    max_tokens: int | None = Field(
        None, ge=1, description="Longest answer in tokens; the prompt pack's own if not given."
    )
    batch_size: int | None = Field(
        None, ge=1, description="Requests per call of the model; its own choice if not given."
    )
    max_cost: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="US dollars: stop before the call that could exceed this.",
    )
    person: Literal["crop", "outline", "whole"] = Field(
        "crop", description="How a labelled person is pointed out: cut out, outlined in red, or not at all."
    )
    prompt_variant: str | None = Field(
        None, description="Variant of the prompt, instead of the one that fits the condition."
    )
    audit: bool = Field(False, description="Let another detector look for faces left in the masked pictures.")
    attend: bool = Field(
        False,
        description="Look at where the model looked, too, as `elena-wb attend` does for a finished run.",
    )
    retry_failed: bool = Field(False, description="Ask again what failed in an earlier sitting.")
    fresh: bool = Field(
        False, description="Start another run of the same specification instead of going on with it."
    )
    allow_upload: bool = Field(
        False,
        description="Send also pictures that are to stay on this machine, by their dataset's or your own word, to a "
        "network provider; recorded with the run. It cannot be taken back once they are sent.",
    )
