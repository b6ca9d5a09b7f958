"""Label schemes: many spellings, one label; abstentions are no label."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.errors import UsageError
from elena_wb.parsing import parse
from elena_wb.vocabulary import load_scheme, scheme_names
from elena_wb.vocabulary.datafile import FOLDER, folded

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


@pytest.mark.parametrize(
    ("sentence", "label"),
    [
        ("The person is in emotional pain.", "suffering"),
        ("Physical suffering shows in the bent back.", "pain"),
        ("He shows PSYCHOLOGICAL  pain and is in emotional pain", "suffering"),
        ("The sensual pleasure of dancing", "pleasure"),
        ("The person is in pain.", "pain"),
    ],
)
def test_several_words_that_are_one_alias_are_not_read_word_by_word(sentence, label):
    scheme = load_scheme("emotic26")
    assert scheme.named_in(sentence) == (label,)
    assert parse(sentence, scheme=scheme).emotion == label


def test_words_that_a_full_stop_parts_are_no_alias_together():
    named = load_scheme("emotic26").named_in
    assert named("It is emotional. Pain is there") == ("pain",)
    assert named("Emotional pain, then pain") == ("suffering", "pain")


@pytest.mark.parametrize("name", scheme_names())
def test_every_alias_is_found_in_a_sentence(name):
    scheme = load_scheme(name)
    content = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    for label in content["labels"]:
        for alias in (label["display"], *label["aliases"]):
            assert scheme.named_in(f"One sees {alias} here.") == (label["name"],)


@pytest.mark.parametrize("name", scheme_names())
def test_no_spelling_belongs_to_two_labels_or_abstains(name):
    content = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    answers = tomllib.loads((FOLDER / "answers.toml").read_text("utf-8"))
    words = [
        word
        for label in content["labels"]
        for word in (*label["aliases"], *label.get("alone", ()), label["name"])
    ]
    assert sorted(words) == sorted(set(words))
    assert words == [folded(word) for word in words]
    assert not set(words) & {*answers["abstentions"], *answers["modifiers"]}


@pytest.mark.parametrize("name", scheme_names())
def test_every_label_is_read_as_itself_however_it_is_shown(name):
    scheme = load_scheme(name)
    assert scheme.name == name
    for label in scheme.labels:
        for text in (
            label.name,
            label.display,
            label.display.upper(),
            f"**{label.display}**",
            f"very {label.name}",
        ):
            assert scheme.canonical(text) == label.name
            assert not scheme.abstains(text)


def test_the_schemes_of_the_field_are_there():
    sizes = {name: len(load_scheme(name).labels) for name in scheme_names()}
    assert sizes == {
        "ekman7": 7, "emotic26": 26, "goemotions28": 28, "heco8": 8, "parrott6": 6, "plutchik8": 8,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("scheme", "text", "label"),
    [
        ("emotic26", "Disquitement", "disquietment"),
        ("emotic26", "Doubt/Confusion", "doubt_confusion"),
        ("emotic26", "doubt / confusion.", "doubt_confusion"),
        ("emotic26", "Doubt and Confusion", "doubt_confusion"),
        ("emotic26", "confused", "doubt_confusion"),
        ("emotic26", "Doubt/Fear", None),
        ("emotic26", "frustrated", "annoyance"),
        ("emotic26", "disgust", "aversion"),
        ("emotic26", "Neutral", None),
        ("heco8", "Happinesst", "happiness"),
        ("heco8", "excited", "excitement"),
        ("plutchik8", "Happiness", "joy"),
        ("parrott6", "disgust", "anger"),
        ("goemotions28", "Realisation", "realization"),
    ],
)
def test_each_scheme_has_its_own_reading_of_a_word(scheme, text, label):
    assert load_scheme(scheme).canonical(text) == label


@pytest.mark.parametrize(
    "answer",
    [
        '{"emotion": "Doubt/Confusion", "narrative": "Who wrote this?"}',
        "Emotion: Doubt/Confusion",
        "Doubt/Confusion",
        "The person shows Doubt/Confusion.",
    ],
)
def test_a_label_of_two_words_is_read_as_one(answer):
    read = parse(answer, scheme=load_scheme("emotic26"))
    assert (read.status, read.emotion) == ("ok", "doubt_confusion")


def test_an_unknown_scheme_is_named_with_the_nearest():
    with pytest.raises(UsageError) as caught:
        load_scheme("ekmann")
    assert "ekman7" in (caught.value.hint or "")


@given(st.sampled_from(scheme_names()), st.text())
def test_any_text_can_be_asked_about(name, text):
    scheme = load_scheme(name)
    assert scheme.canonical(text) in {None, *scheme.names}
    scheme.abstains(text)
