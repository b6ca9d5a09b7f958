"""The most telling pairs of answers: what two runs said of one picture where it matters most that they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from elena_wb.analysis.words import Piece, word_changes
from elena_wb.store import Store, show_run
from elena_wb.store.pairing import Said, pair_of
from elena_wb.store.telling import KINDS, TellingPair, telling_pairs

_LONGEST = 6000
"""Characters of a text that are compared word by word."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One field of two answers: the pieces of both in reading order."""

    title: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One pair with what both said. ``first`` and ``second`` are runs by number and condition."""

    pair: TellingPair
    first_run: int
    second_run: int
    first_condition: str
    second_condition: str
    first: Said
    second: Said
    passages: tuple[Passage, ...]


def most_telling(
    store: Store, pairs: Sequence[tuple[int, int]], most: int, *, clean: Callable[[str], str] = str
) -> tuple[Told, ...]:
    """At most ``most`` pairs of answers of these pairs of runs, in turn by pair of runs and kind.

    What turns right answers wrong comes first, then what turns wrong ones right, other changes of the emotion, and the
    largest shifts of feeling; a picture is shown once. Pairs of runs whose answers are labels of different schemes have
    none. Texts pass ``clean`` before they are taken apart into words.
    """
    if most < 1:
        return ()
    found = []
    for first, second in pairs:
        shown = [show_run(store, run_id) for run_id in (first, second)]
        schemes = [run["options"].get("scheme") or "ekman7" for run in shown]
        if schemes[0] == schemes[1]:
            of = telling_pairs(store, first, second, schemes[0], most=most)
            found.append([[(first, second, pair) for pair in of[kind]] for kind in KINDS])
    by_kind = [_in_turn([kinds[place] for kinds in found]) for place in range(len(KINDS))]
    chosen: dict[str, tuple[int, int, TellingPair]] = {}
    for one in _in_turn(by_kind):
        chosen.setdefault(one[2].stimulus_id, one)
    told = [_told(store, *one, clean) for one in list(chosen.values())[:most]]
    return tuple(one for one in told if one is not None)


def _in_turn(lists: Sequence[Sequence[tuple[int, int, TellingPair]]]) -> list[tuple[int, int, TellingPair]]:
    return [one for one in chain.from_iterable(zip_longest(*lists)) if one is not None]


def _told(
    store: Store, first: int, second: int, pair: TellingPair, clean: Callable[[str], str]
) -> Told | None:
    said, other = pair_of(store, first, second, pair.stimulus_id, pair.repeat)
    if said is None or other is None:
        return None
    conditions = [str(show_run(store, run_id)["condition"]) for run_id in (first, second)]
    return Told(
        pair, first, second, conditions[0], conditions[1], said, other, tuple(_passages(said, other, clean))
    )


def _passages(first: Said, second: Said, clean: Callable[[str], str]) -> list[Passage]:
    texts = [
        ("What is seen", first.explicit_description, second.explicit_description),
        ("What is felt within", first.implicit_description, second.implicit_description),
        ("Narrative", first.narrative, second.narrative),
    ]
    if not any(one or other for _, one, other in texts):
        texts = [("Answer", first.raw_text, second.raw_text)]
    return [
        Passage(title, word_changes(clean(_beginning(one)), clean(_beginning(other))))
        for title, one, other in texts
        if one or other
    ]


def _beginning(text: str | None) -> str:
    """As much of a text as is compared, and how much is left out."""
    if text is None or len(text) <= _LONGEST:
        return text or ""
    return f"{text[:_LONGEST]}… ({len(text) - _LONGEST:,} more characters)"
