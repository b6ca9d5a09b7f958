"""What lies between two runs: everything recorded of them that is not the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

Run: TypeAlias = Mapping[str, Any]
"""A run as :func:`elena_wb.store.show_run` shows it, and ``answered_by``: the versions that a server says answered."""

_MACHINE = ("platform", "device")
_NOT_LIBRARIES = {*_MACHINE, "python"}
_UNKNOWN = "(not recorded)"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same in two runs; ``matters`` is whether it can change answers."""

    aspect: str
    first: str
    second: str
    matters: bool = True


def differences(first: Run, second: Run) -> tuple[Difference, ...]:
    """The differences between two runs, those of the model first.

    Models differ where their digests do, and the cards say in what. A quantisation that differs explains an
    option that names it (``dtype=float32``) and a name that bears it.
    """
    runs = (first, second)
    asked_here = [not _imported(run) for run in runs]
    found = [*_of_prompt(*runs), *_of_pictures(*runs), *_of_sampling(*runs)]
    if all(asked_here):
        found = [*_of_model(*runs), *found, *_of_environment(*runs)]
    else:
        origins = ("asked here" if here else "imported" for here in asked_here)
        found = [
            _between("model", (run["model_uri"] for run in runs)),
            _between("origin", origins),
            *found,
        ]
    return tuple(one for one in found if one.first != one.second)


def _between(aspect: str, values: Iterable[object], *, matters: bool = True) -> Difference:
    """``values`` of the first run and the second; :func:`differences` drops equal ones."""
    first, second = (_UNKNOWN if value is None else str(value) for value in values)
    return Difference(aspect, first, second, matters)


def _of_model(first: Run, second: Run) -> Iterator[Difference]:
    runs = (first, second)
    uris = [_URI.parse(run["model_uri"]) for run in runs]
    if first["model_digest"] == second["model_digest"]:
        changed = _changed(uris[0].options, uris[1].options)
        yield _between("model options", (_listed(uri.options, changed) for uri in uris), matters=False)
        versions = [", ".join(run.get("answered_by", ())) for run in runs]
        if all(versions):
            yield _between("version that answered", versions)
        return
    cards = [run["model_card"] for run in runs]
    names = [str(card.get("name") or run["model_uri"]) for card, run in zip(cards, runs, strict=True)]
    formats = [card.get("quantisation") for card in cards]
    options = [uri.options for uri in uris]
    if None not in formats and formats[0] != formats[1]:
        names = [_bare(name, of) for name, of in zip(names, formats, strict=True)]
        options = [_beside(given, of) for given, of in zip(options, formats, strict=True)]
    sizes = [card.get("parameters") for card in cards]
    found = [
        _between("software", (f"{uri.scheme}:" for uri in uris)),
        _between("model", names),
        _between("revision", (card.get("revision") for card in cards)),
        _between("quantisation", formats),
    ]
    if None not in sizes:
        found.append(_between("parameters", sizes))
    if uris[0].scheme == uris[1].scheme:
        changed = _changed(*options)
        found.append(_between("model options", (_listed(given, changed) for given in options)))
    if all(one.first == one.second for one in found):
        found = [_between("weights", (f"{run['model_digest'][:12]}…" for run in runs))]
    yield from found


def _of_prompt(first: Run, second: Run) -> Iterator[Difference]:
    runs = (first, second)
    yield _between("prompt", (run["prompt_name"] for run in runs))
    if first["prompt_name"] != second["prompt_name"] or first["prompt_digest"] == second["prompt_digest"]:
        return
    variants = [run["options"].get("prompt_variant") for run in runs]
    yield _between("prompt variant", variants)
    if variants[0] == variants[1]:
        yield _between("text of the prompt", (f"{run['prompt_digest'][:12]}…" for run in runs))


def _of_pictures(first: Run, second: Run) -> Iterator[Difference]:
    runs = (first, second)
    yield _between("condition", (run["condition"] for run in runs))
    if first["condition"] == second["condition"]:
        yield _between("masking", (run["options"].get("masking") for run in runs))
    yield _between("person shown by", (run["options"].get("person") or "crop" for run in runs))


def _of_sampling(first: Run, second: Run) -> Iterator[Difference]:
    runs = (first, second)
    sampling = [run["options"].get("sampling") for run in runs]
    greedy = all(of is not None and of.get("temperature") == 0 for of in sampling)
    yield _between("sampling", map(_sampled, sampling))
    yield _between("token limit", (run["options"].get("max_tokens") for run in runs))
    yield _between("seed", (run["seed"] for run in runs), matters=not greedy)


def _of_environment(first: Run, second: Run) -> Iterator[Difference]:
    environments = [run["environment"] for run in (first, second)]
    for name in _MACHINE:
        yield _between(name, (of.get(name) or None for of in environments))
    changed = [name for name in _changed(*environments) if name not in _NOT_LIBRARIES]
    schemes = {_URI.parse(run["model_uri"]).scheme for run in (first, second)}
    if len(schemes) > 1:  # libraries that only one of two kinds of software uses follow from the software
        changed = [name for name in changed if all(name in of for of in environments)]
    yield _between("library versions", (_listed(of, changed) for of in environments))
    yield _between("Python", (of.get("python") for of in environments), matters=False)


@dataclass(frozen=True, slots=True)
class _URI:
    scheme: str
    options: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> _URI:
        scheme, _, rest = text.partition(":")
        return cls(scheme, dict(parse_qsl(rest.partition("?")[2], keep_blank_values=True)))


def _bare(name: str, quantisation: str) -> str:
    """The name without the quantisation that it may bear: ``gemma-3-4b-it-Q4_0`` → ``gemma-3-4b-it``."""
    return re.sub(rf"[-_. ]?{re.escape(quantisation)}(?![A-Za-z0-9])", "", name, flags=re.IGNORECASE)


def _beside(options: Mapping[str, str], quantisation: str) -> Mapping[str, str]:
    """The options without those whose value the quantisation names, such as ``dtype=float32``."""

    def named(value: str) -> bool:
        return bool(re.search(rf"(?<!\w){re.escape(value)}(?!\w)", quantisation, flags=re.IGNORECASE))

    return {name: value for name, value in options.items() if not named(value)}


def _changed(first: Mapping[str, str], second: Mapping[str, str]) -> list[str]:
    return [name for name in sorted({*first, *second}) if first.get(name) != second.get(name)]


def _listed(values: Mapping[str, str], names: Iterable[str]) -> str:
    return ", ".join(f"{name} {values[name]}" if name in values else f"no {name}" for name in names)


def _sampled(of: Mapping[str, Any] | None) -> str | None:
    if of is None:
        return None
    if of.get("temperature") == 0:
        return "greedy"
    return ", ".join(f"{name} {value}" for name, value in sorted(of.items()))


def _imported(run: Run) -> bool:
    return bool(run["options"].get("provenance") == "imported")
