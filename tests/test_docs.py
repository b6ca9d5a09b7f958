"""The generated pages are those the code would generate."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("page", ["cli.md", "configuration.md", "hooks.md", "prompt-packs.md", "store.md"])
def test_a_reference_page_says_what_the_code_says(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DOCS)
    pages = importlib.import_module("generate").pages()
    assert sorted(pages) == sorted(file.name for file in (DOCS / "reference").iterdir())
    assert (DOCS / "reference" / page).read_text("utf-8") == pages[page], "run: python docs/generate.py"
