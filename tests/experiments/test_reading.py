"""The file of a declared study: what it may say, and what is said of one that says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from elena_wb.core import UsageError
from elena_wb.experiments import read

LEAST = 'datasets = ["photos"]\nmodels = ["tiny:"]\n'


def written(folder: Path, text: str, name: str = "study.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_data_and_models_are_all_that_a_study_must_name(tmp_path: Path) -> None:
    found = read(written(tmp_path, LEAST, "my study.toml"))
    assert found.name == "my study"
    assert found.datasets[0].sources == ("photos",)
    assert found.prompts == ("elena",)
    assert found.conditions == ("none", "face", "face:control")
    assert found.seeds == (0,)
    assert found.attention is None
    assert found.max_cost is None


def test_models_have_options_of_their_own_and_conditions_one_spelling(tmp_path: Path) -> None:
    found = read(
        written(
            tmp_path,
            """
            datasets = [{ sources = "a", name = "first" }, "b"]
            models = ["one:", { model = "two:x", batch_size = 2, max_tokens = 9 }]
            conditions = ["Hands+Face:box@annotated"]
            max_cost = 3
            """,
        )
    )
    assert [model.batch_size for model in found.models] == [None, 2]
    assert found.conditions == ("face+hands:box@annotated",)
    assert [found.run_name(dataset) for dataset in found.datasets] == ["study first", "study"]
    assert found.max_cost == 3.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("conditons = []\n" + LEAST, "line 1, conditons: there is no such key. Did you mean `conditions`?"),
        (LEAST + "[atention]\n", "line 3, atention: there is no such key. Did you mean `attention` or"),
        (
            LEAST + '[attention]\nlayer = "all"',
            "line 4, attention.layer: there is no such key. Did you mean `layers`?",
        ),
        (LEAST + '[attention]\nlayers = "x"', "line 4, attention.layers: `x` names no layers."),
        (
            LEAST + '[report]\npicture = "none"',
            "line 4, report.picture: there is no such key. Did you mean `pictures`?",
        ),
        (LEAST + '[report]\nfile = "../../.profile.html"', "is no name for the report"),
        (LEAST + '[report]\nfile = "/etc/passwd"', "is no name for the report"),
        (LEAST + "allow_upload = true", "line 3, allow_upload: there is no such key."),
        (
            LEAST + 'conditions = ["face:bl ur:x"]',
            "line 3, conditions: `face:bl ur:x` is no masking condition.",
        ),
        (LEAST + 'conditions = ["face", "face"]', "line 3, conditions: `face` is listed twice"),
        (LEAST + "seeds = [1, -1]", "line 3, seeds.2: Input should be greater than or equal to 0"),
        (LEAST + 'repeats = "3"', "line 3, repeats: Input should be a valid integer"),
        (LEAST + 'prompts = "elena"', "line 3, prompts: `elena` is no list"),
        (LEAST + 'name = "../x"', "line 3, name: `../x` cannot name runs"),
        (LEAST + "max_cost = nan", "line 3, max_cost: "),
        (
            LEAST + '[attention]\nprompts = ["naive"]',
            "attention.prompts has `naive`, which the study does not ask about",
        ),
        ('models = ["tiny:"]', "datasets: it is missing"),
        ('datasets = []\nmodels = ["tiny:"]', "line 1, datasets: there is none"),
        ('datasets = ["a", "b"]\nmodels = ["tiny:"]', "several datasets have no `name`"),
        ('datasets = ["a"]\nmodels = ["tiny:", "tiny:"]', "line 2, models: `tiny:` is listed twice"),
        (
            'models = ["m"]\n[[datasets]]\nsources = "a"\n[[datasets]]\nsource = "b"',
            "line 5, datasets.2.source: there is no such key. Did you mean `sources`?",
        ),
        (
            'models = ["m"]\n[[datasets]]\nsources = "a"\noptions = { path = "x" }',
            "line 2, datasets.1: there are options, and no `dataset` that they are for",
        ),
        ('datasets = ["a"]\nmodels = [', "it is no TOML in UTF-8"),
        ("a = " + "[" * 5000, "it is no TOML in UTF-8"),
        ("# " + "x" * 1_000_000, "it is larger than one megabyte"),
    ],
)
def test_what_is_amiss_is_told_with_its_line_its_key_and_the_nearest_name(
    tmp_path: Path, text: str, said: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read(path)
    assert str(path) in caught.value.message
    assert said in caught.value.message


def test_lines_are_counted_past_texts_of_several_and_the_first_few_things_are_told(tmp_path: Path) -> None:
    text = 'question = """\nlimit = 3\n[report]\n"""\n' + LEAST + "".join(f"key{at} = 1\n" for at in range(9))
    with pytest.raises(UsageError, match="and 4 more") as caught:
        read(written(tmp_path, text))
    assert "line 7, key0" in caught.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            read(path)
    with pytest.raises(UsageError, match="larger than one megabyte"):
        read(Path("/dev/zero"))
