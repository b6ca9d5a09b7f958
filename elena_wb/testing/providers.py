"""The contract of a provider: what it says before any model is opened."""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from elena_wb.core import (
    Exports,
    Keyed,
    KeySlot,
    Lists,
    LocalModel,
    ModelCard,
    Prices,
    Provider,
    Request,
    Usage,
    UsageError,
    WorkbenchError,
)
from elena_wb.testing.inspection import Inspection, must
from elena_wb.testing.questions import plain

CHEAP_S = 5.0
"""How long describing a model that was described before, or listing local ones, may take."""

_NO_SUCH = "/no/such/folder/as-this-0f3a"
_SHORTEST_SECRET = 8


def check_options(
    inspection: Inspection, provider: Provider, given: Mapping[str, Any] | BaseModel | None
) -> BaseModel:
    """The options, validated; each must be described, acceptable as text, and unknown ones refused."""
    model = provider.options_model
    with inspection.asking("`options_model` is a pydantic model and `requires` maps modules to commands"):
        must(isinstance(model, type) and issubclass(model, BaseModel), f"options_model is {model!r}")
        requires = provider.requires
        must(isinstance(requires, Mapping), f"requires is {requires!r}")
        must(
            all(isinstance(one, str) and one for pair in requires.items() for one in pair),
            f"requires is {dict(requires)!r}",
        )
    with inspection.asking("each option has a description, for `elena-wb models info`"):
        silent = [name for name, field in model.model_fields.items() if not field.description]
        must(not silent, f"no description of {', '.join(f'`{name}`' for name in silent)}")
    with inspection.asking('unknown options are refused: `extra="forbid"`'):
        extra = model.model_config.get("extra")
        must(extra == "forbid", f"extra={extra!r}")
    with inspection.asking("the options given are accepted, also as the text that a URI makes of them"):
        if isinstance(given, BaseModel):
            return given if isinstance(given, model) else model.model_validate(given.model_dump())
        options = model.model_validate(dict(given or {}))
        text = {name: str(value) for name, value in (given or {}).items() if value is not None}
        must(model.model_validate(text) == options, f"`{text}` as text is understood as something else")
    return options


def check_description(
    inspection: Inspection, provider: Provider, reference: str, options: BaseModel
) -> ModelCard:
    """The card, which must be complete, quickly made, the same each time and found again by its uri."""
    with inspection.asking(
        "`destination` is the name of a host, or None where pictures stay on this machine"
    ):
        destination = provider.destination(reference, options)
        must(destination is None or (isinstance(destination, str) and destination), f"{destination!r}")
        inspection.heard.append(destination or "")
    with inspection.asking("`describe` gives a complete card that JSON can hold"):
        card = provider.describe(reference, options)
        _check_card(card)
        inspection.heard.append(json.dumps(asdict(card)))
    with inspection.asking(
        f"`describe` is cheap, and the same each time ({CHEAP_S:g} s at most the second time)"
    ):
        started = time.perf_counter()
        digest = provider.describe(reference, options).digest
        elapsed = time.perf_counter() - started
        must(elapsed <= CHEAP_S, f"it took {elapsed:.1f} s")
        must(digest == card.digest, f"the digest {digest} after {card.digest}")
    with inspection.asking(
        "the card's `uri` leads to the same model again, since runs are gone on with by it"
    ):
        digest = _described_by(provider, card.uri).digest
        must(digest == card.digest, f"`{card.uri}` has the digest {digest}, the card {card.digest}")
    with inspection.asking("`describe` meets a reference that names nothing with a card or a ModelError"):
        try:
            provider.describe(_NO_SUCH, options)
        except WorkbenchError as error:
            inspection.heard.append(error.message)
    return card


def check_abilities(inspection: Inspection, provider: Provider, reference: str, options: BaseModel) -> None:
    """What the provider can do beside opening models must be as ``elena_wb.core.abilities`` says."""
    if isinstance(provider, Keyed):
        with inspection.asking(
            "`keys` are KeySlots that name a service and the variables that may hold its key"
        ):
            for slot in provider.keys:
                _check_slot(slot)
    if isinstance(provider, Prices):
        with inspection.asking("`at_most` of a provider gives a Usage without opening the model"):
            request = plain().request
            check_usage(provider.at_most(reference, options, request), request)
    if isinstance(provider, Lists):
        with inspection.asking(f"`local_models` gives LocalModels within {CHEAP_S:g} s"):
            started = time.perf_counter()
            for model in provider.local_models():
                _check_local(model)
            elapsed = time.perf_counter() - started
            must(elapsed <= CHEAP_S, f"it took {elapsed:.1f} s")
    if isinstance(provider, Exports):
        with inspection.asking("`formats` says what can be exported, and another format is a UsageError"):
            _check_formats(provider, reference, options)


def check_secrets(inspection: Inspection, provider: Provider) -> None:
    """No key that the environment holds may have come up in anything that was heard."""
    if not isinstance(provider, Keyed):
        return
    variables = [variable for slot in provider.keys for variable in slot.variables]
    secrets = {
        name: value for name in variables if len(value := os.environ.get(name, "")) >= _SHORTEST_SECRET
    }
    if not secrets:
        inspection.leave_out(f"whether keys stay secret: none of {', '.join(variables)} is set")
        return
    with inspection.asking("no key is in the card, in the name of an account or in what an error says"):
        for name, secret in secrets.items():
            where = next((said for said in inspection.heard if secret in said), None)
            must(where is None, f"the value of {name} is in {(where or '').replace(secret, '[key]')!r}")


def check_usage(usage: object, request: Request) -> Usage:
    """``usage`` as an upper bound for ``request``.

    Raises:
        Unmet: it is none.
    """
    must(isinstance(usage, Usage), f"{usage!r} is no Usage")
    assert isinstance(usage, Usage)
    must(
        isinstance(usage.tokens, int) and usage.tokens >= request.max_tokens,
        f"at most {usage.tokens!r} tokens for a request whose answer alone may have {request.max_tokens}",
    )
    cost = usage.cost_usd
    must(cost is None or (math.isfinite(cost) and cost >= 0), f"a cost of {cost!r}")
    return usage


def _check_card(card: object) -> None:
    must(isinstance(card, ModelCard), f"{card!r} is no ModelCard")
    assert isinstance(card, ModelCard)
    for name in ("uri", "name", "digest"):
        value = getattr(card, name)
        must(isinstance(value, str) and value.strip(), f"its {name} is {value!r}")
    must(re.match(r"[a-z][a-z0-9+.-]*:", card.uri), f"its uri {card.uri!r} begins with no scheme")
    for name in ("parameters", "context_length"):
        value = getattr(card, name)
        must(value is None or (isinstance(value, int) and value > 0), f"its {name} is {value!r}")
    for name in ("revision", "quantisation", "device", "priced_on"):
        value = getattr(card, name)
        must(value is None or (isinstance(value, str) and value), f"its {name} is {value!r}")
    must(
        all(isinstance(one, str) for pair in card.libraries.items() for one in pair),
        f"its libraries are {dict(card.libraries)!r}",
    )
    for name in ("meant_for", "notes"):
        value = getattr(card, name)
        must(
            isinstance(value, tuple) and all(isinstance(one, str) for one in value),
            f"its {name} is {value!r}",
        )
    json.dumps(asdict(card), allow_nan=False)


def _described_by(provider: Provider, uri: str) -> ModelCard:
    """As the host does when it goes on with a run."""
    reference, _, query = uri.partition(":")[2].partition("?")
    try:
        options = provider.options_model.model_validate(dict(parse_qsl(query, keep_blank_values=True)))
    except ValidationError as error:
        raise ValueError(f"the options in `{uri}` are not acceptable: {error.errors()[0]['msg']}") from error
    return provider.describe(reference, options)


def _check_slot(slot: object) -> None:
    must(isinstance(slot, KeySlot), f"{slot!r} is no KeySlot")
    assert isinstance(slot, KeySlot)
    must(re.fullmatch(r"[a-z][a-z0-9-]*", slot.service), f"the service {slot.service!r}")
    must(
        slot.variables and all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in slot.variables),
        f"the variables {slot.variables!r}",
    )
    must(not slot.page or slot.page.startswith("https://"), f"the page {slot.page!r}")


def _check_local(model: object) -> None:
    must(isinstance(model, LocalModel), f"{model!r} is no LocalModel")
    assert isinstance(model, LocalModel)
    must(":" in model.uri and model.name, f"the uri {model.uri!r} and the name {model.name!r}")
    must(isinstance(model.path, Path), f"the path {model.path!r}")
    for name in ("size_bytes", "needs_bytes"):
        value = getattr(model, name)
        must(value is None or (isinstance(value, int) and value >= 0), f"{name} of {model.uri} is {value!r}")


def _check_formats(provider: Exports, reference: str, options: BaseModel) -> None:
    formats = provider.formats
    must(formats and all(name and what for name, what in formats.items()), f"formats is {dict(formats)!r}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            provider.export(reference, options, Path(folder) / "out", "no-such-format")
        except UsageError:
            return
    must(False, "`no-such-format` was exported without complaint")
