"""The format of a prompt pack, from the models that check it."""

from __future__ import annotations

import inspect
import tempfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from elena_wb.prompts import load_pack, pack, schema
from generating.configuration import described

EXAMPLE = """\
name = "posture"
title = "One look at how somebody stands"
description = "Asks for posture first and the emotion last, so that the label follows what was seen."
version = "1"
scheme = "ekman7"
max_tokens = 200

[[output]]
name = "explicit_description"
type = "text"
description = "How the person stands and what arms and hands do"

[[output]]
name = "body_parts"
type = "texts"
min = 1
max = 5

[[output]]
name = "emotion"
type = "label"

[[output]]
name = "valence"
type = "integer"
min = 1
max = 10
required = false

[variants.default]
system = "You describe what can be seen, and answer with one JSON object."
user = "How does this person stand? Then name the emotion: {labels}. Keys, in this order: {keys}."

[variants.masked]
system = "You describe what can be seen, and answer with one JSON object."
user = "Faces are covered in this picture. How does this person stand? Then name the emotion: {labels}. Keys: {keys}."
"""


def page() -> str:
    """Every key of a pack, and an example that is checked as it is written here."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "posture.toml"
        file.write_text(EXAMPLE, "utf-8")
        load_pack(file)
    lines = [
        "# Prompt packs",
        "",
        "Generated from `elena_wb/prompts/`. A prompt pack is a TOML file that says what is asked and what an answer looks like.",
        "Yours lie in `prompts/` in the configuration folder; `elena-wb prompts new NAME` writes one to begin with,",
        "`elena-wb prompts import FILE` takes in one of another's, `elena-wb prompts check` checks all, and `-p NAME` uses one.",
        "",
        "```toml",
        EXAMPLE.rstrip(),
        "```",
        "",
        "## The pack",
        "",
        *_keys(pack._PackFile),
        "",
        "## `[[output]]`: a key of the answer",
        "",
        source_line(schema.OutputField),
        "",
        *_keys(schema.OutputField),
        "",
        "| type | what the model must give |",
        "|---|---|",
        *(f"| `{name}` | {told} |" for name, told in schema.FIELD_TYPES.items()),
        "",
        "## `[variants.NAME]`: a text",
        "",
        source_line(pack.Texts),
        "",
        *_keys(pack.Texts),
        "",
        "## Placeholders",
        "",
        "| in a text | becomes |",
        "|---|---|",
        *(f"| `{{{name}}}` | {told} |" for name, told in pack.PLACEHOLDERS.items()),
        "",
        "Nothing else in braces that looks like a placeholder is allowed, unless `placeholders = false`. Replaced text is never",
        "looked at again. A file is UTF-8, of one megabyte at most.",
        "",
        "What identifies a prompt in the store is a digest of the words that are sent and of the schema: a pack with other words",
        "is another prompt, whatever its name and version.",
    ]
    return "\n".join(lines) + "\n"


def source_line(model: type[BaseModel]) -> str:
    """The docstring of a model."""
    return " ".join(inspect.cleandoc(model.__doc__ or "").replace("``", "`").split())


def _keys(model: type[BaseModel]) -> list[str]:
    rows = ["| key | type | needed | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        needed = "yes" if field.is_required() else _else(field)
        cells = (f"`{name}`", _typed(model, name, field), needed, field.description or "")
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return rows


def _typed(model: type[BaseModel], name: str, field: Any) -> str:
    return {"output": "tables", "variants": "tables"}.get(name) or described(field.annotation)


def _else(field: Any) -> str:
    value = field.default
    if value in (None, "", ()):
        return "no"
    shown = list(value) if isinstance(value, tuple) else value
    return f"no: `{str(shown).lower() if isinstance(value, bool) else shown}`".replace("'", '"')
