"""``elena-wb datasets``: what can be read, what is in a folder or file, and what should be mended in it."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin, get_type_hints

import typer

from elena_wb.cli.options import AsJson, settings
from elena_wb.cli.output import print_json, print_listing, print_table, say
from elena_wb.plain import plain

if TYPE_CHECKING:
    from elena_wb.core import Collection, Problem
    from elena_wb.data.checking import Survey

app = typer.Typer(help="List datasets; show what is in a folder or file, and check it.")

AsDataset = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset",
        help="Read the source as this dataset, NAME[,OPTION=VALUE]…; once, or once for each source.",
    ),
]
_LISTED = 20
_SHOWN_VALUES = 12


@app.callback(invoke_without_command=True)
def default_listing(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List datasets; show what is in a folder or file, and check it."""
    if ctx.invoked_subcommand is None:
        listing(as_json=as_json)


@app.command("list")
def listing(as_json: AsJson = False) -> None:
    """Every dataset that can be read, and its options."""
    rows = []
    for name in _names():
        described = _described(name)
        rows.append({**described, "options": [option["option"] for option in described["options"]]})
    if not as_json:
        for row in rows:
            row["options"] = ", ".join(row["options"])
    print_listing(
        rows,
        ("name", "plugin", "reads", "options", "upload"),
        as_json=as_json,
        empty="No plugin provides a dataset.",
    )


@app.command()
def info(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="NAME|SOURCE", help="A dataset, or a folder or file.")],
    dataset: AsDataset = None,
    as_json: AsJson = False,
) -> None:
    """A dataset's layout and options; or what is in a folder or file, without opening pictures."""
    from elena_wb.errors import UsageError
    from elena_wb.nearest import nearest

    if what in _names() and dataset is None:
        _show_dataset(what, as_json=as_json)
        return
    if not Path(what).expanduser().exists():
        raise UsageError(
            f"There is no dataset `{what}`, and no file or folder.", hint=nearest(what, _names())
        )
    from elena_wb.data.checking import survey

    (collection,) = _collected(ctx, [what], dataset).values()
    found = survey(collection)
    if as_json:
        print_json({"source": what, **_as_dict(found), "problems": _problems(collection.problems)})
        return
    _show_survey(what, found)
    _show_problems(collection.problems)


@app.command()
def check(
    ctx: typer.Context,
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE…", help="Folders or annotation files.")],
    dataset: AsDataset = None,
    decode: Annotated[
        bool,
        typer.Option("--decode", help="Decode every picture, which finds those cut short; takes longer."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Report missing and damaged pictures, bad rows, boxes outside pictures, and the same content twice.

    Exits with 4 where something should be mended. Several sources are also compared with each other.
    """
    from elena_wb.data.checking import TO_MEND, duplicates, examine, survey
    from elena_wb.errors import ExitCode

    collections = _collected(ctx, sources, dataset)
    found: dict[str, list[Problem]] = {}
    for source, collection in collections.items():
        with _progress() as progress:
            opened = examine(collection.stimuli, decode=decode, progress=progress)
        found[source] = [*collection.problems, *opened]
    across = duplicates(collections)
    to_mend = sum(problem.kind in TO_MEND for problems in found.values() for problem in problems)
    surveys = {source: survey(collection) for source, collection in collections.items()}
    if as_json:
        checked = [
            {"source": source, **_as_dict(surveys[source]), "problems": _problems(problems)}
            for source, problems in found.items()
        ]
        print_json({"to mend": to_mend, "sources": checked, "duplicates": _problems(across)})
    else:
        for source, surveyed in surveys.items():
            _show_survey(source, surveyed)
        _show_problems([*(problem for problems in found.values() for problem in problems), *across])
        say(f"{to_mend:,} to be mended." if to_mend else "Nothing is to be mended.")
    if to_mend:
        raise typer.Exit(ExitCode.PARTIAL)


def _names() -> list[str]:
    from elena_wb.plugins import plugin_host

    return sorted(plugin_host().claims["datasets"])


def _described(name: str) -> dict[str, Any]:
    """What a dataset says of itself; where it cannot be imported, why."""
    from elena_wb.errors import WorkbenchError
    from elena_wb.plugins import plugin_host

    host = plugin_host()
    facts: dict[str, Any] = {"name": name, "plugin": host.claims["datasets"][name].plugin, "options": []}
    try:
        target = host.find("datasets", name)
        options = host.makers("datasets")[name].options
    except WorkbenchError as error:
        return {**facts, "reads": f"cannot be used: {error.message}", "upload": None}
    text = (inspect.getdoc(target) or "").replace("``", "`")
    types = get_type_hints(target.__init__ if inspect.isclass(target) else target)
    return {
        **facts,
        "reads": text.partition("\n")[0],
        "about": text,
        "scheme": getattr(target, "scheme", None),
        "upload": getattr(target, "upload", "allowed"),
        "options": [
            {
                "option": option,
                "type": _type_name(types.get(option, str)),
                "default": None if parameter.default is inspect.Parameter.empty else parameter.default,
            }
            for option, parameter in options.items()
        ],
    }


def _type_name(annotation: Any) -> str:
    named = {str: "text", int: "whole number", float: "number", bool: "yes or no"}
    if get_origin(annotation) in (Union, UnionType):
        return " or ".join(_type_name(part) for part in get_args(annotation) if part is not type(None))
    return named.get(annotation) or str(getattr(annotation, "__name__", annotation))


def _show_dataset(name: str, *, as_json: bool) -> None:
    described = _described(name)
    if as_json:
        print_json(described)
        return
    for what in ("name", "plugin", "scheme", "upload"):
        if described.get(what):
            typer.echo(f"{what:<8} {described[what]}")
    typer.echo(f"\n{described.get('about') or described['reads']}\n")
    if described["options"]:
        print_table(("option", "type", "default"), [tuple(row.values()) for row in described["options"]])
    else:
        say("It has no options.")


def _collected(
    ctx: typer.Context, sources: Sequence[str], dataset: Sequence[str] | None
) -> dict[str, Collection]:
    """What each source holds, by source. Nothing is left out of the problems."""
    from elena_wb.core import Collection, Problem
    from elena_wb.data import collect
    from elena_wb.errors import UsageError, WorkbenchError
    from elena_wb.plugins import plugin_host

    host = plugin_host()
    named = list(dataset or [])
    if len(named) > 1 and len(named) != len(sources):
        raise UsageError("--dataset is given once, or once for each source.")
    given = [_made(host, name) for name in named] or [None]
    found: dict[str, Collection] = {}
    for index, source in enumerate(sources):
        reader = given[index % len(given)]
        try:
            found[source] = collect(
                [source],
                datasets=host.instances("datasets"),
                dataset=reader,
                uploads=settings(ctx).uploads,
                listed=None,
            )
        except WorkbenchError as error:
            if reader is not None or not Path(source).expanduser().exists():
                raise
            found[source] = Collection((), (Problem(source, error.message, kind="row"),))
    return found


def _made(host: Any, written: str) -> Any:
    from elena_wb.core import Choice
    from elena_wb.errors import UsageError

    try:
        return host.make("datasets", Choice.parse(written))
    except ValueError as error:
        raise UsageError(f"`{written}` is no dataset: {error}.", hint="NAME[,OPTION=VALUE]…") from error


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, where that is a terminal."""
    from rich.progress import Progress

    from elena_wb.cli.output import stderr_console

    console = stderr_console()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Opening pictures", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _show_survey(source: str, found: Survey) -> None:
    persons = ", ".join(f"{count:,} with {number}" for number, count in found.persons.items())
    facts: dict[str, object] = {
        "source": source,
        "read as": _counted(found.datasets),
        "pictures": f"{found.pictures:,}",
        "stimuli": f"{found.stimuli:,}",
        "persons in a picture": persons if set(found.persons) != {0} else "",
        "without a label": f"{found.unlabelled:,}" if found.unlabelled else "",
        "with valence, arousal or dominance": f"{found.rated:,}" if found.rated else "",
        "splits": _counted(found.splits),
        "attributes": ", ".join(f"{name} ({count:,} values)" for name, count in found.attributes.items()),
        "upload": _counted(found.uploads),
    }
    for scheme, covered in found.coverage.items():
        if covered.source is not None:
            facts[f"{scheme} as ekman7"] = (
                f"{covered.share:.1%} of {covered.labels:,} labels (mapping: {covered.source})"
                + (f"; not {', '.join(covered.unmapped)}" if covered.unmapped else "")
            )
    print_table(("what", "value"), [row for row in facts.items() if row[1]])
    rows = [
        (scheme, label, count) for scheme, counts in found.labels.items() for label, count in counts.items()
    ]
    if rows:
        print_table(("scheme", "label", "stimuli"), rows)


def _show_problems(problems: Sequence[Problem]) -> None:
    """The first of each kind; --json has all."""
    from elena_wb.data.summary import summarised

    if not problems:
        return
    kinds = Counter(problem.kind for problem in problems)
    print_table(("problem", "count"), kinds.most_common())
    shown = summarised(problems, _LISTED)
    for one in shown:  # as lines, for a table would cut the places short
        typer.echo(plain(f"{one.kind:<9} {one.where}: {one.reason}"))
    if len(shown) < len(problems):
        say("--json lists all.")


def _counted(counts: Mapping[str, int]) -> str:
    parts = [f"{name} ({count:,})" for name, count in counts.items()]
    return ", ".join(parts[:_SHOWN_VALUES]) + (", …" if len(parts) > _SHOWN_VALUES else "")


def _as_dict(found: Survey) -> dict[str, Any]:
    plain = asdict(found)
    for scheme, covered in found.coverage.items():
        plain["coverage"][scheme]["share"] = covered.share
    return plain


def _problems(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    return [{"kind": one.kind, "where": one.where, "reason": one.reason} for one in problems]
