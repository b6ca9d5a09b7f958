"""``elena-wb plugins install`` and ``uninstall``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from elena_wb.cli.output import say, stderr_console, warn
from elena_wb.errors import UsageError, WorkbenchError
from elena_wb.plain import plain

if TYPE_CHECKING:
    from elena_wb.config import Settings
    from elena_wb.engine.installed import Installed
    from elena_wb.plugins.installing import Plan

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
_Result = TypeVar("_Result")


def install(
    ctx: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE…",
            help="A package (elena-wb-hf), a folder with pyproject.toml, a wheel or an archive.",
        ),
    ],
    upgrade: Annotated[
        bool, typer.Option("--upgrade", "-U", help="Take the newest versions that will do.")
    ] = False,
    editable: Annotated[
        bool,
        typer.Option(
            "--editable", "-e", help="Use a folder as it lies there: changes to its code count at once."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Install plugins into the environment of this program, by pip.

    What would be changed is worked out first. Refused is what is no plugin, what would break the program or another
    plugin, and what takes the name of one that is installed. Before anything else that is installed is changed, you
    are asked.

    A folder, an archive, or a package of which there is no wheel, is built to find out, also for --dry-run: code that
    comes with it runs. Of a wheel none does before it is installed.
    """
    from elena_wb.cli.options import settings
    from elena_wb.plugins.installing import install as carry_out
    from elena_wb.plugins.installing import plan_install

    settings(ctx)  # an offline setting counts here too
    plan = _while_saying(
        "Working out what would change", lambda: plan_install(sources, upgrade=upgrade, editable=editable)
    )
    if dry_run:
        for change in plan.changes:
            typer.echo(plain(str(change)))
        if not plan.changes:
            say(_nothing_to_do(plan))
        return
    if not plan.changes and not editable:
        say(_nothing_to_do(plan))
        return
    for change in plan.changes:
        say(str(change))
    if plan.alters and not yes:
        _ask("What is installed would be changed as told above. Go on?")
    _while_saying("Installing", lambda: carry_out(plan))
    _tell_of_new(plan)


def uninstall(
    ctx: typer.Context,
    names: Annotated[
        list[str], typer.Argument(metavar="NAME…", help="Plugins, or the distributions they came in.")
    ],
    yes: Yes = False,
) -> None:
    """Take plugins out of the environment of this program; what they needed, and your data, stay."""
    from elena_wb.cli.options import settings
    from elena_wb.engine.installed import installed_plugins
    from elena_wb.plugins import plugin_host
    from elena_wb.plugins.finding import folded_name
    from elena_wb.plugins.installing import distributions_called
    from elena_wb.plugins.installing import uninstall as carry_out

    leaving = distributions_called(names)
    folded = set(map(folded_name, leaving))
    plugins = [one for one in installed_plugins(plugin_host()) if folded_name(one.distribution) in folded]
    for one in plugins:
        say(f"{one.label}: {_provided(one.provides) or 'provides nothing'}")
    _tell_what_names_them(plugins, settings(ctx))
    if not yes:
        _ask(f"Uninstall {' and '.join(leaving)}?")
    _while_saying("Uninstalling", lambda: carry_out(leaving))
    say(f"Uninstalled {', '.join(leaving)}. What only they needed is still installed; runs and answers stay.")


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("Nothing was changed: there is nobody to ask.", hint="--yes agrees beforehand.")
    typer.confirm(question, abort=True, err=True)


def _nothing_to_do(plan: Plan) -> str:
    verb = "is" if len(plan.named) == 1 else "are"
    return f"{', '.join(plan.named)} {verb} installed already; --upgrade looks for newer."


def _while_saying(words: str, work: Callable[[], _Result]) -> _Result:
    """The result of ``work``, which may take minutes: a spinner on a terminal, else a line."""
    with _busy(words):
        return work()


@contextmanager
def _busy(words: str) -> Iterator[None]:
    console = stderr_console()
    if not console.is_terminal:
        say(f"{words} …")
        yield
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn(f"{words} …", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        progress.add_task("")
        yield


def _provided(provides: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in provides.items())


def _tell_of_new(plan: Plan) -> None:
    """What the new plugins provide, as a program that is started anew finds them."""
    from elena_wb.plugins.finding import folded_name
    from elena_wb.plugins.installing import listed_anew, take_back

    rows = listed_anew()
    if rows is None:
        back = take_back(plan)
        told = f" {' and '.join(back)} {'was' if len(back) == 1 else 'were'} taken out again." if back else ""
        raise WorkbenchError(
            f"With what was installed, the program cannot start any more.{told}",
            hint="" if back else f"To take it out: pip uninstall {' '.join(plan.named)}",
        )
    own = {folded_name(name) for name in plan.named}
    for row in rows:
        if folded_name(row["distribution"]) not in own:
            continue
        told = f"{row['plugin']} ({row['distribution']} {row['version']}): {_provided(row['provides']) or 'nothing'}"
        typer.echo(plain(told))
        if row["health"] != "ok":
            warn(f"{row['plugin']} is {row['health']}: {'; '.join(row['says'])}")
            if row["health"] == "broken":
                say(f"To take it out again: elena-wb plugins uninstall {row['distribution']}")


def _tell_what_names_them(plugins: Sequence[Installed], settings: Settings) -> None:
    """Warn of what the configuration names and would no longer find."""
    schemes = {name for one in plugins for name in one.provides.get("models", ())}
    prompts = {name for one in plugins for name in one.provides.get("prompts", ())}
    for alias, uri in sorted(settings.aliases.items()):
        if uri.partition(":")[0] in schemes:
            warn(f"the alias `{alias}` stands for {uri}, which nothing will know then.")
    if (
        settings.model is not None
        and settings.aliases.get(settings.model, settings.model).partition(":")[0] in schemes
    ):
        warn(f"the default model is {settings.model}. `elena-wb models default URI` settles on another.")
    if settings.prompt in prompts:
        warn(
            f"the default prompt is {settings.prompt}. `elena-wb config set prompt elena` settles on another."
        )
