"""Packs that say another in other words: declared, checked, recorded with a run, and nothing of it in an identity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from elena_wb.cli import app
from elena_wb.core import Condition
from elena_wb.engine.plan import _paraphrase
from elena_wb.errors import UsageError
from elena_wb.paths import packaged
from elena_wb.prompts import choose, find_pack, load_pack, packs

SHIPPED = ["elena-paraphrase-1", "elena-paraphrase-2"]
PACK = """
name = "{name}"
title = "t"
{head}
[[output]]
name = "emotion"
type = "label"
[variants.default]
user = "{name}: one of {{labels}}"
"""


def put(folder: Path, name: str, head: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(PACK.format(name=name, head=head), "utf-8")
    return path


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_paraphrases_ask_for_what_the_original_asks_for(name):
    library = packs()
    pack, original = library.find(name), library.find("elena")
    assert pack.paraphrase_of == "elena"
    assert library.unlike_original(pack) == ()
    for variant in original.variants:
        mine, others = pack.prompt(variant), original.prompt(variant)
        assert mine.digest != others.digest
        sentences = {line.strip("- ") for line in mine.user.splitlines() if len(line) > 60}
        assert not sentences & {line.strip("- ") for line in others.user.splitlines()}
        for field in pack.output:
            assert f'"{field.name}"' in mine.user
        assert "Happiness, Sadness, Fear, Anger, Surprise, Disgust or Neutral" in mine.user


def test_what_a_paraphrase_is_of_is_recorded_and_is_no_part_of_what_a_prompt_is():
    prompt = choose(SHIPPED[0], model_uri="hf:x", condition=Condition.parse("face")).prompt
    assert (prompt.variant, prompt.paraphrase_of) == ("masked", "elena")
    assert replace(prompt, paraphrase_of=None).digest == prompt.digest
    assert _paraphrase(prompt) == {"paraphrase_of": "elena"}
    assert _paraphrase(find_pack("elena").prompt()) == {}


def test_a_paraphrase_that_asks_for_something_else_is_named_with_the_reason(home):
    own = home / "config" / "prompts"
    put(own, "first")
    put(own, "again", 'paraphrase_of = "first"')
    put(own, "longer", 'paraphrase_of = "first"\nmax_tokens = 900')
    put(own, "lost", 'paraphrase_of = "gone"')
    put(own, "chained", 'paraphrase_of = "again"')
    put(own, "other", 'paraphrase_of = "elena"')
    for name, says in {
        "again": None,
        "longer": "max_tokens must be the same as in `first`",
        "lost": "there is no prompt pack `gone`",
        "chained": "`again` is itself a paraphrase; name `first`",
        "other": "the output must be the same as in `elena`",
    }.items():
        result = CliRunner().invoke(app, ["prompts", "check", name])
        assert (result.exit_code == 0) is (says is None), result.output
        assert says is None or says in " ".join(result.output.split())
    listed = CliRunner().invoke(app, ["prompts", "list", "--json"]).output
    assert '"paraphrase of": "first"' in listed
    assert (
        '"paraphrase_of": "first"' in CliRunner().invoke(app, ["prompts", "show", "again", "--json"]).output
    )


def test_a_pack_cannot_be_a_paraphrase_of_itself(tmp_path):
    with pytest.raises(UsageError, match="paraphrase_of names the pack itself"):
        load_pack(put(tmp_path, "mine", 'paraphrase_of = "mine"'))


def test_a_new_pack_says_how_to_declare_it(home):
    assert CliRunner().invoke(app, ["prompts", "new", "fresh"]).exit_code == 0
    text = (home / "config" / "prompts" / "fresh.toml").read_text("utf-8")
    assert '# paraphrase_of = "elena"' in text
    assert (packaged("prompts") / "elena.toml").exists()
