"""The documentation is a site: links lead somewhere, each page is in it, and nothing comes from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, every_page

_LOADED = re.compile(
    r"""(?:<(?:script|img|iframe|source)[^>]*\ssrc=|<link[^>]*\shref=|url\(|@import )["']?"""
    r"""((?:https?:)?//[^"')\s]+)"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    strict = ["-W", "--keep-going", "-n", "-q"]
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-b",
            "html",
            *strict,
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


def test_commands_are_copied_without_their_prompts_and_comments_are_not_shown(site: Path) -> None:
    script = (site / "_static" / "copybutton.js").read_text("utf-8")
    assert "formatCopyText(text, '$ ', false, true" in script
    page = (site / "datasets.html").read_text("utf-8")
    assert "highlight-console" in page
    assert not re.search("not run:|set-up:", re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL))


def test_a_link_that_leads_nowhere_keeps_the_site_from_being_built(tmp_path: Path) -> None:
    pages = tmp_path / "docs"
    pages.mkdir()
    (pages / "conf.py").write_text(
        (DOCS / "conf.py").read_text("utf-8").replace("parent.parent", "parent"), "utf-8"
    )
    (pages / "pyproject.toml").write_text('[project]\nversion = "1"\n', "utf-8")
    (pages / "site").mkdir()
    (pages / "index.md").write_text("# Index\n\n[nowhere](other.md), [here](#no-such-heading)\n", "utf-8")
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
            pages,
            tmp_path / "html",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode != 0
    assert "other.md" in built.stderr
    assert "no-such-heading" in built.stderr
