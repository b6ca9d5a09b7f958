"""``elena-wb prompts`` as its user meets it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Program


def test_the_noun_alone_lists_the_packs(program: Program) -> None:
    names = [line.split("\t")[0] for line in program("prompts").stdout.splitlines()[1:]]
    assert {"elena", "elena-reasoned", "naive"} <= set(names)
    listed = json.loads(program("prompts", "list", "--json").stdout)
    assert [row["name"] for row in listed] == names


def test_show_prints_what_is_sent(program: Program) -> None:
    shown = json.loads(program("prompts", "show", "naive", "--json").stdout)
    assert shown["schema"]["required"] == ["emotion"]
    assert shown["variants"]["masked"]["user"] in program("prompts", "show", "naive").stdout
    missing = program("prompts", "show", "naiv", code=2)
    assert "Did you mean `naive`" in missing.stderr


def test_a_new_pack_works_at_once_and_is_never_overwritten_unasked(program: Program) -> None:
    path = program("prompts", "new", "mine").stdout.strip()
    assert "sound" in program("prompts", "check", "mine", path, "elena").stdout
    assert "--force" in program("prompts", "new", "mine", code=2).stderr
    program("prompts", "new", "mine", "--force")
    program("prompts", "new", "../mine", code=2)
    assert [file.name for file in Path(path).parent.iterdir()] == ["mine.toml"]


def test_check_exits_1_and_names_what_is_wrong(program: Program, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('name = "broken"\ntitle = 3\n', "utf-8")
    done = program("prompts", "check", "naive", str(broken), "nosuch", code=1)
    assert "title: Input should be a valid string" in done.stderr
    assert "There is no prompt pack `nosuch`" in done.stderr
    assert "naive.toml: sound" in done.stdout


def test_imported_texts_are_sent_as_they_are(program: Program, tmp_path: Path) -> None:
    words = 'Say {labels} and """quotes""", back\\slash, “é” and {"a": 1}.'
    (tmp_path / "system.txt").write_text("Be brief.", "utf-8")
    (tmp_path / "user.txt").write_text(words, "utf-8")
    (tmp_path / "masked.txt").write_text("No face.", "utf-8")
    files = {name: str(tmp_path / f"{name}.txt") for name in ("system", "user", "masked")}
    program(
        "prompts", "import", "published", "--system", files["system"], "--user", files["user"],
        "--masked-user", files["masked"], "--output", "text",
    )  # fmt: skip
    shown = json.loads(program("prompts", "show", "published", "--json").stdout)
    assert shown["schema"] is None
    assert (shown["variants"]["default"]["system"], shown["variants"]["default"]["user"]) == (
        "Be brief.",
        words,
    )
    assert shown["variants"]["masked"]["user"] == "No face."
    program("prompts", "import", "other", "--user", files["user"])
    assert (
        "emotion" in json.loads(program("prompts", "show", "other", "--json").stdout)["schema"]["properties"]
    )
    assert (
        "ekman7"
        in program("prompts", "import", "x", "--user", files["user"], "--scheme", "ekmn", code=2).stderr
    )
    program("prompts", "import", "x", "--user", str(tmp_path / "absent.txt"), code=2)


def test_an_answer_that_is_too_long_is_told_by_the_option(program: Program, tmp_path: Path) -> None:
    user = tmp_path / "user.txt"
    user.write_text("Say something.", "utf-8")
    bounded = ("prompts", "import", "long", "--user", str(user), "--max-tokens")
    refused = program(*bounded, "100001", code=2)
    assert "--max-tokens" in refused.stderr
    assert ".draft" not in refused.stderr
    program(*bounded, "100000")
