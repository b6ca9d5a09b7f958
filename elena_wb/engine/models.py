"""From a model URI to an opened model."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from elena_wb.core import Model, ModelCard, Provider, UsageError
from elena_wb.errors import SetupError
from elena_wb.nearest import nearest
from elena_wb.offline import require_network
from elena_wb.plugins import PluginHost


@dataclass(frozen=True, slots=True)
class ModelAddress:
    """A model URI taken apart, its options checked: what can be described or opened."""

    uri: str
    provider: Provider
    reference: str
    options: BaseModel

    @classmethod
    def parse(cls, uri: str, host: PluginHost) -> ModelAddress:
        """Read ``scheme:reference[?option=value&…]``.

        Raises:
            UsageError: unknown scheme or option, or a value that the provider does not accept.
            SetupError: a package that the provider needs is not installed.
        """
        scheme, _, rest = uri.partition(":")
        provider = host.find("models", scheme)()
        for module, command in provider.requires.items():
            if importlib.util.find_spec(module) is None:
                raise SetupError(f"`{scheme}:` models need the package `{module}`.", hint=f"Run: {command}")
        reference, _, query = rest.partition("?")
        return cls(uri, provider, reference, _checked(scheme, provider.options_model, query))

    @property
    def destination(self) -> str | None:
        """The host that pictures are sent to; ``None`` if they stay on this machine."""
        return self.provider.destination(self.reference, self.options)

    def describe(self) -> ModelCard:
        """The model's card, without loading its weights."""
        return self.provider.describe(self.reference, self.options)

    def open(self) -> Model:
        """The loaded model; whoever opens it closes it.

        Raises:
            NetworkForbiddenError: it is asked over the network, and the network is switched off.
        """
        for host in (self.destination or "").split(", "):
            if host:
                require_network(f"{self.uri.partition(':')[0]}:", host)
        return self.provider.open(self.reference, self.options)


def describe(uri: str, host: PluginHost) -> ModelCard:
    """The card of the model at ``uri``, without loading its weights."""
    return ModelAddress.parse(uri, host).describe()


def _checked(scheme: str, options_model: type[BaseModel], query: str) -> BaseModel:
    pairs: list[tuple[str, str]] = parse_qsl(query, keep_blank_values=True)
    given: dict[str, Any] = dict(pairs)
    for name in given:
        if sum(one == name for one, _ in pairs) > 1:
            raise UsageError(f"The option `{name}` of `{scheme}:` is given more than once.")
        if name not in options_model.model_fields:
            raise UsageError(
                f"`{scheme}:` models have no option `{name}`.",
                hint=f"{nearest(name, options_model.model_fields) or ''} `elena-wb models info {scheme}` lists all.",
            )
    try:
        return options_model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name, reason = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
        raise UsageError(
            f"The option `{name}` of `{scheme}:` is not acceptable: {reason}",
            hint=f"`elena-wb models info {scheme}` lists the options.",
        ) from error
