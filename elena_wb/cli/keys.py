"""``elena-wb keys``: the API keys of providers, which are asked for and never shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from elena_wb.cli.options import AsJson
from elena_wb.cli.output import print_json, print_listing, say, warn
from elena_wb.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from elena_wb.core import KeySlot
    from elena_wb.remote.keys import KeyState

app = typer.Typer(help="Keep the API keys of model providers; they are never shown.")

_LONGEST = 1 << 16


@app.callback(invoke_without_command=True)
def default(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Keep the API keys of model providers; they are never shown."""
    if ctx.invoked_subcommand is None:
        list_(as_json)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Which keys there are, where each is taken from, and which variables are looked at first."""
    from elena_wb.remote.keys import list_keys

    slots = _slots()
    states = list_keys(slots)
    if as_json:
        print_json([_described(state) for state in states])
        return
    rows = [
        {
            "name": state.service,
            "taken from": state.origin or "not set",
            "also in": ", ".join(state.unused),
            "variables": ", ".join(state.variables),
        }
        for state in states
    ]
    columns = ("name", "taken from", "also in", "variables")
    print_listing(rows, columns, as_json=False, empty="No installed plugin needs a key, and none is stored.")
    for problem in dict.fromkeys(state.problem for state in states if state.problem):
        warn(problem)


@app.command("set", context_settings={"allow_extra_args": True})
def set_(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The service (gemini, openai), or a name of your own.")],
    in_file: Annotated[
        bool, typer.Option("--file", help="Keep it in the keys file although there is a system keyring.")
    ] = False,
) -> None:
    """Ask for a key (or read a line from stdin) and keep it, in the system keyring where there is one."""
    from elena_wb.remote.keys import check_name, list_keys, store_key

    if ctx.args:
        raise UsageError(
            "A key is not given on the command line, where others can see it and the shell remembers it.",
            hint="Leave it out and it is asked for, or send it to stdin. If that was the key, have a new one made.",
        )
    check_name(name)
    slots = _slots()
    _remark_on(name, slots)
    stored = store_key(name, _asked_for(name), in_file=in_file)
    say(f"The key `{name}` is now in {stored.place}.")
    if stored.problem:
        warn(stored.problem)
    state = next(one for one in list_keys(slots) if one.service == name)
    if state.unused and state.origin:
        warn(f"{state.origin} holds a key too, and that one is used.")


@app.command()
def remove(name: Annotated[str, typer.Argument(help="The service, or the name it was kept under.")]) -> None:
    """Forget a key that was kept."""
    from elena_wb.nearest import nearest
    from elena_wb.remote.keys import list_keys, remove_key, stored_names

    places, problem = remove_key(name)
    if problem:
        warn(problem)
    if not places:
        raise UsageError(f"No key is kept under `{name}`.", hint=nearest(name, stored_names()))
    say(f"The key `{name}` is gone from {' and '.join(places)}.")
    left = next((state for state in list_keys(_slots()) if state.service == name), None)
    if left is not None and left.origin:
        say(f"One is still found in {left.origin}; remove it there if it is not to be used.")


def _described(state: KeyState) -> dict[str, object]:
    return {
        "name": state.service,
        "set": state.origin is not None,
        "origin": state.origin,
        "unused": list(state.unused),
        "variables": list(state.variables),
        "problem": state.problem,
    }


def _asked_for(name: str) -> str:
    """The key: typed unseen on a terminal, else all of stdin, which must be one line."""
    if not sys.stdin.isatty():
        return sys.stdin.buffer.read(_LONGEST).decode("utf-8", "replace")
    import getpass
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(f"Key for {name} (it is not shown): ")
        except (KeyboardInterrupt, EOFError):
            say("\nNothing was changed.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except getpass.GetPassWarning as error:
            raise UsageError(
                "This terminal would show the key while it is typed.",
                hint=f"Send it to stdin: elena-wb keys set {name} < FILE",
            ) from error


def _remark_on(name: str, slots: list[KeySlot]) -> None:
    """Say so where no plugin asks for ``name`` by itself."""
    from elena_wb.nearest import nearest

    services = [slot.service for slot in slots]
    if name not in services:
        hint = nearest(name, services) or ""
        say(f"No installed plugin asks for a key called `{name}`. {hint}".strip())


def _slots() -> list[KeySlot]:
    """The keys that installed plugins need; a plugin that cannot be loaded is warned of."""
    from elena_wb.engine.inventory import key_slots
    from elena_wb.plugins import plugin_host

    slots, failures = key_slots(plugin_host())
    for failure in failures:
        warn(failure.reason)
    return list(slots)
