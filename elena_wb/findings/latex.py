"""What is found, as tables for a paper."""

from __future__ import annotations

from collections.abc import Iterable

from elena_wb.core import Crosstab
from elena_wb.findings.confusions import confusion_table
from elena_wb.findings.pieces import Chart, Piece, Table
from elena_wb.plain import plain

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "–": "--",
    "·": r"$\cdot$",
    "−": "$-$",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "κ": r"$\kappa$",
    "α": r"$\alpha$",
    "Δ": r"$\Delta$",
    **{character: f"\\{character}" for character in "&%$#_"},
}
_PAGE = 10_000
"""No table is too wide for a file."""


def latex(found: Iterable[Piece]) -> str:
    """Tables for a document that loads booktabs; what is said beside them stands in comments."""
    parts = ["% needs \\usepackage{booktabs} and, for quotation marks, \\usepackage[T1]{fontenc}"]
    for piece in found:
        if isinstance(piece, Chart):
            continue
        if isinstance(piece, str):
            parts.append(f"% {plain(piece)}" if piece else "")
            continue
        table = confusion_table(piece, _PAGE) if isinstance(piece, Crosstab) else piece
        parts.append(_latex_table(table))
    return "\n".join(parts) + "\n"


def _latex_table(table: Table) -> str:
    alignment = "l" * table.names + "r" * (len(table.columns) - table.names)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_escaped(table.title)}}}",
        rf"\begin{{tabular}}{{{alignment}}}",
        r"\toprule",
        " & ".join(map(_cell, table.columns)) + r" \\",
        r"\midrule",
        *(" & ".join(map(_cell, row)) + r" \\" for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """A cell; one that begins with a bracket would be taken for the option of the line break before it."""
    escaped = _escaped(text)
    return "{" + escaped + "}" if escaped.startswith(("[", "*")) else escaped


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in plain(text))
