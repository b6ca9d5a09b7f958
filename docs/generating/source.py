"""Classes as their source states them: members with signatures, types and docstrings."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_ROLE = re.compile(r":(?:class|meth|attr|data|func|mod):`~?(?:elena_wb\.(?:\w+\.)*)?([\w.]+)`")
_RAISES = re.compile(r"^Raises:\n((?:[ ]{4,}.*\n?)+)", re.MULTILINE)


@cache
def _module(path: str) -> ast.Module:
    return ast.parse(Path(path).read_text("utf-8"))


def definition(thing: type) -> ast.ClassDef:
    """The source of a class."""
    body = _module(inspect.getsourcefile(thing) or "").body
    return next(node for node in body if isinstance(node, ast.ClassDef) and node.name == thing.__name__)


def markdown(docstring: str) -> str:
    """A docstring as Markdown."""
    text = inspect.cleandoc(docstring) + "\n"
    text = _ROLE.sub(r"`\1`", text).replace("``", "`")
    return _RAISES.sub(_raises, text).strip()


def line(docstring: str) -> str:
    """A docstring as one line of a table or a list."""
    return " ".join(markdown(docstring).split())


def members(thing: type) -> Iterator[str]:
    """The public members of a class, each an entry of a list, in the order of its source."""
    body = definition(thing).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef) and (node.name == "__call__" or not node.name.startswith("_")):
            is_property = any(ast.unparse(one) == "property" for one in node.decorator_list)
            told = ast.get_docstring(node) or ""
            shown = _property(node) if is_property else signature(node)
            yield _entry(shown.replace("__call__", "register", 1), told)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            default = "" if node.value is None else f" = {ast.unparse(node.value)}"
            told = after.value.value if _is_text(after) else ""
            yield _entry(f"{node.target.id}: {ast.unparse(node.annotation)}{default}", told)


def names_used(thing: type) -> set[str]:
    """Every name in the annotations of a class's members."""
    found: set[str] = set()
    for node in definition(thing).body:
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            annotations = [one.annotation for one in arguments] + [node.returns]
        elif isinstance(node, ast.AnnAssign):
            annotations = [node.annotation]
        else:
            continue
        for annotation in annotations:
            for inner in ast.walk(annotation) if annotation else ():
                if isinstance(inner, ast.Name):
                    found.add(inner.id)
    for base in definition(thing).bases:
        found |= {inner.id for inner in ast.walk(base) if isinstance(inner, ast.Name)}
    return found


def signature(node: ast.FunctionDef) -> str:
    """A function with its arguments and what it returns, without ``self``."""
    shown = re.sub(r"^self(, )?", "", ast.unparse(node.args))
    returns = "" if node.returns is None else f" -> {ast.unparse(node.returns)}"
    return f"{node.name}({shown}){returns}"


def _property(node: ast.FunctionDef) -> str:
    return f"{node.name}: {ast.unparse(node.returns) if node.returns else 'object'}"


def _entry(shown: str, told: str) -> str:
    text = markdown(told)
    return textwrap.indent(f"`{shown}`\n\n{text}" if text else f"`{shown}`", "  ").replace("  ", "- ", 1)


def _is_text(node: ast.stmt | None) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _raises(found: re.Match[str]) -> str:
    entries = re.sub(r"\n {8,}", " ", found[1].rstrip())
    return "Raises:\n\n" + "\n".join(f"- {entry.strip()}" for entry in entries.splitlines()) + "\n"
