"""How many tokens a question can take at most, before it is asked."""

from __future__ import annotations

import json
import math
import re
from typing import Literal

from elena_wb.core import Request

Detail = Literal["auto", "low", "high"]

ELSEWHERE = 6500
"""Llama 3.2 Vision makes 6404 tokens of a picture of four tiles, more than any other open model at its defaults."""

_OVERHEAD = 64
_BYTES_PER_TOKEN = 2
_HIGH_SIDE, _SHORT_SIDE, _TILE, _PATCH, _MOST_PATCHES = 2048, 768, 512, 32, 1536

# OpenAI, "Images and vision", section on costs: tokens of a picture at low detail and of each tile beyond it, or the
# factor on patches of 32 pixels.
_TILED = (
    (re.compile(r"gpt-4o-mini"), 2833, 5667),
    (re.compile(r"gpt-4o|gpt-4\.1(?!-(mini|nano))|gpt-4\.5|gpt-4-turbo|chatgpt-4o"), 85, 170),
    (re.compile(r"gpt-5(?!\.|-(mini|nano))"), 70, 140),
    (re.compile(r"o1|o3(?!-mini)"), 75, 150),
)
_PATCHED = (
    (re.compile(r"gpt-(4\.1|5)-mini"), 1.62),
    (re.compile(r"gpt-(4\.1|5)-nano"), 2.46),
    (re.compile(r"o4-mini"), 1.72),
)


def prompt_bound(request: Request, *, image_tokens: int) -> int:
    """Tokens of text, schema and picture; of text, tokenizers in use make fewer than one token of two bytes."""
    schema = "" if request.schema is None else json.dumps(request.schema, ensure_ascii=False)
    text = len((request.system + request.user + schema).encode("utf-8", "replace"))
    return math.ceil(text / _BYTES_PER_TOKEN) + image_tokens + _OVERHEAD


def openai_image_tokens(model: str, width: int, height: int, detail: Detail) -> int:
    """Tokens that a model of OpenAI's makes of ``width`` x ``height`` pixels; a bound for unknown models."""
    for pattern, factor in _PATCHED:
        if pattern.match(model):
            patches = math.ceil(width / _PATCH) * math.ceil(height / _PATCH)
            return math.ceil(min(patches, _MOST_PATCHES) * factor)
    for pattern, base, tile in _TILED:
        if pattern.match(model):
            return base if detail == "low" else base + tile * _tiles(width, height)
    return ELSEWHERE


def _tiles(width: int, height: int) -> int:
    """Tiles of 512 pixels once the picture fits a square of 2048 and its shorter side 768."""
    scale = min(1.0, _HIGH_SIDE / max(width, height))
    scale *= min(1.0, _SHORT_SIDE / (min(width, height) * scale))
    return math.ceil(width * scale / _TILE) * math.ceil(height * scale / _TILE)
