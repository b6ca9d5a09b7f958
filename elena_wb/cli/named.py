"""Only the verb that a command line names: what is wanted of the others need not be worked out."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer
    from typer.models import CommandInfo, TyperInfo

_WITH_VALUE = "--store"
"""The global option that the next argument belongs to."""


def only_named(app: typer.Typer, arguments: Sequence[str]) -> typer.Typer:
    """``app`` with no verbs but those among ``arguments``; ``app`` itself where the first word is no verb.

    A verb of which the name is not known beforehand stays.
    """
    names = {*map(_name, app.registered_commands), *map(_name, app.registered_groups)}
    if _first_word(arguments) not in names:
        return app
    kept = {None, *arguments}
    narrowed = copy.copy(app)
    narrowed.registered_commands = [one for one in app.registered_commands if _name(one) in kept]
    narrowed.registered_groups = [one for one in app.registered_groups if _name(one) in kept]
    return narrowed


def _first_word(arguments: Sequence[str]) -> str:
    before = ""
    for argument in arguments:
        if not argument.startswith("-") and before != _WITH_VALUE:
            return argument
        before = argument
    return ""


def _name(verb: CommandInfo | TyperInfo) -> str | None:
    return verb.name if isinstance(verb.name, str) else None
