"""What ``elena-wb models`` shows: options of a scheme, the card of a model, models on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from elena_wb.cli.output import print_json, print_table
from elena_wb.core import (
    Exports,
    Keyed,
    Lists,
    LocalModel,
    Prices,
    Pulls,
    Request,
    UsageError,
    WorkbenchError,
)
from elena_wb.plain import plain

if TYPE_CHECKING:
    from pydantic import BaseModel

    from elena_wb.engine.models import ModelAddress

_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true | false"}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_UNITS = ("B", "kB", "MB", "GB", "TB")
_PICTURE_SIDE, _ANSWER_TOKENS = 1024, 512
"""The question whose price is told."""


def print_scheme(scheme: str, provider: type, *, as_json: bool) -> None:
    """The options of a scheme: their JSON schema, a table in a pipe, or a list to read on a terminal."""
    options: type[BaseModel] = provider.options_model  # type: ignore[attr-defined]
    schema = options.model_json_schema()
    if as_json:
        print_json(schema)
        return
    rows = list(_options(options, schema))
    if not sys.stdout.isatty():
        print_table(("option", "type", "default", "meaning"), rows)
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console()
    for sentence in _abilities(scheme, provider):
        console.print(Text(plain(sentence)))
    if not rows:
        console.print(f"`{scheme}:` has no options.")
    for name, kind, default, meaning in rows:
        head = Text.assemble((name, "bold"), ("=", "dim"), kind)
        if default:
            head.append(f"  ({default} if not given)", style="dim")
        console.print()
        console.print(head)
        if meaning:
            console.print(Padding(Text(plain(meaning)), (0, 0, 0, 4)))


def print_card(address: ModelAddress, *, as_json: bool) -> None:
    """The card of a model, where its pictures go, and what a question costs at most where that is known."""
    card: dict[str, Any] = asdict(address.describe())
    sent_to = address.destination
    price = _price(address)
    if as_json:
        print_json({**card, "destination": sent_to, "at_most": price})
        return
    rows: list[tuple[str, object]] = [
        (name.replace("_", " "), _in_words(value)) for name, value in card.items()
    ]
    rows.append(("pictures", f"are sent to {sent_to}" if sent_to else "stay on this machine"))
    if price is not None and price["cost_usd"] is not None:
        rows.append(
            (
                "a question costs",
                f"at most ${price['cost_usd']:.4g} ({_PICTURE_SIDE} × {_PICTURE_SIDE} pixels, an answer of "
                f"{_ANSWER_TOKENS} tokens)",
            )
        )
    _print_folded(("property", "value"), [row for row in rows if row[1] != "" or not sys.stdout.isatty()])


def as_rows(models: Sequence[LocalModel], default: str | None) -> list[dict[str, object]]:
    """Local models as ``models list --json`` has them."""
    return [
        {
            "model": model.uri,
            "kind": "local",
            "stands for": model.name,
            "default": "yes" if model.uri == default else "",
            **{name: value for name, value in asdict(model).items() if name != "uri"},
        }
        for model in models
    ]


def print_local_models(models: Sequence[LocalModel]) -> None:
    """A table of their own; nothing where there are none."""
    if not models:
        return
    typer.echo()
    _print_folded(
        ("on this machine", "quantisation", "size", "needs", "fits"),
        [
            (model.uri, model.quantisation, size(model.size_bytes), size(model.needs_bytes), _fits(model))
            for model in models
        ],
    )
    for model in models:
        if model.problem:
            typer.echo(f"{plain(model.uri)}: {plain(model.problem)}")


def size(count: int | None) -> str:
    """Bytes for people: ``2.5 GB``."""
    if count is None:
        return ""
    amount, unit = float(count), 0
    while amount >= 999.5 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.{0 if unit == 0 or amount >= 9.95 else 1}f} {_UNITS[unit]}"


def kind_of(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words: ``auto | cpu``, ``whole number ≥ 1``, ``list of text``; absence goes unsaid."""
    if "$ref" in schema:
        return kind_of(definitions.get(schema["$ref"].rpartition("/")[2], {}), definitions)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            kinds = [kind_of(one, definitions) for one in schema[several] if one.get("type") != "null"]
            return " | ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return " | ".join(_value(one) for one in schema["enum"] if one is not None)
    if "const" in schema:
        return _value(schema["const"])
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}), definitions)}"
    if schema.get("format") in ("path", "file-path", "directory-path"):
        return "path"
    name = _TYPES.get(schema.get("type", ""), str(schema.get("type", "text")))
    if "minimum" in schema and "maximum" in schema:
        return f"{name}, {_value(schema['minimum'])} to {_value(schema['maximum'])}"
    bounds = [f"{sign} {_value(schema[bound])}" for bound, sign in _BOUNDS.items() if bound in schema]
    return " ".join([name, *bounds])


def _options(options: type[BaseModel], schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for name, field in options.model_fields.items():
        described = schema["properties"].get(field.alias or name, {})
        default = "" if field.is_required() else _value(field.get_default(call_default_factory=True))
        kind = kind_of(described, schema.get("$defs", {}))
        yield name, f"{kind}, needed" if field.is_required() else kind, default, field.description or ""


def _abilities(scheme: str, provider: type) -> Iterator[str]:
    yield f"{scheme}:REFERENCE?option=value&option=value"
    made = provider()
    if isinstance(made, Keyed):
        for slot in made.keys:
            page = f" Keys are given out at {slot.page}" if slot.page else ""
            yield f"Key: `elena-wb keys set {slot.service}`, or {' or '.join(slot.variables)}.{page}"
    if isinstance(made, Lists):
        yield "`elena-wb models list` shows those on this machine."
    if isinstance(made, Pulls):
        yield f"`elena-wb models pull {scheme}:REFERENCE` fetches one for later."
    if isinstance(made, Exports):
        yield "`elena-wb models export URI FOLDER --format NAME` writes one as"
        for name, what in made.formats.items():
            yield f"    {name}: {what}"


def _value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(_value, value))
    return str(value)


def _in_words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {of}" for name, of in value.items())
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return _value(value)


def _price(address: ModelAddress) -> dict[str, Any] | None:
    """Tokens and US dollars that one question of the usual size takes at most, if the provider can tell."""
    if not isinstance(address.provider, Prices):
        return None
    import numpy as np

    from elena_wb.core import Sampling

    pixels = np.zeros((_PICTURE_SIDE, _PICTURE_SIDE, 3), dtype=np.uint8)
    request = Request(pixels, "", "", "", sampling=Sampling(), max_tokens=_ANSWER_TOKENS)
    try:
        return asdict(address.provider.at_most(address.reference, address.options, request))
    except WorkbenchError as error:
        raise UsageError(
            f"What {address.uri} costs cannot be told: {error.message}", hint=error.hint
        ) from error


def _fits(model: LocalModel) -> str:
    if model.problem:
        return "unusable"
    return {True: "yes", False: "no", None: ""}[model.fits]


def _print_folded(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """As :func:`print_table`, with long first cells broken over lines rather than cut."""
    if not sys.stdout.isatty():
        print_table(columns, rows)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell), overflow="fold") for cell in row))
    Console().print(table)
