"""``elena-wb serve``: the interface in a browser."""

from __future__ import annotations

import os
import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

from elena_wb.cli.options import State, settings
from elena_wb.cli.output import say
from elena_wb.errors import UsageError


def serve(
    ctx: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8000,
    host: Annotated[
        str,
        typer.Option(
            help="The address to be reached at. Any but this machine's own makes a token necessary."
        ),
    ] = "127.0.0.1",
    token: Annotated[
        bool,
        typer.Option("--token", help="Ask for a token on loopback, too: for machines that others use."),
    ] = False,
    public_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where a proxy in front of it is reached.", show_default=False),
    ] = None,
) -> None:
    """Show the interface in a browser.

    Each page has an interface of its own over the same store, which ends when the page is closed. Ctrl-C ends all. The
    address is printed on stderr; where others could reach it, it holds a token without which nobody comes in.
    """
    from elena_wb.tui.serve.server import Serving
    from elena_wb.tui.serve.server import serve as serve_until_stopped

    if public_url is not None:
        public_url = _checked(public_url)
    state: State = ctx.find_root().obj
    chosen = settings(ctx)
    serving = Serving(
        command=_command(state, str(chosen.store.absolute()), bool(ctx.find_root().params.get("no_images"))),
        title=f"elena-wb: {chosen.store.name}",
        host=host,
        port=port,
        public_url=public_url,
        guarded=token,
    )

    def tell(address: str) -> None:
        say(f"The interface is at {address}")
        say("Ctrl-C ends it.")

    serve_until_stopped(serving, tell)


def _command(state: State, store: str, no_images: bool) -> tuple[str, ...]:
    """What each visitor's process is: this program over the same store, with the same global options."""
    options = [*(["--no-images"] if no_images else []), *(["--debug"] if state.debug else [])]
    offline = ["--offline"] if os.environ.get("ELENA_WB_OFFLINE") or state.overrides.get("offline") else []
    return (sys.executable, "-m", "elena_wb", f"--store={store}", *offline, *options)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
        _ = parts.port
    except ValueError:
        known = None
    if not known or parts.username is not None:
        raise UsageError(
            f"`{url}` is no address of a page.", hint="Such as --public-url https://lab.example.org/elena"
        )
    return url
