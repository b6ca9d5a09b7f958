"""Every model that ``docs/serving.md`` names can be described as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from elena_wb.engine import ModelAddress
from elena_wb.plugins import plugin_host

PAGE = Path(__file__).parents[3] / "docs" / "serving.md"


def uris() -> list[str]:
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    commands = "".join(blocks).replace("\\\n", " ").splitlines()
    lines = [line for line in commands if line.startswith("$ elena-wb ")]
    return [word for line in lines for word in shlex.split(line) if word.startswith("openai:")]


@pytest.mark.parametrize("uri", uris())
def test_a_model_of_the_page_is_one_the_plugin_knows(uri: str) -> None:
    card = ModelAddress.parse(uri, plugin_host()).describe()
    assert ModelAddress.parse(card.uri, plugin_host()).describe().digest == card.digest


def test_the_page_has_an_example_for_each_kind_of_server() -> None:
    assert len(uris()) >= 9
