"""From an address to an opened model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from elena_wb.core import KeySlot, Model, ModelCard, Quota
from elena_wb.remote.keys import require_key
from elena_wb_openai.addresses import Address
from elena_wb_openai.checking import find_servers, learn
from elena_wb_openai.dialect import Dialect
from elena_wb_openai.model import Identity, OpenAIModel
from elena_wb_openai.options import OpenAIOptions
from elena_wb_openai.pricing import find_price
from elena_wb_openai.servers import Server, Servers
from elena_wb_openai.transport import client


def open_model(
    model: str,
    options: OpenAIOptions,
    addresses: Sequence[Address],
    keys: Sequence[KeySlot | None],
    quota: Quota,
    card: ModelCard,
) -> Model:
    """See :meth:`elena_wb_openai.provider.OpenAIProvider.open`; ``keys`` has an entry for each address."""
    servers = Servers(
        [_server(address, slot, options) for address, slot in zip(addresses, keys, strict=True)]
    )
    at_openai = all(address.is_openai for address in addresses)
    price = find_price(model, addresses)
    identity = Identity(model, price, at_openai, quota)
    try:
        found = find_servers(servers, model)
        opened = OpenAIModel(card, identity, options, servers, Dialect.first(options, at_openai=at_openai))
        notes = found.notes
        if options.probe == "on" or (options.probe == "auto" and _is_free(identity, addresses)):
            notes += learn(opened, found.reachable)
        opened.card = replace(card, notes=notes)
    except BaseException:
        servers.close()
        raise
    return opened


def _is_free(identity: Identity, addresses: Sequence[Address]) -> bool:
    """Whether a call more costs nothing and counts against no limit, as far as is known."""
    quota = identity.quota
    limits = (quota.requests_per_minute, quota.tokens_per_minute, quota.requests_per_day)
    charged = identity.price is not None or any(address.is_openai for address in addresses)
    return not charged and all(limit is None for limit in limits)


def _server(address: Address, slot: KeySlot | None, options: OpenAIOptions) -> Server:
    key = None if slot is None else require_key(slot).value
    spoken = client(address, key, timeout_s=options.timeout, connections=options.concurrency, ca=options.ca)
    return Server(address, spoken, None if slot is None else slot.service)
