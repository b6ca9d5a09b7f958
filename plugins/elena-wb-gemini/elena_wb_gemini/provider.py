"""The door of the plugin: describes and opens ``gemini:`` models."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

from pydantic import BaseModel

from elena_wb.core import KeySlot, Model, ModelCard, ModelError, Request, Usage
from elena_wb.offline import require_network
from elena_wb.paths import user_data_dir
from elena_wb.remote.keys import require_key
from elena_wb.remote.prices import Price, PriceTable
from elena_wb_gemini import asking
from elena_wb_gemini.options import CHANGING_ANSWERS, GeminiOptions

_INSTALL = "pip install --upgrade elena-wb-gemini"
_NAME = re.compile(r"(?:models/|tunedModels/)?[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_KEY = KeySlot("gemini", ("GOOGLE_API_KEY", "GEMINI_API_KEY"), "https://aistudio.google.com/apikey")


class GeminiProvider:
    """Gemini models of the Gemini API (implements :class:`elena_wb.core.Provider`, ``Keyed`` and ``Prices``).

    The reference is the name of a model, such as ``gemini-2.5-flash``.
    """

    options_model: ClassVar[type[BaseModel]] = GeminiOptions
    requires: ClassVar[Mapping[str, str]] = {"google.genai": _INSTALL}
    keys: ClassVar[Sequence[KeySlot]] = (_KEY,)

    def destination(self, reference: str, options: BaseModel) -> str | None:
        """The host of the API, which is Google's unless ``base_url`` says otherwise."""
        chosen = _checked(options)
        return None if chosen.local else chosen.host

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        """The card, made without the network: whether Google has such a model shows when it is asked.

        Raises:
            ModelError: no model can have that name.
            SetupError: the user's prices cannot be read.
        """
        chosen, name = _checked(options), _name(reference)
        given = chosen.model_dump(exclude_defaults=True)
        settings = {key: value for key, value in given.items() if key in CHANGING_ANSWERS}
        identity = json.dumps(["gemini", name, settings], sort_keys=True)
        price = _price(name)
        return ModelCard(
            uri=f"gemini:{reference}" + (f"?{urlencode(given)}" if given else ""),
            name=name,
            digest=hashlib.sha256(identity.encode()).hexdigest(),
            device=chosen.host,
            libraries={"google-genai": version("google-genai")},
            notes=() if price else ("The price of this model is not known; see docs/gemini.md.",),
            priced_on=price.updated if price else None,
        )

    def open(self, reference: str, options: BaseModel) -> Model:
        """A model ready to be asked. Nothing is sent before the first question.

        Raises:
            ModelError: as :meth:`describe`.
            SetupError: there is no key.
            NetworkForbiddenError: the network is switched off.
        """
        chosen, card = _checked(options), self.describe(reference, options)
        require_network("elena-wb-gemini", chosen.host)
        key = require_key(_KEY)
        # These import google-genai, which an error above need not wait for.
        from elena_wb_gemini.batch import GeminiBatchModel
        from elena_wb_gemini.client import Connection
        from elena_wb_gemini.model import GeminiModel

        connection, price = Connection(key.value, chosen), _price(card.name)
        if chosen.batch:
            folder = user_data_dir() / "gemini-batches"
            return GeminiBatchModel(connection, card.name, card, chosen, price, folder)
        return GeminiModel(connection, card.name, card, chosen, price)

    def at_most(self, reference: str, options: BaseModel, request: Request) -> Usage:
        """The most that one call can use."""
        name = _name(reference)
        return asking.at_most(request, name, _checked(options), _price(name))


def _checked(options: BaseModel) -> GeminiOptions:
    return (
        options if isinstance(options, GeminiOptions) else GeminiOptions.model_validate(options.model_dump())
    )


def _name(reference: str) -> str:
    """The name of the model, one spelling for each."""
    written = reference.strip()
    if not _NAME.fullmatch(written) or ".." in written:
        raise ModelError(
            f"`gemini:{reference}` names no model.",
            hint="A name is like gemini-2.5-flash; https://ai.google.dev/gemini-api/docs/models lists them.",
        )
    return written.removeprefix("models/")


def _price(name: str) -> Price | None:
    return PriceTable.load("gemini", Path(__file__).with_name("prices.toml")).price(name)
