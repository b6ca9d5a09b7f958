"""Pictures on the screen: aspect, outlines, light, each way of drawing, and nothing drawn where that is wished."""

from __future__ import annotations

import os
import re
import sys
import threading
from contextlib import suppress

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Static
from textual.worker import WorkerCancelled

from elena_wb.core import Box
from elena_wb.tui import graphics
from elena_wb.tui.drawn import PictureContent, draw, scaled
from elena_wb.tui.graphics import Graphics, settle
from elena_wb.tui.widgets.picture import Canvas, Picture

BLOCKS = Graphics("blocks")


def picture(width: int, height: int, **outlines: Box) -> PictureContent:
    pixels = np.full((height, width, 3), 200, np.uint8)
    pixels[:, : width // 2] = (200, 0, 0)
    return PictureContent(pixels, {name: (box,) for name, box in outlines.items()})


@pytest.mark.parametrize(
    ("size", "cell", "cells"),
    [
        ((400, 200), (10, 20), (40, 10)),
        ((200, 400), (10, 20), (20, 20)),
        ((400, 200), (10, 10), (40, 20)),
        ((16, 1600), (10, 20), (1, 20)),
        ((1600, 16), (10, 20), (40, 1)),
        ((20, 20), (8, 16), (40, 20)),
    ],
)
def test_a_picture_fills_the_space_and_keeps_its_aspect(
    size: tuple[int, int], cell: tuple[int, int], cells: tuple[int, int]
) -> None:
    how = Graphics("blocks", cell)
    drawn = draw(scaled(picture(*size), (40, 20), how), None, how)
    assert (drawn.width, drawn.height) == cells
    assert [strip.cell_length for strip in drawn.lines] == [drawn.width] * drawn.height


def test_a_part_that_is_lit_stands_out_and_its_group_lights_all_of_it() -> None:
    content = picture(
        80, 80, left_hand=Box(0, 0, 20, 20), right_hand=Box(60, 0, 20, 20), face=Box(30, 30, 20, 20)
    )
    base = scaled(content, (40, 20), BLOCKS)

    def brightness(lit: str | None, x: int, y: int) -> int:
        cells = [segment for segment in draw(base, lit, BLOCKS).lines[y] for _ in segment.text]
        colour = cells[x].style.color  # type: ignore[union-attr]
        assert colour is not None
        assert colour.triplet is not None
        return sum(colour.triplet)

    usual = brightness(None, 5, 2), brightness(None, 35, 2), brightness(None, 20, 18)
    hands = brightness("hands", 5, 2), brightness("hands", 35, 2), brightness("hands", 20, 18)
    assert hands[:2] == usual[:2]
    assert hands[2] < usual[2] / 2
    assert brightness("left_hand", 35, 2) < usual[1] / 2
    assert brightness("nose", 20, 18) == usual[2], "what is nowhere dims nothing"


def test_thousands_of_boxes_beside_and_beyond_the_picture_are_drawn_at_once() -> None:
    boxes = tuple(Box(x - 500, 10, 1e6 if x % 2 else 3, float(x % 7)) for x in range(10_000))
    content = PictureContent(
        np.zeros((50, 50, 3), np.uint8), {"[bold]": boxes, "empty": (), "nan": (Box(9e9, 0, 1, 1),)}
    )
    assert draw(scaled(content, (30, 15), BLOCKS), "[bold]", BLOCKS).height == 15


def test_sixels_are_encoded_for_the_cells_that_they_cover() -> None:
    how = Graphics("sixel", (10, 20))
    drawn = draw(scaled(picture(300, 300, face=Box(10, 10, 80, 80)), (40, 10), how), "face", how)
    assert (drawn.width, drawn.height) == (20, 10)
    assert drawn.sixels is not None
    assert re.match(r'\x1bP[0-9;]*q"1;1;200;200', drawn.sixels)
    assert drawn.sixels.endswith("\x1b\\")
    assert "".join(strip.text for strip in drawn.lines).strip() == ""


def test_kitty_is_sent_the_picture_and_places_are_kept_for_it(capfd: pytest.CaptureFixture[str]) -> None:
    how = Graphics("kitty", (10, 20))
    drawn = draw(scaled(picture(300, 300), (40, 10), how), None, how)
    sys.__stdout__.flush()  # type: ignore[union-attr]
    sent = capfd.readouterr().out
    assert "\x1b_G" in sent
    assert re.search(r"c=20,r=10", sent)
    assert (drawn.width, drawn.height, len(drawn.lines)) == (20, 10, 10)
    assert drawn.lines[0].text.count("\U0010eeee") == 20
    drawn.discard()
    sys.__stdout__.flush()  # type: ignore[union-attr]
    assert "a=d" in capfd.readouterr().out, "the terminal need not keep it any longer"


class Alone(App[None]):
    def __init__(self, how: Graphics) -> None:
        super().__init__()
        self.graphics = how

    def compose(self) -> ComposeResult:
        yield Picture()


async def settled(pilot: Pilot[None]) -> None:
    for _ in range(3):
        await pilot.pause()
        with suppress(WorkerCancelled):
            await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def test_a_picture_is_drawn_anew_for_another_size_and_goes_with_its_content() -> None:
    app = Alone(BLOCKS)
    async with app.run_test(size=(60, 20)) as pilot:
        shown = app.query_one(Picture)
        shown.show(picture(400, 400, face=Box(0, 0, 100, 100)), "[bold]a[/] \x1b note")
        await settled(pilot)
        canvas = app.query_one(Canvas)
        first = canvas._drawn
        assert first is not None
        assert (first.width, first.height) == (38, 19), "a line is taken by the note"
        assert str(app.query_one(".note", Static).content) == "[bold]a[/] \\u001b note"
        assert canvas.render_line(0).cell_length == 60
        shown.highlight("face")
        await settled(pilot)
        assert canvas._drawn is not first
        await pilot.resize_terminal(30, 20)
        await pilot.pause(0.2)
        await settled(pilot)
        second = canvas._drawn
        assert second is not None
        assert (second.width, second.height) == (30, 15)
        shown.show(None, "gone")
        await settled(pilot)
        assert canvas._drawn is None
        assert not canvas.display


async def test_sixels_are_painted_where_the_picture_stands_and_not_behind_a_window() -> None:
    from textual.geometry import Region
    from textual.screen import ModalScreen

    app = Alone(Graphics("sixel", (10, 20)))
    async with app.run_test(size=(60, 20)) as pilot:
        app.query_one(Picture).show(picture(400, 400))
        await settled(pilot)
        canvas = app.query_one(Canvas)
        whole = Region(0, 0, *canvas.size)
        painted = "".join(segment.text for line in canvas.render_lines(whole) for segment in line)
        assert painted.count("\x1bP") == 1
        assert "\x1b[1;11H" in painted
        covered = canvas.render_lines(Region(0, 0, canvas.size.width, 3))
        assert "\x1bP" not in "".join(segment.text for line in covered for segment in line)
        await app.push_screen(ModalScreen[None]())
        behind = canvas.render_lines(whole)
        assert "\x1bP" not in "".join(segment.text for line in behind for segment in line)


async def test_without_pictures_the_size_and_the_parts_are_named() -> None:
    app = Alone(Graphics("none"))
    async with app.run_test(size=(60, 20)) as pilot:
        parts = {f"part[{number}]": Box(0, 0, 9, 9) for number in range(20)}
        app.query_one(Picture).show(picture(400, 300, **parts), "As the model saw it (face)")
        await settled(pilot)
        said = str(app.query_one(".note", Static).content)
        assert said.startswith("400 × 300 pixels (pictures are off)\nParts: part[0], part[1]")
        assert said.endswith("and 8 more\nAs the model saw it (face)")
        assert not app.query_one(Canvas).display


def test_what_draws_is_settled_without_asking_terminals_that_may_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(graphics, "_answers_soon", lambda: asked.append(True))

    class Terminal:
        def isatty(self) -> bool:
            return True

        def fileno(self) -> int:
            raise ValueError("no file")

    monkeypatch.setattr(sys, "__stdin__", Terminal())
    monkeypatch.setattr(sys, "__stdout__", Terminal())
    for name in ("TMUX", "STY", "TEXTUAL_DRIVER", "TEXTUAL_CELL_WIDTH", "TEXTUAL_CELL_HEIGHT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert settle("none").method == "none"
    assert settle("blocks") == BLOCKS
    assert asked == []
    assert settle("auto") == BLOCKS
    assert asked == [True], "a terminal that did not answer has half-blocks"
    for name, value in (
        ("TERM", "tmux-256color"),
        ("TMUX", "/tmp/tmux"),
        ("TEXTUAL_DRIVER", "textual.drivers.web_driver:WebDriver"),
    ):
        with monkeypatch.context() as within:
            within.setenv(name, value)
            assert settle("auto").method == "blocks"
    assert asked == [True]
    monkeypatch.setenv("TEXTUAL_CELL_WIDTH", "9")
    monkeypatch.setenv("TEXTUAL_CELL_HEIGHT", "17")
    assert settle("blocks").cell == (9, 17)


@pytest.mark.parametrize(("answer", "soon"), [(b"\x1b[?62;4c", True), (None, False)])
def test_a_terminal_is_asked_what_it_is_and_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch, answer: bytes | None, soon: bool
) -> None:
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    ours, theirs = pty.openpty()

    def terminal() -> None:
        heard = b""
        while b"\x1b[c" not in heard:
            heard += os.read(ours, 10)
        if answer is not None:
            os.write(ours, answer)

    with open(theirs, "rb", buffering=0) as keys, open(theirs, "wb", buffering=0, closefd=False) as screen:  # noqa: PTH123
        monkeypatch.setattr(sys, "__stdin__", keys)
        monkeypatch.setattr(sys, "__stdout__", screen)
        monkeypatch.setattr(graphics, "_SLOW_S", 0.5)
        monkeypatch.setattr(graphics, "_PATIENCE_S", 5.0 if soon else 0.1)
        before = termios.tcgetattr(theirs)
        there = threading.Thread(target=terminal)
        there.start()
        assert graphics._answers_soon() == soon
        there.join()
        assert termios.tcgetattr(theirs) == before
    os.close(ours)
