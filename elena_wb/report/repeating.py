"""The command lines that make runs, look at their attention, and write the report again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, cast

from elena_wb.core import UsageError
from elena_wb.engine.imports.importing import IMPORTED
from elena_wb.engine.resume import request_of
from elena_wb.engine.wanted import Wanted
from elena_wb.report.harmless import without_places
from elena_wb.report.options import ReportOptions
from elena_wb.store import Store, show_run
from elena_wb.store.looked import looked_at, ways_looked

if TYPE_CHECKING:
    from elena_wb.core import AttentionMethod, Heads

_STORE = "STORE.duckdb"


@dataclass(frozen=True, slots=True)
class Commands:
    """Command lines in their order, and what must be said of them."""

    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def commands(store: Store, run_ids: Sequence[int], options: ReportOptions) -> Commands:
    """The commands in their order, and what cannot be repeated with them.

    Runs that differ in their condition alone are of one command; the variant of the prompt is named as it was. Folders
    are named by their last part.
    """
    if options.commands:
        return Commands(tuple(without_places(one) for one in options.commands))
    notes: list[str] = []
    asked: dict[Wanted, dict[str, list[int]]] = {}
    for run_id in run_ids:
        try:
            wanted = Wanted.like(request_of(store, str(run_id), retry_failed=False))
        except (UsageError, KeyError, TypeError):  # imported, or recorded by a program that keeps less
            notes.append(_cannot(store, run_id))
            continue
        alike = asked.setdefault(replace(wanted, conditions=()), {})
        for condition in wanted.conditions:
            alike.setdefault(condition, []).append(run_id)
    lines = [
        without_places(_line(*_portable(replace(of, conditions=tuple(alike))))) for of, alike in asked.items()
    ]
    numbers = _numbers(asked.values())
    lines += _attending(store, numbers)
    notes += _looked_in_part(store, list(numbers))
    again = _report([numbers.get(run_id, run_id) for run_id in run_ids], options)
    lines.append(without_places(_line(*again)))
    if asked:
        if any(old != new for old, new in numbers.items()):
            told = ", ".join(f"run {old} is then {new}" for old, new in numbers.items())
            notes.append(f"In a new store these commands number the runs from 1: {told}.")
        else:
            notes.append("In a new store these commands number the runs as they are numbered here.")
        notes.append(
            "A model that samples, runs on another machine, or is asked over the network may answer otherwise; the "
            "same weights on the same machine, with the same libraries, seed, prompt and pictures, answer the same."
        )
    return Commands(tuple(lines), tuple(notes))


def _numbers(asked: Iterable[Mapping[str, Sequence[int]]]) -> dict[int, int]:
    """The number here of each run that is asked again → the one that it gets in a new store."""
    together = [run_ids for alike in asked for run_ids in alike.values()]
    return {run_id: new for new, run_ids in enumerate(together, 1) for run_id in run_ids}


def _cannot(store: Store, run_id: int) -> str:
    options = show_run(store, run_id)["options"]
    if options.get("provenance") != IMPORTED:
        return f"Of run {run_id} it is not recorded what it was asked to do, so that no command can be given."
    file = PurePath(str(options.get("file") or "a file")).name
    return (
        f"The answers of run {run_id} were imported from {file}: how they were made is not known here, so that they "
        "can be imported again and not asked for again."
    )


def _attending(store: Store, numbers: Mapping[int, int]) -> Iterator[str]:
    ways: dict[tuple[str, str, str, str], list[int]] = {}
    for run_id, *way in ways_looked(store, list(numbers)):
        ways.setdefault((way[0], way[1], way[2], way[3]), []).append(numbers[run_id])
    for (method, heads, layers, tokens), runs in ways.items():
        chosen = [("--method", method, "raw"), ("--heads", heads, "mean"), ("--layers", layers, "all")]
        options = [part for name, value, usual in chosen if value != usual for part in (name, value)]
        yield _line("attend", *map(str, runs), *options, "--tokens", tokens)


def _looked_in_part(store: Store, run_ids: Sequence[int]) -> Iterator[str]:
    """Of which runs some answers were looked at, while the command looks at all."""
    ways = dict.fromkeys((run, method, heads) for run, method, heads, *_ in ways_looked(store, run_ids))
    for run_id, method, heads in ways:
        looked = len(
            looked_at(store, run_id, method=cast("AttentionMethod", method), heads=cast("Heads", heads))
        )
        answers = show_run(store, run_id)["generations"].get("ok", 0)
        if looked < answers:
            yield (
                f"Of run {run_id} the attention of {looked:,} of {answers:,} answers was looked at ({method}); "
                "`attend` without `--limit` looks at all that it can, so that its figures will be of more answers."
            )


def _report(run_ids: Sequence[int], options: ReportOptions) -> Iterator[str]:
    yield from ("report", *map(str, run_ids), "-o", "report.html")
    usual = ReportOptions()
    if options.title:
        yield from ("--title", options.title)
    if options.question:
        yield from ("--question", options.question)
    if options.pictures != usual.pictures:
        yield "--no-pictures" if options.pictures == "none" else "--masked-only"
    if options.restricted:
        yield "--with-local-pictures"
    if options.pairs != usual.pairs:
        yield from ("--pairs", str(options.pairs))
    for name in options.metrics or ():
        yield from ("--metric", name)
    if options.resampling.resamples != usual.resampling.resamples:
        yield from ("--resamples", str(options.resampling.resamples))
    if options.resampling.seed != usual.resampling.seed:
        yield from ("--seed", str(options.resampling.seed))


def _portable(of: Wanted) -> tuple[str, ...]:
    """The arguments, with folders and files of this machine named by their last part."""
    sources = tuple(dict.fromkeys(PurePath(source).name or source for source in of.sources))
    return replace(of, sources=sources, model=_model(of.model)).arguments()


def _model(uri: str) -> str:
    scheme, _, rest = uri.partition(":")
    place, mark, options = rest.partition("?")
    name = PurePath(place).name if place.startswith(("/", "~", ".")) or ":\\" in place else place
    return f"{scheme}:{name}{mark}{options}"


def _line(*arguments: str) -> str:
    return shlex.join(["elena-wb", "--store", _STORE, *arguments])
