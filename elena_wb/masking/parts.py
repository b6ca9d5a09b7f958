"""The parts a condition can name, and which regions each of them means."""

from __future__ import annotations

GROUPS: dict[str, tuple[str, ...]] = {
    "hands": ("left_hand", "right_hand"),
    "arms": ("left_arm", "right_arm"),
    "legs": ("left_leg", "right_leg"),
}
"""Part → the single parts that it stands for, beside a region of its own name."""

BODY = "body"
BACKGROUND = "background"
"""All but the bodies: hidden by hiding everything and leaving the bodies."""

SINGLE = frozenset(
    {"face", "head", "torso", BODY, BACKGROUND, *(part for group in GROUPS.values() for part in group)}
)


def members(part: str) -> frozenset[str]:
    """Names of the regions that hiding ``part`` hides: its own and those of its group.

    ``left-hand`` is ``left_hand``. For the background they are the bodies, which are not hidden.
    """
    plain = part.replace("-", "_")
    if plain == BACKGROUND:
        return frozenset({BODY})
    return frozenset({part, plain, *GROUPS.get(plain, ())})


def spoken(part: str) -> str:
    """``part`` in words, for people: ``left_hand`` is a left hand."""
    return part.replace("_", " ").replace("-", " ")
