"""Attention in characters: an answer with its words marked, shares as a table, maps as numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from string import ascii_lowercase
from typing import TYPE_CHECKING

from textual.content import Content

from elena_wb.plain import plain, plain_lines
from elena_wb.tui.text import line

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from elena_wb.analysis.gaze_answer import PartShare
    from elena_wb.core import Target
    from elena_wb.store.looks import Word

_BEFORE, _SHOWN = 4_000, 12_000
_BAR = 8
_LONGEST_PART, _LONGEST_WORDS = 10, 40
_STYLES = ("", "underline", "bold reverse")
"""Of text that is no target, of targets, and of the current one."""


def letters(parts: Sequence[str]) -> Mapping[str, str]:
    """A letter for each part, its own first one where that is free: by it lines of a plot are told apart."""
    taken: dict[str, str] = {}
    for part in parts:
        wanted = [one for one in part.lower() if one.isascii() and one.isalpha()]
        free = next((one for one in [*wanted, *ascii_lowercase] if one not in taken.values()), "?")
        taken[part] = free
    return taken


def marked(text: str, targets: Sequence[Target], current: str | None) -> tuple[Content, int]:
    """The answer with every target underlined and the ``current`` one in brackets and reversed.

    Of a long answer some thousand characters around the current words are shown. The second value is how many
    characters of what is shown stand before the current words.
    """
    chosen = next((target.spans for target in targets if target.name == current), ())
    first = chosen[0][0] if chosen else 0
    start = max(0, first - _BEFORE) if len(text) > _SHOWN else 0
    end = min(len(text), start + _SHOWN)
    kinds = bytearray(end - start)
    for kind, spans in ((1, [span for target in targets for span in target.spans]), (2, chosen)):
        for left, right in spans:
            here = slice(max(left - start, 0), max(min(right, end) - start, 0))
            kinds[here] = bytes([kind]) * len(kinds[here])
    opens, closes = {left for left, _ in chosen}, {right for _, right in chosen}
    cut = [
        at
        for at in range(start, end)
        if at == start or at in opens or at in closes or kinds[at - start] != kinds[at - start - 1]
    ]
    pieces = [Content(f"({start:,} characters before)\n")] if start else []
    before = None
    for left, right in pairwise([*cut, end]):
        if left in opens:
            before = sum(len(piece.plain) for piece in pieces) if before is None else before
            pieces.append(Content.styled("▸", "bold"))
        pieces.append(Content.styled(plain_lines(text[left:right]), _STYLES[kinds[left - start]]))
        if right in closes:
            pieces.append(Content.styled("◂", "bold"))
    if end < len(text):
        pieces.append(Content(f"\n… ({len(text) - end:,} more characters)"))
    return Content.assemble(*pieces), before or 0


def words_line(words: Sequence[Word], current: int | None, width: int) -> Content:
    """The targets in a row, the current one in brackets, moved so that it can be seen."""
    names = [plain(word.target) for word in words]
    names = [name if len(name) <= 24 else name[:23] + "…" for name in names]
    shown = [f"[{name}]" if at == current else f" {name} " for at, name in enumerate(names)]
    first = 0
    while current is not None and first < current and sum(map(len, shown[first : current + 1])) > width - 2:
        first += 1
    pieces = [
        Content.styled(text, "bold reverse" if at == current else "")
        for at, text in enumerate(shown)
        if at >= first
    ]
    return Content.assemble("… " if first else "", *pieces)


def word_told(word: Word) -> Content:
    """The words of a target in quotes, with how many tokens they are."""
    tokens = "token" if word.token_count == 1 else "tokens"
    return line(f"“{word.words}” · {word.token_count:,} {tokens}", longest=_LONGEST_WORDS + 20)


def shares_table(
    shares: Sequence[PartShare], *, without_sinks: bool, width: int, lit: str | None = None
) -> Content:
    """Part, share, area, ratio, and a bar of the ratio with a mark where even attention ends."""
    most = max([2.0, *(r for one in shares if math.isfinite(r := one.ratio(without_sinks=without_sinks)))])
    room = max(0, width - 2 - _LONGEST_PART - 3 * 7 - 1)
    bar = min(room, 24)
    named = letters([one.part for one in shares])
    told = "share*" if without_sinks else "share"
    rows = [Content.styled(f"  {'part':<{_LONGEST_PART}}{told:>7}{'area':>7}{'ratio':>7}", "bold")]
    for one in shares:
        ratio = one.ratio(without_sinks=without_sinks)
        share = one.without_sinks if without_sinks else one.share
        row = f"{named[one.part]} {_part(one.part)}{_n(share, 3):>7}{_n(one.area, 3):>7}{_n(ratio, 2):>7}"
        drawn = f" {ratio_bar(ratio, most, bar)}" if bar >= _BAR else ""
        rows.append(Content.styled(row + drawn, "reverse" if one.part == lit else ""))
    return Content("\n").join(rows)


def change_table(
    first: Sequence[PartShare],
    second: Sequence[PartShare],
    names: tuple[str, str],
    *,
    without_sinks: bool,
    lit: str | None = None,
) -> Content:
    """Shares of two answers side by side, and how they differ, for the parts that both have."""

    def share(one: PartShare) -> float:
        return one.without_sinks if without_sinks else one.share

    after = {one.part: one for one in second}
    heads = [f"{plain(name)[:6]:>7}" for name in names]
    named = letters([one.part for one in first])
    rows = [Content.styled(f"  {'part':<{_LONGEST_PART}}{heads[0]}{heads[1]}{'change':>7}", "bold")]
    for one in first:
        if one.part not in after:
            continue
        was, becomes = share(one), share(after[one.part])
        change = becomes - was
        told = f"{change:+.3f}" if math.isfinite(change) else "–"
        sign = "▲" if change > 0.0005 else "▼" if change < -0.0005 else " "
        row = f"{named[one.part]} {_part(one.part)}{_n(was, 3):>7}{_n(becomes, 3):>7}{told:>7} {sign}"
        rows.append(Content.styled(row, "reverse" if one.part == lit else ""))
    return Content("\n").join(rows)


def ratio_bar(ratio: float, most: float, width: int) -> str:
    """A bar of ``ratio`` on a scale to ``most``, with ``│`` where 1 is: even attention."""
    if not math.isfinite(ratio) or width < 2 or most <= 0:
        return ""
    filled, even = round(min(ratio, most) / most * width), min(width - 1, round(width / most))
    return "".join("│" if at == even else "▇" if at < filled else " " for at in range(width)).rstrip()


def number_cell(value: float, *, sink: bool) -> str:
    """Two characters for times even attention: ``·`` below a quarter, a number to 99, ``×`` for a sink."""
    if sink:
        return "×"
    if not math.isfinite(value):
        return " "
    if value < 0.25:
        return "·"
    if value < 0.95:
        return f".{value * 10:.0f}"
    return f"{value:.0f}" if value < 99.5 else "99"


def number_grid(times: npt.NDArray[np.float64], sinks: npt.NDArray[np.bool_] | None) -> list[list[str]]:
    """A map in cells of two characters, row by row; ``times`` and ``sinks`` are ``[rows, columns]``."""
    rows, columns = times.shape
    return [
        [
            f"{number_cell(float(times[y, x]), sink=sinks is not None and bool(sinks[y, x])):>2}"
            for x in range(columns)
        ]
        for y in range(rows)
    ]


def _part(part: str) -> str:
    shown = plain(part).replace("_", " ")
    return f"{shown if len(shown) <= _LONGEST_PART else shown[: _LONGEST_PART - 1] + '…':<{_LONGEST_PART}}"


def _n(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}" if math.isfinite(value) else "–"
