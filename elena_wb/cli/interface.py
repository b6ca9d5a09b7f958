"""``elena-wb`` without a verb: the interface."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from elena_wb.cli.options import open_store, settings
from elena_wb.errors import UsageError

if TYPE_CHECKING:
    from elena_wb.tui.app import Images


def is_interactive() -> bool:
    """Whether there is a terminal to draw on and to read keys from, or ``elena-wb serve`` stands in for one."""
    return "TEXTUAL_DRIVER" in os.environ or (sys.stdin.isatty() and sys.stdout.isatty())


def open_interface(ctx: typer.Context, *, images: Images) -> None:
    """Open the interface over the store in force, and stay until it is left.

    Raises:
        UsageError: the terminal can draw nothing.
    """
    if os.environ.get("TERM", "") == "dumb":
        raise UsageError(
            "This terminal (TERM=dumb) cannot show the interface.", hint="`elena-wb --help` lists the verbs."
        )
    from elena_wb.plugins import plugin_host
    from elena_wb.tui import WorkbenchApp
    from elena_wb.tui.running import stay

    app = WorkbenchApp(open_store(ctx), settings(ctx), plugin_host(), images=images)
    code = stay(app)
    if code:
        raise typer.Exit(code)
