"""What calls cost: dated price tables that ship with plugins, and the user's own prices over them."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from elena_wb.errors import SetupError
from elena_wb.paths import user_config_dir

_ABOUT_THE_TABLE = ("updated", "source")
_PER_TOKEN = 1e-6
_SNAPSHOT = re.compile(r"(?:-(?:\d[\d.]*|latest|preview|exp|experimental|stable))+", re.ASCII)
"""What follows the name of a model in the name of one of its snapshots: `-2026-05-14`, `-001`, `-preview-09-2026`."""

_Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]


class Tier(BaseModel):
    """What a call costs whose prompt has more than ``prompt_tokens`` tokens, in US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt_tokens: Annotated[int, Field(ge=0, strict=True)]
    input: _Dollars
    output: _Dollars
    cached_input: _Dollars | None = None


class Later(BaseModel):
    """The price that was announced for the day ``starts`` (UTC) and after, in US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    starts: datetime.date
    input: _Dollars
    output: _Dollars
    cached_input: _Dollars | None = None


class Price(BaseModel):
    """The price of one model, in US dollars per million tokens.

    ``batch`` is the factor on calls that are made in batches, except for tokens that the server had already.
    ``updated`` is the ISO date of the price, and ``source`` says where it was found.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: _Dollars
    output: _Dollars
    cached_input: _Dollars | None = None
    batch: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)] = 1.0
    above: tuple[Tier, ...] = ()
    later: tuple[Later, ...] = ()
    updated: str
    source: str = ""

    def on(self, day: datetime.date) -> Price:
        """The price on that day."""
        due = [change for change in self.later if change.starts <= day]
        if not due:
            return self
        now = max(due, key=lambda change: change.starts).model_dump(exclude={"starts"})
        return self.model_copy(update={**now, "above": ()})

    def cost(
        self, prompt_tokens: int, completion_tokens: int, *, cached_tokens: int = 0, batch: bool = False
    ) -> float:
        """US dollars for one call. ``cached_tokens`` are those of the prompt that the server had already.

        The whole call is charged at the highest tier that its prompt reaches.
        """
        tiers = [tier for tier in self.above if prompt_tokens > tier.prompt_tokens]
        charged: Price | Tier = max(tiers, key=lambda tier: tier.prompt_tokens) if tiers else self
        cached = min(cached_tokens, prompt_tokens)
        factor = self.batch if batch else 1.0
        fresh_input = charged.input * factor
        cached_input = fresh_input if charged.cached_input is None else min(charged.cached_input, fresh_input)
        dollars = (
            (prompt_tokens - cached) * fresh_input
            + cached * cached_input
            + completion_tokens * charged.output * factor
        )
        return dollars * _PER_TOKEN


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The prices of one scheme's models by name. ``updated`` is the ISO date of the newest of them."""

    updated: str
    prices: Mapping[str, Price]

    @classmethod
    def load(cls, scheme: str, packaged: Path) -> PriceTable:
        """The table that ships at ``packaged``, with the user's table ``[SCHEME."MODEL"]`` over it.

        Both are TOML: ``updated`` and ``source`` (which the user may leave out, the date of the file then counts) and
        a table for each model, with the fields of :class:`Price`.

        Raises:
            SetupError: either file cannot be read, or holds something that is no price.
        """
        shipped = _read(packaged)
        prices = _prices(packaged, shipped, ())
        own = user_prices_path()
        if own.exists():
            document = _read(own)
            table = document.get(scheme, {})
            if not isinstance(table, Mapping):
                raise _wrong(own, f"`{scheme}` is no table")
            dated = {key: document[key] for key in _ABOUT_THE_TABLE if key in document}
            prices |= _prices(own, {**dated, **table}, (scheme,))
        return cls(max((price.updated for price in prices.values()), default=""), prices)

    def price(self, model: str) -> Price | None:
        """Today's price of ``model``, or of the model that it is a dated snapshot of; ``None`` if that is not known.

        Of several names that it may be a snapshot of, the longest counts.
        """
        names = (
            [model]
            if model in self.prices
            else [
                name
                for name in self.prices
                if model.startswith(f"{name}-") and _SNAPSHOT.fullmatch(model, len(name))
            ]
        )
        today = datetime.datetime.now(datetime.UTC).date()
        return self.prices[max(names, key=len)].on(today) if names else None


def user_prices_path() -> Path:
    """The user's own prices, a file that need not exist."""
    return user_config_dir() / "prices.toml"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(
            f"The prices in {path} cannot be read: {error}", hint="Mend or remove it."
        ) from error


def _prices(path: Path, table: Mapping[str, Any], within: tuple[str, ...]) -> dict[str, Price]:
    about = {key: _about(path, key, table[key]) for key in _ABOUT_THE_TABLE if key in table}
    about.setdefault("updated", _date_of(path))
    found: dict[str, Price] = {}
    for model, entry in table.items():
        if model in _ABOUT_THE_TABLE:
            continue
        named = ".".join([*within, f'"{model}"'])
        if not isinstance(entry, Mapping):
            raise _wrong(path, f"[{named}] is no table")
        if entry and all(isinstance(value, Mapping) for value in entry.values()):
            raise _wrong(path, f"[{named}] holds tables only; names with dots need quotation marks")
        own = {key: _about(path, key, entry[key], named) for key in _ABOUT_THE_TABLE if key in entry}
        try:
            found[model] = Price.model_validate({**entry, **about, **own})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise _wrong(path, f"`{where}` of [{named}]: {first['msg']}") from error
    return found


def _about(path: Path, key: str, value: object, named: str = "") -> str:
    """``updated`` as an ISO date, or ``source`` as text."""
    where = f"`{key}` of [{named}]" if named else f"`{key}`"
    if key == "updated":
        if isinstance(value, datetime.date):
            return value.isoformat()[:10]
        try:
            return datetime.date.fromisoformat(str(value)).isoformat()
        except ValueError:
            raise _wrong(path, f"{where} is no date such as 2026-01-31") from None
    if not isinstance(value, str):
        raise _wrong(path, f"{where} is no text")
    return value


def _date_of(path: Path) -> str:
    return datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC).date().isoformat()


def _wrong(path: Path, what: str) -> SetupError:
    return SetupError(
        f"The prices in {path} are not as they should be: {what}.",
        hint="Each model has `input` and `output`, US dollars per million tokens; docs/costs.md shows an example.",
    )
