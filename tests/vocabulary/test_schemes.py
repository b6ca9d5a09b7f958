"""Label schemes: many spellings, one label; abstentions are no label."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.errors import UsageError
from elena_wb.vocabulary import load_scheme

EKMAN = load_scheme("ekman7")


def test_the_labels_are_spelt_as_in_the_store():
    assert EKMAN.names == ("happiness", "sadness", "fear", "anger", "surprise", "disgust", "neutral")
    assert EKMAN.displayed[0] == "Happiness"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Happy", "happiness"),
        (" JOY. ", "happiness"),
        ("very sad", "sadness"),
        ("**Fearful**", "fear"),
        ("anger/frustration", "anger"),
        ("Joy (mild)", "happiness"),
        ("Surprise: she jumps", "surprise"),
        ("a feeling of deep sadness", "sadness"),
        ("Ｄｉｓｇｕｓｔ", "disgust"),
        ("Calm", "neutral"),
        ("content", "happiness"),
        ("Freude", "happiness"),
        ("Traurigkeit", "sadness"),
        ("Angst", "fear"),
        ("WUT", "anger"),
        ("A\u0308rger", "anger"),
        ("Überraschung", "surprise"),
        ("Ekel", "disgust"),
        ("neutral", "neutral"),
        ("sad or angry", None),
        ("tarragon", None),
        ("", None),
        ("unknown", None),
    ],
)
def test_spellings_become_canonical(text, label):
    assert EKMAN.canonical(text) == label


@pytest.mark.parametrize(
    "text", ["Unknown", "N/A", "none.", "mixed emotions", "unclear (face hidden)", "?", "no emotion"]
)
def test_abstentions_are_told_from_unknown_words(text):
    assert EKMAN.abstains(text)
    assert EKMAN.canonical(text) is None


@pytest.mark.parametrize("text", ["happy", "tarragon", ""])
def test_other_texts_are_no_abstentions(text):
    assert not EKMAN.abstains(text)


def test_words_with_other_meanings_count_only_alone():
    assert EKMAN.named_in("The content of the blue box, in low light") == ()
    assert EKMAN.named_in("Joy turns to anger, and joy returns") == ("happiness", "anger")


def test_words_with_umlauts_are_found_in_prose():
    assert EKMAN.named_in("Ärger und Überraschung; er wirkt wütend_1") == ("anger", "surprise")


def test_no_spelling_belongs_to_two_labels():
    import tomllib

    from elena_wb.vocabulary.datafile import FOLDER

    content = tomllib.loads((FOLDER / "ekman7.toml").read_text("utf-8"))
    words = [
        word for label in content["labels"] for word in {*label["aliases"], *label["alone"], label["name"]}
    ]
    assert sorted(words) == sorted(set(words))
    assert not set(words) & set(content["abstentions"])


def test_an_unknown_scheme_is_named_with_the_nearest():
    with pytest.raises(UsageError) as caught:
        load_scheme("ekmann")
    assert "ekman7" in (caught.value.hint or "")


@given(st.text())
def test_any_text_can_be_asked_about(text):
    assert EKMAN.canonical(text) in {None, *EKMAN.names}
    EKMAN.abstains(text)
