"""Parts that answers name beside those that are in their pictures: named but not found, hidden, or never named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from elena_wb.analysis.clustered import share
from elena_wb.core import Condition, Estimate, UsageError
from elena_wb.core.condition import CONTROL, KNOCK_OUT, KNOCK_OUT_CONTROL
from elena_wb.masking import NOTHING_HIDDEN
from elena_wb.masking.parts import GROUPS
from elena_wb.masking.resolving import PREFERRED
from elena_wb.store import Store
from elena_wb.store.mentions import Question, Words, looked_for, mentions
from elena_wb.store.parts import AskedRun, asked_runs

State = Literal["found", "missed", "hidden"]

WITHIN: Final = {
    **dict.fromkeys(("eyes", "brows", "forehead", "mouth", "jaw", "chin", "cheeks", "nose"), "face"),
    **dict.fromkeys(("wrists", "fingers"), "hands"),
    **dict.fromkeys(("chest", "back", "abdomen"), "torso"),
    "knees": "legs",
}
"""Part of the vocabulary → the part that it belongs to: where nobody looks for fingers, hands are looked for."""
_FAMILIES: Final = {single: group for group, members in GROUPS.items() for single in members}
_ALL_WITH: Final = {"head": ("head", "face"), "face": ("face",)}
_SHOWING = {CONTROL, KNOCK_OUT, KNOCK_OUT_CONTROL}
WORDS: Final = Words(_FAMILIES, PREFERRED)


@dataclass(frozen=True, slots=True)
class Mention:
    """How often the answers of a run name a part that is in one ``state`` in their pictures.

    ``found``: somebody found it there. ``missed``: whoever looked for it found none. ``hidden``: the condition hides
    it. ``locators`` are who looked. ``named`` is the share of the answers that name it, ``pictures`` how many pictures
    these are about, ``never`` in how many of them no answer names it.
    """

    part: str
    state: State
    locators: tuple[str, ...]
    named: Estimate
    pictures: int
    never: int


@dataclass(frozen=True, slots=True)
class RunMentions:
    """One run: parts in the order of the alphabet, found before missed before hidden."""

    asked: AskedRun
    mentions: tuple[Mention, ...]

    def of(self, state: State) -> tuple[Mention, ...]:
        """The parts that are in this state somewhere."""
        return tuple(one for one in self.mentions if one.state == state)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Runs side by side. ``within`` says under which part that was looked for a named one counts."""

    runs: tuple[RunMentions, ...]
    within: Mapping[str, str]
    _question: Question

    def check(self, rows: Sequence[tuple[str, int]], state: State) -> str:
        """A query with which a reader checks these parts and runs."""
        return self._question.check(rows, state)


def parts_mentioned(
    store: Store,
    run_ids: Sequence[int],
    *,
    asked: tuple[AskedRun, ...] | None = None,
    settings: Mapping[str, str | bool | int] | None = None,
) -> Mentions:
    """Set the parts that answers name beside what was looked for in their pictures.

    Regions that came with the data are taken for a search for each part that the data set marks anywhere, in the
    pictures in which it marks any. A detector has looked for whatever it has ever found in the store, and a detector of
    faces for faces. Hands stand for the left one and the right one. ``asked`` is what
    :func:`elena_wb.store.parts.asked_runs` says of these runs, if it is known.
    """
    asked = asked or asked_runs(store, run_ids)
    looked = looked_for(store, run_ids, WORDS)
    everything = {part for of in looked.values() for part in of}
    hiding = {run.run_id: hidden_by(run.condition, everything) for run in asked}
    known = everything.union(*(hidden | partly for hidden, partly in hiding.values()))
    within = families(known)
    question = Question(
        run_ids=tuple(run_ids),
        words=WORDS,
        family_of=within,
        hidden={run_id: hidden for run_id, (hidden, _) in hiding.items()},
        partly={run_id: partly for run_id, (_, partly) in hiding.items()},
        nothing_hidden=NOTHING_HIDDEN,
    )
    table = mentions(store, question, settings=settings)
    found: dict[int, list[Mention]] = {run_id: [] for run_id in run_ids}
    for row in table.to_pylist():
        value = row["y"] / row["x"]
        squares = max(0.0, row["yy"] - 2 * value * row["xy"] + value**2 * row["xx"])
        found[row["run_id"]].append(
            Mention(
                row["family"],
                row["state"],
                looked[row["run_id"]].get(row["family"], ()),
                share(row["y"], row["x"], row["pictures"], squares),
                row["pictures"],
                row["never"],
            )
        )
    return Mentions(
        tuple(
            RunMentions(
                run, tuple(sorted(found[run.run_id], key=lambda one: (_STATES.index(one.state), one.part)))
            )
            for run in asked
        ),
        within,
        question,
    )


_STATES: Final[tuple[State, ...]] = ("found", "missed", "hidden")


def families(known: set[str]) -> dict[str, str]:
    """Part as an answer names it → the part that it counts as, of those that are ``known``."""
    of = {part: part for part in sorted(known)}
    return of | {part: whole for part, whole in WITHIN.items() if part not in known and whole in known}


def hidden_by(condition: str, known: set[str]) -> tuple[set[str], set[str]]:
    """The parts that a condition hides wholly, and those that it hides in part.

    A control hides something else, and a knock-out no pixel. Who hides the head hides the face, who hides the face its
    eyes, where these are ``known``, and who hides the body every part that is.
    """
    try:
        parsed = Condition.parse(condition)
    except UsageError:  # of a run that was written elsewhere
        return set(), set()
    if parsed.style is not None and parsed.style.name in _SHOWING:
        return set(), set()
    hidden: set[str] = set()
    partly: set[str] = set()
    for part in parsed.parts:
        plain = part.replace("-", "_")
        if plain == "body":
            hidden |= known | {"face"}
        elif plain in _FAMILIES:
            partly.add(_FAMILIES[plain])
        elif plain != "background":
            hidden.update(_ALL_WITH.get(plain, (plain.replace("_", " "),)))
    for group, single in GROUPS.items():
        if set(single) <= {part.replace("-", "_") for part in parsed.parts}:
            hidden.add(group)
    for of in (hidden, partly):
        of |= {part for part, whole in WITHIN.items() if whole in of and part in known}
    return hidden, partly - hidden
