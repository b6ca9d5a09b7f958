"""The command line: one module per verb group; each parses, calls one function of a room and prints.

Verbs import what they need when they run, so that ``elena-wb --help`` stays quick. May import every room
but the internals of ``tui``.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from elena_wb.cli import (
    attend,
    bias,
    compare,
    config,
    datasets,
    doctor,
    experiment,
    importing,
    interface,
    jobs,
    keys,
    mask,
    models,
    narratives,
    occlude,
    plugins,
    prompts,
    query,
    ratings,
    report,
    run,
    runs,
    score,
    serve,
)
from elena_wb.cli.named import only_named
from elena_wb.cli.options import State, forbid_network_if_asked
from elena_wb.cli.output import say
from elena_wb.errors import ExitCode, WorkbenchError

app = typer.Typer(
    name="elena-wb",
    help="Study how vision-language models read emotion from the body.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # loading Rich would take longer than all else that --help does
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("attend")(attend.attend)
app.command("occlude")(occlude.occlude)
app.command("mask")(mask.mask)
app.command("score")(score.score)
app.command("compare")(compare.compare)
app.command("bias")(bias.bias)
app.command("ratings")(ratings.ratings)
app.command("narratives")(narratives.narratives)
app.command("experiment")(experiment.experiment)
app.command("report")(report.report)
app.command("query")(query.query)
app.command("serve")(serve.serve)
app.command("import")(importing.import_)
app.add_typer(runs.app, name="runs")
app.add_typer(jobs.app, name="jobs")
app.add_typer(models.app, name="models")
app.add_typer(datasets.app, name="datasets")
app.add_typer(prompts.app, name="prompts")
app.add_typer(plugins.app, name="plugins")
app.add_typer(keys.app, name="keys")
app.add_typer(config.app, name="config")
app.command("doctor")(doctor.doctor)


_INTERRUPTED_QUERY = "Query interrupted"
"""What DuckDB says, in place of a ``KeyboardInterrupt``, when Ctrl-C comes while a query is at work."""


def _print_version(wanted: bool) -> None:
    if wanted:
        from elena_wb import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    store: Annotated[Path | None, typer.Option(help="The DuckDB file to use.", show_default=False)] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Refuse every use of the network.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    no_images: Annotated[
        bool, typer.Option("--no-images", help="Draw no pictures in the interface.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    """Study how vision-language models read emotion from the body. Without a verb: the interface."""
    forbid_network_if_asked(offline=offline)
    if debug:
        os.environ["ELENA_WB_DEBUG"] = "1"  # plugins and their child processes then say more
    ctx.obj = State({"store": store, "offline": offline or None}, debug=debug)
    if ctx.invoked_subcommand is not None:
        return
    if not interface.is_interactive():
        typer.echo(ctx.get_help())
        raise typer.Exit(ExitCode.USAGE)
    interface.open_interface(ctx, images="none" if no_images else "auto")


def main() -> None:
    """Run the program: load plugins, run the verb, turn errors into words and exit codes.

    No key that the program learns reaches stderr, whoever writes there.
    """
    from elena_wb.plugins import plugin_host
    from elena_wb.remote.redaction import redact_stderr

    redact_stderr()
    try:
        forbid_network_if_asked(offline="--offline" in sys.argv)  # plugins are loaded before options are read
        host = plugin_host()
        host.add_commands(app)
        only_named(app, sys.argv[1:])()
    except KeyboardInterrupt as interrupt:
        for note in getattr(interrupt, "__notes__", ()):
            say(note)
        sys.exit(ExitCode.INTERRUPTED)
    except SystemExit as ending:
        if ending.code == ExitCode.USAGE:
            _tell_of_skipped()
        raise
    except WorkbenchError as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        say(f"Error: {error.message}", style="red")
        if error.hint:
            say(error.hint)
        if error.exit_code is ExitCode.USAGE:
            _tell_of_skipped()
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told in words and without keys
        if "--debug" in sys.argv:
            traceback.print_exc()
        if isinstance(error, RuntimeError) and str(error) == _INTERRUPTED_QUERY:
            sys.exit(ExitCode.INTERRUPTED)
        where = traceback.extract_tb(error.__traceback__)[-1]
        say(f"Error: {type(error).__name__}: {error}", style="red")
        say(
            f"This is a fault of the program or of a plugin, at {where.filename}:{where.lineno}. "
            "`elena-wb --debug` and the same command show the way there."
        )
        sys.exit(ExitCode.FAILED)


def _tell_of_skipped() -> None:
    """Something was asked for that is not there: a plugin that could not be loaded may have brought it."""
    from elena_wb.plugins import plugin_host

    names = sorted({failure.plugin for failure in plugin_host().failures})
    if names and sys.argv[1:2] != ["plugins"]:  # those verbs speak of plugins themselves
        listed = ", ".join(f"`{name}`" for name in names[:5]) + (" and others" if len(names) > 5 else "")
        say(f"Plugins that could not be loaded as a whole: {listed}. `elena-wb plugins list` tells why.")
