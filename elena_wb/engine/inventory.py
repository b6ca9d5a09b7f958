"""Models as things that lie somewhere: those on this machine, fetching others, writing them in another format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elena_wb.core import Exports, KeySlot, Lists, LocalModel, ModelError, Pulls, UsageError, WorkbenchError
from elena_wb.engine.models import ModelAddress
from elena_wb.plugins import Failure, PluginHost


@dataclass(frozen=True, slots=True)
class Inventory:
    """The models that providers find on this machine, and the providers that failed to look."""

    models: tuple[LocalModel, ...]
    failures: tuple[Failure, ...]


def local_models(host: PluginHost) -> Inventory:
    """What every provider that can tell finds, sorted by scheme and as the provider sorts them."""
    found: list[LocalModel] = []
    failures: list[Failure] = []
    for scheme, claim in sorted(host.claims["models"].items()):
        try:
            provider = host.find("models", scheme)()
            if isinstance(provider, Lists):
                found += [_checked(model) for model in provider.local_models()]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - one plugin must not take the listing down
            said = error.message if isinstance(error, WorkbenchError) else f"{type(error).__name__}: {error}"
            failures.append(Failure(claim.plugin, said))
    return Inventory(tuple(found), tuple(failures))


def key_slots(host: PluginHost) -> tuple[tuple[KeySlot, ...], tuple[Failure, ...]]:
    """The keys that installed plugins need, each service once, and the plugins that cannot be asked."""
    found: dict[str, KeySlot] = {}
    failures: list[Failure] = []
    for scheme, claim in sorted(host.claims["models"].items()):
        try:
            provider = host.find("models", scheme)
        except WorkbenchError as error:
            failures.append(Failure(claim.plugin, error.message))
            continue
        for slot in getattr(provider, "keys", ()):
            if isinstance(slot, KeySlot):
                found.setdefault(slot.service, slot)
    return tuple(found.values()), tuple(failures)


def schemes_that(host: PluginHost, ability: Any) -> tuple[str, ...]:
    """The schemes whose providers have the ability, a protocol of :mod:`elena_wb.core.abilities`.

    Providers that cannot be loaded have none.
    """
    found = []
    for scheme in sorted(host.claims["models"]):
        try:
            able = isinstance(host.find("models", scheme)(), ability)
        except (Exception, SystemExit):  # noqa: BLE001 - `models list` reports it
            continue
        if able:
            found.append(scheme)
    return tuple(found)


def pull(uri: str, host: PluginHost) -> Path:
    """Fetch the model at ``uri`` for later, and return where it lies.

    Raises:
        UsageError: the URI is wrong, or its provider fetches nothing.
        ModelError: there is no such model, or it cannot be fetched.
    """
    address = ModelAddress.parse(uri, host)
    if not isinstance(address.provider, Pulls):
        raise UsageError(
            f"Models of `{_scheme(uri)}:` cannot be pulled.", hint=what_can(host, Pulls, "can be pulled")
        )
    return address.provider.pull(address.reference, address.options)


def export(uri: str, out: Path, format_name: str | None, host: PluginHost) -> Sequence[Path]:
    """Write the model at ``uri`` into the folder ``out``, and return the files written.

    Raises:
        UsageError: the URI is wrong, its provider exports nothing or not in that format, or other files of these
            names are there.
        ModelError: there is no such model.
    """
    address = ModelAddress.parse(uri, host)
    provider = address.provider
    if not isinstance(provider, Exports):
        raise UsageError(
            f"Models of `{_scheme(uri)}:` cannot be exported.",
            hint=what_can(host, Exports, "can be exported"),
        )
    chosen = format_name or next(iter(provider.formats))
    if chosen not in provider.formats:
        formats = "; ".join(f"`{name}`: {what}" for name, what in provider.formats.items())
        raise UsageError(f"`{_scheme(uri)}:` exports no `{chosen}`.", hint=f"Its formats are {formats}.")
    return provider.export(address.reference, address.options, out, chosen)


def what_can(host: PluginHost, ability: Any, what: str) -> str:
    """A sentence for people: the models that have the ability, ``what`` being "can be pulled" or the like."""
    schemes = schemes_that(host, ability)
    if not schemes:
        return f"No installed plugin has models that {what}."
    named = [f"`{scheme}:`" for scheme in schemes]
    listed = f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else named[0]
    return f"Models of {listed} {what}."


def _checked(model: object) -> LocalModel:
    if not isinstance(model, LocalModel):
        raise ModelError(f"It lists {model!r}, which is no LocalModel.")
    return model


def _scheme(uri: str) -> str:
    return uri.partition(":")[0]
