"""What this plugin adds to the workbench. Nothing heavy is imported before it is used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from elena_wb import hookimpl

if TYPE_CHECKING:
    import typer

    from elena_wb.hookspecs import Register, RegisterFolder


@hookimpl
def register_models(register: Register) -> None:
    """``tiny:``, the embedded model."""
    register("tiny", "elena_wb_tiny.provider:TinyProvider")


@hookimpl
def register_datasets(register: Register) -> None:
    """``stimuli``, folders that ``stimuli render`` wrote."""
    register("stimuli", "elena_wb_tiny.dataset:StimuliDataset")


@hookimpl
def register_prompts(register: RegisterFolder) -> None:
    """The short packs that the embedded model was trained on."""
    register(Path(__file__).parent / "prompts")


@hookimpl
def register_commands(app: typer.Typer) -> None:
    """``demo`` and ``stimuli``."""
    from elena_wb_tiny import cli

    app.command("demo")(cli.demo)
    app.add_typer(cli.stimuli, name="stimuli")
