"""The names that a mistyped name may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LISTED = 12


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """A hint for a name that does not exist: the closest of ``choices``, or all of them while they are few.

    ``None`` where there is no choice at all.
    """
    known = sorted(set(choices))
    if not known:
        return None
    folded = {choice.casefold(): choice for choice in known}
    wanted = name.casefold()
    close = difflib.get_close_matches(wanted[:200], folded, n=3, cutoff=0.6)
    close += [choice for choice in folded if len(wanted) > 2 and wanted in choice and choice not in close]
    if close:
        return f"Did you mean {_joined([folded[choice] for choice in close[:3]], 'or')}?"
    if len(known) <= _LISTED:
        return f"There is {_joined(known, 'and')}."
    return f"Among others there is {_joined(known[:_LISTED], 'and')}."


def _joined(names: list[str], word: str) -> str:
    quoted = [f"`{name}`" for name in names]
    if len(quoted) == 1:
        return quoted[0]
    return f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"
