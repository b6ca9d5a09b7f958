"""Text that nobody vouches for, made harmless to look at: no keys, no control or direction-changing characters."""

from __future__ import annotations

from elena_wb.remote.redaction import redact


def plain(cell: object) -> str:
    """``cell`` as one printable line without keys: control and direction-changing characters made visible."""
    if cell is None:
        return ""
    text = f"{cell:.4g}" if isinstance(cell, float) else redact(str(cell))
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else " " if character in "\n\r\t" else f"\\u{ord(character):04x}"
        for character in text
    )


def plain_lines(text: str) -> str:
    """``text`` as :func:`plain` makes it, its line breaks kept; a tab becomes spaces."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return "\n".join(plain(line) for line in unified.split("\n"))
