"""``elena-wb plugins check``: whether installed plugins keep what the program relies on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elena_wb.cli.options import AsJson
from elena_wb.cli.output import print_json, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from elena_wb.engine.installed import Installed
    from elena_wb.plugins import PluginHost
    from elena_wb.testing.installed import Means, Outcome


def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]…", help="Plugins or their distributions.", show_default="all installed"
        ),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A model of theirs to ask.", metavar="URI", show_default=False)
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            help="A small folder that a dataset of theirs reads.", metavar="FOLDER", show_default=False
        ),
    ] = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask models that answer over the network too, which may cost money.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds that each check may take.", min=1)] = 300.0,
    as_json: AsJson = False,
) -> None:
    """Hold what installed plugins provide against everything that the program relies on.

    Each thing is ok, failed (and what was seen) or not checked (and why). A plugin that hangs or ends its process
    fails, and the others are checked all the same.
    """
    from elena_wb.errors import ExitCode
    from elena_wb.plugins import plugin_host
    from elena_wb.testing.installed import Means

    host = plugin_host()
    plugins = _chosen(names, host)
    means = Means(tuple(model or ()), tuple(str(folder.absolute()) for folder in data or ()), ask, timeout)
    _require_used(means, plugins)
    rows = [_told(plugin, outcome, as_json) for plugin, outcome in _outcomes(plugins, host, means)]
    if as_json:
        print_json(rows)
    elif not rows:
        say(
            "No plugins are installed. `elena-wb plugins check builtin` checks what the program brings itself."
        )
    if any(row["state"] == "failed" for row in rows):
        raise typer.Exit(ExitCode.FAILED)


def _chosen(names: Sequence[str] | None, host: PluginHost) -> list[Installed]:
    from elena_wb.engine.installed import find_installed, installed_plugins

    if not names:
        return [one for one in installed_plugins(host) if one.plugin != "builtin"]
    found = [one for name in names for one in find_installed(name, host)]
    return list({one.plugin: one for one in found}.values())


def _require_used(means: Means, plugins: Iterable[Installed]) -> None:
    """Refuse what nothing that is checked could use."""
    from elena_wb.errors import UsageError
    from elena_wb.nearest import nearest

    provided = [plugin.provides for plugin in plugins]
    schemes = {name for kinds in provided for name in kinds.get("models", ())}
    for uri in means.models:
        scheme, colon, _ = uri.partition(":")
        if not colon or scheme not in schemes:
            raise UsageError(f"--model {uri} is of no plugin that is checked.", hint=nearest(scheme, schemes))
    for folder in means.data:
        if not any(kinds.get("datasets") for kinds in provided):
            raise UsageError("--data is for a dataset, and no plugin that is checked provides any.")
        if not Path(folder).exists():
            raise UsageError(f"There is no folder {folder}.")


def _outcomes(
    plugins: Iterable[Installed], host: PluginHost, means: Means
) -> Iterator[tuple[Installed, Outcome]]:
    from elena_wb.testing.installed import check_installed, check_package

    for plugin in plugins:
        yield plugin, check_package(plugin, host)
        for outcome in check_installed(plugin, means, say):
            yield plugin, outcome


def _told(plugin: Installed, outcome: Outcome, as_json: bool) -> dict[str, Any]:
    """What is known of one thing; where it is not for JSON, it is told at once."""
    from elena_wb.plain import plain

    if not as_json:
        state = "FAILED" if outcome.state == "failed" else outcome.state
        says = f": {outcome.says}" if outcome.says else ""
        count = f" ({len(outcome.checked)} checks)" if outcome.checked else ""
        typer.echo(f"{state:<11}  {plain(plugin.plugin)}, {plain(f'{outcome.thing.spoken}{count}{says}')}")
    return {
        "plugin": plugin.plugin,
        "kind": outcome.thing.kind,
        "name": outcome.thing.name,
        "state": outcome.state,
        "says": outcome.says,
        "checked": list(outcome.checked),
    }
