"""The generated pages are those the code would generate."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parent.parent / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["cli.md", "store.md"])
def test_a_reference_page_says_what_the_code_says(page: str) -> None:
    assert (DOCS / page).read_text("utf-8") == generator().pages()[page], "run: python docs/generate.py"
