"""The pictures of the documentation: they are there, they need nothing from elsewhere, and they can be drawn again."""

from __future__ import annotations

import importlib.util
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import pytest

from elena_wb.store import Store

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
KEPT = sorted((ROOT / "docs" / "pictures").glob("*.svg"))


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_pictures", ROOT / "docs" / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for themselves
    spec.loader.exec_module(module)
    return module


def test_every_picture_that_a_page_shows_is_there_and_every_one_is_shown() -> None:
    shown = set()
    for page in PAGES:
        for found in re.findall(r"!\[[^\]]+\]\(([^)\s]+\.svg)\)", page.read_text("utf-8")):
            picture = page.parent / found
            assert picture.is_file(), f"{page.name} shows {found}, which is not there"
            shown.add(picture.resolve())
    assert {picture.resolve() for picture in KEPT} == shown
    assert {picture.stem for picture in KEPT} == set(script().SHOTS)


@pytest.mark.parametrize("picture", KEPT, ids=lambda picture: picture.stem)
def test_a_picture_is_small_and_fetches_nothing(picture: Path) -> None:
    drawn = picture.read_text("utf-8")
    assert len(drawn.encode()) < 300_000
    assert "@font-face" not in drawn
    assert not re.search(r"(href|src)=|url\((?!#)|/(tmp|home|Users)/", drawn)
    ET.fromstring(drawn)


async def test_a_picture_can_be_drawn_again(study: Store, home: Path) -> None:
    drawn = await script().take("narratives", study.path)
    ET.fromstring(drawn)
    words = re.sub(r"<[^>]+>", " ", drawn).replace("\xa0", " ")
    assert "As the model saw it (face)" in words
    assert str(study.path.parent) not in drawn
    assert drawn.count("h1v1h-1z") > 200, "the picture in the picture is drawn as shapes"
    assert "▀" not in words
