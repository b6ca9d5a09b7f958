"""Attention in characters: marks in the answer, bars with a mark at even, numbers for places, orders as arguments."""

from __future__ import annotations

import numpy as np
import pytest

from elena_wb.analysis.gaze_answer import PartShare
from elena_wb.cli.attend import attend
from elena_wb.core import Block, Box, Target, UsageError
from elena_wb.drawing import Panel
from elena_wb.engine.attending import Wanted
from elena_wb.jobs import Job, Progress
from elena_wb.store.looks import Word
from elena_wb.tui.attention.look_form import _quoted
from elena_wb.tui.attention.look_jobs import ending, told
from elena_wb.tui.attention.number_map import cells_in, numbers_of
from elena_wb.tui.attention.orders import TOKENS, Order, Which, one_answer
from elena_wb.tui.attention.text import (
    change_table,
    letters,
    marked,
    number_cell,
    ratio_bar,
    shares_table,
    words_line,
)


def test_words_are_marked_where_they_stand_and_the_current_ones_in_brackets() -> None:
    targets = [Target("emotion", ((0, 4),)), Target("part:hands", ((9, 14), (19, 24)))]
    shown, before = marked("Fear and hands and hands.", targets, "part:hands")
    assert shown.plain == "Fear and ▸hands◂ and ▸hands◂."
    assert before == 9
    assert {span.style for span in shown.spans} >= {"underline", "bold reverse"}


def test_of_a_long_answer_the_surroundings_of_the_words_are_shown() -> None:
    text = "a" * 50_000 + "hands" + "\x1b[31m[/]" + "b" * 50_000
    shown, before = marked(text, [Target("part:hands", ((50_000, 50_005),))], "part:hands")
    assert len(shown.plain) < 13_000
    assert shown.plain[before : before + 7] == "▸hands◂"
    assert "characters before" in shown.plain
    assert "more characters" in shown.plain
    assert "\x1b" not in shown.plain


def test_thousands_of_matches_are_marked_in_no_time() -> None:
    spans = tuple((at, at + 1) for at in range(0, 12_000, 2))
    targets = [Target(f"/{name}/", spans) for name in range(100)]
    shown, _ = marked("x" * 12_000, targets, "/7/")
    assert shown.plain.count("▸") == 6_000


def test_the_current_words_can_be_seen_however_many_there_are() -> None:
    words = [
        Word(f"part:{name}" * 3, "x", at, 1) for at, name in enumerate(("arms", "legs", "hands", "head"))
    ]
    shown = words_line(words, 3, 40)
    assert "[part:headpart:headpart:…]" in shown.plain
    assert shown.plain.startswith("…")


def test_a_bar_shows_where_even_attention_ends() -> None:
    assert ratio_bar(4.0, 4.0, 8) == "▇▇│▇▇▇▇▇"
    assert ratio_bar(0.5, 4.0, 8) == "▇ │"
    assert ratio_bar(float("nan"), 4.0, 8) == ""


def test_tables_tell_share_area_and_ratio_and_changes_by_sign() -> None:
    first = [PartShare("face", 0.3, 0.2, 0.1, 1.0), PartShare("gone", 0.1, 0.1, 0.1, 0.0)]
    second = [PartShare("face", 0.1, 0.1, 0.1, 0.0)]
    table = shares_table(first, without_sinks=False, width=60).plain
    assert "f face        0.300  0.100   3.00" in table
    assert "2.00" in shares_table(first, without_sinks=True, width=60).plain
    changes = change_table(first, second, ("none", "face"), without_sinks=False).plain
    assert "-0.200 ▼" in changes
    assert "gone" not in changes


def test_parts_have_letters_of_their_own() -> None:
    found = letters(["face", "head", "hands", "feet", "[/]", "éé"])
    assert len(set(found.values())) == 6
    assert found["face"] == "f"


@pytest.mark.parametrize(
    ("value", "cell"), [(0.1, "·"), (0.5, ".5"), (0.96, "1"), (12.4, "12"), (250, "99"), (float("nan"), " ")]
)
def test_numbers_of_places_take_two_characters(value: float, cell: str) -> None:
    assert number_cell(value, sink=False) == cell
    assert number_cell(value, sink=True) == "×"


def test_a_map_in_numbers_is_no_finer_than_its_places_and_means_over_what_a_cell_covers() -> None:
    pixels = np.zeros((40, 40, 3), dtype=np.uint8)
    blocks = (Block("picture", 4, 4, Box(0, 0, 40, 40)),)
    weights = np.zeros(16)
    weights[0] = 1.0
    sinks = np.arange(16) == 15
    panel = Panel(pixels, blocks, weights, "", {"face": (Box(0, 0, 10, 10),)}, sinks)
    assert cells_in(panel, (80, 40)) == (4, 4)
    assert cells_in(panel, (4, 40)) == (2, 2)
    fine = numbers_of(panel, 4, 4)
    assert fine.times[0, 0] == pytest.approx(16)
    assert fine.sinks[3, 3]
    assert [inside.sum() for _, inside in fine.parts] == [1]
    assert numbers_of(panel, 2, 2).times[0, 0] == pytest.approx(4)


def test_an_order_becomes_arguments_that_attend_has_and_says_no_defaults() -> None:
    which = one_answer(3, "it's")
    assert Order(which).arguments == ("attend", "3", "--where", "generation_id = 'it''s'")
    flips = Which("flips", (1, 2), flips=True)
    order = Order(flips, "/hand, foot/", "0-3", "each", "rollout", keep_maps=False, fresh=True)
    given = order.arguments
    assert given[:4] == ("attend", "1", "2", "--flips")
    names = {name.replace("-", "_") for name in attend.__annotations__}
    assert {one[2:].removeprefix("no-").replace("-", "_") for one in given if one.startswith("--")} <= names
    assert ",".join(Wanted().tokens) == TOKENS
    with pytest.raises(UsageError, match="no layers"):
        Order(which, layers="x").check()
    with pytest.raises(UsageError, match="no answer"):
        Order(Which("none", ())).check()


def test_a_command_is_shown_as_a_shell_takes_it() -> None:
    assert _quoted("generation_id = 'a'") == "\"generation_id = 'a'\""
    assert _quoted("/hand$/") == "'/hand$/'"


def job(**more: object) -> Job:
    from dataclasses import replace
    from datetime import datetime

    return replace(Job(4, "t", ("attend",), "running", datetime(2026, 3, 1)), **more)  # type: ignore[arg-type]


def test_how_a_job_stands_and_ended_is_told_in_words() -> None:
    going = Progress(
        done=3, to_do=12, failures=1, per_second=0.5, seconds_left=18, messages=("[/] a.png: gone",)
    )
    line = told(job(), going, waiting=1).plain
    assert "3 of 12 · 1 failed · 0.5 a second · 18 s left · 1 more wait · c cancels" in line
    assert "[/] a.png: gone" in line
    assert told(job(state="queued"), Progress()).plain.startswith("Looking: waits")
    assert ending(job(state="done"), Progress(done=2)) == ("2 answers looked at.", None, False)
    assert ending(job(state="done"), Progress())[0].startswith("Nothing was missing")
    words, hint, wrong = ending(job(state="partial"), going)
    assert (words, hint, wrong) == ("2 answers looked at, 1 could not be.", "[/] a.png: gone", True)
    failed = ending(job(state="failed", reason="Layer 9 does not exist."), Progress())
    assert failed[0] == "Looking failed: Layer 9 does not exist."
    assert "kept" not in (failed[1] or "")
    assert ending(job(state="cancelled"), Progress(done=1))[2] is False
