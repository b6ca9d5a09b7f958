"""Verbs that plugins add to the command line: each is tried before it is let in, and none replaces another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Added:
    """The verbs that were let in, and why others were not."""

    verbs: tuple[str, ...]
    refused: tuple[str, ...]


def add_verbs(app: Any, add: Callable[[Any], None]) -> Added:
    """Let ``add`` put verbs and groups into the Typer app; what was there before stays as it was.

    Raises:
        BaseException: whatever ``add`` raises; nothing of it is let in then.
    """
    commands, groups, callback = (
        list(app.registered_commands),
        list(app.registered_groups),
        app.registered_callback,
    )
    added: list[Any] = []
    try:
        add(app)
        added = [one for one in app.registered_commands if not _among(one, commands)]
        added += [one for one in app.registered_groups if not _among(one, groups)]
        replaced = app.registered_callback is not callback
    finally:
        app.registered_commands[:] = commands
        app.registered_groups[:] = groups
        app.registered_callback = callback
    known = {name for one in (*commands, *groups) if (name := _name(one))}
    verbs: list[str] = []
    refused = ["replaces the options of the program"] if replaced else []
    for one in added:
        try:
            names = _names(one)
        except Exception as error:  # noqa: BLE001 - a plugin's signature may hold anything
            refused.append(f"the verb `{_name(one)}` cannot be added: {type(error).__name__}: {error}")
            continue
        taken = sorted(known.intersection(names))
        if taken:
            refused.append(f"the verb `{taken[0]}` is already there; that one is used")
            continue
        (app.registered_groups if _is_group(one) else app.registered_commands).append(one)
        known.update(names)
        verbs += names
    return Added(tuple(sorted(verbs)), tuple(refused))


def _among(one: Any, others: list[Any]) -> bool:
    return any(one is other for other in others)


def _is_group(one: Any) -> bool:
    return hasattr(one, "typer_instance")


def _name(one: Any) -> str:
    """What people type for a command or a group, as far as it can be told without making it."""
    from typer.main import get_command_name

    if isinstance(one.name, str) and one.name:
        return one.name
    return get_command_name(one.callback.__name__) if callable(one.callback) else ""


def _names(one: Any) -> list[str]:
    """The verbs that Typer makes of it. What it cannot make would otherwise end the program at every start."""
    import typer

    alone = typer.Typer(callback=lambda: None)
    (alone.registered_groups if _is_group(one) else alone.registered_commands).append(one)
    return sorted(typer.main.get_group(alone).commands)
