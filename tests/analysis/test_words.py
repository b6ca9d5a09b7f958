"""Two texts word by word: what is told apart reads well, gives both texts back, and takes a bounded time."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elena_wb.analysis.words import Piece, word_changes

WORDS = st.sampled_from(
    ["the", "arms", "Arms", "don't", "raised", ",", ".", "!", "…", "\x1b", "\u202e", "手", "[/]"]
)
SPACES = st.sampled_from(["", " ", "  ", "\n", "\r\n", "\t", "\u3000"])
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.tuples(SPACES, WORDS), max_size=40).map(
        lambda pairs: "".join(space + word for space, word in pairs)
    ),
)


def sides(pieces: tuple[Piece, ...]) -> tuple[str, str]:
    first = "".join(piece.text for piece in pieces if piece.kind != "only second")
    return first, "".join(piece.text for piece in pieces if piece.kind != "only first")


def told(first: str, second: str) -> str:
    signs = {"same": "{}", "only first": "[-{}]", "only second": "[+{}]"}
    return "".join(signs[piece.kind].format(piece.text) for piece in word_changes(first, second))


def test_changed_words_stand_where_they_differ():
    assert (
        told("The man lifts both arms, calmly.", "The man holds both arms, and smiles.")
        == "The man [-lifts ][+holds ]both arms, [-calmly][+and smiles]."
    )
    assert told("", "New words.") == "[+New words.]"
    assert told("Gone.", "") == "[-Gone.]"
    assert told("Alike.", "Alike.") == "Alike."


def test_words_with_an_apostrophe_are_one_and_case_counts():
    assert told("he doesn't look", "he didn't look") == "he [-doesn't ][+didn't ]look"
    assert told("Arms up", "arms up") == "[-Arms ][+arms ]up"


def test_where_only_the_space_differs_the_words_are_the_same():
    assert told("arms raised high", "arms\nraised high ") == "arms[- ][+\n]raised high[+ ]"


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS)
def test_the_pieces_give_both_texts_back_and_neighbours_differ_in_kind(first, second):
    pieces = word_changes(first, second)
    assert sides(pieces) == (first, second)
    assert all(piece.text for piece in pieces)
    kinds = [piece.kind for piece in pieces]
    assert all(one != other for one, other in pairwise(kinds))
    assert ("only second", "only first") not in pairwise(kinds)


@settings(max_examples=50, deadline=None)
@given(TEXTS)
def test_a_text_differs_in_nothing_from_itself(text):
    assert {piece.kind for piece in word_changes(text, text)} <= {"same"}


def test_a_long_story_is_told_apart_by_the_sentences_that_differ():
    story = [f"In sentence {number} the person moves in way {number % 7}." for number in range(900)]
    other = list(story)
    other[3] = other[3].replace("moves", "rests")
    other[880] = "A sentence of its own."
    pieces = word_changes(" ".join(story), " ".join(other))
    assert sides(pieces) == (" ".join(story), " ".join(other))
    changed = [piece.text for piece in pieces if piece.kind != "same"]
    assert changed[:2] == ["moves ", "rests "]
    assert sum(map(len, changed)) < 200


def drawn(words: int, kinds: int, seed: int) -> str:
    chance = random.Random(seed)
    return " ".join(f"w{chance.randrange(kinds)}" for _ in range(words))


HOSTILE = {
    "one letter": ("a" * 100_000, "b" * 100_000),
    "marks": ("." * 100_000, "!" * 99_999 + "."),
    "spaces": (" " * 100_000, "\n" * 100_000),
    "few words": (drawn(30_000, 3, 1), drawn(30_000, 3, 2)),
    "few words, short": (drawn(999, 10, 1), drawn(999, 10, 2)),
    "many words": (drawn(20_000, 5_000, 1), drawn(20_000, 5_000, 2)),
    "every other word": ("a " * 50_000, "a b " * 25_000),
    "short sentences": ("No. Yes. " * 9_000, "Yes. No. " * 9_000),
    "apostrophes": ("a'" * 50_000, "a’" * 50_000),
    "reversed": (" ".join(map(str, range(999))), " ".join(map(str, reversed(range(999))))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hundred_kilobytes_of_anything_are_told_apart_in_a_bounded_time(name):
    first, second = HOSTILE[name]
    started = time.process_time()
    pieces = word_changes(first, second)
    assert time.process_time() - started < 5
    assert sides(pieces) == (first, second)


def test_an_accent_stays_with_its_letter_and_signs_without_spaces_are_words() -> None:
    assert word_changes("日本語の顔", "日本人の顔") == (
        Piece("same", "日本"),
        Piece("only first", "語"),
        Piece("only second", "人"),
        Piece("same", "の顔"),
    )
    assert word_changes("e\u0301te\u0301 क्या", "e\u0301te क्यों") == (
        Piece("only first", "e\u0301te\u0301 क्या"),
        Piece("only second", "e\u0301te क्यों"),
    )
