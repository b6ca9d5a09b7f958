"""The plugin keeps the contract of a model, and answers as the people of its table did."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from elena_wb_people.provider import NoOptions, PeopleProvider
from PIL import Image

from elena_wb.core import ModelError, Request
from elena_wb.data import load_image, pixel_digest
from elena_wb.testing import check_model

SCHEMA = {
    "type": "object",
    "properties": {
        "emotion": {"type": "string", "enum": ["Happiness", "Sadness", "Anger", "Neutral"]},
        "valence": {"type": "integer", "minimum": 1, "maximum": 10},
        "narrative": {"type": "string"},
    },
}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "shown.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)).save(path)
    return path


def request_for(picture: Path) -> Request:
    pixels = load_image(picture).pixels
    return Request(pixels, pixel_digest(pixels), "", "What emotion is this?", SCHEMA)


def answers(table: Path, *asked: Request):
    return list(PeopleProvider().open(str(table), NoOptions()).generate(asked))


def table(folder: Path, *rows: str, columns: str = "picture,emotion,valence,narrative") -> Path:
    path = folder / "answers.csv"
    path.write_text("\n".join([columns, *rows]) + "\n", "utf-8")
    return path


def test_it_keeps_the_contract_of_a_model(tmp_path):
    """The check asks about pictures of its own, so people are made to have seen these."""
    from elena_wb.testing.questions import plain

    pictures = {f"{number}.png": plain(number).request.image for number in (0, 1, 2, 3, 7)}
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(tmp_path / name)
    path = table(tmp_path, *(f"{name},happiness,6,A guest arrives." for name in pictures))
    print(check_model(PeopleProvider, str(path)))


def test_most_people_decide_and_their_shares_are_kept(tmp_path, picture):
    rows = ("happiness,8,A reunion.", "Happiness,6,", "sadness,2,A farewell.")
    path = table(tmp_path, *(f"{picture.name},{row}" for row in rows))
    (response,) = answers(path, request_for(picture))
    assert json.loads(response.text) == {
        "emotion": "Happiness",
        "valence": 5.33,
        "narrative": "A reunion.",
    }
    assert math.exp(response.label_logprobs["Happiness"]) == pytest.approx(2 / 3)
    assert math.exp(response.label_logprobs["Sadness"]) == pytest.approx(1 / 3)


def test_people_who_are_divided_give_no_label(tmp_path, picture):
    path = table(tmp_path, *(f"{picture.name},{label},5," for label in ("anger", "sadness")))
    assert json.loads(answers(path, request_for(picture))[0].text)["emotion"] == "mixed"


def test_a_picture_that_nobody_saw_fails_alone(tmp_path, picture):
    unseen = request_for(picture)
    changed = Request(unseen.image // 2, pixel_digest(unseen.image // 2), "", "", SCHEMA)
    path = table(tmp_path, f"{picture.name},anger,not a number,", f"{picture.name},anger,,")
    wrong, unknown = answers(path, unseen, changed)
    assert (wrong.finish_reason, unknown.finish_reason) == ("error", "error")
    assert "not a number" in wrong.error
    assert "Nobody was shown" in unknown.error


@pytest.mark.parametrize("row", ["absent.png,anger,5,", ",anger,5,"])
def test_a_table_that_names_no_picture_is_refused(tmp_path, row):
    with pytest.raises(ModelError, match=r"answers\.csv"):
        answers(table(tmp_path, row))
