"""Running the interface in a terminal, and giving the terminal back in order whatever happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elena_wb.tui.terminal import Quiet

if TYPE_CHECKING:
    from elena_wb.tui.app import WorkbenchApp


def stay(app: WorkbenchApp) -> int:
    """Show ``app`` until it is left; gives the exit code. What code of others prints meanwhile becomes notices.

    Raises:
        Exception: a fault of the program, or of a plugin, ended it. The terminal is as it was before.
    """
    quiet = Quiet(app.hear)
    app.quiet = quiet
    with quiet.on():
        app.run()
    if app.fault is not None:
        raise app.fault
    return app.return_code or 0
