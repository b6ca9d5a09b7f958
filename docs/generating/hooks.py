"""What a plugin can register, from the hooks and the protocols of the code."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import elena_wb.core
from elena_wb import hookspecs
from generating import source

_TARGET = re.compile(r":class:`elena_wb\.core\.(\w+)`")


def page() -> str:
    """Every hook, the protocol that its targets satisfy, what these may do beside, and the types that pass."""
    lines = [
        "# Hooks",
        "",
        "Generated from `elena_wb/hookspecs.py` and `elena_wb/core/`. [Writing plugins](../plugins.md) shows how they are",
        "used; everything named here is imported from `elena_wb.core`.",
        "",
        source.markdown(hookspecs.__doc__ or ""),
        "",
    ]
    for given in (hookspecs.Register, hookspecs.RegisterFolder):
        lines += _described(given, 2)
    targets = []
    for node in ast.parse(Path(hookspecs.__file__).read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            told = ast.get_docstring(node) or ""
            target = _TARGET.search(told)
            lines += [
                f"## `{node.name}`",
                "",
                "```text",
                source.signature(node),
                "```",
                "",
                source.markdown(told),
                "",
            ]
            if target:
                targets.append(target[1])
                lines += _described(getattr(elena_wb.core, target[1]), 3)
    core = {name: thing for name, thing in vars(elena_wb.core).items() if inspect.isclass(thing)}
    abilities = [
        name
        for name, thing in core.items()
        if getattr(thing, "_is_protocol", False) and name not in (*targets, "Model")
    ]
    lines += [
        "## Abilities",
        "",
        "What a target may do beside: the host looks for these methods and uses what is there.",
        "",
    ]
    for name in sorted(abilities):
        lines += _described(core[name], 3)
    lines += ["## What passes", "", "The types in the signatures above.", ""]
    for name in sorted(_passing({*targets, *abilities, "Model"}, core) | {"Model"}):
        lines += _described(core[name], 3)
    return "\n".join(lines).rstrip() + "\n"


def _passing(roots: set[str], core: dict[str, type]) -> set[str]:
    """The data types that members of ``roots`` take and give, and those that these are made of."""
    found: set[str] = set()
    ahead = set(roots)
    while ahead:
        name = ahead.pop()
        used = {one for one in source.names_used(core[name]) if one in core} - found - roots
        found |= {one for one in used if dataclasses.is_dataclass(core[one])}
        ahead |= used & found
    return found


def _described(thing: type, level: int) -> Iterator[str]:
    bases = [base.__name__ for base in thing.__bases__ if base.__module__.startswith("elena_wb.core")]
    yield from (f"{'#' * level} {thing.__name__}", "", source.markdown(thing.__doc__ or ""), "")
    if bases:
        yield from (f"Also {', '.join(f'[{base}](#{base.lower()})' for base in bases)}.", "")
    for member in source.members(thing):
        yield from (member, "")
