"""Command lines held against the real verbs and options, without running anything."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

import typer
from typer import BadParameter

_OPERATORS = frozenset(";|&<>()")
_UsageError: Any = BadParameter.__mro__[1]
"""What the parser raises for a command line that it cannot take."""


@cache
def program() -> Any:
    """The command line with the verbs of the installed plugins."""
    from elena_wb.cli import app
    from elena_wb.plugins import plugin_host

    plugin_host().add_commands(app)
    return typer.main.get_command(app)


def calls(line: str) -> Iterator[list[str]]:
    """The arguments of each ``elena-wb`` in a line of a shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word and set(word) <= _OPERATORS:
            while words and "=" in words[0]:
                words = words[1:]
            if words[:1] == ["elena-wb"]:
                yield words[1:]
            words = ["…"] if set(word) & set("<>") else []
        else:
            words.append(word)


def mistake(arguments: list[str]) -> str | None:
    """What the program would refuse in a command line; nothing where it would begin to work."""
    command, name = program(), "elena-wb"
    parent: Any = None
    rest = arguments
    try:
        while True:
            context = command.make_context(name, list(rest), parent=parent)
            if not hasattr(command, "resolve_command"):
                return None
            rest = [*context._protected_args, *context.args]
            if not rest:
                return None
            name, found, rest = command.resolve_command(context, rest)
            command, parent = found, context
    except typer.Exit:
        return None
    except _UsageError as error:
        return error.format_message()


def unknown(line: str) -> str | None:
    """The verb or option in a piece of prose such as ``elena-wb run FOLDER --mask face`` that does not exist."""
    command = program()
    for word in line.split()[1:]:
        if word.startswith("-") and len(word) > 1:
            options = {
                one for parameter in command.params for one in (*parameter.opts, *parameter.secondary_opts)
            }
            if word.split("=")[0] not in options | {"-h", "--help"}:
                return word
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return word if word.isalpha() and word.islower() else None
            command = command.commands[word]
    return None
