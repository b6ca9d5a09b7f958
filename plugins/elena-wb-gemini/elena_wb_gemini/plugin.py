"""What this plugin adds to the workbench. Nothing heavy is imported before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elena_wb import hookimpl

if TYPE_CHECKING:
    from elena_wb.hookspecs import Register


@hookimpl
def register_models(register: Register) -> None:
    """``gemini:`` models."""
    register("gemini", "elena_wb_gemini.provider:GeminiProvider")
