"""Making packs in the user's own folder: a commented one to edit, or one from two text files."""

from __future__ import annotations

import re
from typing import Literal

import tomlkit

from elena_wb.errors import SetupError, UsageError
from elena_wb.prompts.catalogue import user_folder
from elena_wb.prompts.pack import Pack, Texts, load_pack
from elena_wb.vocabulary import load_scheme

_TEMPLATE = """\
# A prompt pack. `elena-wb prompts check @NAME@` says whether it is sound; `elena-wb run … -p @NAME@` uses it.
name = "@NAME@"                       # equals the file's name
title = "One line for listings"
description = "What this pack is for."
version = "1"
scheme = "ekman7"                     # the labels that {labels} stands for below
max_tokens = 300                      # the longest answer
# models = ["hf:*", "gemini:*"]       # patterns of model URIs it is meant for; without this, all
# made_for = ["stimuli"]              # and for models that were made for these datasets alone
# stands_for = "elena"                # with those models, `-p elena` then means this pack
# paraphrase_of = "elena"             # it asks for the same in other words, with the same output and variants

# The keys of the JSON answer, in this order. Without any the answer is free text.
# Types: label (one of the scheme), text, texts (a list), integer, number.
# explicit_description, implicit_description, narrative, body_parts, emotion, valence, arousal and
# dominance have columns of their own in the store; other keys are kept with the raw answer.
[[output]]
name = "explicit_description"
type = "text"

[[output]]
name = "body_parts"
type = "texts"
min = 1                               # of a list: how many entries
max = 6

[[output]]
name = "emotion"
type = "label"

[[output]]
name = "valence"
type = "integer"
min = 1                               # of a number: its bounds
max = 10

[variants.default]
system = "You describe what people's bodies express, from what can be seen alone."
user = \"\"\"
What does the person in this picture feel? Answer with one JSON object with the keys {keys}.
"emotion" is exactly one of {labels}; "valence" is a whole number from 1 (unpleasant) to 10 (pleasant).
\"\"\"

# Used where the face is hidden. Without it `default` is used, with a warning.
[variants.masked]
system = "You describe what people's bodies express, from what can be seen alone. Faces have been covered."
user = \"\"\"
The face is covered; do not guess it. What does the person in this picture feel?
Answer with one JSON object with the keys {keys}.
"emotion" is exactly one of {labels}; "valence" is a whole number from 1 (unpleasant) to 10 (pleasant).
\"\"\"
"""


def new_pack(name: str, *, force: bool = False) -> Pack:
    """Write a commented pack that works, for its user to change.

    Raises:
        UsageError: the name is no name, or taken in the user's folder (unless ``force``).
        SetupError: the folder cannot be written.
    """
    return _write(name, _TEMPLATE.replace("@NAME@", name), force=force)


def import_pack(
    name: str,
    *,
    default: Texts,
    masked: Texts | None = None,
    scheme: str = "ekman7",
    output: Literal["json", "text"] = "json",
    max_tokens: int = 600,
    force: bool = False,
) -> Pack:
    """Make a pack of existing texts, which are sent as they are (without white space around them).

    ``json`` expects the fields of ``elena``, all but the emotion optional; ``text`` expects free text.

    Raises:
        UsageError: the name is taken or no name, or the scheme does not exist.
        SetupError: the folder cannot be written.
    """
    load_scheme(scheme)
    document = tomlkit.document()
    document.add(tomlkit.comment("Imported texts; braces in them mean nothing."))
    values = {
        "name": name,
        "title": "Imported",
        "description": "Texts that were imported from files.",
        "version": "1",
        "scheme": scheme,
        "max_tokens": max_tokens,
        "placeholders": False,
    }
    for key, value in values.items():
        document.add(key, tomlkit.item(value))
    if output == "json":
        document.add("output", _fields())
    variants = tomlkit.table(is_super_table=True)
    for variant, texts in (("default", default), ("masked", masked)):
        if texts is not None:
            table = tomlkit.table()
            table.add("system", tomlkit.string(texts.system))
            table.add("user", tomlkit.string(texts.user))
            variants.add(variant, table)
    document.add("variants", variants)
    return _write(name, tomlkit.dumps(document), force=force)


def _fields() -> tomlkit.items.AoT:
    fields = tomlkit.aot()
    for name, kind in (
        ("explicit_description", "text"),
        ("implicit_description", "text"),
        ("narrative", "text"),
        ("body_parts", "texts"),
        ("emotion", "label"),
        ("valence", "number"),
        ("arousal", "number"),
        ("dominance", "number"),
    ):
        field = tomlkit.table()
        field.add("name", name)
        field.add("type", kind)
        if name != "emotion":
            field.add("required", False)
        if kind == "number":
            field.add("min", 1)
            field.add("max", 10)
        fields.append(field)
    return fields


def _write(name: str, content: str, *, force: bool) -> Pack:
    """Check the content beside its place, then move it there, so that no broken pack is ever left."""
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,63}", name):
        raise UsageError(
            f"`{name}` cannot name a prompt pack.",
            hint="Use lower-case letters, digits, hyphens and underscores, a letter first.",
        )
    path = user_folder() / f"{name}.toml"
    if path.exists() and not force:
        raise UsageError(f"{path} exists already.", hint="Choose another name, or replace it with --force.")
    draft = path.parent / ".draft" / path.name
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content.encode("utf-8"))
        try:
            load_pack(draft)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
            draft.parent.rmdir()
    except OSError as error:
        raise SetupError(
            f"The prompt pack cannot be written to {path}: {error.strerror or error}."
        ) from error
    return load_pack(path)
