"""The documentation is a site: every link leads somewhere, every page is in the contents, nothing is loaded from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, every_page

_LOADED = re.compile(
    r"""(?:<(?:script|img|iframe|source)[^>]*\ssrc=|<link[^>]*\shref=|url\(|@import )["']?((?:https?:)?//[^"')\s]+)"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-b",
            "html",
            "-W",
            "--keep-going",
            "-n",
            "-q",
            "-d",
            folder / "trees",
            DOCS,
            folder / "html",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder / "html"


def test_every_page_is_in_the_site_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in every_page()[1:]:
        assert (site / page.relative_to(DOCS)).with_suffix(".html").exists()
    for file in (file for kind in ("*.html", "*.css") for file in site.rglob(kind)):
        loaded = _LOADED.findall(file.read_text("utf-8"))
        assert not loaded, f"{file.name} loads {loaded[0]}"


def test_examples_are_copied_without_their_prompts(site: Path) -> None:
    page = (site / "datasets.html").read_text("utf-8")
    assert "highlight-console" in page
    assert "not run:" not in re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL)
    assert '"\\\\$ "' in (site / "_static/copybutton.js").read_text("utf-8").replace("'", '"') or "$ " in (
        site / "_static/copybutton.js"
    ).read_text("utf-8")
