"""What a call costs, where that is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from elena_wb.core import Request, Usage
from elena_wb.remote.prices import Price, PriceTable
from elena_wb_openai.addresses import Address
from elena_wb_openai.bounds import ELSEWHERE, openai_image_tokens, prompt_bound
from elena_wb_openai.options import OpenAIOptions

_HERE = Path(__file__).parent


def find_price(model: str, addresses: Sequence[Address]) -> Price | None:
    """The price of ``model``: OpenAI's own at its own address, and in any case what the user says it is.

    Raises:
        SetupError: the user's file of prices cannot be used.
    """
    known = all(address.is_openai for address in addresses)
    packaged = _HERE / ("prices.toml" if known else "prices_elsewhere.toml")
    return PriceTable.load("openai", packaged).price(model)


def most_used(
    model: str, options: OpenAIOptions, price: Price | None, request: Request, *, at_openai: bool
) -> Usage:
    """The most tokens and dollars that one call for ``request`` can take."""
    tokens = options.image_tokens
    if tokens is None and at_openai:
        height, width = request.image.shape[:2]
        scale = min(1.0, options.max_image_side / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        tokens = openai_image_tokens(model, *size, options.detail)
    prompt = prompt_bound(request, image_tokens=ELSEWHERE if tokens is None else tokens)
    cost = None if price is None else price.cost(prompt, request.max_tokens)
    return Usage(prompt + request.max_tokens, cost)
