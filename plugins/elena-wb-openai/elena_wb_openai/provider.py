"""The door of the plugin: describes and opens ``openai:`` models."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import ClassVar
from urllib.parse import urlencode

from pydantic import BaseModel

from elena_wb.core import KeySlot, Model, ModelCard, ModelError, Quota, Request, SetupError, Usage
from elena_wb.offline import require_network
from elena_wb_openai.addresses import Address
from elena_wb_openai.options import OpenAIOptions
from elena_wb_openai.pricing import find_price, most_used

_INSTALL = "pip install --upgrade elena-wb-openai"
_CHANGING_ANSWERS = {
    "structured",
    "detail",
    "image_format",
    "image_quality",
    "max_image_side",
    "system",
    "sampling",
    "seed",
    "reasoning_effort",
    "extra",
}
_OPENAI = KeySlot("openai", ("OPENAI_API_KEY",), "https://platform.openai.com/api-keys")


class OpenAIProvider:
    """Servers that speak OpenAI's chat completions with pictures (implements :class:`elena_wb.core.Provider`).

    The reference is the name of the model as the server knows it.
    """

    options_model: ClassVar[type[BaseModel]] = OpenAIOptions
    requires: ClassVar[Mapping[str, str]] = {"openai": _INSTALL, "httpx2": _INSTALL}
    keys: ClassVar[Sequence[KeySlot]] = (_OPENAI,)

    def destination(self, reference: str, options: BaseModel) -> str | None:
        """The hosts of all servers that are not this machine; ``None`` if none is."""
        hosts = [address.host for address in _addresses(_checked(options)) if not address.is_here]
        return ", ".join(dict.fromkeys(hosts)) or None

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        """The card, without asking any server.

        Its digest stands for the model's name, the options that can change answers and, unless ``revision`` says
        which weights they hold, the servers' addresses.

        Raises:
            ModelError: no model is named.
        """
        return _card(_named(reference), _checked(options))

    def at_most(self, reference: str, options: BaseModel, request: Request) -> Usage:
        """The most that one call for ``request`` can use."""
        chosen, model = _checked(options), _named(reference)
        addresses = _addresses(chosen)
        price = find_price(model, addresses)
        return most_used(model, chosen, price, request, at_openai=_at_openai(addresses))

    def open(self, reference: str, options: BaseModel) -> Model:
        """The model, once its servers were found to be there and to have it.

        Raises:
            ModelError: no server can be reached, has the model, or takes the key or questions about pictures.
            SetupError: there is no key, or the network is switched off.
        """
        chosen, model = _checked(options), _named(reference)
        addresses = _addresses(chosen)
        for address in addresses:
            require_network("openai", address.host)
        from elena_wb_openai.opening import (
            open_model,
        )  # imports the client, which an error above need not wait for

        keys = [_key_slot(chosen, address) for address in addresses]
        return open_model(
            model, chosen, addresses, keys, _quota(model, chosen, addresses), _card(model, chosen)
        )


def _checked(options: BaseModel) -> OpenAIOptions:
    return (
        options if isinstance(options, OpenAIOptions) else OpenAIOptions.model_validate(options.model_dump())
    )


def _named(reference: str) -> str:
    if not reference.strip() or not reference.isprintable() or len(reference) > 500:
        raise ModelError(
            "No model is named after `openai:`.",
            hint="Give its name as the server knows it: openai:gpt-4o, or openai:NAME?base_url=http://localhost:8000/v1",
        )
    return reference


def _addresses(options: OpenAIOptions) -> tuple[Address, ...]:
    return tuple(Address(url) for url in options.base_url)


def _at_openai(addresses: Sequence[Address]) -> bool:
    return all(address.is_openai for address in addresses)


def _key_slot(options: OpenAIOptions, address: Address) -> KeySlot | None:
    """The key to send to ``address``: the one that was named, else OpenAI's own to OpenAI and none to strangers.

    Raises:
        SetupError: OpenAI's own key would cross a network unencrypted.
    """
    name = options.key or (_OPENAI.service if address.is_openai else None)
    if name is None:
        return None
    if name != _OPENAI.service:
        return KeySlot(name, (f"{name.upper().replace('-', '_')}_API_KEY",))
    if address.is_readable_on_the_way:
        raise SetupError(
            f"Your key for OpenAI would go to {address.shown} unencrypted.",
            hint="Use https, or give that server a key of its own (key=NAME).",
        )
    return _OPENAI


def _quota(model: str, options: OpenAIOptions, addresses: Sequence[Address]) -> Quota:
    where = "" if _at_openai(addresses) else f"{'+'.join(sorted(one.shown for one in addresses))}/"
    return Quota(
        f"openai/{where}{model}",
        options.requests_per_minute,
        options.tokens_per_minute,
        options.requests_per_day,
    )


def _card(model: str, options: OpenAIOptions) -> ModelCard:
    given = options.given()
    addresses = _addresses(options)
    settings = {
        name: value
        for name, value in options.model_dump(mode="json", exclude_defaults=True).items()
        if name in _CHANGING_ANSWERS
    }
    weights = (
        {"servers": sorted(options.base_url)} if options.revision is None else {"revision": options.revision}
    )
    identity = json.dumps(["openai", model, weights, settings], sort_keys=True)
    price = find_price(model, addresses)
    return ModelCard(
        uri=f"openai:{model}" + (f"?{urlencode(given)}" if given else ""),
        name=model,
        digest=hashlib.sha256(identity.encode()).hexdigest(),
        revision=options.revision,
        libraries=_libraries(),
        notes=_notes(options, addresses),
        priced_on=None if price is None else price.updated,
    )


def _notes(options: OpenAIOptions, addresses: Sequence[Address]) -> tuple[str, ...]:
    readable = ", ".join(address.shown for address in addresses if address.is_readable_on_the_way)
    if not readable:
        return ()
    what = "Pictures" if options.key is None else f"Pictures and the key `{options.key}`"
    return (f"{what} go to {readable} unencrypted (http); everybody on the way can read them.",)


def _libraries() -> dict[str, str]:
    found = {}
    for name in ("openai", "pillow"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
