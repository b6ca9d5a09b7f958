"""Prompt packs: finding them, checking them, and choosing the text that fits a model and a condition.

A pack is one TOML file; :mod:`elena_wb.prompts.pack` describes the format. May import core and vocabulary.
"""

from __future__ import annotations

from elena_wb.prompts.catalogue import Choice, Folders, Library, choose, find_pack, packs
from elena_wb.prompts.pack import Pack, load_pack

__all__ = ["Choice", "Folders", "Library", "Pack", "choose", "find_pack", "load_pack", "packs"]
