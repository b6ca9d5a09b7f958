"""Writes the reference pages that follow from the code: ``python docs/generate.py`` (a test keeps them in step)."""

from __future__ import annotations

from pathlib import Path

from generating import cli, configuration, hooks, prompt_packs, store

FOLDER = Path(__file__).parent / "reference"


def pages() -> dict[str, str]:
    """File name → text of every generated page."""
    return {
        "cli.md": cli.page(),
        "configuration.md": configuration.page(),
        "hooks.md": hooks.page(),
        "prompt-packs.md": prompt_packs.page(),
        "store.md": store.page(),
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")
