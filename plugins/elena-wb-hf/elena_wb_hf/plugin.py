"""What this distribution offers to the host. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elena_wb import hookimpl

if TYPE_CHECKING:
    from elena_wb.hookspecs import Register


@hookimpl
def register_models(register: Register) -> None:
    """``hf:ORGANISATION/NAME`` or ``hf:FOLDER``."""
    register("hf", "elena_wb_hf.provider:HFProvider")
