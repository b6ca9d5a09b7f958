"""A pack is checked when it is loaded, and what is wrong is named with file, key and reason."""

from pathlib import Path

import jsonschema
import pytest

from elena_wb.errors import UsageError
from elena_wb.paths import packaged
from elena_wb.prompts import Pack, load_pack

SOUND = """
name = "mine"
title = "Mine"
[[output]]
name = "emotion"
type = "label"
[[output]]
name = "body_parts"
type = "texts"
min = 1
max = 3
[[output]]
name = "valence"
type = "integer"
min = 1
max = 10
required = false
[variants.default]
user = 'One of {labels}; keys {keys}; {"emotion": 1} {} {0}'
"""


def load(folder: Path, content: str) -> Pack:
    path = folder / "mine.toml"
    path.write_text(content, "utf-8")
    return load_pack(path)


def test_the_schema_follows_the_output(tmp_path):
    schema = load(tmp_path, SOUND).schema
    assert schema is not None
    assert list(schema["properties"]) == ["emotion", "body_parts", "valence"]
    assert schema["required"] == ["emotion", "body_parts"]
    jsonschema.validate({"emotion": "Fear", "body_parts": ["a"], "valence": 3}, schema)
    for wrong in (
        {"emotion": "fear", "body_parts": ["a"]},
        {"emotion": "Fear", "body_parts": []},
        {"emotion": "Fear", "body_parts": ["a"], "valence": 11},
        {"emotion": "Fear", "body_parts": ["a"], "more": 1},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_placeholders_are_replaced_once_and_braces_otherwise_left_alone(tmp_path):
    user = load(tmp_path, SOUND).prompt().user
    assert user.startswith(
        "One of Happiness, Sadness, Fear, Anger, Surprise, Disgust or Neutral; keys emotion,"
    )
    assert user.endswith('{"emotion": 1} {} {0}')


def test_placeholders_can_be_switched_off(tmp_path):
    pack = load(tmp_path, SOUND.replace('title = "Mine"', 'title = "Mine"\nplaceholders = false'))
    assert "{labels}" in pack.prompt().user


def test_without_output_the_answer_is_free_text(tmp_path):
    assert load(tmp_path, 'name="mine"\ntitle="x"\n[variants.default]\nuser="u"').schema is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[variants.default]", "[variants.other]", "there is no [variants.default]"),
        ('title = "Mine"', "", "title: Field required"),
        ('title = "Mine"', 'title = "Mine"\nfoo = 1', "foo: Extra inputs"),
        ('title = "Mine"', 'title = "Mine"\nscheme = "ekman8"', "scheme: There is no label scheme `ekman8`"),
        ('title = "Mine"', 'title = "Mine"\nmax_tokens = 0', "max_tokens"),
        ('name = "mine"', 'name = "other"', "name: `other` differs"),
        ('name = "mine"', 'name = "../x"', "name: String should match"),
        ('type = "label"', 'type = "lable"', "output.0.type"),
        ('name = "body_parts"', 'name = "emotion"', "output names `emotion` twice"),
        ('type = "label"\n', 'type = "label"\nmin = 1\n', "`label` takes neither min nor max"),
        ("max = 3", "max = 0", "min is above max"),
        ("max = 3", "max = nan", "output.1.max"),
        ("{keys}", "{kyes}", "variants.default.user: `{kyes}` is no placeholder"),
        ("user =", "usr =", "variants.default.user: Field required"),
        ("[[output]]", "[[output]", "it is no TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(tmp_path, old, new, says):
    assert old in SOUND
    with pytest.raises(UsageError) as caught:
        load(tmp_path, SOUND.replace(old, new, 1))
    assert says in caught.value.message
    assert "mine.toml" in caught.value.message


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x00", b"a = " + b"[" * 100_000, b"#" * 2_000_000])
def test_files_that_are_no_packs_are_errors_for_people(tmp_path, content):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        load_pack(path)


def test_a_byte_order_mark_is_no_part_of_a_pack(tmp_path):
    assert load(tmp_path, "\ufeff" + SOUND).name == "mine"


def test_a_missing_file_is_an_error_for_people(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        load_pack(tmp_path / "mine.toml")


def test_the_digest_depends_on_words_and_schema_and_not_on_names(tmp_path):
    first = load(tmp_path, SOUND).prompt().digest
    assert load(tmp_path, SOUND.replace("Mine", "Thine")).prompt().digest == first
    assert load(tmp_path, SOUND.replace("One of", "Any of")).prompt().digest != first
    assert load(tmp_path, SOUND.replace("max = 3", "max = 4")).prompt().digest != first


@pytest.mark.parametrize("name", ["elena", "elena-reasoned", "naive"])
def test_the_shipped_packs_are_sound_and_tell_a_masked_model_that_the_face_is_covered(name):
    pack = load_pack(packaged("prompts") / f"{name}.toml")
    assert set(pack.variants) == {"default", "masked"}
    assert "covered" in pack.prompt("masked").user
    assert "covered" not in pack.prompt("default").text
    for field in pack.output:
        assert all(field.name in pack.prompt(variant).user for variant in pack.variants)
